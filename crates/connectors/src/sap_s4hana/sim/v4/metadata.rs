//! The service document and `$metadata` (CSDL 4.0 in XML).

use serde_json::json;

use super::service::Service;
use super::view::{Kind, View};

pub(super) fn service_document(service: &Service) -> String {
    let sets: Vec<_> =
        service.views.iter().map(|view| json!({"name": view.set, "kind": "EntitySet", "url": view.set})).collect();
    json!({"@odata.context": "$metadata", "value": sets}).to_string()
}

pub(super) fn metadata(service: &Service) -> String {
    let namespace = service.namespace;
    let sets: String = service.views.iter().map(|view| set(namespace, view)).collect();
    let types: String = service.views.iter().map(|view| entity_type(namespace, view)).collect();
    let labels: String = service.views.iter().flat_map(|view| labels(namespace, view)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\n\
         <edmx:DataServices>\n\
         <Schema Namespace=\"{namespace}\" Alias=\"SAP__self\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n\
         {types}{MESSAGE}<EntityContainer Name=\"Container\">\n{sets}</EntityContainer>\n{labels}\
         </Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n"
    )
}

const MESSAGE: &str = "<ComplexType Name=\"SAP__Message\">\n\
    <Property Name=\"code\" Type=\"Edm.String\" Nullable=\"false\"/>\n\
    <Property Name=\"message\" Type=\"Edm.String\" Nullable=\"false\"/>\n\
    <Property Name=\"target\" Type=\"Edm.String\"/>\n\
    <Property Name=\"additionalTargets\" Type=\"Collection(Edm.String)\" Nullable=\"false\"/>\n\
    <Property Name=\"transition\" Type=\"Edm.Boolean\" Nullable=\"false\"/>\n\
    <Property Name=\"numericSeverity\" Type=\"Edm.Byte\" Nullable=\"false\"/>\n\
    <Property Name=\"longtextUrl\" Type=\"Edm.String\"/>\n</ComplexType>\n";

fn set(namespace: &str, view: &View) -> String {
    let bindings = view
        .ways
        .iter()
        .map(|way| format!("<NavigationPropertyBinding Path=\"{}\" Target=\"{}\"/>\n", way.name, way.set));
    let bindings: String = bindings.collect();
    format!("<EntitySet Name=\"{}\" EntityType=\"{namespace}.{}\">\n{bindings}</EntitySet>\n", view.set, view.type_name)
}

fn entity_type(namespace: &str, view: &View) -> String {
    let keys: String = view.keys().iter().map(|key| format!("<PropertyRef Name=\"{}\"/>\n", key.name)).collect();
    let fields: String = view
        .fields
        .iter()
        .map(|field| format!("<Property Name=\"{}\" Type=\"{}/>\n", field.name, facets(field.kind)))
        .collect();
    let ways = view.ways.iter().map(|way| {
        let target = format!("{namespace}.{}", way.target().type_name);
        let (target, partner) = match way.many {
            true => (format!("Collection({target})"), way.target().ways.iter().find(|back| back.is_up())),
            false => (target, way.target().ways.iter().find(|down| down.set == view.set)),
        };
        let partner = partner.map_or(String::new(), |back| format!(" Partner=\"{}\"", back.name));
        format!("<NavigationProperty Name=\"{}\" Type=\"{target}\"{partner}/>\n", way.name)
    });
    let ways: String = ways.collect();
    format!(
        "<EntityType Name=\"{}\">\n<Key>\n{keys}</Key>\n{fields}\
         <Property Name=\"SAP__Messages\" Type=\"Collection({namespace}.SAP__Message)\" Nullable=\"false\"/>\n{ways}</EntityType>\n",
        view.type_name
    )
}

/// What people call the customer's own fields.
fn labels(namespace: &str, view: &View) -> Vec<String> {
    let label = |field: &super::view::Field| {
        let label = field.property(view)?.custom?.replace('_', " ");
        let target = format!("{namespace}.{}/{}", view.type_name, field.name);
        let term = format!("<Annotation Term=\"SAP__common.Label\" String=\"{label}\"/>");
        Some(format!("<Annotations Target=\"{target}\">\n{term}\n</Annotations>\n"))
    };
    view.fields.iter().filter_map(label).collect()
}

fn facets(kind: Kind) -> String {
    match kind {
        Kind::Text { max: Some(max) } => format!("Edm.String\" Nullable=\"false\" MaxLength=\"{max}\""),
        Kind::Text { max: None } => "Edm.String\" Nullable=\"false\"".to_owned(),
        Kind::Number { precision, scale } => {
            let scale = scale.map_or("variable".to_owned(), |scale| scale.to_string());
            format!("Edm.Decimal\" Nullable=\"false\" Precision=\"{precision}\" Scale=\"{scale}\"")
        }
        Kind::Bool => "Edm.Boolean\" Nullable=\"false\"".to_owned(),
        Kind::Date => "Edm.Date\"".to_owned(),
        Kind::Double => "Edm.Double\" Nullable=\"false\"".to_owned(),
        Kind::Int16 => "Edm.Int16\" Nullable=\"false\"".to_owned(),
        Kind::Instant { precision: 0 } => "Edm.DateTimeOffset\"".to_owned(),
        Kind::Instant { precision } => format!("Edm.DateTimeOffset\" Precision=\"{precision}\""),
        Kind::Time => "Edm.TimeOfDay\" Nullable=\"false\"".to_owned(),
    }
}

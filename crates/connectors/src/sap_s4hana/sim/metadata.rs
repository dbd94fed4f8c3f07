//! The service document and `$metadata` (EDMX 1.0 with a CSDL of OData v2), written from the schema.

use std::fmt::Write as _;

use super::schema::{Entity, Function, Kind, Nav, Property, Reach, Returns, Service};

/// `{"d":{"EntitySets":[…]}}`.
pub(super) fn service_document(service: &Service) -> String {
    let sets: Vec<&str> = service.entities.iter().map(|entity| entity.set).collect();
    serde_json::json!({ "d": { "EntitySets": sets } }).to_string()
}

pub(super) fn metadata(service: &Service) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <edmx:Edmx Version=\"1.0\" xmlns:edmx=\"http://schemas.microsoft.com/ado/2007/06/edmx\" \
         xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\" \
         xmlns:sap=\"http://www.sap.com/Protocols/SAPData\">\n\
         <edmx:DataServices m:DataServiceVersion=\"2.0\">\n",
    );
    put(
        &mut out,
        format_args!(
            "<Schema Namespace=\"{}\" xml:lang=\"en\" sap:schema-version=\"{}\" \
             xmlns=\"http://schemas.microsoft.com/ado/2008/09/edm\">\n",
            service.namespace,
            service.version.trim_start_matches('0')
        ),
    );
    for entity in &service.entities {
        entity_type(&mut out, service, entity);
    }
    let associations: Vec<(&Entity, &Nav)> = service
        .entities
        .iter()
        .flat_map(|entity| entity.navs.iter().filter(|nav| nav.reach != Reach::Up).map(move |nav| (entity, nav)))
        .collect();
    for (parent, nav) in &associations {
        association(&mut out, parent, nav);
    }
    let dummy = service.functions.iter().any(|function| function.returns == Returns::Nothing);
    if dummy {
        out.push_str(
            "<ComplexType Name=\"DummyFunctionImportResult\">\n\
             <Property Name=\"IsInvalid\" Type=\"Edm.Boolean\"/>\n</ComplexType>\n",
        );
    }
    for values in &service.values {
        put(&mut out, format_args!("<ComplexType Name=\"{}\">\n", values.name));
        for property in &values.properties {
            self::property(&mut out, property);
        }
        out.push_str("</ComplexType>\n");
    }
    put(
        &mut out,
        format_args!("<EntityContainer Name=\"{}_Entities\" m:IsDefaultEntityContainer=\"true\">\n", service.name),
    );
    for entity in &service.entities {
        let (creatable, updatable, deletable) = (entity.creatable, entity.updatable, entity.deletable);
        put(
            &mut out,
            format_args!(
                "<EntitySet Name=\"{}\" EntityType=\"{}\" sap:creatable=\"{creatable}\" \
                 sap:updatable=\"{updatable}\" sap:deletable=\"{deletable}\"/>\n",
                entity.set,
                entity.type_name()
            ),
        );
    }
    for (parent, nav) in &associations {
        let name = association_name(parent, nav);
        put(
            &mut out,
            format_args!(
                "<AssociationSet Name=\"{name}_set\" Association=\"{0}.{name}\">\n\
                 <End EntitySet=\"{1}\" Role=\"From\"/>\n<End EntitySet=\"{2}\" Role=\"To\"/>\n</AssociationSet>\n",
                service.namespace, parent.set, nav.set
            ),
        );
    }
    for function in &service.functions {
        function_import(&mut out, service, function);
    }
    out.push_str("</EntityContainer>\n</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n");
    out
}

fn entity_type(out: &mut String, service: &Service, entity: &Entity) {
    put(out, format_args!("<EntityType Name=\"{}\">\n<Key>\n", entity.short_type));
    for &key in &entity.keys {
        put(out, format_args!("<PropertyRef Name=\"{}\"/>\n", entity.properties[key].name));
    }
    out.push_str("</Key>\n");
    for property in &entity.properties {
        self::property(out, property);
    }
    for nav in &entity.navs {
        // The way up is the parent's association, walked from the other end.
        let (owner, way, from, to) = match nav.reach {
            Reach::Down(_) => (entity, nav, "From", "To"),
            Reach::Up => {
                let parent = entity.target(nav);
                let Some(down) = parent.navs.iter().find(|down| down.set == entity.set) else { continue };
                (parent, down, "To", "From")
            }
        };
        let association = association_name(owner, way);
        put(
            out,
            format_args!(
                "<NavigationProperty Name=\"{}\" Relationship=\"{}.{association}\" FromRole=\"{from}\" ToRole=\"{to}\"/>\n",
                nav.name, service.namespace
            ),
        );
    }
    out.push_str("</EntityType>\n");
}

fn function_import(out: &mut String, service: &Service, function: &Function) {
    let returns = match function.returns {
        Returns::Entity(set) => {
            let name = service.entity(set).map(Entity::type_name).unwrap_or_default();
            format!("{name}\" EntitySet=\"{set}")
        }
        Returns::Values(name) => format!("{}.{name}", service.namespace),
        Returns::Nothing => format!("{}.DummyFunctionImportResult", service.namespace),
    };
    put(
        out,
        format_args!("<FunctionImport Name=\"{}\" ReturnType=\"{returns}\" m:HttpMethod=\"POST\">\n", function.name),
    );
    for (parameter, _) in &function.parameters {
        let facets = facets(parameter.kind).replace("\" sap:display-format=\"Date", "");
        put(out, format_args!("<Parameter Name=\"{}\" Type=\"{facets}\" Mode=\"In\"/>\n", parameter.name));
    }
    out.push_str("</FunctionImport>\n");
}

fn facets(kind: Kind) -> String {
    match kind {
        Kind::Text { max: Some(max) } => format!("Edm.String\" MaxLength=\"{max}"),
        Kind::Text { max: None } => "Edm.String".to_owned(),
        Kind::Number { precision, scale } => format!("Edm.Decimal\" Precision=\"{precision}\" Scale=\"{scale}"),
        Kind::Bool => "Edm.Boolean".to_owned(),
        Kind::Date => "Edm.DateTime\" Precision=\"0\" sap:display-format=\"Date".to_owned(),
        Kind::Instant { precision } => format!("Edm.DateTimeOffset\" Precision=\"{precision}"),
        Kind::Time => "Edm.Time\" Precision=\"0".to_owned(),
        Kind::Guid => "Edm.Guid".to_owned(),
    }
}

fn property(out: &mut String, property: &Property) {
    let facets = facets(property.kind);
    put(out, format_args!("<Property Name=\"{}\" Type=\"{facets}\"", property.name));
    if property.key {
        out.push_str(" Nullable=\"false\"");
    }
    if property.readonly {
        out.push_str(" sap:creatable=\"false\" sap:updatable=\"false\"");
    } else if property.key {
        out.push_str(" sap:updatable=\"false\"");
    }
    if property.nofilter {
        out.push_str(" sap:filterable=\"false\"");
    }
    if property.upper {
        out.push_str(" sap:display-format=\"UpperCase\"");
    }
    if property.numc {
        out.push_str(" sap:display-format=\"NonNegative\"");
    }
    if let Some(unit) = property.unit {
        put(out, format_args!(" sap:unit=\"{unit}\""));
    }
    if let Some(semantics) = property.semantics {
        put(out, format_args!(" sap:semantics=\"{semantics}\""));
    }
    if let Some(label) = property.custom {
        put(out, format_args!(" sap:is-extension-field=\"true\" sap:label=\"{}\"", label.replace('_', " ")));
    }
    out.push_str("/>\n");
}

fn association(out: &mut String, parent: &Entity, nav: &Nav) {
    let name = association_name(parent, nav);
    let many = if nav.many { "*" } else { "0..1" };
    put(
        out,
        format_args!(
            "<Association Name=\"{name}\" sap:content-version=\"1\">\n\
             <End Type=\"{}\" Multiplicity=\"1\" Role=\"From\"/>\n\
             <End Type=\"{}\" Multiplicity=\"{many}\" Role=\"To\"/>\n</Association>\n",
            parent.type_name(),
            parent.target(nav).type_name()
        ),
    );
}

fn association_name(parent: &Entity, nav: &Nav) -> String {
    format!("assoc_{}_{}", parent.set, nav.name)
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    if out.write_fmt(text).is_err() {
        unreachable!("a String takes every text");
    }
}

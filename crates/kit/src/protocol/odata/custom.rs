//! Custom fields by a service's `$metadata` (CSDL of OData v2 or v4): properties whose names begin as the declaration says, or
//! that the gateway marks as an extension.
//!
//! Source: OData v2 and v4, CSDL; the gateway's annotations for the former (`creatable`, `updatable`, `label`,
//! `is-extension-field`), the vocabulary Common for the latter (`Label`).

use http::HeaderValue;
use http::header::ACCEPT;
use roxmltree::{Document, Node};
use trunnion_model::catalog::Kind;

use super::send::accepted;
use super::way::Way;
use crate::custom::CustomField;
use crate::error::Error;
use crate::http::{Effect, Request};
use crate::link::Link;
use crate::mapping::Form;
use crate::spec::EntitySpec;

pub(in super::super) async fn discover(link: &Link, entity: &EntitySpec) -> Result<Vec<CustomField>, Error> {
    let way = Way::of(link, entity).await?;
    let request = Request::get(link.url_beside(&format!("{}/$metadata", way.root()))?)
        .with_header(ACCEPT, HeaderValue::from_static("application/xml"));
    let answer = accepted(link.call(request).await?, Effect::Read)?;
    let document = Document::parse(answer.text()?)
        .map_err(|error| Error::Unexpected(format!("the service's metadata is no XML: {error}")))?;
    Ok(found(&document, &way, &link.spec().protocol.custom))
}

/// Of the set's own type, and of the types that the declared lists lead to.
fn found(document: &Document<'_>, way: &Way<'_>, prefixes: &[String]) -> Vec<CustomField> {
    let Some(own) = type_of_set(document, way.set()) else { return Vec::new() };
    let mut all = of_type(own, None, prefixes);
    for group in way.entity.groups.iter().filter(|group| matches!(group.field.kind, Kind::List(_))) {
        let mut steps = group.at.names();
        let target = steps.next().and_then(|navigation| target_of(document, own, &way.name(navigation)));
        if let (Some(target), None) = (target, steps.next()) {
            all.extend(of_type(target, Some(group.field.name), prefixes));
        }
    }
    all
}

fn of_type(of: Node<'_, '_>, list: Option<&str>, prefixes: &[String]) -> Vec<CustomField> {
    let properties = of.children().filter(|node| node.has_tag_name_of("Property"));
    properties.filter_map(|property| field(property, list, prefixes)).collect()
}

/// What version 4 says of a property, beside its type.
fn label_beside(property: Node<'_, '_>, name: &str) -> Option<String> {
    let of = property.parent()?.attribute("Name")?;
    let target = format!(".{of}/{name}");
    let mut about = property.document().descendants().filter(|node| {
        node.has_tag_name_of("Annotations") && node.attribute("Target").is_some_and(|told| told.ends_with(&target))
    });
    let mut terms = about.next()?.children().filter(|node| node.has_tag_name_of("Annotation"));
    let label = terms.find(|term| term.attribute("Term").is_some_and(|term| term.ends_with(".Label")))?;
    label.attribute("String").map(str::to_owned)
}

fn field(property: Node<'_, '_>, list: Option<&str>, prefixes: &[String]) -> Option<CustomField> {
    let name = property.attribute("Name")?;
    // Annotations are the attributes that have a namespace.
    let annotation = |key: &str| {
        let mut all = property.attributes();
        all.find(|one| one.name() == key && one.namespace().is_some()).map(|one| one.value())
    };
    let is_custom = prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
        || annotation("is-extension-field") == Some("true");
    if !is_custom {
        return None;
    }
    let number = |key: &str| property.attribute(key).and_then(|digits| digits.parse::<u32>().ok());
    let (form, precision) = match property.attribute("Type")? {
        "Edm.String" => (Form::Text, None),
        "Edm.Boolean" => (Form::Bool, None),
        "Edm.Byte" | "Edm.SByte" | "Edm.Int16" | "Edm.Int32" => (Form::Integer, None),
        "Edm.Int64" => (Form::Decimal, Some(0)),
        "Edm.Decimal" => (Form::Decimal, number("Scale")),
        "Edm.DateTime" | "Edm.Date" => (Form::ODataDate, None),
        "Edm.DateTimeOffset" => (Form::ODataInstant, None),
        _ => return None,
    };
    let able = |key: &str| annotation(key) != Some("false");
    Some(CustomField {
        list: list.map(str::to_owned),
        at: name.to_owned(),
        to: name.to_owned(),
        form: form.name().to_owned(),
        label: annotation("label").map(str::to_owned).or_else(|| label_beside(property, name)).unwrap_or_default(),
        max_length: number("MaxLength").filter(|_| form == Form::Text).map(|longest| longest as usize),
        precision,
        options: Vec::new(),
        on_create: able("creatable"),
        on_update: able("updatable"),
    })
}

fn type_of_set<'d>(document: &'d Document<'d>, set: &str) -> Option<Node<'d, 'd>> {
    let set = named(document, "EntitySet", set)?;
    named(document, "EntityType", last_word(set.attribute("EntityType")?))
}

/// The type at the other end of a navigation.
fn target_of<'d>(document: &'d Document<'d>, from: Node<'d, 'd>, navigation: &str) -> Option<Node<'d, 'd>> {
    let navigation = from
        .children()
        .find(|node| node.has_tag_name_of("NavigationProperty") && node.attribute("Name") == Some(navigation))?;
    // Version 4 names the type itself.
    if let Some(target) = navigation.attribute("Type") {
        let target = target.trim_start_matches("Collection(").trim_end_matches(')');
        return named(document, "EntityType", last_word(target));
    }
    let association = named(document, "Association", last_word(navigation.attribute("Relationship")?))?;
    let role = navigation.attribute("ToRole");
    let end = association.children().find(|node| node.has_tag_name_of("End") && node.attribute("Role") == role)?;
    named(document, "EntityType", last_word(end.attribute("Type")?))
}

fn named<'d>(document: &'d Document<'d>, tag: &str, name: &str) -> Option<Node<'d, 'd>> {
    document.descendants().find(|node| node.has_tag_name_of(tag) && node.attribute("Name") == Some(name))
}

fn last_word(qualified: &str) -> &str {
    qualified.rsplit('.').next().unwrap_or(qualified)
}

/// CSDL's namespace differs from one version of it to the next.
trait AnyNamespace {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl AnyNamespace for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"<edmx:Edmx xmlns:edmx="e"><edmx:DataServices><Schema Namespace="S" xmlns="csdl" xmlns:a="annotations">
<EntityType Name="OrderType">
 <Property Name="Order" Type="Edm.String" MaxLength="10" a:label="Order"/>
 <Property Name="YY1_Text" Type="Edm.String" MaxLength="20" a:label="A text"/>
 <Property Name="Own" Type="Edm.Decimal" Precision="13" Scale="3" a:is-extension-field="true" a:updatable="false"/>
 <Property Name="YY1_Day" Type="Edm.DateTime" a:creatable="false" a:updatable="false"/>
 <Property Name="YY1_Clock" Type="Edm.Time"/>
 <NavigationProperty Name="to_Item" Relationship="S.items" FromRole="From" ToRole="To"/>
</EntityType>
<EntityType Name="ItemType"><Property Name="YY1_Flag" Type="Edm.Boolean"/></EntityType>
<Association Name="items"><End Type="S.OrderType" Role="From"/><End Type="S.ItemType" Role="To"/></Association>
<EntityContainer Name="C"><EntitySet Name="Orders" EntityType="S.OrderType"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"#;

    #[test]
    fn properties_with_the_customers_prefix_or_the_gateways_mark_are_found_with_what_is_said_of_them() {
        let document = Document::parse(METADATA).unwrap();
        let own = type_of_set(&document, "Orders").unwrap();
        let prefixes = ["YY1_".to_owned()];
        let found = of_type(own, None, &prefixes);
        let said: Vec<_> = found
            .iter()
            .map(|one| {
                (one.at.as_str(), one.form.as_str(), one.max_length, one.precision, one.on_create, one.on_update)
            })
            .collect();
        assert_eq!(
            said,
            [
                ("YY1_Text", "text", Some(20), None, true, true),
                ("Own", "decimal", None, Some(3), true, false),
                ("YY1_Day", "odata_date", None, None, false, false),
            ]
        );
        assert_eq!(found[0].label, "A text");
        let item = target_of(&document, own, "to_Item").unwrap();
        let of_item = of_type(item, Some("lines"), &prefixes);
        assert_eq!((of_item[0].at.as_str(), of_item[0].list.as_deref()), ("YY1_Flag", Some("lines")));
    }
}

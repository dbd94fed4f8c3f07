//! The metadata catalogue: which record types there are, and each one's JSON Schema.

use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;

use super::super::data::{Access, Field, Kind, TYPES, type_named};
use super::super::node::Node;
use super::super::reply::{Failure, Outcome, resource, self_link};
use super::super::server::Call;

const SCHEMA: &str = "application/schema+json";
const OPENAPI: &str = "application/swagger+json";

pub(super) fn catalog(call: &Call) -> Outcome {
    only_get(call)?;
    if call.header("accept").is_some_and(|accept| accept.contains(OPENAPI)) {
        return Err(Failure::not_simulated("the OpenAPI form of the metadata catalog"));
    }
    let address = format!("{}/record/v1/metadata-catalog", call.base);
    let wanted: Option<Vec<&str>> = call.parameter("select").map(|list| list.split(',').collect());
    let kinds = TYPES.iter().filter(|kind| wanted.as_ref().is_none_or(|wanted| wanted.contains(&kind.name)));
    let items = kinds.map(|kind| {
        let link = |rel: &str, media_type: &str| {
            Node::map([
                ("rel", Node::text(rel)),
                ("href", Node::text(format!("{address}/{}", kind.name))),
                ("mediaType", Node::text(media_type)),
            ])
        };
        let links = vec![link("canonical", "application/json"), link("describes", SCHEMA)];
        Node::map([("name", Node::text(kind.name)), ("links", Node::List(links))])
    });
    let body = Node::map([("items", Node::List(items.collect())), ("links", self_link(&address))]);
    Ok(resource(StatusCode::OK, "collection", body.to_json()))
}

pub(super) fn schema(call: &Call, name: &str) -> Outcome {
    only_get(call)?;
    let kind = type_named(name).ok_or_else(|| Failure::unknown_type(name))?;
    let accept = call.header("accept").unwrap_or("*/*");
    if ![SCHEMA, "*/*", "application/json"].iter().any(|known| accept.contains(known)) {
        return Err(Failure::not_acceptable("Only application/schema+json is available for this resource."));
    }
    let mut properties = vec![
        ("id".to_owned(), text("Internal ID")),
        ("externalId".to_owned(), text("External ID")),
        ("links".to_owned(), Node::map([("type", Node::text("array")), ("readOnly", Node::Flag(true))])),
    ];
    add_properties(kind.fields, &mut properties);
    if let Some(sublist) = kind.sublist {
        let mut of_line = Vec::new();
        add_properties(sublist.fields, &mut of_line);
        let line = Node::map([("type", Node::text("object")), ("properties", Node::Map(of_line))]);
        let items = Node::map([("type", Node::text("array")), ("items", line)]);
        let object = Node::map([("type", Node::text("object")), ("properties", Node::map([("items", items)]))]);
        properties.push((sublist.name.to_owned(), object));
    }
    let body = Node::map([
        ("type", Node::text("object")),
        ("title", Node::text(kind.name)),
        ("properties", Node::Map(properties)),
        ("$schema", Node::text("http://json-schema.org/draft-06/hyper-schema#")),
    ]);
    Ok(([("content-type", SCHEMA)], body.to_json()).into_response())
}

fn only_get(call: &Call) -> Result<(), Failure> {
    if call.method == Method::GET { Ok(()) } else { Err(Failure::method()) }
}

fn text(title: &str) -> Node {
    Node::map([("type", Node::text("string")), ("title", Node::text(title)), ("nullable", Node::Flag(true))])
}

fn add_properties(fields: &[Field], properties: &mut Vec<(String, Node)>) {
    for field in fields {
        match field.name.split_once('.') {
            None => properties.push((field.name.to_owned(), property(field))),
            Some((outer, inner)) => {
                let member = (inner.to_owned(), property(field));
                match properties.iter_mut().find(|(name, _)| name == outer) {
                    Some((_, Node::Map(object))) => {
                        if let Some((_, Node::Map(members))) = object.iter_mut().find(|(name, _)| name == "properties")
                        {
                            members.push(member);
                        }
                    }
                    _ => {
                        let members = Node::Map(vec![member]);
                        let object = Node::map([("type", Node::text("object")), ("properties", members)]);
                        properties.push((outer.to_owned(), object));
                    }
                }
            }
        }
    }
}

fn property(field: &Field) -> Node {
    let string = |name: &str, value: Node| (name.to_owned(), value);
    let kind = |name: &str| string("type", Node::text(name));
    let mut members = match field.kind {
        Kind::Text(max) => vec![kind("string"), string("maxLength", Node::number(max))],
        Kind::Number => vec![kind("number"), string("format", Node::text("double"))],
        Kind::Integer => vec![kind("integer"), string("format", Node::text("int64"))],
        Kind::Flag => vec![kind("boolean")],
        Kind::Date => vec![kind("string"), string("format", Node::text("date"))],
        Kind::Time => vec![kind("string"), string("format", Node::text("date-time"))],
        Kind::Choice(options) => {
            let ids = options.iter().map(|(id, _)| Node::text(*id)).collect();
            let id = Node::map([("type", Node::text("string")), ("enum", Node::List(ids))]);
            vec![kind("object"), string("properties", Node::map([("id", id), ("refName", text("Reference Name"))]))]
        }
        Kind::Refs(_) => {
            let one = Node::map([("type", Node::text("object"))]);
            let items = Node::map([("type", Node::text("array")), ("items", one)]);
            vec![kind("object"), string("properties", Node::map([("items", items)]))]
        }
        Kind::Ref(_) => {
            let of =
                [("id", text("Internal ID")), ("externalId", text("External ID")), ("refName", text("Reference Name"))];
            vec![kind("object"), string("properties", Node::map(of))]
        }
    };
    members.push(string("title", Node::text(field.name)));
    members.push(string("nullable", Node::Flag(true)));
    if field.access == Access::Read {
        members.push(string("readOnly", Node::Flag(true)));
    }
    if field.name.starts_with("cust") {
        members.push(string("x-ns-custom-field", Node::Flag(true)));
    }
    Node::Map(members)
}

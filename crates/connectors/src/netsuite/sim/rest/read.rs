//! Records as the REST service shows them.

use rust_decimal::Decimal;

use super::super::data::{Family, Field, Kind, Line, Record, Store, Sublist, Type, Value};
use super::super::node::Node;
use super::super::reply::{Failure, self_link};
use super::super::server::Call;

/// How a request wants records to be shown.
pub(super) struct Form {
    fields: Option<Vec<String>>,
    expand: bool,
    simple_enums: bool,
}

impl Form {
    /// From the request's parameters. An unknown field is refused.
    pub(super) fn of(call: &Call, kind: &Type) -> Result<Self, Failure> {
        let flag = |name: &str| match call.parameter(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Failure::parameter(name, format!("Invalid query parameter value '{other}'."))),
        };
        let fields: Option<Vec<String>> =
            call.parameter("fields").map(|list| list.split(',').map(|name| name.trim().to_owned()).collect());
        for name in fields.iter().flatten() {
            let known = ["id", "externalId"].contains(&name.as_str())
                || kind.sublist.is_some_and(|sublist| sublist.name == name)
                || kind.fields.iter().any(|field| field.name.split('.').next() == Some(name));
            if !known {
                return Err(Failure::parameter(
                    "fields",
                    format!("Invalid field '{name}' for record type '{}'.", kind.name),
                ));
            }
        }
        Ok(Self { fields, expand: flag("expandSubResources")?, simple_enums: flag("simpleEnumFormat")? })
    }

    fn wants(&self, name: &str) -> bool {
        self.fields.as_ref().is_none_or(|fields| fields.iter().any(|field| field == name))
    }
}

pub(super) fn record_node(store: &Store, record: &Record, base: &str, form: &Form) -> Node {
    let href = format!("{base}/record/v1/{}/{}", record.kind.name, record.id);
    let mut members =
        vec![("links".to_owned(), self_link(&href)), ("id".to_owned(), Node::text(record.id.to_string()))];
    if let Some(external_id) = record.external_id.as_ref().filter(|_| form.wants("externalId")) {
        members.push(("externalId".to_owned(), Node::text(external_id)));
    }
    add_fields(store, record.kind.fields, &record.values, base, form, true, &mut members);
    if let Some(sublist) = record.kind.sublist.filter(|sublist| form.wants(sublist.name)) {
        let node = if form.expand {
            sublist_node(store, record, sublist, base, form)
        } else {
            Node::map([("links", self_link(&format!("{href}/{}", sublist.name)))])
        };
        members.push((sublist.name.to_owned(), node));
    }
    Node::Map(members)
}

pub(super) fn sublist_node(store: &Store, record: &Record, sublist: &Sublist, base: &str, form: &Form) -> Node {
    let href = format!("{base}/record/v1/{}/{}/{}", record.kind.name, record.id, sublist.name);
    let items = record.lines.iter().map(|line| line_node(store, record, line, sublist, base, form)).collect();
    let count = Node::number(record.lines.len());
    Node::map([
        ("links", self_link(&href)),
        ("items", Node::List(items)),
        ("count", count.clone()),
        ("hasMore", Node::Flag(false)),
        ("offset", Node::number(0)),
        ("totalResults", count),
    ])
}

pub(super) fn line_node(
    store: &Store,
    record: &Record,
    line: &Line,
    sublist: &Sublist,
    base: &str,
    form: &Form,
) -> Node {
    let key = line_key(line, sublist);
    let href = format!("{base}/record/v1/{}/{}/{}/{key}", record.kind.name, record.id, sublist.name);
    let mut members = vec![("links".to_owned(), self_link(&href))];
    add_fields(store, sublist.fields, &line.values, base, form, false, &mut members);
    Node::Map(members)
}

/// The text by which a line is addressed.
pub(super) fn line_key(line: &Line, sublist: &Sublist) -> String {
    line.get(sublist.key).as_number().normalize().to_string()
}

/// A decimal as NetSuite's floats are written: always with a fraction.
pub(super) fn float(number: Decimal) -> String {
    let text = number.normalize().to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn add_fields(
    store: &Store,
    fields: &[Field],
    values: &[Value],
    base: &str,
    form: &Form,
    select: bool,
    members: &mut Vec<(String, Node)>,
) {
    for (field, value) in fields.iter().zip(values) {
        let (outer, inner) = match field.name.split_once('.') {
            Some((outer, inner)) => (outer, Some(inner)),
            None => (field.name, None),
        };
        if *value == Value::Null || (select && !form.wants(outer)) {
            continue;
        }
        let node = value_node(store, field, value, base, form);
        match inner {
            None => members.push((outer.to_owned(), node)),
            Some(inner) => match members.iter_mut().find(|(name, _)| name == outer) {
                Some((_, Node::Map(subrecord))) => subrecord.push((inner.to_owned(), node)),
                _ => members.push((outer.to_owned(), Node::map([(inner, node)]))),
            },
        }
    }
}

fn value_node(store: &Store, field: &Field, value: &Value, base: &str, form: &Form) -> Node {
    match (field.kind, value) {
        (Kind::Choice(_), Value::Text(id)) if form.simple_enums => Node::text(id.as_ref()),
        (Kind::Choice(options), Value::Text(id)) => {
            let label = options.iter().find(|(option, _)| option == id).map_or(id.as_ref(), |(_, label)| label);
            Node::map([("id", Node::text(id.as_ref())), ("refName", Node::text(label))])
        }
        (Kind::Integer, Value::Number(number)) => Node::number(number.normalize()),
        (Kind::Ref(family), Value::Ref(id)) => reference(store, family, *id, base),
        (Kind::Refs(family), Value::Refs(ids)) => {
            Node::map([("items", Node::List(ids.iter().map(|id| reference(store, family, *id, base)).collect()))])
        }
        (_, Value::Null) => Node::Null,
        (_, Value::Text(text)) => Node::text(text.as_ref()),
        (_, Value::Number(number)) => Node::Number(float(*number)),
        (_, Value::Flag(flag)) => Node::Flag(*flag),
        (_, Value::Date(date)) => Node::text(date.to_string()),
        (_, Value::Time(at)) => Node::text(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        (_, Value::Ref(id)) => Node::text(id.to_string()),
        (_, Value::Refs(_)) => Node::Null,
    }
}

fn reference(store: &Store, family: Family, id: u64, base: &str) -> Node {
    let mut members = Vec::new();
    if let Some(target) = store.in_family(family, id) {
        members.push(("links".to_owned(), self_link(&format!("{base}/record/v1/{}/{id}", target.kind.name))));
        members.push(("id".to_owned(), Node::text(id.to_string())));
        members.extend(target.external_id.as_ref().map(|known| ("externalId".to_owned(), Node::text(known))));
        members.push(("refName".to_owned(), Node::text(target.display())));
    } else {
        members.push(("id".to_owned(), Node::text(id.to_string())));
    }
    Node::Map(members)
}

//! Writes entities as OData v2 JSON, straight into a text.

use super::shape::Shape;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Reach;
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::{Value, write_json_text};

/// Appends the JSON object of the last row of `chain`, which begins at the document's root.
pub(in super::super) fn render_entity(out: &mut String, base: &str, chain: &mut Vec<&Node>, shape: &Shape) {
    let Some(&node) = chain.last() else { return };
    let mut uri = String::with_capacity(base.len() + 96);
    write_uri(&mut uri, base, node);
    out.push_str("{\"__metadata\":{\"id\":\"");
    out.push_str(&uri);
    out.push_str("\",\"uri\":\"");
    out.push_str(&uri);
    out.push_str("\",\"type\":\"");
    out.push_str(&shape.type_name);
    out.push('"');
    if let Some(etag) = etag(node) {
        out.push_str(",\"etag\":");
        write_json_text(&etag, out);
    }
    out.push('}');
    match &shape.columns {
        None => (0..node.values.len()).for_each(|column| write_property(out, node, column)),
        Some(columns) => columns.iter().for_each(|&column| write_property(out, node, column)),
    }
    for (nav, inner) in &shape.navs {
        out.push_str(",\"");
        out.push_str(nav.name);
        out.push_str("\":");
        match (inner, nav.reach) {
            (None, _) => {
                out.push_str("{\"__deferred\":{\"uri\":\"");
                out.push_str(&uri);
                out.push('/');
                out.push_str(nav.name);
                out.push_str("\"}}");
            }
            (Some(inner), Reach::Down(slot)) if nav.many => {
                out.push_str("{\"results\":[");
                for (at, child) in node.children[slot].iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    render_below(out, base, chain, child, inner);
                }
                out.push_str("]}");
            }
            (Some(inner), Reach::Down(slot)) => match node.children[slot].first() {
                Some(child) => render_below(out, base, chain, child, inner),
                None => out.push_str("null"),
            },
            (Some(inner), Reach::Up) => {
                let mut above = chain[..chain.len() - 1].to_vec();
                render_entity(out, base, &mut above, inner);
            }
        }
    }
    out.push('}');
}

fn render_below<'n>(out: &mut String, base: &str, chain: &mut Vec<&'n Node>, child: &'n Node, shape: &Shape) {
    chain.push(child);
    render_entity(out, base, chain, shape);
    chain.pop();
}

fn write_property(out: &mut String, node: &Node, column: usize) {
    let property = &node.entity.properties[column];
    out.push(',');
    match &node.values[column] {
        Value::Initial => out.push_str(&property.json_initial),
        value => {
            out.push_str(&property.json_name);
            value.write_json(property.kind, out);
        }
    }
}

/// The address of a row.
pub(in super::super) fn uri(base: &str, node: &Node) -> String {
    let mut uri = String::new();
    write_uri(&mut uri, base, node);
    uri
}

fn write_uri(out: &mut String, base: &str, node: &Node) {
    out.push_str(base);
    out.push_str(node.entity.set);
    out.push('(');
    let keys = &node.entity.keys;
    for (at, &column) in keys.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        if keys.len() > 1 {
            out.push_str(node.entity.properties[column].name);
            out.push('=');
        }
        match node.key_text(column).as_ref() {
            Value::Ticks(ticks) => {
                out.push_str("datetime'");
                write_encoded(out, &stamp::local(*ticks));
            }
            value => {
                out.push('\'');
                write_encoded(out, value.as_text());
            }
        }
        out.push('\'');
    }
    out.push(')');
}

/// A text as a part of a URL.
pub(in super::super) fn encoded(text: &str) -> String {
    let mut out = String::new();
    write_encoded(&mut out, text);
    out
}

fn write_encoded(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'\'' => out.push_str("%27%27"),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// The version of a row, if its type shows one.
pub(in super::super) fn etag(node: &Node) -> Option<String> {
    if !node.entity.etag {
        return None;
    }
    match node.entity.column("LastChangeDateTime").map(|column| &node.values[column]) {
        None => Some(format!("W/\"'{}'\"", node.text("ETag"))),
        Some(Value::Ticks(ticks)) => Some(format!("W/\"datetimeoffset'{}'\"", stamp::iso(*ticks))),
        Some(_) => None,
    }
}

//! Writes rows as JSON of version 4.

use super::query::Shape;
use super::view::{Field, Kind, View};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Reach;
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::{Number, Value, write_json_text};

/// How numbers are written: as texts, if that was asked for.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) ieee754: bool,
}

/// Appends the last row of `chain`, which begins at the document's root.
pub(super) fn row(out: &mut String, chain: &mut Vec<&Node>, view: &View, shape: &Shape, style: Style) {
    out.push('{');
    members(out, chain, view, shape, style);
    out.push('}');
}

/// The same without the braces, so that a context may stand before.
pub(super) fn members(out: &mut String, chain: &mut Vec<&Node>, view: &View, shape: &Shape, style: Style) {
    let Some(&root) = chain.first() else { return };
    let mut version = String::from("\"@odata.etag\":");
    write_json_text(&etag(root), &mut version);
    write(out, chain, view, shape, (style, &version));
}

fn write(out: &mut String, chain: &mut Vec<&Node>, view: &View, shape: &Shape, (style, version): (Style, &str)) {
    let Some(&node) = chain.last() else { return };
    out.push_str(version);
    match &shape.fields {
        None => view.fields.iter().for_each(|field| member(out, node, view, field, style)),
        Some(chosen) => chosen.iter().for_each(|&place| member(out, node, view, &view.fields[place], style)),
    }
    if shape.fields.is_none() {
        out.push_str(",\"SAP__Messages\":[]");
    }
    for (place, inner) in &shape.ways {
        let way = &view.ways[*place];
        out.push_str(",\"");
        out.push_str(way.name);
        out.push_str("\":");
        match way.of.reach {
            Reach::Up => {
                let mut above = chain[..chain.len() - 1].to_vec();
                out.push('{');
                write(out, &mut above, way.target(), inner, (style, version));
                out.push('}');
            }
            Reach::Down(slot) => {
                out.push('[');
                for (at, child) in node.children[slot].iter().enumerate() {
                    out.push_str(if at > 0 { ",{" } else { "{" });
                    chain.push(child);
                    write(out, chain, way.target(), inner, (style, version));
                    chain.pop();
                    out.push('}');
                }
                out.push(']');
            }
        }
    }
}

/// The version of a document, and of each row in it.
pub(super) fn etag(root: &Node) -> String {
    match root.entity.column("LastChangeDateTime").map(|column| &root.values[column]) {
        Some(Value::Ticks(ticks)) => {
            format!("W/\"SADL-{}\"", stamp::iso(*ticks).replace(['-', ':', '.', 'T', 'Z'], ""))
        }
        _ => "W/\"SADL-0\"".to_owned(),
    }
}

fn member(out: &mut String, node: &Node, view: &View, field: &Field, style: Style) {
    out.push_str(",\"");
    out.push_str(field.name);
    out.push_str("\":");
    let Some(column) = field.column else { return number(out, net_amount(node), None, style) };
    let value = node.values[column].resolve(&view.base.properties[column]);
    match (field.kind, value.as_ref()) {
        (Kind::Text { .. }, value) => write_json_text(value.as_text(), out),
        (Kind::Number { scale, .. }, Value::Number(value)) => number(out, *value, scale, style),
        // The world keeps this one as a text.
        (Kind::Number { scale, .. }, Value::Text(text)) => {
            number(out, Number::parse(text).unwrap_or(Number::new(0, 0)), scale, style);
        }
        (Kind::Double, Value::Number(value)) => float(out, *value),
        (Kind::Int16, Value::Number(value)) => value.write(out),
        (Kind::Bool, Value::Bool(true)) => out.push_str("true"),
        (Kind::Bool, _) => out.push_str("false"),
        (Kind::Date, Value::Ticks(ticks)) => out.push_str(&format!("\"{}\"", &stamp::local(*ticks)[..10])),
        (Kind::Instant { precision: 0 }, Value::Ticks(ticks)) => {
            out.push_str(&format!("\"{}Z\"", stamp::local(*ticks)));
        }
        (Kind::Instant { .. }, Value::Ticks(ticks)) => out.push_str(&format!("\"{}\"", stamp::iso(*ticks))),
        (Kind::Time, Value::Time(seconds)) => {
            out.push_str(&format!("\"{:02}:{:02}:{:02}\"", seconds / 3600, seconds / 60 % 60, seconds % 60));
        }
        (Kind::Time, _) => out.push_str("\"00:00:00\""),
        _ => out.push_str("null"),
    }
}

/// With all decimals of the type; of an amount as many as a currency has, or as are needed.
fn number(out: &mut String, value: Number, scale: Option<u8>, style: Style) {
    let wanted = scale.unwrap_or(2);
    let shown = value.rescale(wanted).or_else(|| (wanted + 1..=value.scale).find_map(|scale| value.rescale(scale)));
    out.push_str(if style.ieee754 { "\"" } else { "" });
    shown.unwrap_or(value).write(out);
    out.push_str(if style.ieee754 { "\"" } else { "" });
}

/// The shortest form of a float; from ten millions on with an exponent.
fn float(out: &mut String, value: Number) {
    let short = (0..value.scale).find_map(|scale| value.rescale(scale)).unwrap_or(value);
    let mut digits = String::new();
    short.write(&mut digits);
    let (sign, plain) = digits.strip_prefix('-').map_or(("", digits.as_str()), |plain| ("-", plain));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    if whole.len() <= 7 {
        return out.push_str(&digits);
    }
    let (first, rest) = whole.split_at(1);
    let rest = format!("{rest}{fraction}");
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    out.push_str(&format!("{sign}{first}{point}{rest}E{}", whole.len() - 1));
}

/// Price per unit times quantity, in whole cents.
fn net_amount(item: &Node) -> Number {
    let units = |name: &str| match item.get(name) {
        Value::Number(number) => i128::from(number.rescale(3).map_or(0, |number| number.units)),
        _ => 0,
    };
    let per = units("NetPriceQuantity").max(1);
    let cents = units("NetPriceAmount") * units("OrderQuantity") / per / 10;
    Number::new(i64::try_from(cents).unwrap_or(0), 2)
}

//! `$filter` of version 4 in the words of version 2, which the world understands.

use super::view::{Kind, View};
use crate::sap_s4hana::sim::errors::Refusal;

const OPERATORS: [&str; 11] = ["eq", "ne", "gt", "ge", "lt", "le", "and", "or", "true", "false", "null"];

/// `contains(a,'x')` becomes `substringof('x',a)`; dates and instants get their prefixes, names are version 2's.
pub(super) fn translated(view: &View, text: &str) -> Result<String, Refusal> {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let end = quoted(rest).ok_or_else(|| Refusal::syntax("A text in $filter does not end"))?;
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if first.is_ascii_alphanumeric() || matches!(first, '_' | '-' | '$') {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-:.$/+".contains(c))).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            match (word, after.starts_with('(')) {
                ("contains", true) => {
                    let (call, after) = contains(view, after)?;
                    out.push_str(&call);
                    rest = after;
                }
                ("startswith" | "endswith", true) => out.push_str(word),
                (_, true) if !OPERATORS.contains(&word) => {
                    return Err(Refusal::syntax(format!("Function {word} is not supported")));
                }
                _ => out.push_str(&plain(view, word)?),
            }
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(out)
}

fn plain(view: &View, word: &str) -> Result<String, Refusal> {
    if OPERATORS.contains(&word) {
        return Ok(word.to_owned());
    }
    let begins_with_digit = word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if begins_with_digit {
        return Ok(match word.as_bytes() {
            bytes if bytes.contains(&b'T') => format!("datetimeoffset'{word}'"),
            [_, _, _, _, b'-', _, _, b'-', _, _] => format!("datetime'{word}T00:00:00'"),
            [h1, h2, b':', m1, m2, b':', s1, s2] => {
                let pair = |one: &u8, two: &u8| format!("{}{}", char::from(*one), char::from(*two));
                format!("time'PT{}H{}M{}S'", pair(h1, h2), pair(m1, m2), pair(s1, s2))
            }
            _ => word.to_owned(),
        });
    }
    let field =
        view.field(word).ok_or_else(|| Refusal::syntax(format!("Property {word} not found in {}", view.type_name)))?;
    // A text for version 2, although it is a number here.
    let is_text = field.kind == (Kind::Number { precision: 9, scale: Some(5) });
    match field.property(view) {
        Some(property) if !is_text => Ok(property.name.to_owned()),
        _ => Err(Refusal::syntax(format!("Property {word} is not filterable"))),
    }
}

/// `(a,'x')`, and what follows it.
fn contains<'t>(view: &View, text: &'t str) -> Result<(String, &'t str), Refusal> {
    let invalid = || Refusal::syntax("contains takes a property and a text");
    let (name, rest) = text.strip_prefix('(').and_then(|inner| inner.split_once(',')).ok_or_else(invalid)?;
    let rest = rest.trim_start();
    let end = quoted(rest).ok_or_else(invalid)?;
    let after = rest[end..].trim_start().strip_prefix(')').ok_or_else(invalid)?;
    Ok((format!("substringof({},{})", &rest[..end], plain(view, name.trim())?), after))
}

/// Where the quoted text at the beginning ends; two quotes stand for one.
fn quoted(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    if bytes.first() != Some(&b'\'') {
        return None;
    }
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'\'')?;
        if bytes.get(at + 1) != Some(&b'\'') {
            return Some(at + 1);
        }
        at += 2;
    }
}

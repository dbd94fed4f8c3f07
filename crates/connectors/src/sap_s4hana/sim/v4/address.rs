//! The path of a URL below the service's root, as the world's own names have it.

use super::service::Service;
use super::view::View;
use crate::sap_s4hana::sim::errors::Refusal;
use crate::sap_s4hana::sim::filter::{Token, tokens};
use crate::sap_s4hana::sim::read::{decode_path, encoded};

/// What a path leads to.
pub(super) struct Address {
    /// In the names of version 2.
    pub(super) path: String,
    /// The type of the row, or of the rows.
    pub(super) view: &'static View,
    /// Rows below another: what is posted there becomes one of them.
    pub(super) is_below: bool,
    pub(super) is_count: bool,
}

pub(super) fn address(service: &'static Service, path: &str) -> Result<Address, Refusal> {
    let segments = split(path);
    let mut rest = segments.iter().peekable();
    let first = rest.next().map(String::as_str).unwrap_or_default();
    let (name, key) = cut_key(first)?;
    let mut view = service.of_set(name).ok_or_else(|| Refusal::not_found(name))?;
    let mut out = view.base.set.to_owned();
    let (mut is_below, mut has_key) = (false, key.is_some());
    if let Some(key) = key {
        out.push_str(&predicate(view, key)?);
    }
    while let Some(segment) = rest.next() {
        if segment == "$count" && rest.peek().is_none() {
            return Ok(Address { path: out + "/$count", view, is_below, is_count: true });
        }
        let (name, key) = cut_key(segment)?;
        match view.way(name) {
            Some(way) => {
                out.push('/');
                out.push_str(way.of.name);
                (view, is_below, has_key) = (way.target(), way.many, key.is_some() || !way.many);
                if let Some(key) = key {
                    out.push_str(&predicate(view, key)?);
                }
            }
            // Keys may be segments of their own.
            None if !has_key => {
                let mut values = vec![segment.clone()];
                values.extend((1..view.keys().len()).map_while(|_| rest.next().cloned()));
                let named: Vec<_> =
                    view.keys().iter().zip(&values).map(|(key, value)| (key.name, value.as_str())).collect();
                out.push_str(&written(view, &named)?);
                has_key = true;
            }
            None => return Err(Refusal::not_found(segment)),
        }
    }
    Ok(Address { path: out, view, is_below, is_count: false })
}

fn predicate(view: &'static View, text: &str) -> Result<String, Refusal> {
    let invalid = || Refusal::syntax(format!("Invalid key predicate for {}", view.set));
    let words: Vec<Token> = tokens(text).map_err(|_| invalid())?.into_iter().map(|(_, token)| token).collect();
    let text_of = |token: &Token| match token {
        Token::Quoted { prefix, text } if prefix.is_empty() => Ok(text.clone()),
        _ => Err(invalid()),
    };
    if let [token] = words.as_slice() {
        let value = text_of(token)?;
        let key = view.keys().first().map(|key| key.name).filter(|_| view.keys().len() == 1).ok_or_else(invalid)?;
        return written(view, &[(key, &value)]);
    }
    let mut named = Vec::new();
    for part in words.split(|token| *token == Token::Comma) {
        let [Token::Word(name), Token::Equals, token] = part else { return Err(invalid()) };
        named.push((name.clone(), text_of(token)?));
    }
    let named: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    written(view, &named)
}

/// `(A='1',B='2')` in the names of version 2.
fn written(view: &'static View, named: &[(&str, &str)]) -> Result<String, Refusal> {
    let keys = view.keys();
    let mut parts = Vec::new();
    for key in &keys {
        let value = named.iter().find(|(name, _)| *name == key.name).map(|(_, value)| *value);
        let value = value.ok_or_else(|| Refusal::syntax(format!("Invalid key predicate for {}", view.set)))?;
        let name = key.property(view).map_or(key.name, |property| property.name);
        parts.push(if keys.len() == 1 {
            format!("'{}'", encoded(value))
        } else {
            format!("{name}='{}'", encoded(value))
        });
    }
    if named.len() != keys.len() {
        return Err(Refusal::syntax(format!("Invalid key predicate for {}", view.set)));
    }
    Ok(format!("({})", parts.join(",")))
}

fn cut_key(segment: &str) -> Result<(&str, Option<&str>), Refusal> {
    match segment.split_once('(') {
        None => Ok((segment, None)),
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(key) => Ok((name, Some(key))),
            None => Err(Refusal::syntax(format!("Invalid segment {segment}"))),
        },
    }
}

/// The decoded segments; a slash between quotes belongs to a key.
fn split(path: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut inside = false;
    for character in path.chars() {
        match character {
            '/' if !inside => segments.push(String::new()),
            other => {
                inside ^= other == '\'';
                if let Some(last) = segments.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    segments.iter().filter(|segment| !segment.is_empty()).map(|segment| decode_path(segment)).collect()
}

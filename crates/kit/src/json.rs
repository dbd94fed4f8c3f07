//! A JSON tree that borrows from the text it was read from and keeps numbers as they were written.
//!
//! Two reasons not to use `serde_json::Value` for vendor rows: a price must never become a float on its way in, and a page
//! of a thousand rows should cost one pass and few allocations. Every object remembers its own piece of the text, which
//! is the record's raw form for free.

use std::borrow::Cow;

mod parse;

pub use parse::{ParseError, parse, rows};

#[derive(Clone, Debug, PartialEq)]
pub enum Node<'a> {
    Null,
    Bool(bool),
    /// The number as it was written.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Object<'a>),
}

/// An object with its members in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Node<'a>)>,
    /// The text that it was read from; empty if it was made or changed by us.
    source: &'a str,
    /// Members in it were given other names: the text still says what was read, but no longer what is here.
    renamed: bool,
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl<'a> Node<'a> {
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A JSON number; the caller vouches that `digits` is one.
    pub fn number(digits: impl Into<Cow<'a, str>>) -> Self {
        Self::Number(digits.into())
    }

    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn as_object_mut(&mut self) -> Option<&mut Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// A string's content, or a number's digits: what serves as an id or a code.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The items of an array, also where the dialect wraps it as `{"results":[…]}` (OData v2) or `{"items":[…]}` (SuiteTalk).
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            Self::Object(object) => object.get("results").or_else(|| object.get("items")).and_then(Self::as_array),
            _ => None,
        }
    }

    pub fn items_mut(&mut self) -> Option<&mut Vec<Self>> {
        match self {
            Self::Array(items) => Some(items),
            Self::Object(object) => {
                let name = if object.get("results").is_some() { "results" } else { "items" };
                match object.get_mut(name) {
                    Some(Self::Array(items)) => Some(items),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Compact JSON.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => trunnion_model::record::push_json_string(out, text),
            Self::Array(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(object) => object.write(out),
        }
    }

    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

impl<'a> Object<'a> {
    pub fn new() -> Self {
        Self::default()
    }

    /// The last member of that name, as in `serde_json`.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.members.iter().rev().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Node<'a>> {
        self.source = "";
        self.members.iter_mut().rev().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    /// Sets a member, in place if it is there.
    pub fn set(&mut self, name: impl Into<Cow<'a, str>>, node: Node<'a>) {
        let name = name.into();
        self.source = "";
        match self.members.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = node,
            None => self.members.push((name, node)),
        }
    }

    pub fn members(&self) -> &[(Cow<'a, str>, Node<'a>)] {
        &self.members
    }

    /// To give members other names. What the object was read from stays its raw form.
    pub(crate) fn rename(&mut self) -> impl Iterator<Item = (&mut Cow<'a, str>, &mut Node<'a>)> {
        self.renamed = true;
        self.members.iter_mut().map(|(name, node)| (name, node))
    }

    pub fn into_members(self) -> Vec<(Cow<'a, str>, Node<'a>)> {
        self.members
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The object as the system sent it, or as we made it.
    pub fn raw(&self) -> Cow<'a, str> {
        if self.source.is_empty() {
            let mut out = String::new();
            self.write(&mut out);
            Cow::Owned(out)
        } else {
            Cow::Borrowed(self.source)
        }
    }

    fn write(&self, out: &mut String) {
        if !self.source.is_empty() && !self.renamed {
            out.push_str(self.source);
            return;
        }
        out.push('{');
        for (place, (name, node)) in self.members.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            trunnion_model::record::push_json_string(out, name);
            out.push(':');
            node.write(out);
        }
        out.push('}');
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Node<'a>)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Node<'a>)>>(members: I) -> Self {
        Self { members: members.into_iter().collect(), source: "", renamed: false }
    }
}

#[cfg(test)]
mod tests;

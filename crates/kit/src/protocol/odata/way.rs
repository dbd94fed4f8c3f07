//! How an entity's rows are asked for and written in one of the two versions: addresses, literals, envelopes, names.

use std::borrow::Cow;

use http::header::HeaderValue;
use jiff::civil::Date;

use super::super::{encode, projection};
use super::offer;
use crate::error::Error;
use crate::http::Answer;
use crate::json::{Node, parse};
use crate::link::Link;
use crate::spec::{EntitySpec, ProtocolKind, V4};
use crate::vendor::Page;

/// Numbers as texts, so that no price is ever a float.
const JSON_V4: &str = "application/json;IEEE754Compatible=true";
const JSON: &str = "application/json";

#[derive(Clone, Copy)]
pub(super) struct Way<'e> {
    pub(super) entity: &'e EntitySpec,
    v4: Option<&'e V4>,
    prefix: &'e str,
}

impl<'e> Way<'e> {
    /// Version 4 where there is no other or where the system offers it for this entity, else version 2.
    pub(super) async fn of(link: &'e Link, entity: &'e EntitySpec) -> Result<Self, Error> {
        let protocol = &link.spec().protocol;
        let first = Self { entity, v4: None, prefix: &protocol.prefix };
        let Some(v4) = &entity.source.v4 else { return Ok(first) };
        if protocol.kind == ProtocolKind::ODataV4 {
            return Ok(Self { v4: Some(v4), ..first });
        }
        let newer = Self { v4: Some(v4), prefix: &protocol.prefix_v4, ..first };
        Ok(if v4.only || offer::is_offered(link, &newer).await? { newer } else { first })
    }

    /// The one in which a row was read, which may have been kept since: only version 2 says in it where it is.
    pub(super) async fn of_row(link: &'e Link, entity: &'e EntitySpec, row: &Node<'_>) -> Result<Self, Error> {
        let protocol = &link.spec().protocol;
        if protocol.kind == ProtocolKind::ODataV2 && row.get("__metadata").is_some() {
            return Ok(Self { entity, v4: None, prefix: &protocol.prefix });
        }
        Self::of(link, entity).await
    }

    pub(super) fn is_v4(&self) -> bool {
        self.v4.is_some()
    }

    /// Whether several changes may go in one request.
    pub(super) fn takes_changesets(&self) -> bool {
        self.v4.is_some_and(|v4| v4.changesets)
    }

    /// The service's root, as a path at the connection's address.
    pub(super) fn root(&self) -> String {
        let service = self.v4.map_or(&self.entity.source.service, |v4| &v4.service);
        format!("{}/{service}", self.prefix.trim_matches('/'))
    }

    pub(super) fn set(&self) -> &'e str {
        self.v4.map_or(&self.entity.source.set, |v4| &v4.set)
    }

    pub(super) fn set_path(&self) -> String {
        format!("{}/{}", self.root(), self.set())
    }

    pub(super) fn json(&self) -> &'static str {
        if self.is_v4() { JSON_V4 } else { JSON }
    }

    pub(super) fn accept(&self) -> HeaderValue {
        HeaderValue::from_static(self.json())
    }

    /// Version 2 of the gateways speaks Atom unless it is told so in the address.
    pub(super) fn format(&self) -> &'static str {
        if self.is_v4() { "" } else { "&$format=json" }
    }

    pub(super) fn page(&self, answer: Answer) -> Result<Page, Error> {
        let text = super::super::into_text(answer)?;
        Ok(match self.v4 {
            Some(v4) => Page::new(text, "value").called(v4.names.clone()),
            None => Page::new(text, "d/results"),
        })
    }

    /// The remote id of the one row that an answer is.
    pub(super) fn id_in(&self, text: &str) -> Result<Option<String>, String> {
        let mut answer = parse(text).map_err(|error| error.to_string())?;
        match self.v4 {
            Some(v4) => {
                v4.names.inward(&mut answer).map_err(|error| error.to_string())?;
                Ok(super::write::remote_id(self.entity, &answer))
            }
            None => Ok(answer.get("d").and_then(|row| super::write::remote_id(self.entity, row))),
        }
    }

    /// A body of ours for the record itself, or for a row at a path below it, as this version wants it.
    pub(super) fn body(&self, path: &str, body: Node<'static>) -> Node<'static> {
        match self.v4.and_then(|v4| v4.names.below(path)) {
            Some(names) => names.outward(body),
            None => body,
        }
    }

    /// A path of the declaration as the service calls it.
    pub(super) fn name<'n>(&self, path: &'n str) -> Cow<'n, str> {
        self.v4.map_or(Cow::Borrowed(path), |v4| Cow::Owned(v4.names.path(path)))
    }

    pub(super) fn key_names(&self) -> Vec<String> {
        super::write::key_names(self.entity).iter().map(|name| self.name(name).into_owned()).collect()
    }

    pub(super) fn filter(&self) -> &'e str {
        self.v4.map_or(&self.entity.source.filter, |v4| &v4.filter)
    }

    /// `2026-01-31T08:00:00`, which is UTC.
    pub(super) fn instant(&self, seconds: &str) -> String {
        if self.is_v4() { format!("{seconds}Z") } else { format!("datetimeoffset'{seconds}Z'") }
    }

    pub(super) fn day(&self, day: Date) -> String {
        if self.is_v4() { day.to_string() } else { format!("datetime'{day}T00:00:00'") }
    }

    /// `08:00:00`
    pub(super) fn time(&self, clock: &str) -> String {
        if self.is_v4() {
            return clock.to_owned();
        }
        let mut parts = clock.splitn(3, ':');
        let mut next = || parts.next().unwrap_or("00").to_owned();
        format!("time'PT{}H{}M{}S'", next(), next(), next())
    }

    /// `$select`, `$expand` and the format: only what the mapping reads.
    pub(super) fn shape(&self) -> String {
        let names = projection(self.entity, &|steps| steps.join("/"));
        let Some(v4) = self.v4 else {
            let mut shape = format!("&$select={}", encode(&names.join(",")));
            if !self.entity.source.expand.is_empty() {
                shape.push_str(&format!("&$expand={}", encode(&self.entity.source.expand.join(","))));
            }
            return shape + self.format();
        };
        let mut whole = Chosen::default();
        for path in &self.entity.source.expand {
            whole.at(&v4.names.path(path));
        }
        for name in &names {
            whole.choose(&v4.names.path(name));
        }
        // A row is addressed by its keys.
        for (path, _, keys) in &v4.rows {
            for key in keys {
                whole.choose(&format!("{}/{key}", v4.names.path(path)));
            }
        }
        whole.options().into_iter().map(|(name, value)| format!("&{name}={}", encode(&value))).collect()
    }

    /// Where a row is written: the record itself (`path` is empty), or one below it by its path in the declaration.
    pub(super) fn address(&self, path: &str, row: &Node<'_>) -> Result<String, Error> {
        let lacks = |what: &str| Error::Unexpected(format!("a row without {what}, by which it is addressed"));
        let (set, keys): (&str, Vec<(String, String)>) = if path.is_empty() {
            let ours = super::write::key_names(self.entity);
            (self.set(), ours.iter().map(|name| (self.name(name).into_owned(), name.clone())).collect())
        } else {
            let rows = self.v4.map(|v4| v4.rows.as_slice()).unwrap_or_default();
            let found = rows.iter().find(|(known, ..)| known == path).ok_or_else(|| lacks("a set of its own"))?;
            (&found.1, found.2.iter().map(|name| (name.clone(), name.clone())).collect())
        };
        let mut parts = Vec::with_capacity(keys.len());
        for (theirs, ours) in &keys {
            let value = match crate::mapping::Path::new(ours).find(row) {
                Some(Node::Text(text)) => format!("'{}'", encode(text).replace("%27", "''")),
                Some(Node::Number(digits)) => digits.clone().into_owned(),
                _ => return Err(lacks(&format!("`{ours}`"))),
            };
            parts.push(if keys.len() == 1 { value } else { format!("{theirs}={value}") });
        }
        Ok(format!("{}/{set}({})", self.root(), parts.join(",")))
    }
}

/// What is asked for of one object, in version 4: each navigation has options of its own.
#[derive(Default)]
struct Chosen {
    names: Vec<String>,
    below: Vec<(String, Self)>,
}

impl Chosen {
    fn at(&mut self, path: &str) -> &mut Self {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let place = self.below.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            self.below.push((first.to_owned(), Self::default()));
            self.below.len() - 1
        });
        let below = &mut self.below[place].1;
        if rest.is_empty() { below } else { below.at(rest) }
    }

    fn choose(&mut self, path: &str) {
        let (object, name) = match path.rsplit_once('/') {
            Some((parent, name)) => (self.at(parent), name),
            None => (self, path),
        };
        // A navigation is not selected but expanded.
        let is_there =
            object.names.iter().any(|known| known == name) || object.below.iter().any(|(nav, _)| nav == name);
        if !is_there {
            object.names.push(name.to_owned());
        }
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        let mut options = Vec::new();
        if !self.names.is_empty() {
            options.push(("$select", self.names.join(",")));
        }
        if !self.below.is_empty() {
            let expanded = self.below.iter().map(|(name, below)| {
                let inner: Vec<String> =
                    below.options().iter().map(|(name, value)| format!("{name}={value}")).collect();
                if inner.is_empty() { name.clone() } else { format!("{name}({})", inner.join(";")) }
            });
            options.push(("$expand", expanded.collect::<Vec<_>>().join(",")));
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_of_an_object_stands_at_its_navigation() {
        let mut whole = Chosen::default();
        whole.at("_Item");
        for path in ["Number", "_Item/Text", "_Item/_Line/Day", "_Item/Number", "Number"] {
            whole.choose(path);
        }
        let options = whole.options();
        assert_eq!(options[0], ("$select", "Number".to_owned()));
        assert_eq!(options[1], ("$expand", "_Item($select=Text,Number;$expand=_Line($select=Day))".to_owned()));
    }
}

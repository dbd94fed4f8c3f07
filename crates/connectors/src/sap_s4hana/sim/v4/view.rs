//! What version 4 calls the rows of the world, read from texts in `schema/` once.

use super::service;
use crate::sap_s4hana::sim::schema::{Entity, Family, Nav, Property, Reach};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text {
        max: Option<usize>,
    },
    /// Without a scale it has as many decimals as its currency.
    Number {
        precision: u8,
        scale: Option<u8>,
    },
    Double,
    Int16,
    Bool,
    Date,
    Instant {
        precision: u8,
    },
    Time,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The column of the row; nothing where it is worked out.
    pub(super) column: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) many: bool,
    pub(super) set: &'static str,
    pub(super) of: &'static Nav,
    family: Family,
}

/// An entity type of version 4.
#[derive(Debug)]
pub(super) struct View {
    pub(super) set: &'static str,
    pub(super) type_name: String,
    pub(super) base: &'static Entity,
    pub(super) creatable: bool,
    pub(super) fields: Vec<Field>,
    pub(super) ways: Vec<Way>,
}

impl View {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn way(&self, name: &str) -> Option<&Way> {
        self.ways.iter().find(|way| way.name == name)
    }

    /// The fields of the key, in its order.
    pub(super) fn keys(&self) -> Vec<&Field> {
        let of = |key: &usize| self.fields.iter().find(|field| field.column == Some(*key));
        self.base.keys.iter().filter_map(of).collect()
    }
}

impl Way {
    pub(super) fn target(&self) -> &'static View {
        let found = service::of(self.family).and_then(|service| service.of_set(self.set));
        found.unwrap_or_else(|| unreachable!("no set {}", self.set))
    }

    pub(super) fn is_up(&self) -> bool {
        self.of.reach == Reach::Up
    }
}

impl Field {
    /// What the world calls it.
    pub(super) fn property(&self, view: &View) -> Option<&'static Property> {
        self.column.and_then(|column| view.base.properties.get(column))
    }
}

/// Of a family that version 4 alone serves: the text of the world's own rows.
#[expect(clippy::expect_used, reason = "the text is part of the source, and every test reads all of it")]
pub(super) fn of_base(family: Family, text: &'static str) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    for line in lines(text) {
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("entity"), Some(set)) => {
                let base = family.service().entity(set).expect("a set of the same text");
                let (type_name, creatable) = (base.short_type.clone(), base.creatable);
                views.push(View { set, type_name, base, creatable, fields: Vec::new(), ways: Vec::new() });
            }
            (Some(name), Some(kind)) => {
                let view = views.last_mut().expect("an entity first");
                view.fields.push(Field { name, kind: parse_kind(kind), column: Some(view.base.own_column(name)) });
            }
            _ => unreachable!("{line}"),
        }
    }
    views
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Of a family that version 2 serves too: a text with what version 4 calls otherwise.
#[expect(clippy::expect_used, reason = "the text is part of the source, and every test reads all of it")]
pub(super) fn renamed(family: Family, text: &'static str) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    let service = family.service();
    for line in lines(text) {
        let words: Vec<&'static str> = line.split(' ').collect();
        match words.as_slice() {
            ["entity", set, base, flags @ ..] => views.push(View {
                set,
                type_name: format!("{set}_Type"),
                base: service.entity(base).expect("a set of version 2"),
                creatable: !flags.contains(&"nocreate"),
                fields: Vec::new(),
                ways: Vec::new(),
            }),
            ["nav", name, reach, set, of] => {
                let view = views.last_mut().expect("an entity first");
                let of = view.base.nav(of.trim_start_matches("of=")).expect("a navigation of version 2");
                view.ways.push(Way { name, many: *reach == "many", set, of, family });
            }
            [name, kind, of @ ..] => {
                let view = views.last_mut().expect("an entity first");
                let base = of.first().map_or(*name, |of| of.trim_start_matches("of="));
                let column = (base != "-").then(|| view.base.own_column(base));
                view.fields.push(Field { name, kind: parse_kind(kind), column });
            }
            _ => unreachable!("{line}"),
        }
    }
    views
}

fn parse_kind(text: &str) -> Kind {
    let (name, arguments) = text.split_once('(').unwrap_or((text, ""));
    let mut arguments = arguments.trim_end_matches(')').split(',');
    let first = arguments.next().unwrap_or_default();
    match name {
        "String" => Kind::Text { max: first.parse().ok() },
        "Decimal" => Kind::Number {
            precision: first.parse().unwrap_or(0),
            scale: arguments.next().and_then(|scale| scale.parse().ok()),
        },
        "Boolean" => Kind::Bool,
        "Date" => Kind::Date,
        "DateTimeOffset" => Kind::Instant { precision: first.parse().unwrap_or(0) },
        "Double" => Kind::Double,
        "Int16" => Kind::Int16,
        "TimeOfDay" => Kind::Time,
        _ => unreachable!("{text}"),
    }
}

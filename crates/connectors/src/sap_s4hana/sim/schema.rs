//! The entity types that are served, read from the texts in `schema/` once at the first use.
//!
//! A service is one tree of compositions: its first entity type is the root, `many` and `one` lead down, `up` leads to
//! the parent. Every entity set is therefore "the rows at one path below the roots".

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text { max: Option<usize> },
    Number { precision: u8, scale: u8 },
    Bool,
    Date,
    Instant { precision: u8 },
    Time,
    Guid,
}

#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) key: bool,
    pub(super) upper: bool,
    /// Digits of a fixed width, with leading zeros.
    pub(super) numc: bool,
    /// Leading zeros of a plain number are hidden outside.
    pub(super) alpha: bool,
    pub(super) readonly: bool,
    pub(super) nofilter: bool,
    pub(super) unit: Option<&'static str>,
    pub(super) semantics: Option<&'static str>,
    /// `"Name":`, and the same with the initial value behind it.
    pub(super) json_name: String,
    pub(super) json_initial: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Into this slot of a node's children.
    Down(usize),
    Up,
}

#[derive(Debug)]
pub(super) struct Nav {
    pub(super) name: &'static str,
    pub(super) many: bool,
    pub(super) reach: Reach,
    /// The name of the target's set and its place in the service.
    pub(super) set: &'static str,
    target: usize,
}

#[derive(Debug)]
pub(super) struct Entity {
    pub(super) set: &'static str,
    pub(super) family: Family,
    pub(super) properties: Vec<Property>,
    pub(super) keys: Vec<usize>,
    pub(super) navs: Vec<Nav>,
    /// The slots that lead from the root to the rows of this type; empty for the root.
    pub(super) path: Vec<usize>,
    /// How many kinds of children a row has.
    pub(super) slots: usize,
    pub(super) creatable: bool,
    pub(super) deletable: bool,
    pub(super) etag: bool,
    columns: HashMap<&'static str, usize>,
}

/// The three services; each serves one family of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Partners,
    Products,
    Orders,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) component: &'static str,
    pub(super) entities: Vec<Entity>,
}

static SERVICES: LazyLock<[Service; 3]> = LazyLock::new(|| {
    [
        service("API_BUSINESS_PARTNER", "LO-MD-BP", Family::Partners, include_str!("schema/business_partner.txt")),
        service("API_PRODUCT_SRV", "LO-MD-MM", Family::Products, include_str!("schema/product.txt")),
        service(
            "API_PURCHASEORDER_PROCESS_SRV",
            "MM-PUR-PO",
            Family::Orders,
            include_str!("schema/purchase_order.txt"),
        ),
    ]
});

impl Family {
    pub(super) fn service(self) -> &'static Service {
        &SERVICES[self as usize]
    }

    pub(super) fn root(self) -> &'static Entity {
        &self.service().entities[0]
    }

    /// The family that a service of this name serves.
    pub(super) fn by_service(name: &str) -> Option<Self> {
        [Self::Partners, Self::Products, Self::Orders].into_iter().find(|family| family.service().name == name)
    }
}

impl Service {
    pub(super) fn entity(&self, set: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.set == set)
    }
}

impl Entity {
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.get(name).copied()
    }

    /// The column of a name that stands in the simulator's own code.
    pub(super) fn own_column(&self, name: &str) -> usize {
        self.column(name).unwrap_or_else(|| unreachable!("{} has no property {name}", self.set))
    }

    pub(super) fn nav(&self, name: &str) -> Option<&Nav> {
        self.navs.iter().find(|nav| nav.name == name)
    }

    pub(super) fn target(&self, nav: &Nav) -> &'static Self {
        &self.family.service().entities[nav.target]
    }

    pub(super) fn type_name(&self) -> String {
        format!("{}.{}Type", self.family.service().name, self.set)
    }
}

impl Property {
    /// The initial value of a text: empty, or zeros for a numeric text.
    pub(super) fn initial_text(&self) -> &'static str {
        const ZEROS: &str = "000000000000000000000000";
        match self.kind {
            Kind::Text { max: Some(max) } if self.numc => ZEROS.get(..max).unwrap_or(ZEROS),
            _ => "",
        }
    }
}

#[expect(clippy::expect_used, reason = "the texts are part of the source, and every test reads all of them")]
fn service(name: &'static str, component: &'static str, family: Family, text: &'static str) -> Service {
    let mut entities: Vec<Entity> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&'static str> = line.split(' ').collect();
        match words.as_slice() {
            ["entity", set, flags @ ..] => entities.push(entity(set, family, flags)),
            ["nav", name, reach, target] => nav(entities.last_mut().expect("an entity first"), name, reach, target),
            [name, kind, flags @ ..] => property(entities.last_mut().expect("an entity first"), name, kind, flags),
            _ => unreachable!("{line}"),
        }
    }
    let places: HashMap<&str, usize> = entities.iter().enumerate().map(|(at, entity)| (entity.set, at)).collect();
    // A parent stands above its children in the text, so that its own path is known when they are reached.
    for parent in 0..entities.len() {
        for nav in 0..entities[parent].navs.len() {
            let target = places[entities[parent].navs[nav].set];
            entities[parent].navs[nav].target = target;
            if let Reach::Down(slot) = entities[parent].navs[nav].reach {
                let mut path = entities[parent].path.clone();
                path.push(slot);
                entities[target].path = path;
            }
        }
    }
    Service { name, component, entities }
}

fn entity(set: &'static str, family: Family, flags: &[&str]) -> Entity {
    Entity {
        set,
        family,
        properties: Vec::new(),
        keys: Vec::new(),
        navs: Vec::new(),
        path: Vec::new(),
        slots: 0,
        creatable: !flags.contains(&"nocreate"),
        deletable: !flags.contains(&"nodelete"),
        etag: flags.contains(&"etag"),
        columns: HashMap::new(),
    }
}

fn nav(entity: &mut Entity, name: &'static str, reach: &str, set: &'static str) {
    let down = reach != "up";
    let reach_to = if down { Reach::Down(entity.slots) } else { Reach::Up };
    entity.slots += usize::from(down);
    entity.navs.push(Nav { name, many: reach == "many", reach: reach_to, set, target: 0 });
}

fn property(entity: &mut Entity, name: &'static str, kind: &str, flags: &[&'static str]) {
    let has = |flag: &str| flags.contains(&flag);
    let semantics = [("is_unit", "unit-of-measure"), ("is_currency", "currency-code")];
    let mut property = Property {
        name,
        kind: parse_kind(kind),
        key: has("key"),
        upper: has("upper"),
        numc: has("numc"),
        alpha: has("alpha"),
        readonly: has("readonly"),
        nofilter: has("nofilter"),
        unit: flags.iter().find_map(|flag| flag.strip_prefix("unit=")),
        semantics: semantics.into_iter().find(|(flag, _)| has(flag)).map(|(_, meaning)| meaning),
        json_name: format!("\"{name}\":"),
        json_initial: String::new(),
    };
    property.json_initial = format!("\"{name}\":{}", initial_json(&property));
    let column = entity.properties.len();
    entity.columns.insert(name, column);
    if property.key {
        entity.keys.push(column);
    }
    entity.properties.push(property);
}

fn parse_kind(text: &str) -> Kind {
    let (name, arguments) = text.split_once('(').unwrap_or((text, ""));
    let numbers: Vec<u8> =
        arguments.trim_end_matches(')').split(',').filter_map(|number| number.parse().ok()).collect();
    match (name, numbers.as_slice()) {
        ("String", []) => Kind::Text { max: None },
        ("String", [max]) => Kind::Text { max: Some(usize::from(*max)) },
        ("Decimal", [precision, scale]) => Kind::Number { precision: *precision, scale: *scale },
        ("Boolean", []) => Kind::Bool,
        ("Date", []) => Kind::Date,
        ("DateTimeOffset", [precision]) => Kind::Instant { precision: *precision },
        ("Time", []) => Kind::Time,
        ("Guid", []) => Kind::Guid,
        _ => unreachable!("{text}"),
    }
}

fn initial_json(property: &Property) -> String {
    match property.kind {
        Kind::Text { .. } => format!("\"{}\"", property.initial_text()),
        Kind::Number { scale: 0, .. } => "\"0\"".to_owned(),
        Kind::Number { scale, .. } => format!("\"0.{}\"", "0".repeat(usize::from(scale))),
        Kind::Bool => "false".to_owned(),
        Kind::Date | Kind::Instant { .. } | Kind::Time | Kind::Guid => "null".to_owned(),
    }
}

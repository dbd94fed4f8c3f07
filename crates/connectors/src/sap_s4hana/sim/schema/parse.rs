//! Reads the texts in this folder.
//!
//! `entity SET FLAG…`, below it its properties and navigations; `function NAME SET|:RESULT|- PARAMETER=KIND…`, a `?` behind the
//! kind of a parameter that may be left out; `result RESULT PROPERTY=KIND…`. Flags of an entity: `nocreate`, `noupdate`, `nodelete`, `etag`,
//! `type=NAME` where the type is not called like the set, `shared` where the first key alone does not tell the document.

use std::collections::HashMap;

use super::{Entity, Family, Function, Kind, Nav, Property, Reach, Returns, Service, Values};

#[expect(clippy::expect_used, reason = "the texts are part of the source, and every test reads all of them")]
pub(super) fn service(
    (name, namespace, version): (&'static str, &'static str, &'static str),
    component: &'static str,
    family: Family,
    text: &'static str,
) -> Service {
    let mut entities: Vec<Entity> = Vec::new();
    let (mut functions, mut values) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&'static str> = line.split(' ').collect();
        match words.as_slice() {
            ["entity", set, flags @ ..] => entities.push(entity(set, family, flags)),
            ["function", name, returns, parameters @ ..] => functions.push(function(name, returns, parameters)),
            ["result", name, properties @ ..] => values.push(result(name, properties)),
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
    let root_keys: Vec<Option<usize>> = entities.iter().map(|entity| root_key(entity, &entities[0])).collect();
    if !text.contains(" shared") {
        entities.iter_mut().zip(root_keys).for_each(|(entity, key)| entity.root_key = key);
    }
    Service { name, namespace, version, component, entities, functions, values }
}

/// The first key. But a supplier's data has another number than its business partner.
fn root_key(entity: &Entity, root: &Entity) -> Option<usize> {
    let &key = entity.keys.first()?;
    let same = entity.properties[key].name == root.properties[root.keys[0]].name;
    (same || entity.family != Family::Partners).then_some(key)
}

fn function(name: &'static str, returns: &'static str, parameters: &[&'static str]) -> Function {
    let parameter = |text: &&'static str| {
        let (name, kind) = text.split_once('=').unwrap_or((text, "String"));
        (new_property(name, kind.trim_end_matches('?'), &[]), kind.ends_with('?'))
    };
    let returns = match returns.strip_prefix(':') {
        Some(values) => Returns::Values(values),
        None if returns == "-" => Returns::Nothing,
        None => Returns::Entity(returns),
    };
    Function { name, returns, parameters: parameters.iter().map(parameter).collect() }
}

fn result(name: &'static str, properties: &[&'static str]) -> Values {
    let property = |text: &&'static str| {
        let (name, kind) = text.split_once('=').unwrap_or((text, "String"));
        new_property(name, kind, &[])
    };
    Values { name, properties: properties.iter().map(property).collect() }
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
        updatable: !flags.contains(&"noupdate"),
        deletable: !flags.contains(&"nodelete"),
        etag: flags.contains(&"etag"),
        root_key: None,
        short_type: flags
            .iter()
            .find_map(|flag| flag.strip_prefix("type="))
            .map_or(format!("{set}Type"), str::to_owned),
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
    let property = new_property(name, kind, flags);
    let column = entity.properties.len();
    entity.columns.insert(name, column);
    if property.key {
        entity.keys.push(column);
    }
    entity.properties.push(property);
}

fn new_property(name: &'static str, kind: &str, flags: &[&'static str]) -> Property {
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
        custom: flags.iter().find_map(|flag| flag.strip_prefix("custom=")),
        semantics: semantics.into_iter().find(|(flag, _)| has(flag)).map(|(_, meaning)| meaning),
        json_name: format!("\"{name}\":"),
        json_initial: String::new(),
    };
    property.json_initial = format!("\"{name}\":{}", initial_json(&property));
    property
}

fn parse_kind(text: &str) -> Kind {
    let (name, arguments) = text.split_once('(').unwrap_or((text, ""));
    let numbers: Vec<u16> =
        arguments.trim_end_matches(')').split(',').filter_map(|number| number.parse().ok()).collect();
    match (name, numbers.as_slice()) {
        ("String", []) => Kind::Text { max: None },
        ("String", [max]) => Kind::Text { max: Some(usize::from(*max)) },
        ("Decimal", [precision, scale]) => Kind::Number { precision: small(*precision), scale: small(*scale) },
        ("Boolean", []) => Kind::Bool,
        ("Date", []) => Kind::Date,
        ("DateTimeOffset", [precision]) => Kind::Instant { precision: small(*precision) },
        ("Time" | "TimeOfDay", []) => Kind::Time,
        // Kept as decimals, so that nothing is rounded: as many places as any measurement here has.
        ("Double", []) => Kind::Number { precision: 18, scale: 6 },
        ("Int16", []) => Kind::Number { precision: 5, scale: 0 },
        ("Guid", []) => Kind::Guid,
        _ => unreachable!("{text}"),
    }
}

fn small(number: u16) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
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

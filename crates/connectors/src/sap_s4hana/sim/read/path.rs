//! The path of a URL below the service's root: a set, keys, navigations, a property.

use std::borrow::Cow;

use crate::sap_s4hana::sim::errors::Refusal;
use crate::sap_s4hana::sim::filter::{Token, coerce, tokens};
use crate::sap_s4hana::sim::node::{Node, Steps};
use crate::sap_s4hana::sim::schema::{Entity, Family, Reach};
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

/// What a path leads to.
pub(in super::super) enum Resource<'w> {
    /// All rows of a set.
    Set(&'static Entity),
    /// The children of a row: the document, its place, the way to the parent, the slot.
    Children { document: Cow<'w, Node>, place: u64, parent: Steps, slot: usize, entity: &'static Entity },
    /// One row.
    Row { document: Cow<'w, Node>, place: u64, steps: Steps },
    /// A navigation to a single row that does not exist.
    Nothing,
}

/// What follows a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Tail {
    None,
    Count,
    /// A column, as JSON or raw.
    Property(usize),
    RawProperty(usize),
}

/// Follows a path (not yet percent-decoded) from the root of a service.
pub(in super::super) fn resolve<'w>(
    world: &'w World,
    family: Family,
    path: &str,
) -> Result<(Resource<'w>, Tail), Refusal> {
    let segments = split(path);
    let mut rest = segments.iter();
    let first = rest.next().cloned().unwrap_or_default();
    let (name, key) = cut_key(&first)?;
    let entity = family.service().entity(name).ok_or_else(|| Refusal::not_found(name))?;
    let mut here = match key {
        None => Resource::Set(entity),
        Some(key) => row_of(world, entity, &keys(entity, key)?)?,
    };
    let mut tail = Tail::None;
    for segment in rest {
        if tail != Tail::None {
            tail = match (tail, segment.as_str()) {
                (Tail::Property(column), "$value") => Tail::RawProperty(column),
                _ => return Err(Refusal::not_found(segment)),
            };
            continue;
        }
        match segment.as_str() {
            "$count" => tail = Tail::Count,
            segment => (here, tail) = step(here, segment)?,
        }
    }
    Ok((here, tail))
}

fn step<'w>(here: Resource<'w>, segment: &str) -> Result<(Resource<'w>, Tail), Refusal> {
    let (name, key) = cut_key(segment)?;
    let Resource::Row { document, place, mut steps } = here else { return Err(Refusal::not_found(name)) };
    let entity = entity_at(&document, &steps);
    if let (Some(column), None) = (entity.column(name), key) {
        return Ok((Resource::Row { document, place, steps }, Tail::Property(column)));
    }
    let nav = entity.nav(name).ok_or_else(|| Refusal::not_found(name))?;
    let target = entity.target(nav);
    let resource = match (nav.reach, nav.many, key) {
        (Reach::Up, ..) => {
            steps.pop();
            Resource::Row { document, place, steps }
        }
        (Reach::Down(slot), true, None) => Resource::Children { document, place, parent: steps, slot, entity: target },
        (Reach::Down(slot), true, Some(key)) => {
            let wanted = keys(target, key)?;
            let parent = document.chain(&steps).and_then(|chain| chain.last().copied());
            let found =
                parent.and_then(|parent| parent.children[slot].iter().position(|child| has_keys(child, &wanted)));
            steps.push((slot, found.ok_or_else(|| Refusal::not_found(target.set))?));
            Resource::Row { document, place, steps }
        }
        (Reach::Down(slot), false, _) => {
            steps.push((slot, 0));
            match document.chain(&steps).is_some() {
                true => Resource::Row { document, place, steps },
                false => Resource::Nothing,
            }
        }
    };
    Ok((resource, Tail::None))
}

fn entity_at(document: &Node, steps: &Steps) -> &'static Entity {
    document.chain(steps).and_then(|chain| chain.last().map(|node| node.entity)).unwrap_or(document.entity)
}

/// The row with these keys, wherever in the family it is.
fn row_of<'w>(world: &'w World, entity: &'static Entity, wanted: &[(usize, Value)]) -> Result<Resource<'w>, Refusal> {
    let missing = || Refusal::not_found(entity.set);
    let root = entity.root_key.and_then(|key| wanted.iter().find(|(column, _)| *column == key));
    let places = match root.map(|(_, value)| world.find(entity.family, value.as_text())) {
        Some(Ok(place)) => place..place + 1,
        Some(Err(_)) => return Err(missing()),
        None => 0..world.count(entity.family),
    };
    for place in places {
        let Some(document) = world.document(entity.family, place) else { continue };
        let mut found = None;
        document.walk(&entity.path, &mut |steps, node| {
            found = has_keys(node, wanted).then(|| steps.clone());
            found.is_none()
        });
        if let Some(steps) = found {
            return Ok(Resource::Row { document, place, steps });
        }
    }
    Err(missing())
}

fn has_keys(node: &Node, wanted: &[(usize, Value)]) -> bool {
    wanted.iter().all(|(column, value)| *node.key_text(*column) == *value)
}

/// The columns and values of a key predicate; every key must be given exactly once.
fn keys(entity: &'static Entity, text: &str) -> Result<Vec<(usize, Value)>, Refusal> {
    let invalid = || Refusal::syntax(format!("Invalid key predicate type for {}", entity.set));
    let words: Vec<Token> = tokens(text).map_err(|_| invalid())?.into_iter().map(|(_, token)| token).collect();
    let value = |column: usize, token: &Token| coerce(token, &entity.properties[column]).ok_or_else(invalid);
    if let ([token], [column]) = (words.as_slice(), entity.keys.as_slice()) {
        return Ok(vec![(*column, value(*column, token)?)]);
    }
    let mut found = Vec::new();
    for part in words.split(|token| *token == Token::Comma) {
        let [Token::Word(name), Token::Equals, token] = part else { return Err(invalid()) };
        let column = entity.column(name).filter(|column| entity.keys.contains(column)).ok_or_else(invalid)?;
        found.push((column, value(column, token)?));
    }
    found.sort_by_key(|(column, _)| *column);
    let complete = found.iter().map(|(column, _)| *column).eq(entity.keys.iter().copied());
    if complete { Ok(found) } else { Err(invalid()) }
}

fn cut_key(segment: &str) -> Result<(&str, Option<&str>), Refusal> {
    match segment.split_once('(') {
        None => Ok((segment, None)),
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some("") => Ok((name, None)),
            Some(key) => Ok((name, Some(key))),
            None => Err(Refusal::syntax(format!("Invalid segment {segment}"))),
        },
    }
}

/// The decoded segments; a slash between quotes belongs to a key.
fn split(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'\'' => inside = !inside,
            b'/' if !inside => {
                segments.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    segments.push(&path[start..]);
    segments.into_iter().filter(|segment| !segment.is_empty()).map(super::options::decode_path).collect()
}

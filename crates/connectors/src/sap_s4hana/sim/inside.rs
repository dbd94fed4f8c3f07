//! The documents of the simulated database, for the page of what is inside.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Map, Value};
use trunnion_kit::sim::Inside;

use super::node::Node;
use super::schema::{FAMILIES, Family};
use super::world::World;

/// A table is a family of documents, called as the set of its roots.
pub(super) struct Documents(pub(super) Arc<RwLock<World>>);

impl Inside for Documents {
    fn tables(&self) -> Vec<(String, usize)> {
        let world = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let rows = |family: Family| usize::try_from(world.count(family)).unwrap_or(usize::MAX);
        FAMILIES.into_iter().map(|family| (family.root().set.to_owned(), rows(family))).collect()
    }

    fn rows(&self, table: &str, from: usize, most: usize) -> Vec<Value> {
        let world = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(family) = FAMILIES.into_iter().find(|family| family.root().set == table) else { return Vec::new() };
        let places = (from as u64..world.count(family)).take(most);
        places.filter_map(|place| world.document(family, place)).map(|document| shown(&document)).collect()
    }
}

/// What is set of a row, in the forms of version 2, and the rows below it.
fn shown(node: &Node) -> Value {
    let mut object = Map::new();
    for (property, value) in node.entity.properties.iter().zip(&node.values) {
        let mut text = String::new();
        value.write_json(property.kind, &mut text);
        match serde_json::from_str(&text) {
            Ok(Value::Null) | Err(_) => {}
            Ok(value) => drop(object.insert(property.name.to_owned(), value)),
        }
    }
    for rows in node.children.iter().filter(|rows| !rows.is_empty()) {
        object.insert(rows[0].entity.set.to_owned(), rows.iter().map(shown).collect());
    }
    Value::Object(object)
}

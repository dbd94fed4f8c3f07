//! The account's records, for the page of what is inside.

use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value as Json, json};
use trunnion_kit::sim::Inside;

use super::data::{Deleted, Family, Level, Record, Value};
use super::server::App;

const LEVELS: &str = "Stock";
const DELETED: &str = "DeletedRecords";

/// A table is a family of records.
pub(super) struct Account(pub(super) Arc<App>);

impl Inside for Account {
    fn tables(&self) -> Vec<(String, usize)> {
        let store = self.0.store.read().unwrap_or_else(PoisonError::into_inner);
        let count = |family: Family| match family {
            Family::PurchaseOrder => store.order_ids(0..=u64::MAX).count(),
            _ => store.masters(family).count(),
        };
        let families = Family::ALL.into_iter().map(|family| (name(family), count(family)));
        let others = [(LEVELS.to_owned(), store.levels().count()), (DELETED.to_owned(), store.deleted().len())];
        families.chain(others).collect()
    }

    fn rows(&self, table: &str, from: usize, most: usize) -> Vec<Json> {
        let store = self.0.store.read().unwrap_or_else(PoisonError::into_inner);
        match (table, Family::ALL.into_iter().find(|family| name(*family) == table)) {
            (LEVELS, _) => store.levels().skip(from).take(most).map(level).collect(),
            (DELETED, _) => store.deleted().iter().skip(from).take(most).map(deleted).collect(),
            (_, Some(Family::PurchaseOrder)) => {
                let ids = store.order_ids(0..=u64::MAX).skip(from).take(most);
                ids.filter_map(|id| store.order(id)).map(|order| record(&order)).collect()
            }
            (_, Some(family)) => store.masters(family).skip(from).take(most).map(record).collect(),
            (_, None) => Vec::new(),
        }
    }
}

fn name(family: Family) -> String {
    format!("{family:?}")
}

fn record(record: &Record) -> Json {
    let mut object = Map::new();
    object.insert("id".to_owned(), record.id.into());
    object.insert("type".to_owned(), record.kind.name.into());
    if let Some(external_id) = &record.external_id {
        object.insert("externalId".to_owned(), external_id.as_str().into());
    }
    members(&mut object, record.kind.fields.iter().map(|field| field.name), &record.values);
    let lines = record.lines.iter().map(|line| {
        let mut object = Map::new();
        members(&mut object, line.fields.iter().map(|field| field.name), &line.values);
        Json::Object(object)
    });
    if !record.lines.is_empty() {
        object.insert("lines".to_owned(), lines.collect());
    }
    Json::Object(object)
}

/// What is set of the fields.
fn members(object: &mut Map<String, Json>, names: impl Iterator<Item = &'static str>, values: &[Value]) {
    for (name, value) in names.zip(values) {
        let shown = match value {
            Value::Null => continue,
            Value::Text(text) => text.as_ref().into(),
            Value::Number(number) => number.to_string().into(),
            Value::Flag(flag) => (*flag).into(),
            Value::Date(date) => date.to_string().into(),
            Value::Time(at) => at.to_string().into(),
            Value::Ref(id) => (*id).into(),
            Value::Refs(ids) => ids.as_slice().into(),
        };
        object.insert(name.to_owned(), shown);
    }
}

fn level(level: &Level) -> Json {
    json!({
        "item": level.item, "location": level.location, "onHand": level.on_hand.to_string(),
        "committed": level.committed.to_string(), "onOrder": level.on_order.to_string(),
        "inTransit": level.in_transit.to_string(),
    })
}

fn deleted(deleted: &Deleted) -> Json {
    json!({"id": deleted.id, "type": deleted.kind.name, "name": deleted.name, "at": deleted.at.to_string()})
}

//! The rows of a system in memory, by entity and key.

use std::collections::BTreeMap;

use serde_json::Value;
use trunnion_kit::json::Node;
use trunnion_kit::mapping::Change;
use trunnion_model::time::{Clock, rfc3339};

#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) rows: BTreeMap<&'static str, BTreeMap<String, Value>>,
}

impl Tables {
    pub(crate) fn put(&mut self, entity: &'static str, key: &str, mut row: Value, clock: &Clock) {
        row["Id"] = key.into();
        row["Changed"] = rfc3339(clock.now()).into();
        self.rows.entry(entity).or_default().insert(key.to_owned(), row);
    }

    pub(crate) fn merge(&mut self, entity: &'static str, key: &str, change: Change, clock: &Clock) {
        let mut row = self.rows[entity][key].clone();
        let own = |node: &Node<'static>| -> Value { serde_json::from_str(&node.to_json()).unwrap() };
        for (name, value) in own(&change.header).as_object().unwrap() {
            row[name] = value.clone();
        }
        for edit in change.lists.into_iter().flat_map(|list| list.edits) {
            let lines = row["Lines"].as_array_mut().unwrap();
            let mut line = own(&edit.body);
            match edit.line {
                Some(no) => {
                    let there = lines.iter_mut().find(|line| line["No"] == no).unwrap();
                    for (name, value) in line.as_object().unwrap() {
                        there[name] = value.clone();
                    }
                }
                None => {
                    line["No"] = (lines.len() + 1).to_string().into();
                    lines.push(line);
                }
            }
        }
        self.put(entity, key, row, clock);
    }

    pub(crate) fn of(&self, entity: &str) -> Vec<(&String, &Value)> {
        self.rows.get(entity).map(|rows| rows.iter().collect()).unwrap_or_default()
    }
}

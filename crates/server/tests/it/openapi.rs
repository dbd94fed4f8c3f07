//! The committed `openapi.json` is the served one. `UPDATE_OPENAPI=1` writes it anew.

use std::collections::HashSet;

use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let served = trunnion_server::document();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(FILE, format!("{}\n", serde_json::to_string_pretty(&served).unwrap())).unwrap();
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    assert!(committed == served, "openapi.json is old: run this test with UPDATE_OPENAPI=1 and look at the difference");
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    let document = trunnion_server::document();
    let mut references = HashSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in &references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut names = HashSet::new();
    for operation in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{} twice", operation["operationId"]);
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{}", operation["operationId"]);
        assert!(operation["security"].is_array());
    }
}

fn collect(value: &Value, references: &mut HashSet<String>) {
    if let Some(reference) = value["$ref"].as_str() {
        references.insert(reference.to_owned());
    }
    for inner in value.as_object().into_iter().flat_map(serde_json::Map::values) {
        collect(inner, references);
    }
    for inner in value.as_array().into_iter().flatten() {
        collect(inner, references);
    }
}

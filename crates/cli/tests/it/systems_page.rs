//! `docs/systems.md` is made from what the server publishes of each system, which is made from the declarations.

use serde_json::Value;

use crate::process::Server;

const HEAD: &str = "# What each system can do

<!-- Made from the connectors' declarations: the test `the_committed_page_of_systems_is_what_the_declarations_say` writes it anew \
with UPDATE_DOCS=1. -->

By entity and operation, for every connection whose form is complete and whose user has the rights. What one customer's connection can
do, and field by field what can be written, `GET /connections/{id}/capabilities` tells. An entity that a system has no column for is not
there. How each operation is done is in [write.md](write.md), how changes are found in [sync.md](sync.md).

- **changes by**: `watermark` reads what was changed since, `inserted` what was made since, `snapshot` compares all of it each time.
- **delete**: the record is truly deleted; **instead** are the nearest things, done when they are asked for by `?mode=`.
- **real time**: the system can tell of changes as they happen.
";

const ROWS: [&str; 8] =
    ["read", "changes by", "create", "update", "delete", "delete instead (`?mode=`)", "actions", "real time"];

fn cell(said: &Value, row: &str) -> String {
    let mark = |yes: &Value| if *yes == true { "yes".to_owned() } else { "—".to_owned() };
    let words = |list: &Value, name: &str| {
        let word = |one: &Value| if name.is_empty() { one.clone() } else { one[name].clone() };
        let all: Vec<String> = list
            .as_array()
            .into_iter()
            .flatten()
            .map(word)
            .map(|word| format!("`{}`", word.as_str().unwrap()))
            .collect();
        if all.is_empty() { "—".to_owned() } else { all.join(", ") }
    };
    match row {
        "changes by" => words(&said["sync"], ""),
        "delete instead (`?mode=`)" => words(&said["delete_modes"], "mode"),
        "actions" => words(&said["actions"], ""),
        "real time" => mark(&said["real_time"]),
        operation => mark(&said[operation]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_page_of_systems_is_what_the_declarations_say() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let api = server.api(server.key.as_deref().unwrap());
    let systems: Value = api.get("/systems").await;
    let mut columns: Vec<(String, Value)> = Vec::new();
    for system in systems["data"].as_array().unwrap() {
        let said: Value = api.get(&format!("/systems/{}/capabilities", system["id"].as_str().unwrap())).await;
        columns.push((system["name"].as_str().unwrap().to_owned(), said["entities"].clone()));
    }
    let mut page = HEAD.to_owned();
    for entity in trunnion_model::catalog::entities() {
        let known: Vec<&(String, Value)> = columns.iter().filter(|(_, said)| !said[entity.name].is_null()).collect();
        if known.is_empty() {
            continue;
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        page.push_str(&format!("\n## {}\n\n{}\n\n| | {} |\n", entity.path, entity.doc, names.join(" | ")));
        page.push_str(&format!("|---|{}\n", "---|".repeat(names.len())));
        for row in ROWS {
            let cells: Vec<String> = known.iter().map(|(_, said)| cell(&said[entity.name], row)).collect();
            page.push_str(&format!("| {row} | {} |\n", cells.join(" | ")));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/systems.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == page, "docs/systems.md is old: run this test with UPDATE_DOCS=1");
}

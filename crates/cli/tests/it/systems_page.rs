//! `docs/systems.md` and the pages in `docs/systems/` are made from what the server publishes of each system, which is made
//! from the declarations, and from what is written by hand for the customer's administrator beside each declaration.

use serde_json::Value;

use crate::process::Server;

const HEAD: &str = "# What each system can do

<!-- Made from the connectors' declarations: the test `the_committed_page_of_systems_is_what_the_declarations_say` writes it anew \
with UPDATE_DOCS=1. -->

By entity and operation, for every connection whose form is complete and whose user has the rights. What one customer's connection can
do, and field by field what can be written, `GET /connections/{id}/capabilities` tells. An entity that a system has no column for is not
there. How each operation is done is in [write.md](write.md), how changes are found in [sync.md](sync.md). What a customer's administrator
sets up is on the page of each system: {SYSTEMS}.

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

/// What the customer's administrator does, for each system.
const SET_UP: [(&str, &str); 3] = [
    ("sap-s4hana", include_str!("../../../connectors/src/sap_s4hana/setup.md")),
    ("netsuite", include_str!("../../../connectors/src/netsuite/setup.md")),
    ("tryton", include_str!("../../../connectors/src/tryton/setup.md")),
];

/// What is published of one system.
struct Published {
    system: Value,
    said: Value,
}

impl Published {
    fn id(&self) -> &str {
        self.system["id"].as_str().unwrap()
    }

    fn name(&self) -> &str {
        self.system["name"].as_str().unwrap()
    }

    fn of(&self, entity: &str) -> Option<&Value> {
        Some(&self.said["entities"][entity]).filter(|said| !said.is_null())
    }
}

async fn published() -> Vec<Published> {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let api = server.api(server.key.as_deref().unwrap());
    let systems: Value = api.get("/systems").await;
    let mut all = Vec::new();
    for system in systems["data"].as_array().unwrap() {
        let said = api.get(&format!("/systems/{}/capabilities", system["id"].as_str().unwrap())).await;
        all.push(Published { system: system.clone(), said });
    }
    all
}

fn overview(systems: &[Published]) -> String {
    let links: Vec<_> = systems.iter().map(|one| format!("[{}](systems/{}.md)", one.name(), one.id())).collect();
    let mut page = HEAD.replace("{SYSTEMS}", &links.join(", "));
    for entity in trunnion_model::catalog::entities() {
        let known: Vec<_> = systems.iter().filter_map(|one| Some((one.name(), one.of(entity.name)?))).collect();
        if known.is_empty() {
            continue;
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        page.push_str(&format!("\n## {}\n\n{}\n\n| | {} |\n", entity.path, entity.doc, names.join(" | ")));
        page.push_str(&format!("|---|{}\n", "---|".repeat(names.len())));
        for row in ROWS {
            let cells: Vec<String> = known.iter().map(|(_, said)| cell(said, row)).collect();
            page.push_str(&format!("| {row} | {} |\n", cells.join(" | ")));
        }
    }
    page
}

fn page_of(one: &Published, set_up: &str) -> String {
    let text = |value: &Value| value.as_str().unwrap().replace('|', "\\|");
    let verified = match one.system["verified"].as_str().unwrap() {
        "simulator" => {
            "**Verified against the simulator only**, which was written from the vendor's documentation. Nobody has run it against a real \
             system yet: names of scenarios, apps, permissions and menus below are from documentation too, and may differ in yours."
        }
        "real system" => "Verified against a real system, in the tests of every change.",
        other => panic!("{other}"),
    };
    let mut page = format!(
        "# {}\n\n<!-- Made like ../systems.md; the set-up is written by hand, in setup.md beside the connector's declaration. -->\n\n\
         {}.\n\n{verified}\n\n## Set it up\n\n{}\n## Log in\n\n| `auth` | | |\n|---|---|---|\n",
        one.name(),
        text(&one.system["description"]),
        set_up,
    );
    for method in one.system["auth_methods"].as_array().unwrap() {
        let (auth, label, help) = (text(&method["auth"]), text(&method["label"]), text(&method["help"]));
        page.push_str(&format!("| `{auth}` | {label} | {help} |\n"));
    }
    page.push_str(&format!("\n## What it can do\n\n| | {} |\n|---|{}\n", ROWS.join(" | "), "---|".repeat(ROWS.len())));
    for entity in trunnion_model::catalog::entities() {
        if let Some(said) = one.of(entity.name) {
            let cells: Vec<String> = ROWS.iter().map(|row| cell(said, row)).collect();
            page.push_str(&format!("| {} | {} |\n", entity.path, cells.join(" | ")));
        }
    }
    let without = one.said["without"].as_object().unwrap();
    if !without.is_empty() {
        page.push_str("\nNot offered:\n\n");
        for (entity, why) in without {
            page.push_str(&format!("- `{entity}`: {}\n", text(why)));
        }
    }
    page
}

fn check(file: &str, page: &str) {
    let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == page, "docs/{file} is old: run this test with UPDATE_DOCS=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_page_of_systems_is_what_the_declarations_say() {
    check("systems.md", &overview(&published().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_system_has_a_page_of_its_own_with_what_its_administrator_does() {
    for one in published().await {
        let set_up = SET_UP.iter().find(|(id, _)| *id == one.id());
        let (_, set_up) = set_up.unwrap_or_else(|| panic!("nothing says how {} is set up", one.id()));
        check(&format!("systems/{}.md", one.id()), &page_of(&one, set_up));
    }
}

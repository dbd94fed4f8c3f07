//! Which crate may depend on which. Dev-dependencies are free.

use std::process::Command;

use serde_json::Value;

use crate::finding::Finding;
use crate::sources::{Source, root};

/// The whole list; ARCHITECTURE.md draws it. A crate that is missing here depends on none of ours.
const EDGES: &[(&str, &str)] = &[
    ("trunnion", "trunnion-connectors"),
    ("trunnion", "trunnion-engine"),
    ("trunnion", "trunnion-kit"),
    ("trunnion", "trunnion-model"),
    ("trunnion", "trunnion-receiver"),
    ("trunnion", "trunnion-server"),
    ("trunnion", "trunnion-store"),
    ("trunnion-server", "trunnion-engine"),
    ("trunnion-server", "trunnion-model"),
    ("trunnion-engine", "trunnion-kit"),
    ("trunnion-engine", "trunnion-model"),
    ("trunnion-engine", "trunnion-store"),
    ("trunnion-connectors", "trunnion-kit"),
    ("trunnion-connectors", "trunnion-model"),
    ("trunnion-engine", "trunnion-receiver"),
    ("trunnion-kit", "trunnion-model"),
    ("trunnion-kit", "trunnion-receiver"),
    ("trunnion-store", "trunnion-model"),
];

/// From one crate of ours to another.
type Edge = (String, String);

/// What cargo says about the workspace, without other people's crates.
pub(crate) fn cargo_metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The edges between members of the workspace, as their manifests declare them, except for tests.
pub(crate) fn declared(metadata: &Value) -> Vec<Edge> {
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let mut edges = Vec::new();
    for package in packages {
        for dependency in package["dependencies"].as_array().unwrap() {
            // Members are the dependencies with a path; the kind is null, "build" or "dev".
            if dependency["path"].is_string() && dependency["kind"] != "dev" {
                edges.push((name(package), name(dependency)));
            }
        }
    }
    edges.sort();
    edges
}

/// Compares with the list both ways, so that it stays the truth; a finding points into the manifest of the crate.
pub(crate) fn check(found: &[Edge], manifest: impl Fn(&str) -> Option<(String, String)>) -> Vec<Finding> {
    let listed = |from: &str, to: &str| EDGES.contains(&(from, to));
    let mut findings = Vec::new();
    for (from, to) in found.iter().filter(|(from, to)| !listed(from, to)) {
        let (path, text) = manifest(from).unwrap_or_default();
        let line = text.lines().position(|line| line.starts_with(to.as_str())).map_or(1, |index| index + 1);
        let advice =
            format!("{from} must not depend on {to}: move the code, or argue the edge in edges.rs and ARCHITECTURE.md");
        findings.push(Finding::new(&path, line, advice));
    }
    for (from, to) in EDGES {
        if !found.iter().any(|(a, b)| (a.as_str(), b.as_str()) == (*from, *to)) {
            findings.push(Finding::new(
                file!(),
                1,
                format!("{from} no longer depends on {to}: remove the edge from the list"),
            ));
        }
    }
    findings
}

/// Path and text of a member's manifest.
pub(crate) fn manifest_of(sources: &[Source], name: &str) -> Option<(String, String)> {
    let wanted = format!("name = \"{name}\"");
    let named =
        |source: &&Source| source.path.ends_with("Cargo.toml") && source.lines().any(|(_, line)| line == wanted);
    sources.iter().find(named).map(|source| (source.path.clone(), source.text.clone()))
}

#[test]
fn an_edge_against_the_list_is_found_in_its_manifest() {
    let mut edges: Vec<Edge> = EDGES.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    edges.push(("trunnion-store".to_owned(), "trunnion-kit".to_owned()));
    let text = "[package]\nname = \"trunnion-store\"\n[dependencies]\ntrunnion-kit.workspace = true\n";
    let manifests = [Source::new("crates/store/Cargo.toml", text)];
    let findings = check(&edges, |name| manifest_of(&manifests, name));
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].path.as_str(), findings[0].line), ("crates/store/Cargo.toml", 4));
}

#[test]
fn an_edge_that_is_gone_is_found() {
    let edges: Vec<Edge> = EDGES[1..].iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    let findings = check(&edges, |_| None);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].advice.contains("trunnion no longer depends on trunnion-connectors"), "{}", findings[0]);
}

#[test]
fn dev_dependencies_and_foreign_crates_are_no_edges() {
    let metadata = serde_json::json!({"packages": [{"name": "trunnion-a", "dependencies": [
        {"name": "trunnion-b", "path": "/b", "kind": null},
        {"name": "trunnion-c", "path": "/c", "kind": "dev"},
        {"name": "trunnion-d", "path": "/d", "kind": "build"},
        {"name": "serde", "kind": null},
    ]}]});
    let edge = |to: &str| ("trunnion-a".to_owned(), to.to_owned());
    assert_eq!(declared(&metadata), [edge("trunnion-b"), edge("trunnion-d")]);
}

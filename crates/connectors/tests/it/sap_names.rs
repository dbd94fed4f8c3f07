//! The SAP simulator shows no property, navigation or function that the real services do not have, and none of another
//! type or length: held against facts from the vendor's own metadata in `tests/facts`.

use std::collections::HashSet;

use trunnion_kit::http::Request;

use super::client::Client;
use super::systems::simulated;

#[tokio::test]
async fn sap_simulator_names_and_types_are_the_real_services() {
    are_the_real(include_str!("../facts/sap_metadata.txt"), "/sap/opu/odata/sap", 1_000).await;
}

#[tokio::test]
async fn sap_simulator_names_and_types_of_version_4_are_the_real_services() {
    are_the_real(include_str!("../facts/sap_metadata_v4.txt"), "/sap/opu/odata4/sap", 150).await;
}

async fn are_the_real(facts: &'static str, prefix: &str, at_least: usize) {
    let system = simulated("sap-s4hana", 1).await;
    let client = Client::new("sap-s4hana", &system);
    let (mut service, mut known, mut services) = ("", HashSet::new(), Vec::new());
    for line in facts.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("service ") {
            Some(name) => (service, _) = (name, services.push(name)),
            None => drop(known.insert((service, line.to_owned()))),
        }
    }
    let (mut unknown, mut seen) = (Vec::new(), 0);
    for service in services {
        let url = format!("{}{prefix}/{service}/$metadata", system.sim.url);
        let answer = client.link.call(Request::get(url.parse().unwrap())).await.unwrap();
        assert_eq!(answer.status, 200, "{service}");
        for shown in names(answer.text().unwrap()) {
            // A customer's own fields are in no facts of the vendor's.
            if shown.contains(".YY1_") {
                continue;
            }
            seen += 1;
            if !known.contains(&(service, shown.clone())) {
                unknown.push(format!("{service}: {shown}"));
            }
        }
    }
    assert!(unknown.is_empty(), "{} unknown of {seen}:\n{}", unknown.len(), unknown.join("\n"));
    assert!(seen > at_least, "only {seen} names were found in the metadata");
}

/// Properties, navigations and functions of a metadata document, in the form of the facts.
fn names(metadata: &str) -> Vec<String> {
    let (mut found, mut of) = (Vec::new(), String::new());
    let mut function: Option<(String, Vec<String>)> = None;
    for tag in metadata.split('<').map(|tag| tag.trim_start_matches("m:")) {
        let attribute = |name: &str| {
            let rest = tag.split_once(&format!(" {name}=\""))?.1;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        let name = attribute("Name").unwrap_or_default();
        match tag.split([' ', '>']).next().unwrap_or_default() {
            "EntityType" => of = name,
            "ComplexType" => of.clear(),
            "Property" if !of.is_empty() => {
                let kind = attribute("Type").unwrap_or_default();
                let facets = match kind.as_str() {
                    "Edm.String" => attribute("MaxLength"),
                    "Edm.Decimal" => attribute("Precision").zip(attribute("Scale")).map(|(p, s)| format!("{p},{s}")),
                    "Edm.DateTimeOffset" => attribute("Precision"),
                    _ => None,
                };
                let kind = kind.trim_start_matches("Edm.");
                if kind.starts_with("Collection") {
                    continue;
                }
                found.push(format!("{of}.{name} {kind} {}", facets.unwrap_or_default()).trim_end().to_owned());
            }
            "NavigationProperty" => found.push(format!("{of}->{name}")),
            "FunctionImport" => function = Some((name, Vec::new())),
            "Parameter" => function.iter_mut().for_each(|(_, parameters)| parameters.push(name.clone())),
            "/FunctionImport" => {
                found.extend(function.take().map(|(name, parameters)| format!("{name}({})", parameters.join(" "))));
            }
            _ => {}
        }
    }
    found
}

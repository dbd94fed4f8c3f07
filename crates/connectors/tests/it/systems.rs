//! The systems that the tests connect to.

use serde_json::{Value, json};
use trunnion_connectors::{catalogue, sandbox};
use trunnion_kit::conform;
use trunnion_kit::sim::Sim;
use trunnion_kit::vendor::Catalogue;
use trunnion_model::time::Clock;

/// A running system, with credentials that it takes and some that it refuses.
pub(crate) struct System {
    pub(crate) sim: Sim,
    pub(crate) credentials: Value,
    pub(crate) wrong: Value,
    /// Other tests use it too, and write to it.
    pub(crate) is_shared: bool,
}

pub(crate) fn connectors() -> Catalogue {
    catalogue().unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// A simulator with that many purchase orders.
pub(crate) async fn simulated(system: &str, records: usize) -> System {
    simulated_without(system, records, &[]).await
}

/// The same without some of what it could do.
pub(crate) async fn simulated_without(system: &str, records: usize, without: &[&str]) -> System {
    let sandbox = sandbox::get(system).unwrap();
    let settings = sandbox::Settings {
        port: 0,
        seed: 7,
        records,
        without: without.iter().map(|&one| one.to_owned()).collect(),
        clock: Clock::system(),
    };
    let sim = (sandbox.start)(settings).await.unwrap();
    let (credentials, wrong) = ((sandbox.credentials)(&sim.url), (sandbox.wrong_credentials)(&sim.url));
    System { sim, credentials, wrong, is_shared: false }
}

/// The real Tryton behind a relay; nothing, and a word about it, where the environment names none.
pub(crate) async fn tryton() -> Option<System> {
    let Ok(url) = std::env::var("TRUNNION_TEST_TRYTON") else {
        println!("skipped: TRUNNION_TEST_TRYTON is not set; `cargo xtask test` starts a Tryton and sets it");
        return None;
    };
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let sim = conform::relay(&url, Clock::system()).await.unwrap();
    let credentials = json!({
        "auth": "session",
        "url": sim.url,
        "database": variable("TRUNNION_TEST_TRYTON_DB"),
        "username": variable("TRUNNION_TEST_TRYTON_USER"),
        "password": variable("TRUNNION_TEST_TRYTON_PASSWORD"),
    });
    let mut wrong = credentials.clone();
    wrong["password"] = "not-the-password".into();
    Some(System { sim, credentials, wrong, is_shared: true })
}

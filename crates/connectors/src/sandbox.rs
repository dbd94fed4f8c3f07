//! The simulators that this binary can start, behind one form: for `trunnion sandbox`, the demo and the tests.

use std::future::Future;
use std::io;
use std::pin::Pin;

use serde_json::{Value, json};
use trunnion_kit::sim::Sim;
use trunnion_model::time::Clock;

use crate::{netsuite, sap_s4hana};

/// What a simulator is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// 0 takes a free port.
    pub port: u16,
    /// The same seed gives the same data.
    pub seed: u64,
    /// How many purchase orders there are.
    pub records: usize,
    /// What it is to do without, of what [`Sandbox::features`] names: as an older release, or one set up otherwise.
    pub without: Vec<String>,
    pub clock: Clock,
}

impl Settings {
    fn has(&self, feature: &str) -> bool {
        !self.without.iter().any(|without| without == feature)
    }
}

type Started = Pin<Box<dyn Future<Output = io::Result<Sim>> + Send>>;

/// One simulator.
pub struct Sandbox {
    /// The system's id.
    pub system: &'static str,
    /// What can be left out.
    pub features: &'static [&'static str],
    pub start: fn(Settings) -> Started,
    /// What to give to `POST /connections` for a simulator at that URL.
    pub credentials: fn(&str) -> Value,
    /// The same with one secret wrong.
    pub wrong_credentials: fn(&str) -> Value,
}

/// One line per simulator.
pub fn all() -> &'static [Sandbox] {
    &[SAP_S4HANA, NETSUITE]
}

pub fn get(system: &str) -> Option<&'static Sandbox> {
    all().iter().find(|sandbox| sandbox.system == system)
}

/// Purchase orders over version 4 of OData.
const ODATA_V4: &str = "odata-v4";
/// Measuring points and measurement documents.
const METERS: &str = "meters";

const SAP_S4HANA: Sandbox = Sandbox {
    system: "sap-s4hana",
    features: &[ODATA_V4, METERS],
    start: |settings| {
        let (v4, meters) = (settings.has(ODATA_V4), settings.has(METERS));
        let Settings { port, seed, records, clock, .. } = settings;
        let options = sap_s4hana::sim::Options { seed, records, clock, v4, meters, ..Default::default() };
        Box::pin(sap_s4hana::sim::start(options, port))
    },
    credentials: |url| sap(url, &sap_s4hana::sim::Options::default().password),
    wrong_credentials: |url| sap(url, "not-the-password"),
};

fn sap(url: &str, password: &str) -> Value {
    json!({
        "auth": "basic",
        "url": url,
        "username": sap_s4hana::sim::Options::default().user,
        "password": password,
        "company_code": "1010",
        "purchasing_organization": "1010",
        "purchasing_group": "001",
        "plant": "1010",
        "storage_location": "101A",
    })
}

const NETSUITE: Sandbox = Sandbox {
    system: "netsuite",
    features: &[],
    start: |settings| {
        let Settings { port, seed, records, clock, .. } = settings;
        Box::pin(netsuite::sim::start(netsuite::sim::Options { seed, records, clock, ..Default::default() }, port))
    },
    credentials: |url| {
        let options = netsuite::sim::Options::default();
        json!({
            "auth": "oauth2_jwt",
            "url": url,
            "account": options.account,
            "subsidiary": "1",
            "location": "1",
            "adjustment_account": "58",
            "client_id": options.m2m.client_id,
            "certificate_id": options.m2m.certificate_id,
            "private_key": netsuite::sim::SANDBOX_PRIVATE_KEY_PEM,
        })
    },
    wrong_credentials: |url| {
        let options = netsuite::sim::Options::default();
        json!({
            "auth": "oauth1",
            "url": url,
            "account": options.account,
            "subsidiary": "1",
            "location": "1",
            "adjustment_account": "58",
            "consumer_key": options.tba.consumer_key,
            "consumer_secret": options.tba.consumer_secret,
            "token_id": options.tba.token,
            "token_secret": "not-the-secret",
        })
    },
};

//! A password that changes in the real ERP, against a simulated day: one event, one webhook, two logins, and nobody else is
//! bothered; then new credentials, and everything goes on.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use trunnion_engine::services::keys;
use trunnion_engine::{Engine, Options, WebhookOptions};
use trunnion_model::time::{Clock, Hands, Timestamp};
use trunnion_store::{Keyring, Store};

use crate::process::Api;
use crate::proxy::Proxy;
use crate::receiver::Receiver;
use crate::tryton::{Tryton, records, synced};

const MINUTE: Duration = Duration::from_secs(60);

/// Lets simulated time pass in steps that the workers can follow.
async fn pass(hands: &Hands, minutes: u32, step: u32) {
    for _ in 0..minutes / step {
        hands.advance(MINUTE * step);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if look().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain for: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_changes_in_tryton_costs_two_logins_and_one_event_and_then_everything_goes_on() {
    let Some(tryton) = Tryton::find() else {
        eprintln!("skipped: a changed password needs the real ERP that `cargo xtask test` starts");
        return;
    };
    let (proxy, receiver) = (Proxy::start(&tryton.url).await, Receiver::start().await);
    // A user of its own, so that no other test's password changes.
    let right = tryton.right_credentials();
    let (login, first) =
        (format!("{}-rotating", right["username"].as_str().unwrap()), right["password"].as_str().unwrap());

    // The ERP's own clock is the machine's: the simulated one begins there.
    let (clock, hands) = Clock::manual(Timestamp::now());
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("data.sqlite").display());
    let store = Store::open(&url, Keyring::generate().unwrap(), clock.clone()).await.unwrap();
    let catalogue = trunnion_connectors::catalogue().unwrap_or_else(|findings| panic!("{findings:#?}"));
    let here = || vec!["127.0.0.0/8".parse().unwrap()];
    let options = Options {
        allow_networks: here(),
        webhooks: WebhookOptions { allow_networks: here(), ..WebhookOptions::default() },
        poll: Duration::from_millis(20),
        ..Options::default()
    };
    let engine = Engine::new(store, catalogue, clock, options).unwrap();
    let key = keys::create_for(&engine, "Parts Planner", keys::Wanted::all("test")).await.unwrap().token;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
    let app = trunnion_server::app(engine.clone(), trunnion_server::Options::default());
    tokio::spawn(trunnion_server::serve(listener, app, std::future::pending()));
    let workers = engine.start();

    let manager = Api::new(&base, &key);
    let hook = json!({"url": receiver.url, "types": ["connection.reauthorization_required"]});
    assert_eq!(manager.post("/webhook-endpoints", &hook).await.status, 201);
    let credentials = |password: &str| {
        let mut credentials = tryton.credentials(&proxy.url, password);
        credentials["username"] = login.as_str().into();
        credentials
    };
    let new = json!({"system": "tryton", "credentials": credentials(first),
        "customer": {"id": "c", "name": "Acme"}, "sync": {"interval_seconds": 300}});
    let made = manager.post("/connections", &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (id, old) = (made.body["connection"]["id"].as_str().unwrap(), made.body["token"].as_str().unwrap());
    let api = Api::new(&base, old);
    synced(&api).await;
    let before = records(&api, "vendors").await;
    let status = async || {
        let own: Value = manager.get(&format!("/connections/{id}")).await;
        own["status"].as_str().unwrap().to_owned()
    };

    proxy.forget();
    tryton.client("set_password", &json!({"login": login, "old": first, "password": "second-Secret-8741"}));
    // Within one interval of the syncs, which is shorter than that of the probes.
    for _ in 0..6 {
        pass(&hands, 1, 1).await;
        // A login at a real system takes real time, in which no simulated lease may run out.
        for _ in 0..20 {
            if status().await == "reauthorization_required" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    until("the refusal", async || status().await == "reauthorization_required").await;
    let refused = api.send(reqwest::Method::POST, "/vendors", Some(&json!({"name": "Nobody"})), Some("k1")).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("REAUTHORIZATION_REQUIRED")), "{}", refused.body);
    pass(&hands, 24 * 60, 10).await;
    let logins = proxy.calls("common.db.login").len();
    assert!(logins <= 2, "{logins} logins in the day after the change");
    let events: Value =
        manager.get(&format!("/events?connection_id={id}&types=connection.reauthorization_required")).await;
    assert_eq!(events["data"].as_array().unwrap().len(), 1, "{events}");
    until("the webhook", async || !receiver.arrived().is_empty()).await;
    let told: Vec<Value> = receiver.arrived().iter().map(|arrived| arrived.json()["type"].clone()).collect();
    assert_eq!(told, ["connection.reauthorization_required"]);

    let (remote_id, vendor) = before.iter().next_back().unwrap();
    let name = format!("Renamed meanwhile {}", std::process::id());
    tryton.client("rename_party", &json!({"id": remote_id, "name": name}));
    let credentials = json!({"credentials": credentials("second-Secret-8741")});
    let again = manager.post(&format!("/connections/{id}/reconnect"), &credentials).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(api.send(reqwest::Method::GET, "/connection", None, None).await.status, 401, "the old token is dead");
    let api = Api::new(&base, again.body["token"].as_str().unwrap());
    until("the change", async || {
        let record: Value = api.get(&format!("/vendors/remote:{remote_id}")).await;
        record["name"] == json!(name)
    })
    .await;
    until("online", async || status().await == "online").await;
    let record: Value = api.get(&format!("/vendors/remote:{remote_id}")).await;
    assert_eq!((&record["id"], record["version"].as_i64()), (&vendor["id"], vendor["version"].as_i64().map(|v| v + 1)));
    assert_eq!(records(&api, "vendors").await.len(), before.len(), "nothing came twice");
    workers.stop(MINUTE).await;
}

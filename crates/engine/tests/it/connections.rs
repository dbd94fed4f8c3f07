//! Connecting, who may do what, pausing, disconnecting, erasing.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::services::{connections, keys, syncs};
use trunnion_engine::{Permission, authenticate, scope};

use super::harness::{House, new_connection, params};
use super::source::{unreachable, wrong_password};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_made_after_one_probe_and_syncs_what_is_referred_to_first() {
    let house = House::new();
    let node = house.node().await;
    let scope = node.connect().await;
    assert_eq!(house.source.probes(), 1);
    let view = scope.connection();
    assert_eq!((view.status.as_str(), view.account.as_deref()), ("syncing", Some("Acme GmbH")));
    assert_eq!(view.settings, json!({"auth": "basic", "url": "https://acme.example", "username": "api"}));
    let order: Vec<String> =
        syncs::status(&node.engine, &scope).await.unwrap().into_iter().map(|status| status.entity).collect();
    assert_eq!(order, ["vendor", "item", "purchase_order"]);
    let all = format!("{view:?}{:?}", node.events(&scope, "").await);
    assert!(!all.contains("hush-hush"));
    let workers = node.start();
    node.until_status(&scope, "online").await;
    assert_eq!(house.source.probes(), 1, "the probe's login serves the syncs");
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_make_no_connection_and_one_attempt() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    house.source.trouble_probes(Some(wrong_password));
    let error = connections::create(&node.engine, &caller, new_connection(&json!({}))).await.unwrap_err();
    assert_eq!(error.code(), "AUTHENTICATION_FAILED");
    assert_eq!(error.vendor().unwrap().message, "password expired");
    assert_eq!(house.source.probes(), 1);
    house.source.trouble_probes(Some(unreachable));
    let error = connections::create(&node.engine, &caller, new_connection(&json!({}))).await.unwrap_err();
    assert_eq!(error.code(), "SYSTEM_UNREACHABLE");
    assert!(connections::list(&node.engine, &caller, &[]).await.unwrap().data.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_wrong_with_a_new_connection_is_told_before_anything_is_sent() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let new: connections::NewConnection = serde_json::from_value(json!({
        "system": "acme",
        "credentials": {"auth": "basic", "url": "http://acme.example", "colour": "red"},
        "customer": {"id": "", "name": "Customer"},
        "metadata": [1],
        "sync": {
            "interval_seconds": 1,
            "time_zone": "Mars/Olympus",
            "quiet_hours": [{"from": "22:00", "to": "06:00"}, {"from": "9", "to": "10:00"}],
            "entities": {
                "assets": {"history_days": -1},
                "items": {"cron": "61 * * * *"},
                "vendors": {"cron": "0 3 * * *", "interval_seconds": 60},
            },
        },
    }))
    .unwrap();
    let error = connections::create(&node.engine, &caller, new).await.unwrap_err();
    let mut pointers: Vec<&str> = error.errors().iter().map(|error| error.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        [
            "/credentials/colour",
            "/credentials/password",
            "/credentials/url",
            "/credentials/username",
            "/customer/id",
            "/metadata",
            "/sync/entities/assets",
            "/sync/entities/assets/history_days",
            "/sync/entities/items/cron",
            "/sync/entities/vendors/cron",
            "/sync/interval_seconds",
            "/sync/quiet_hours/1",
            "/sync/time_zone",
        ]
    );
    assert_eq!(house.source.probes(), 0);
    assert!(!format!("{error:?}").contains("acme.example"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_reach_their_own_connection_and_keys_their_own_application() {
    let house = House::new();
    let node = house.node().await;
    let engine = &node.engine;
    let caller = node.caller().await;
    let made = connections::create(engine, &caller, new_connection(&json!({}))).await.unwrap();
    let other = connections::create(engine, &caller, new_connection(&json!({}))).await.unwrap();
    let token = authenticate(engine, &made.token).await.unwrap();
    assert_eq!(scope(engine, &token, None).await.unwrap().id().to_string(), made.connection.id);
    assert_eq!(scope(engine, &token, Some(&other.connection.id)).await.unwrap_err().code(), "NOT_FOUND");
    assert_eq!(token.may(Permission::Manage).unwrap_err().code(), "PERMISSION_DENIED");
    let stranger = keys::create_for(engine, "another application", keys::Wanted::all("key")).await.unwrap();
    let stranger = authenticate(engine, &stranger.token).await.unwrap();
    assert_eq!(scope(engine, &stranger, Some(&made.connection.id)).await.unwrap_err().code(), "NOT_FOUND");
    assert!(connections::list(engine, &stranger, &[]).await.unwrap().data.is_empty());
    assert_eq!(scope(engine, &caller, None).await.unwrap_err().code(), "VALIDATION_FAILED");
    for wrong in ["", "tk_", "tc_nonsense", &made.token[..made.token.len() - 1]] {
        assert_eq!(authenticate(engine, wrong).await.unwrap_err().status(), 401, "{wrong}");
    }
    let rotated =
        connections::rotate_token(engine, &scope(engine, &caller, Some(&made.connection.id)).await.unwrap()).await;
    assert_eq!(authenticate(engine, &made.token).await.unwrap_err().status(), 401);
    authenticate(engine, &rotated.unwrap().token).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_does_what_its_scopes_permit_until_it_is_revoked() {
    let house = House::new();
    let node = house.node().await;
    let engine = &node.engine;
    let owner = node.caller().await;
    let read = ["read".to_owned()];
    let wanted = keys::Wanted { scopes: &read, ..keys::Wanted::all("reader") };
    let key = keys::create(engine, &owner, wanted).await.unwrap();
    let reader = authenticate(engine, &key.token).await.unwrap();
    connections::list(engine, &reader, &[]).await.unwrap();
    let refused = connections::create(engine, &reader, new_connection(&json!({}))).await.unwrap_err();
    assert_eq!((refused.code(), house.source.probes()), ("PERMISSION_DENIED", 0));
    keys::revoke(engine, &owner, &key.key.id).await.unwrap();
    assert_eq!(authenticate(engine, &key.token).await.unwrap_err().status(), 401);
    let listed = keys::list(engine, &owner).await.unwrap();
    assert!(listed.iter().any(|listed| listed.id == key.key.id && listed.revoked_at.is_some()));
    let wrong = keys::Wanted { scopes: &["fly".to_owned()], ..keys::Wanted::all("") };
    assert_eq!(keys::create(engine, &owner, wrong).await.unwrap_err().errors().len(), 2);
    assert!(keys::first_start(engine).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_exchanged_for_one_like_it_and_ends_after_the_overlap() {
    let house = House::new();
    let node = house.node().await;
    let engine = &node.engine;
    let owner = node.caller().await;
    let (read, day) = (["read".to_owned()], Duration::from_secs(86_400));
    let wanted = keys::Wanted { scopes: &read, ..keys::Wanted::all("reader") };
    let first = keys::create(engine, &owner, wanted).await.unwrap();
    let second = keys::rotate(engine, &owner, &first.key.id, (Some(day), day)).await.unwrap();
    assert_eq!((second.key.name.as_str(), &second.key.scopes), ("reader", &first.key.scopes));
    assert!(second.key.expires_at.is_some());
    for key in [&first, &second] {
        authenticate(engine, &key.token).await.unwrap();
    }
    let third = keys::rotate(engine, &owner, &second.key.id, (None, Duration::ZERO)).await.unwrap();
    assert_eq!(authenticate(engine, &second.token).await.unwrap_err().status(), 401);
    authenticate(engine, &third.token).await.unwrap();
    keys::revoke(engine, &owner, &third.key.id).await.unwrap();
    let dead = keys::rotate(engine, &owner, &third.key.id, (None, day)).await.unwrap_err();
    assert_eq!(dead.code(), "NOT_FOUND", "what was revoked does not come back");
    let nothing = keys::Wanted { good_for: Some(Duration::ZERO), ..keys::Wanted::all("dead at once") };
    assert_eq!(keys::create(engine, &owner, nothing).await.unwrap_err().code(), "VALIDATION_FAILED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_changes_what_it_names_and_a_paused_connection_rests() {
    let house = House::new();
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    let patch = async |patch: Value| {
        let patch = serde_json::from_value(patch).unwrap();
        connections::patch(&node.engine, &node.again(&scope).await, patch).await
    };
    let view = patch(json!({"metadata": {"tier": "gold"}, "sync": {"entities": {"items": {"interval_seconds": 60}}}}))
        .await
        .unwrap();
    assert_eq!((view.metadata, view.customer.name.as_str()), (json!({"tier": "gold"}), "Customer"));
    assert_eq!(node.plan(&scope, "item").await.plan.interval_seconds, Some(60));
    assert_eq!(node.plan(&scope, "vendor").await.plan.interval_seconds, None);
    let nightly = json!({"cron": "30 2 * * *", "time_zone": "Europe/Berlin", "real_time": true});
    let quiet = json!([{"from": "08:00", "to": "18:00"}]);
    let view = patch(json!({"sync": {"quiet_hours": quiet, "entities": {"vendors": nightly}}})).await.unwrap();
    let shown = serde_json::to_value(view.sync.unwrap()).unwrap();
    assert_eq!((&shown["paused"], &shown["entities"]["item"]["interval_seconds"]), (&json!(false), &json!(60)));
    let vendor = &shown["entities"]["vendor"];
    assert_eq!((&vendor["cron"], &vendor["interval_seconds"]), (&json!("30 2 * * *"), &Value::Null));
    assert_eq!((&vendor["time_zone"], &vendor["quiet_hours"]), (&json!("Europe/Berlin"), &quiet));
    let next = node.plan(&scope, "vendor").await.next_run_at.unwrap();
    assert!(next.contains("T00:30") || next.contains("T01:30"), "half past two in Berlin: {next}");
    let view = patch(json!({"sync": {"entities": {"vendors": {"interval_seconds": null}}}})).await.unwrap();
    assert_eq!(view.sync.unwrap().entities["vendor"].cron, None, "only when asked");
    assert_eq!(node.plan(&scope, "vendor").await.next_run_at, None);
    assert_eq!(patch(json!({"sync": {"paused": true}})).await.unwrap().status, "paused");
    let refused = syncs::request(&node.engine, &node.again(&scope).await, Default::default()).await.unwrap_err();
    assert_eq!(refused.code(), "CONFLICT");
    assert_eq!(patch(json!({"sync": {"paused": false}})).await.unwrap().status, "online");
    assert_eq!(patch(json!({"customer": {"name": " "}})).await.unwrap_err().errors()[0].pointer, "/customer/name");
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnected_connection_is_dead_at_once_and_an_erased_one_is_gone() {
    let house = House::new();
    house.source.vendors(3);
    let node = house.node().await;
    let engine = &node.engine;
    let caller = node.caller().await;
    let made = connections::create(engine, &caller, new_connection(&json!({}))).await.unwrap();
    let id = made.connection.id.clone();
    let workers = node.start();
    let here = scope(engine, &caller, Some(&id)).await.unwrap();
    node.wait_for("online", async || {
        (scope(engine, &caller, Some(&id)).await.unwrap().connection().status == "online").then_some(())
    })
    .await;
    connections::delete(engine, &here, false).await.unwrap();
    assert_eq!(authenticate(engine, &made.token).await.unwrap_err().status(), 401);
    let asked = house.source.pages_asked();
    house.hands.advance(60 * MINUTE);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(house.source.pages_asked(), asked);
    let here = scope(engine, &caller, Some(&id)).await.unwrap();
    assert_eq!(node.list(&here, "vendors", &[]).await["data"].as_array().unwrap().len(), 3, "the data stays");
    connections::delete(engine, &here, true).await.unwrap();
    assert_eq!(scope(engine, &caller, Some(&id)).await.unwrap_err().code(), "NOT_FOUND");
    let page = connections::list(engine, &caller, &params(&[("status", "sleeping")])).await.unwrap_err();
    assert_eq!(page.errors()[0].pointer, "/status");
    workers.stop(MINUTE).await;
}

//! Hooks that a system sends, as it sees them and as callers see what came of them. Signed by the standard's own library.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use trunnion_model::time::Clock;

use crate::acme::Acme;
use crate::answers::{Ask, get, post};
use crate::app::{Connected, TestApp};

/// A connection with an address for hooks.
pub(crate) struct Hooked {
    pub(crate) app: TestApp,
    pub(crate) connected: Connected,
    pub(crate) url: String,
    secret: String,
}

pub(crate) async fn hooked(vendors: usize) -> Hooked {
    let app = TestApp::start(Acme::with_vendors(vendors)).await;
    let connected = app.connect().await;
    let path = format!("/api/v1/connections/{}/inbound-hook", connected.id);
    let made = app.send(post(&path).token(&app.key).json(&json!({}))).await.ok();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (url, secret) = (text("url"), text("secret"));
    Hooked { app, connected, url, secret }
}

impl Hooked {
    /// The status that the system's hook was answered with.
    pub(crate) async fn hook(&self, id: &str, body: &Value) -> u16 {
        self.hook_signed(&self.url, &self.secret, id, body).await
    }

    pub(crate) async fn hook_signed(&self, url: &str, secret: &str, id: &str, body: &Value) -> u16 {
        let now = Clock::system().now().as_second();
        let body = body.to_string();
        let signature = Webhook::new(secret).unwrap().sign(id, now, body.as_bytes()).unwrap();
        let request = self.app.client.post(url).header("webhook-id", id).header("webhook-timestamp", now.to_string());
        request.header("webhook-signature", signature).body(body).send().await.unwrap().status().as_u16()
    }

    async fn name_of(&self, id: &str) -> Value {
        let path = format!("/api/v1/vendors/remote:{id}");
        self.app.send(get(&path).token(&self.connected.token)).await.ok()["name"].clone()
    }

    pub(crate) async fn wait_for_name(&self, id: &str, name: &str) {
        for _ in 0..400 {
            if self.name_of(id).await == name {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} is not called {name}");
    }

    fn path(&self) -> String {
        format!("/api/v1/connections/{}/inbound-hook", self.connected.id)
    }

    async fn state(&self) -> Value {
        self.app.send(get(&self.path()).token(&self.app.key)).await.ok()
    }

    pub(crate) async fn until_all_is_done(&self) {
        for _ in 0..400 {
            if self.state().await["inbox"]["waiting"] == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("hooks still wait");
    }

    async fn updates(&self) -> usize {
        let path = "/api/v1/events?limit=500&types=vendor.updated";
        self.app.send(get(path).token(&self.connected.token)).await.ok()["data"].as_array().unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_makes_a_change_visible_with_one_event_however_often_it_comes() {
    let hooked = hooked(5).await;
    hooked.app.acme.rename("1003", "Renamed");
    let hint = json!({"type": "vendor.changed", "id": "1003"});
    for _ in 0..3 {
        assert_eq!(hooked.hook("h1", &hint).await, 200);
    }
    hooked.wait_for_name("1003", "Renamed").await;
    hooked.until_all_is_done().await;
    assert_eq!(hooked.updates().await, 1);
    let state = hooked.state().await;
    assert_eq!((&state["inbox"]["stored"], &state["inbox"]["duplicates"]), (&json!(1), &json!(2)), "{state}");
    assert_eq!((&state["told_24h"], &state["missed_24h"]), (&json!(1), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_hook_is_found_by_the_next_sync_and_counted() {
    let hooked = hooked(5).await;
    hooked.app.acme.rename("1002", "Nobody told of this");
    let ask = post("/api/v1/syncs").token(&hooked.connected.token).json(&json!({}));
    hooked.app.send(ask).await.ok();
    hooked.wait_for_name("1002", "Nobody told of this").await;
    let state = hooked.state().await;
    assert_eq!((&state["told_24h"], &state["missed_24h"]), (&json!(0), &json!(1)), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_hooks_of_which_one_in_twenty_gets_lost_each_change_is_told_once_and_the_lost_are_counted() {
    const CHANGES: usize = 200;
    let hooked = hooked(CHANGES).await;
    let ids: Vec<String> = (1001..1001 + CHANGES).map(|id| id.to_string()).collect();
    for id in &ids {
        hooked.app.acme.rename(id, &format!("Changed {id}"));
    }
    // Each that arrives comes three times, far from in order.
    let told: Vec<&String> = ids.iter().enumerate().filter(|(place, _)| place % 20 != 7).map(|(_, id)| id).collect();
    let copies: Vec<&String> =
        (0..3).flat_map(|turn| told.iter().copied().cycle().skip(turn * 61).take(told.len())).collect();
    for (place, _) in copies.iter().enumerate() {
        let id = copies[place * 77 % copies.len()];
        let hint = json!({"type": "vendor.changed", "id": id});
        assert_eq!(hooked.hook(&format!("told-{id}"), &hint).await, 200);
    }
    hooked.until_all_is_done().await;
    hooked.app.send(post("/api/v1/syncs").token(&hooked.connected.token).json(&json!({}))).await.ok();
    for id in &ids {
        hooked.wait_for_name(id, &format!("Changed {id}")).await;
    }
    assert_eq!(hooked.updates().await, CHANGES);
    let state = hooked.state().await;
    assert_eq!((&state["told_24h"], &state["missed_24h"]), (&json!(190), &json!(10)), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_and_strange_hooks_change_nothing_and_forgeries_are_refused() {
    let hooked = hooked(3).await;
    let before = hooked.updates().await;
    for (id, body) in [
        ("l1", json!({"type": "vendor.changed", "id": "1001", "name": "A lie"})),
        ("l2", json!({"type": "vendor.changed", "id": "no such vendor"})),
        ("l3", json!({"type": "vendor.changed"})),
        ("l4", json!({"type": "moon.changed", "id": "1001"})),
        ("l5", json!([1, 2])),
    ] {
        assert_eq!(hooked.hook(id, &body).await, 200, "{id}");
    }
    let hint = json!({"type": "vendor.changed", "id": "1001"});
    let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    assert_eq!(hooked.hook_signed(&hooked.url, other, "f1", &hint).await, 401);
    let (base, _) = hooked.url.rsplit_once('/').unwrap();
    assert_eq!(hooked.hook_signed(&format!("{base}/guessed"), &hooked.secret, "f2", &hint).await, 404);
    hooked.until_all_is_done().await;
    assert_eq!(hooked.updates().await, before);
    assert_eq!(hooked.name_of("1001").await, "Vendor 0");
    let state = hooked.state().await;
    assert_eq!((&state["inbox"]["unverifiable"], &state["inbox"]["dead"]), (&json!(1), &json!(0)), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_about_one_object_costs_few_readings() {
    let hooked = hooked(3).await;
    let before = hooked.app.acme.readings();
    hooked.app.acme.rename("1001", "Last name");
    let hint = json!({"type": "vendor.changed", "id": "1001"});
    let ids: Vec<String> = (0..200).map(|number| format!("b{number}")).collect();
    for chunk in ids.chunks(50) {
        let all = chunk.iter().map(|id| hooked.hook(id, &hint));
        assert!(futures_util::future::join_all(all).await.into_iter().all(|status| status == 200));
    }
    hooked.until_all_is_done().await;
    let readings = hooked.app.acme.readings() - before;
    assert!(readings <= 100, "{readings} readings for 200 hooks");
    assert_eq!((hooked.name_of("1001").await, hooked.updates().await), (json!("Last name"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_stands_beside_the_old_one_until_all_are_closed() {
    let hooked = hooked(3).await;
    let path = hooked.path();
    let made = hooked.app.send(post(&path).token(&hooked.app.key).json(&json!({"overlap_seconds": 600}))).await.ok();
    let (url, secret) = (made["url"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let hint = json!({"type": "vendor.changed", "id": "1001"});
    assert_eq!(hooked.hook("o1", &hint).await, 200);
    assert_eq!(hooked.hook_signed(url, secret, "o2", &hint).await, 200);
    assert_eq!(hooked.hook_signed(url, &hooked.secret, "o3", &hint).await, 401, "each has its own secret");
    assert_eq!(hooked.state().await["addresses"].as_array().unwrap().len(), 2);
    let foreign = hooked.app.send(Ask::new(Method::DELETE, &path).token(&hooked.app.other_key)).await;
    assert_eq!(foreign.status, 404);
    assert_eq!(hooked.app.send(Ask::new(Method::DELETE, &path).token(&hooked.app.key)).await.status, 204);
    assert_eq!(hooked.hook("o4", &hint).await, 404);
    assert_eq!(hooked.hook_signed(url, secret, "o5", &hint).await, 404);
    assert_eq!(hooked.state().await["active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_can_be_looked_at_and_processed_again() {
    let hooked = hooked(3).await;
    assert_eq!(hooked.hook("m1", &json!({"type": "vendor.changed", "id": "1001"})).await, 200);
    hooked.until_all_is_done().await;
    let list = format!("{}/messages?state=done", hooked.path());
    let found = hooked.app.send(get(&list).token(&hooked.app.key)).await.ok();
    let message = &found["data"][0];
    assert_eq!((&message["event_id"], &message["object"]), (&json!("m1"), &json!("vendor 1001")), "{message}");
    assert!(message["headers"].to_string().contains("webhook-timestamp"), "{message}");
    let before = hooked.app.acme.readings();
    let replay = format!("{}/replay", hooked.path());
    let again = json!({"message_id": message["id"]});
    assert_eq!(hooked.app.send(post(&replay).token(&hooked.app.key).json(&again)).await.ok()["replayed"], 1);
    hooked.until_all_is_done().await;
    assert_eq!(hooked.app.acme.readings(), before + 1);
    let unknown = hooked.app.send(post(&replay).token(&hooked.app.key).json(&json!({"message_id": "999"}))).await;
    assert_eq!(unknown.status, 404);
    let wrong = hooked.app.send(get(&format!("{}/messages?state=lost", hooked.path())).token(&hooked.app.key)).await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_came_while_the_secret_was_another_are_judged_again_when_it_is_corrected() {
    let hooked = hooked(3).await;
    hooked.app.acme.rename("1001", "Told too early");
    let theirs = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let hint = json!({"type": "vendor.changed", "id": "1001"});
    assert_eq!(hooked.hook_signed(&hooked.url, theirs, "u1", &hint).await, 401);
    let list = format!("{}/unverifiable", hooked.path());
    let kept = async || hooked.app.send(get(&list).token(&hooked.app.key)).await.ok()["data"].clone();
    for _ in 0..400 {
        if kept().await != json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let refused = kept().await;
    assert_eq!(refused[0]["reason"], "no signature or token matches a secret", "{refused}");
    assert!(refused[0]["body"].as_str().unwrap().contains("1001"));
    let verify = async || {
        hooked.app.send(post(&format!("{}/verify", hooked.path())).token(&hooked.app.key).json(&json!({}))).await.ok()
    };
    assert_eq!(verify().await, json!({"believed": 0, "refused": 1}));

    let change = |secret: &str| Ask::new(Method::PATCH, &hooked.path()).json(&json!({"secret": secret}));
    for wrong in ["", "whsec_", "whsec_c2hvcnQ=", "user:password of a user"] {
        assert_eq!(hooked.app.send(change(wrong).token(&hooked.app.key)).await.status, 422, "{wrong}");
    }
    assert_eq!(hooked.app.send(change(theirs).token(&hooked.app.other_key)).await.status, 404);
    assert_eq!(hooked.app.send(change(theirs).token(&hooked.app.key)).await.status, 204);
    assert_eq!(verify().await, json!({"believed": 1, "refused": 0}));
    hooked.wait_for_name("1001", "Told too early").await;
    assert_eq!(kept().await, json!([]));
    assert_eq!(hooked.hook_signed(&hooked.url, theirs, "u2", &hint).await, 200);
    assert_eq!(hooked.hook("u3", &hint).await, 401, "the old secret is over");
}

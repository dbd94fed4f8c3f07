//! Subscriptions that the server makes at a system by itself: made, kept, made again, taken over from one address by the next, and
//! removed, with nobody entering anything there.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Server, Simulator, command};
use crate::secrets::{are_nowhere, echo, places};
use crate::tryton::synced;

/// A lease of a server that was killed runs out within this time.
const LONGEST: Duration = Duration::from_secs(60);
const SECRET: &str = "sandbox-mesh-secret";

struct World {
    server: Server,
    simulator: Simulator,
    /// What opens the broker beside the simulator.
    token: String,
}

/// A port that nobody has: the server must know its address before it starts.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn serve(directory: &Path, port: u16) -> Server {
    let mut command = command(directory);
    command.env("TRUNNION_PUBLIC_URL", format!("http://127.0.0.1:{port}"));
    command.env("TRUNNION_SYSTEMS_ALLOW_NETWORKS", "127.0.0.0/8");
    command.env("TRUNNION_LOG_LEVEL", "trace");
    command.stderr(Stdio::from(std::fs::File::create(directory.join("server.log")).unwrap()));
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir", "data"]);
    Server::of(&mut command)
}

impl World {
    async fn start(directory: &Path) -> Self {
        let simulator = Simulator::start(directory, "sap-s4hana", 30);
        let client = reqwest::Client::new();
        let request = client.post(format!("{}/oauth/token", simulator.url));
        let request = request.basic_auth("sb-trunnion-sandbox!b1", Some(SECRET));
        let answer = request.header("content-type", "application/x-www-form-urlencoded");
        let answer: Value = answer.body("grant_type=client_credentials").send().await.unwrap().json().await.unwrap();
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        Self { server: serve(directory, free_port()), simulator, token }
    }

    fn credentials(&self, secret: &str) -> Value {
        let mut all = self.simulator.credentials.clone();
        all["event_mesh_url"] = self.simulator.url.as_str().into();
        all["event_mesh_token_url"] = format!("{}/oauth/token", self.simulator.url).into();
        all["event_mesh_client_id"] = "sb-trunnion-sandbox!b1".into();
        all["event_mesh_client_secret"] = secret.into();
        all["event_mesh_queue"] = "trunnion/sandbox/s4".into();
        all
    }

    fn manager(&self, key: &str) -> Api {
        self.server.api(key)
    }

    /// A connection's id and a client of it.
    async fn connect(&self, manager: &Api, secret: &str) -> (String, Api) {
        let body = json!({"system": "sap-s4hana", "credentials": self.credentials(secret),
            "customer": {"id": "c", "name": "C"}});
        let made = manager.post("/connections", &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["connection"]["id"].as_str().expect("an id").to_owned();
        (id, self.server.api(made.body["token"].as_str().expect("a token")))
    }

    /// The subscriptions that the broker has.
    async fn there(&self) -> Vec<Value> {
        Api::new(&self.simulator.url, &self.token).get("/messagingrest/v1/subscriptions").await
    }

    async fn until_there(&self, what: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let end = Instant::now() + LONGEST;
        loop {
            let there = self.there().await;
            if holds(&there) {
                return there;
            }
            assert!(Instant::now() < end, "{what}: {there:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn control(&self, command: &str) {
        let reply = Api::new(&self.simulator.url, "").post(&format!("/_control/{command}"), &json!(null)).await;
        assert_eq!(reply.status, 204, "{command}");
    }

    /// Raises a price at the system, and waits until an event tells of it that no sync brought.
    async fn a_change_becomes_visible(&self, api: &Api) {
        let orders: Value = api.get("/purchase-orders?limit=20").await;
        let orders = orders["data"].as_array().expect("orders");
        let open = orders.iter().find(|order| order["status"] == "approved" || order["status"] == "sent");
        let order = open.expect("one that can be changed");
        let (id, remote) = (order["id"].as_str().unwrap(), order["remote_id"].as_str().unwrap());
        self.control(&format!("touch_purchase_order?id={remote}")).await;
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let now: Value = api.get(&format!("/purchase-orders/{id}")).await;
            if now["version"].as_i64() > order["version"].as_i64() {
                return;
            }
            assert!(Instant::now() < end, "nobody told of the change");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn until_state(manager: &Api, id: &str, state: &str) -> Value {
    let end = Instant::now() + LONGEST;
    loop {
        let hook: Value = manager.get(&format!("/connections/{id}/inbound-hook")).await;
        if hook["subscription"]["state"] == state {
            return hook["subscription"].clone();
        }
        assert!(Instant::now() < end, "not {state}: {hook}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Until a look that began later is over.
async fn until_looked_at_since(manager: &Api, id: &str, before: &Value) {
    let end = Instant::now() + LONGEST;
    while until_state(manager, id, "active").await["checked_at"] == before["checked_at"] {
        assert!(Instant::now() < end, "nobody looked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn kinds(api: &Api) -> Vec<String> {
    let log: Value = api.get("/events?types=subscription.*&limit=100").await;
    let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
    log["data"].as_array().unwrap().iter().map(kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_subscribes_by_itself_comes_back_when_dropped_and_is_gone_when_disconnected() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::start(directory.path()).await;
    let manager = world.manager(world.server.key.as_deref().unwrap());
    let (id, api) = world.connect(&manager, SECRET).await;
    let before = until_state(&manager, &id, "active").await;
    let first = world.until_there("one", |there| there.len() == 1).await;
    assert!(!first[0].to_string().contains("password"), "{first:?}");
    synced(&api).await;
    world.a_change_becomes_visible(&api).await;

    world.control("drop_subscriptions").await;
    assert_eq!(manager.post(&format!("/connections/{id}/check"), &json!({})).await.status, 200);
    let again = world.until_there("made again", |there| there.len() == 1).await;
    assert_eq!(again[0]["name"], first[0]["name"]);
    until_looked_at_since(&manager, &id, &before).await;
    world.a_change_becomes_visible(&api).await;
    assert_eq!(kinds(&api).await, ["subscription.active"]);

    // A new address takes over, and the subscription of the one before goes.
    let path = format!("/connections/{id}/inbound-hook");
    let made = manager.post(&path, &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let url = made.body["url"].clone();
    let taken = |there: &[Value]| there.len() == 1 && there[0]["pushConfig"]["endpoint"] == url;
    world.until_there("rotated", taken).await;
    world.a_change_becomes_visible(&api).await;
    // Another secret for the same address is told, too: the broker does not show the old one.
    let before = until_state(&manager, &id, "active").await;
    let other = json!({"secret": "someone:else-with-a-long-password"});
    assert_eq!(manager.send(Method::PATCH, &path, Some(&other), None).await.status, 204);
    until_looked_at_since(&manager, &id, &before).await;
    world.a_change_becomes_visible(&api).await;

    let done = manager.send(Method::DELETE, &format!("/connections/{id}"), None, None).await;
    assert_eq!(done.status, 204);
    world.until_there("removed", <[Value]>::is_empty).await;
    // Whoever comes back is subscribed again, and whoever wants nothing to stay is gone at once.
    let reconnect = json!({"credentials": world.credentials(SECRET)});
    let back = manager.post(&format!("/connections/{id}/reconnect"), &reconnect).await;
    assert_eq!(back.status, 200, "{}", back.body);
    world.until_there("back", |there| there.len() == 1).await;
    let done = manager.send(Method::DELETE, &format!("/connections/{id}?erase=true"), None, None).await;
    assert_eq!(done.status, 204);
    assert!(world.there().await.is_empty());

    let mut secrets = vec![SECRET.to_owned(), made.body["secret"].as_str().unwrap().to_owned()];
    let paths = [&first[0]["pushConfig"]["endpoint"], &url];
    secrets.extend(paths.map(|url| url.as_str().unwrap().rsplit('/').next().unwrap().to_owned()));
    drop(world.server);
    are_nowhere(&secrets, &places(directory.path(), vec![first[0]["name"].to_string()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_after_subscribing_and_before_writing_it_down_makes_no_second_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::start(directory.path()).await;
    let key = world.server.key.clone().unwrap();
    // It is made, and the last answer does not come.
    world.control("fault?spec=slow:next=1,ms=60000,path=/handshake").await;
    let (id, api) = world.connect(&world.manager(&key), SECRET).await;
    let first = world.until_there("made", |there| there.len() == 1).await;
    world.server.process.kill();
    let port = world.server.url.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    world.server = serve(directory.path(), port);
    until_state(&world.manager(&key), &id, "active").await;
    assert_eq!(world.there().await, first);
    let posts = world.simulator.requests().await;
    let posts = posts.iter().filter(|asked| asked.method == "POST" && asked.path.ends_with("/v1/subscriptions"));
    assert_eq!(posts.count(), 1);
    let api = world.server.api(api.token());
    synced(&api).await;
    world.a_change_becomes_visible(&api).await;
}

/// A rule about it holds for that connection.
async fn an_alert_fires(manager: &Api, id: &str) {
    let new = json!({"name": "hooks", "rule": {"type": "subscription_failing"},
        "channel": {"type": "webhook", "url": "https://hooks.invalid/x"}});
    let made = manager.post("/alerts", &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/alerts/{}", made.body["alert"]["id"].as_str().unwrap());
    let end = Instant::now() + LONGEST;
    loop {
        let firing = manager.get::<Value>(&path).await["firing"].clone();
        if firing[0]["connection_id"] == id {
            let message = firing[0]["message"].as_str().unwrap();
            return assert!(
                message.contains("cannot be subscribed to") && message.contains("event_mesh_client_secret")
            );
        }
        assert!(Instant::now() < end, "{firing}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_client_says_what_to_mend_while_syncs_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::start(directory.path()).await;
    let manager = world.manager(world.server.key.as_deref().unwrap());
    let wrong = "not-that-secret";
    let (id, api) = world.connect(&manager, wrong).await;
    let failing = until_state(&manager, &id, "failing").await;
    assert_eq!(failing["last_error"]["code"], "AUTHENTICATION_FAILED");
    let message = failing["last_error"]["message"].as_str().unwrap();
    assert!(message.contains("event_mesh_client_secret") && message.contains("reconnect"), "{message}");
    synced(&api).await;
    let end = Instant::now() + LONGEST;
    let health = loop {
        let health: Value = manager.get(&format!("/connections/{id}/health")).await;
        if health["status"] != "syncing" {
            break health;
        }
        assert!(Instant::now() < end, "{health}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((&health["status"], &health["cause"]), (&json!("online"), &Value::Null), "{health}");
    assert_eq!(health["subscription"]["state"], "failing");
    assert!(!health.to_string().contains(wrong));
    assert_eq!(kinds(&api).await, ["subscription.failing"]);
    an_alert_fires(&manager, &id).await;

    // A broker that repeats what it was sent.
    let mut rude = world.credentials(SECRET);
    rude["event_mesh_url"] = echo().await.into();
    let path = format!("/connections/{id}/reconnect");
    let back = manager.post(&path, &json!({"credentials": rude})).await;
    assert_eq!(back.status, 200, "{}", back.body);
    let end = Instant::now() + LONGEST;
    let message = loop {
        let failing = until_state(&manager, &id, "failing").await["last_error"].clone();
        if failing["code"] == "SYSTEM_REJECTED" {
            break failing["message"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < end, "{failing}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(message.contains("Bearer [redacted]") && !message.contains("mesh-"), "{message}");

    let reconnect = json!({"credentials": world.credentials(SECRET)});
    let back = manager.post(&path, &reconnect).await;
    assert_eq!(back.status, 200, "{}", back.body);
    let api = world.server.api(back.body["token"].as_str().unwrap());
    let active = until_state(&manager, &id, "active").await;
    assert_eq!(active["last_error"], Value::Null);
    assert_eq!(kinds(&api).await, ["subscription.failing", "subscription.active"]);
    world.a_change_becomes_visible(&api).await;

    // Without the broker's data it is a matter of hands again, and nothing stays there.
    let mut by_hand = world.credentials(SECRET);
    by_hand.as_object_mut().unwrap().retain(|name, _| !name.starts_with("event_mesh"));
    let back = manager.post(&format!("/connections/{id}/reconnect"), &json!({"credentials": by_hand})).await;
    assert_eq!(back.status, 200, "{}", back.body);
    assert!(world.there().await.is_empty());
    let hook: Value = manager.get(&format!("/connections/{id}/inbound-hook")).await;
    assert_eq!(hook["subscription"]["state"], "by_hand");
    assert!(hook["subscription"]["why"].as_str().unwrap().contains("event_mesh_url"), "{hook}");
    assert_eq!(hook["active"], false);
    // All or none.
    by_hand["event_mesh_queue"] = "q".into();
    let half = manager.post(&format!("/connections/{id}/reconnect"), &json!({"credentials": by_hand})).await;
    assert_eq!(half.status, 422, "{}", half.body);
    assert_eq!(half.body["errors"].as_array().unwrap().len(), 4, "{}", half.body);
}

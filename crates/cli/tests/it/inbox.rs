//! The side-car in front of programs that are slow, that die, that come and fetch; and of senders that lose webhooks.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::process::{Api, Process, Server, Simulator, command};
use crate::tryton::{connect, synced};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// `trunnion inbox` on free ports.
pub(crate) struct SideCar {
    _process: Process,
    pub(crate) door: String,
    inside: String,
}

impl SideCar {
    pub(crate) fn start(directory: &Path, secret: &str, arguments: &[&str]) -> Self {
        let mut command = command(directory);
        command.env("TRUNNION_INBOX_SECRET", secret);
        command.args(["inbox", "--listen", "127.0.0.1:0", "--inside", "127.0.0.1:0"]).args(arguments);
        let process = Process::start(&mut command);
        let lines = process.lines_until(|line| line.contains("For your program"));
        let url = |line: &String| line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
        let urls: Vec<String> = lines.iter().filter_map(url).collect();
        let [door, inside] = urls.as_slice() else { panic!("{lines:?}") };
        Self { _process: process, door: door.clone(), inside: inside.clone() }
    }

    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let mut answer = reqwest::get(format!("{}/metrics", self.inside)).await.unwrap();
        let mut text = String::new();
        while let Some(chunk) = answer.chunk().await.unwrap() {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        let name = format!("trunnion_inbox_{name}{{");
        text.lines()
            .find(|line| line.starts_with(&name))
            .map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }
}

async fn send(url: &str, id: &str, body: &Value) -> u16 {
    let now = trunnion_model::time::Clock::system().now().as_second();
    let body = body.to_string();
    let signature = Webhook::new(SECRET).unwrap().sign(id, now, body.as_bytes()).unwrap();
    let request =
        reqwest::Client::new().post(url).header("webhook-id", id).header("webhook-timestamp", now.to_string());
    request.header("webhook-signature", signature).body(body).send().await.unwrap().status().as_u16()
}

/// A slow program in Python that writes each id down before it answers.
const APP: &str = r#"
import http.server, sys, time
class App(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep(0.03)
        with open("seen", "a") as seen:
            seen.write(self.headers["webhook-id"] + "\n")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
"#;

fn python(directory: &Path, port: u16) -> Option<Child> {
    let mut command = Command::new("python3");
    command.args(["-c", APP, &port.to_string()]).current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().ok()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn until(what: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !what().await {
        assert!(began.elapsed() < Duration::from_secs(90), "this did not come true");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_program_that_is_killed_now_and_then_sees_each_event() {
    let data = tempfile::tempdir().unwrap();
    let port = free_port();
    let Some(mut app) = python(data.path(), port) else {
        eprintln!("not run: there is no python3");
        return;
    };
    let url = format!("http://127.0.0.1:{port}/");
    let car = SideCar::start(data.path(), SECRET, &["--forward-to", &url, "--at-once", "4"]);
    let count = 120;
    for number in 0..count {
        let body = json!({"type": "thing.updated", "data": {"id": format!("o{}", number % 7)}});
        assert_eq!(send(&car.door, &format!("evt_{number}"), &body).await, 200);
        if number % 40 == 20 {
            app.kill().unwrap();
            app.wait().unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            app = python(data.path(), port).unwrap();
        }
    }
    assert_eq!(send(&car.door, "evt_0", &json!({"type": "copy"})).await, 200);
    until(async || car.metric("waiting").await == 0).await;
    app.kill().unwrap();
    app.wait().unwrap();
    let seen = std::fs::read_to_string(data.path().join("seen")).unwrap();
    let seen: HashSet<&str> = seen.lines().collect();
    let all: HashSet<String> = (0..count).map(|number| format!("evt_{number}")).collect();
    assert!(all.iter().all(|id| seen.contains(id.as_str())), "{} of {count}", seen.len());
    // The side-car's own numbers say the same.
    assert_eq!((car.metric("stored_total").await, car.metric("done_total").await), (count, count));
    assert_eq!((car.metric("dead_total").await, car.metric("duplicates_total").await), (0, 1));
    assert!(car.metric("retried_total").await > 0, "nothing was in the program's way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fetches_gets_each_message_until_it_acknowledges() {
    let data = tempfile::tempdir().unwrap();
    let car = SideCar::start(data.path(), SECRET, &[]);
    assert_eq!(send(&car.door, "evt_1", &json!({"type": "thing.updated", "data": {"id": "o1"}})).await, 200);
    let inside = Api::new(&car.inside, "");
    let pulled: Value = inside.get("/pull?max=5&wait=5").await;
    let message = &pulled["messages"][0];
    assert_eq!((&message["id"], &message["key"], &message["attempt"]), (&json!("evt_1"), &json!("o1"), &json!(1)));
    assert_eq!(
        inside.post("/ack", &json!({"receipts": [message["receipt"]], "failed": "busy"})).await.body["late"],
        json!([])
    );
    let again: Value = inside.get("/pull?wait=10").await;
    let message = &again["messages"][0];
    assert_eq!(message["attempt"], 2);
    let receipts = json!({"receipts": [message["receipt"], "nonsense"]});
    assert_eq!(inside.post("/ack", &receipts).await.body["late"], json!(["nonsense"]));
    let none: Value = inside.get("/pull").await;
    assert_eq!(none["messages"], json!([]));
    assert_eq!(send(&car.door.replace("/hooks", "/elsewhere"), "evt_2", &json!({})).await, 404);
    assert_eq!(reqwest::Client::new().post(&car.door).body("{}").send().await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_the_secret_was_wrong_is_judged_again_when_it_is_right() {
    let data = tempfile::tempdir().unwrap();
    let mistyped = SideCar::start(data.path(), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", &[]);
    let body = json!({"type": "thing.updated", "data": {"id": "o1"}});
    assert_eq!(send(&mistyped.door, "evt_1", &body).await, 401);
    let kept = async |car: &SideCar| {
        let kept: Value = Api::new(&car.inside, "").get("/unverifiable").await;
        kept["requests"].as_array().unwrap().len()
    };
    until(async || kept(&mistyped).await == 1).await;
    drop(mistyped);
    let car = SideCar::start(data.path(), SECRET, &[]);
    let inside = Api::new(&car.inside, "");
    assert_eq!(inside.post("/verify", &json!(null)).await.body, json!({"believed": 1, "refused": 0}));
    let pulled: Value = inside.get("/pull?wait=10").await;
    assert_eq!(pulled["messages"][0]["id"], "evt_1");
    assert_eq!(kept(&car).await, 0);
}

/// Hands on nine of ten webhooks, and says of all that they arrived.
async fn dropping(to: String) -> String {
    let hand_on = async |State(to): State<String>, headers: HeaderMap, body: Bytes| {
        let event: Value = serde_json::from_slice(&body).unwrap();
        if event["sequence"].as_i64().unwrap() % 10 == 3 {
            return StatusCode::OK;
        }
        let mut request = reqwest::Client::new().post(&to).body(body);
        for (name, value) in &headers {
            if name.as_str().starts_with("webhook-") {
                request = request.header(name, value);
            }
        }
        StatusCode::from_u16(request.send().await.unwrap().status().as_u16()).unwrap()
    };
    serve(Router::new().route("/", post(hand_on)).with_state(to)).await
}

pub(crate) async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

/// A consumer that keeps the newest version of each record, and the numbers of the events it saw.
type Mirror = Arc<Mutex<(BTreeMap<String, Value>, Vec<i64>)>>;

async fn consumer(mirror: Mirror) -> String {
    let keep = async |State(mirror): State<Mirror>, body: Bytes| {
        let event: Value = serde_json::from_slice(&body).unwrap();
        let mut mirror = mirror.lock().unwrap();
        mirror.1.push(event["sequence"].as_i64().unwrap());
        if event["type"].as_str().unwrap().starts_with("vendor.") {
            mirror.0.insert(event["data"]["id"].as_str().unwrap().to_owned(), event["data"].clone());
        }
        StatusCode::NO_CONTENT
    };
    serve(Router::new().route("/", post(keep)).with_state(mirror)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_loses_every_tenth_webhook_ends_with_the_servers_data() {
    let data = tempfile::tempdir().unwrap();
    let settings = [("TRUNNION_WEBHOOKS_ALLOW_NETWORKS", "127.0.0.1")];
    let server = Server::start_with(data.path(), None, &settings);
    let simulator = Simulator::start(data.path(), "netsuite", 40);
    let key = server.key.clone().expect("a key");
    let application = server.api(&key);
    // The side-car's address is known only when it runs, and its secret only when the endpoint is made.
    let (door, inside) = (free_port(), free_port());
    let lossy = dropping(format!("http://127.0.0.1:{door}/hooks")).await;
    let endpoint = application.post("/webhook-endpoints", &json!({"url": lossy, "types": ["*"]})).await;
    assert_eq!(endpoint.status, 201, "{}", endpoint.body);
    let mirror = Mirror::default();
    let program = consumer(mirror.clone()).await;
    let mut command = command(data.path());
    command
        .env("TRUNNION_INBOX_SECRET", endpoint.body["secret"].as_str().expect("a secret"))
        .env("TRUNNION_TOKEN", &key);
    command.args(["inbox", "--listen", &format!("127.0.0.1:{door}"), "--inside", &format!("127.0.0.1:{inside}")]);
    command.args(["--forward-to", &program, "--catch-up-from", &server.url]);
    let process = Process::start(&mut command);
    process.lines_until(|line| line.contains("For your program"));
    let api = connect(&server, "netsuite", simulator.credentials.clone()).await;
    synced(&api).await;
    let log: Value = api.get("/events?limit=1").await;
    let last = log["last_sequence"].as_i64().expect("a number");
    // Each number, not as many: an event that came twice, or one after these, stands for none of them.
    until(async || {
        let seen: HashSet<i64> = mirror.lock().unwrap().1.iter().copied().collect();
        (1..last).all(|number| seen.contains(&number))
    })
    .await;
    let records = mirror.lock().unwrap().0.clone();
    let mut cursor = String::new();
    let mut compared = 0;
    loop {
        let page: Value = api.get(&format!("/vendors?limit=100{cursor}")).await;
        for vendor in page["data"].as_array().expect("vendors") {
            let ours = &records[vendor["id"].as_str().expect("an id")];
            assert_eq!((&ours["name"], &ours["version"]), (&vendor["name"], &vendor["version"]));
            compared += 1;
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(compared > 20 && compared == records.len(), "{compared} of {}", records.len());
}

//! What `cargo xtask bench webhooks` measures: a process that commits events and sends them, and a receiver for them.
//!
//! `load DATABASE SINK closed MESSAGES PAGE`: as many as possible, PAGE records in a commit.
//! `load DATABASE SINK open RATE SECONDS HANGING`: RATE commits a second of one record each, for an endpoint that answers,
//! beside HANGING events a second of another application, for one that never does.
//! `load DATABASE SINK idle`: sends what is there. All of them go on until they are killed.
//! `sink`: a receiver on a free port. It verifies each signature by the standard's own library. `GET /counts` and
//! `GET /arrivals` say what came.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers, which speaks on standard output")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use trunnion_engine::{Engine, Options, WebhookOptions};
use trunnion_kit::vendor::Catalogue;
use trunnion_model::catalog;
use trunnion_model::change::Cause;
use trunnion_model::ids::{ApplicationId, ConnectionId, RecordId};
use trunnion_model::record::{Incoming, Volatile};
use trunnion_model::time::Clock;
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{
    Commit, ConnectionStatus, EndpointSettings, Keyring, NewConnection, NewEndpoint, NewSecret, SecretKind, Store,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// So that the sealed secrets open again after a restart.
const MASTER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// The body of an event then has about 1 KB.
const PADDING: usize = 420;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["sink"] => sink().await,
        ["load", database, sink, ref mode @ ..] => load(database, sink, mode).await,
        _ => println!("sink, or: load DATABASE SINK MODE …"),
    }
}

async fn load(database: &str, sink: &str, mode: &[&str]) {
    let clock = Clock::system();
    println!("started {}", clock.now_micros());
    let store = Store::open(database, Keyring::from_base64(MASTER_KEY).unwrap(), clock.clone()).await.unwrap();
    let webhooks = WebhookOptions { allow_networks: vec!["127.0.0.1".parse().unwrap()], ..WebhookOptions::default() };
    let options = Options { webhooks, ..Options::default() };
    let engine = Engine::new(store.clone(), Catalogue::new(Vec::new()), clock.clone(), options).unwrap();
    let _workers = engine.start();
    let number = |place: usize| mode[place].parse::<u64>().unwrap();
    match mode[0] {
        "closed" => {
            let connection = tenant(&store, &format!("{sink}/ok")).await;
            closed(&store, &clock, connection, number(1), number(2)).await;
        }
        "open" => {
            let connection = tenant(&store, &format!("{sink}/{}", mode.get(4).unwrap_or(&"ok"))).await;
            if number(3) > 0 {
                let hanging = tenant(&store, &format!("{sink}/hang")).await;
                tokio::spawn(flood(store.clone(), hanging, number(3)));
            }
            open(&store, &clock, connection, number(1), number(2)).await;
        }
        _ => {}
    }
    std::future::pending::<()>().await;
}

/// An application with a connection and an endpoint of its own.
async fn tenant(store: &Store, url: &str) -> ConnectionId {
    let application = store.create_application("bench").await.unwrap().id;
    let new = NewConnection {
        tags: Vec::new(),
        system: "bench".into(),
        customer_id: "c".into(),
        customer_name: "Customer".into(),
        metadata: "{}".into(),
        settings: "{}".into(),
        account: None,
        status: ConnectionStatus::Online,
        credentials: SecretString::from("{}"),
        token_hash: NewToken::new(TokenKind::Connection).hash(),
        plans: Vec::new(),
        address: None,
    };
    let connection = store.create_connection(application, new).await.unwrap().id;
    endpoint(store, application, url).await;
    connection
}

async fn endpoint(store: &Store, application: ApplicationId, url: &str) {
    let secret = NewSecret { kind: SecretKind::V1, secret: SecretString::from(SECRET), public_key: None };
    let new = NewEndpoint {
        url: url.to_owned(),
        description: String::new(),
        types: vec!["vendor.*".into()],
        connections: None,
        connection_tags: Vec::new(),
        settings: EndpointSettings::default(),
        header_names: Vec::new(),
        secrets: vec![secret],
    };
    store.create_webhook_endpoint(application, new).await.unwrap();
}

fn page(connection: ConnectionId, numbers: std::ops::Range<u64>) -> Commit {
    let entity = catalog::entity("vendor").unwrap();
    let rows = numbers
        .map(|number| Incoming {
            id: RecordId::of(connection, entity, &number.to_string()),
            remote_id: number.to_string(),
            display: format!("Vendor {number}"),
            natural_key: None,
            remote_url: None,
            remote_created_at: None,
            remote_modified_at: None,
            deleted: false,
            data: format!(r#"{{"code":"{number}","name":"{}"}}"#, "x".repeat(PADDING)),
            raw: "{}".to_owned(),
            volatile: Volatile::default(),
        })
        .collect();
    Commit::new(connection, entity, rows, Cause::Incremental)
}

async fn closed(store: &Store, clock: &Clock, connection: ConnectionId, messages: u64, size: u64) {
    let began = clock.now_micros();
    println!("began {began}");
    let mut at = 0;
    while at < messages {
        let end = messages.min(at + size);
        store.apply(page(connection, at..end)).await.unwrap();
        at = end;
    }
    println!("accepted {messages} {}", clock.now_micros() - began);
}

async fn open(store: &Store, clock: &Clock, connection: ConnectionId, rate: u64, seconds: u64) {
    let every = Duration::from_micros(1_000_000 / rate);
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut commits = String::new();
    println!("began {}", clock.now_micros());
    for number in 0..rate * seconds {
        ticks.tick().await;
        let before = clock.now_micros();
        store.apply(page(connection, number..number + 1)).await.unwrap();
        // The connection's first event is that it was made.
        commits.push_str(&format!("commit {connection}/{} {before} {}\n", number + 2, clock.now_micros()));
    }
    print!("{commits}");
    println!("committed {}", rate * seconds);
}

/// In ten commits a second.
async fn flood(store: Store, connection: ConnectionId, rate: u64) {
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    for part in 0_u64.. {
        ticks.tick().await;
        let size = rate / 10;
        store.apply(page(connection, part * size..(part + 1) * size)).await.unwrap();
    }
}

#[derive(Default)]
struct Seen {
    /// By connection and sequence: when it came, each time.
    arrivals: HashMap<String, Vec<i64>>,
    forged: u64,
}

async fn sink() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("sink http://{}", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let verifier = Arc::new(Webhook::new(SECRET).unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream, seen.clone(), verifier.clone()));
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>, verifier: Arc<Webhook>) {
    let clock = Clock::system();
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    while let Some((head, body)) = read(&mut stream, &mut buffer).await {
        let at = clock.now_micros();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = match path.as_str() {
            "/hang" => {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                return;
            }
            "/counts" => counts(&seen.lock().unwrap()),
            "/arrivals" => arrivals(&seen.lock().unwrap()),
            _ => {
                note(&seen, &verifier, &head, &body, at);
                if path == "/slow" {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                String::new()
            }
        };
        let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn note(seen: &Mutex<Seen>, verifier: &Webhook, head: &str, body: &[u8], at: i64) {
    let mut headers = http::HeaderMap::new();
    for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse()) {
            headers.insert(name, value);
        }
    }
    let genuine = verifier.verify(body, &headers).is_ok();
    let event: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let name = format!("{}/{}", event["connection_id"].as_str().unwrap_or_default(), event["sequence"]);
    let mut seen = seen.lock().unwrap();
    seen.forged += u64::from(!genuine);
    seen.arrivals.entry(name).or_default().push(at);
}

/// Different events, arrivals, forged ones, the last arrival.
fn counts(seen: &Seen) -> String {
    let all: usize = seen.arrivals.values().map(Vec::len).sum();
    let last = seen.arrivals.values().flatten().max().copied().unwrap_or(0);
    format!("{} {all} {} {last}", seen.arrivals.len(), seen.forged)
}

fn arrivals(seen: &Seen) -> String {
    let line = |(name, times): (&String, &Vec<i64>)| {
        let times: Vec<String> = times.iter().map(ToString::to_string).collect();
        format!("{name} {}\n", times.join(" "))
    };
    seen.arrivals.iter().map(line).collect()
}

/// The head and body of the next request.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            while buffer.len() < end + 4 + length {
                if stream.read_buf(buffer).await.ok()? == 0 {
                    return None;
                }
            }
            let rest = buffer.split_off(end + 4 + length);
            let body = std::mem::replace(buffer, rest).split_off(end + 4);
            return Some((head, body));
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

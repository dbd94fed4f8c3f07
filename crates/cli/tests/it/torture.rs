//! Webhooks while everything goes wrong: the server is killed every few seconds, the database goes away, and most receivers
//! misbehave. What was committed arrives at each receiver that recovers, in the order that was asked for, as it was sent.
//!
//! Events are committed by the test's own process, past the server, so that they go on while it is dead. DNS that changes its
//! answer is tried in the kit's tests, where names are looked up by the test. `TRUNNION_TEST_TORTURE_EVENTS` says how many
//! events there are (300), `TRUNNION_TEST_TORTURE_ENDPOINTS` how many endpoints (10; kinds come round again),
//! `TRUNNION_TEST_TORTURE_PAGE` how many events are committed each tenth of a second (a hundredth of all, at most 40).

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::{Value, json};
use trunnion_kit::webhook::{SigningKey, signature};
use trunnion_model::catalog;
use trunnion_model::change::Cause;
use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_model::record::{Incoming, Volatile};
use trunnion_model::time::Clock;
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{Commit, ConnectionStatus, Keyring, NewConnection, Store};

use crate::database::Database;
use crate::moods::{Mood, Receivers};
use crate::process::Server;

const ALLOW: (&str, &str) = ("TRUNNION_WEBHOOKS_ALLOW_NETWORKS", "127.0.0.0/8");
const CONNECTIONS: usize = 4;
/// At least as many as a commit has events: each row is one.
const RECORDS: usize = 48;
/// Between two commits.
const PAUSE: Duration = Duration::from_millis(100);
/// Between two kills.
const ALIVE: Duration = Duration::from_millis(2_500);
/// Without any progress. What failed is tried again after 30 s, and after a minute more.
const PATIENCE: Duration = Duration::from_secs(110);
/// Kind and order, in turns.
const KINDS: [(Mood, &str); 10] = [
    (Mood::Well, "unordered"),
    (Mood::Well, "per_record"),
    (Mood::Broken, "per_record"),
    (Mood::Slow, "unordered"),
    (Mood::Throttling, "unordered"),
    (Mood::Hanging, "unordered"),
    (Mood::Resetting, "unordered"),
    (Mood::Endless, "per_connection"),
    (Mood::Redirecting, "unordered"),
    (Mood::Well, "per_connection"),
];

struct Endpoint {
    path: String,
    mood: Mood,
    ordering: &'static str,
    secret: SecretString,
    /// So many events were committed before.
    from: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_while_server_and_receivers_fail_on_sqlite() {
    torture(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_while_server_database_and_receivers_fail_on_postgres() {
    match Database::create("torture") {
        Some(database) => torture(Some(&database)).await,
        None => eprintln!("not run: TRUNNION_TEST_POSTGRES names no server"),
    }
}

async fn torture(database: Option<&Database>) {
    let events = number("TRUNNION_TEST_TORTURE_EVENTS", 300);
    let directory = tempfile::tempdir().unwrap();
    let url = database.map(Database::url);
    let mut server = Server::start_with(directory.path(), url.as_deref(), &[ALLOW]);
    let receivers = Receivers::default();
    let base = receivers.start().await;
    let store = open(directory.path(), url.as_deref()).await;
    let connections = connect(&store).await;
    let key = server.key.clone().expect("a first start prints a key");
    let mut endpoints = vec![endpoint(&server, &key, &receivers, &base, 0, 0).await];
    let page = number("TRUNNION_TEST_TORTURE_PAGE", (events / 100).clamp(1, 40)).clamp(1, RECORDS);
    let mut writer = Writer { store, connections, page, committed: Vec::new(), round: 0 };

    // Undisturbed, one receiver; then beside the others; then with kills.
    writer.write(events / 5, PAUSE).await;
    until_all(&receivers, &endpoints, &writer).await;
    let calm = delays(&receivers, &endpoints[0], &writer, 0);
    let began = writer.committed.len();
    for place in 1..number("TRUNNION_TEST_TORTURE_ENDPOINTS", KINDS.len()) {
        endpoints.push(endpoint(&server, &key, &receivers, &base, place, began).await);
    }
    writer.write(events / 5, PAUSE).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let beside = delays(&receivers, &endpoints[0], &writer, began);

    let mut kills = 0;
    let mut left = events - writer.committed.len().min(events);
    while left > 0 {
        let part = left.min((ALIVE.as_millis() / PAUSE.as_millis()) as usize * page);
        writer.write(part, PAUSE).await;
        left -= part;
        server.process.kill();
        kills += 1;
        writer.write(page.min(left), Duration::ZERO).await;
        left -= page.min(left);
        server = Server::start_with(directory.path(), url.as_deref(), &[ALLOW]);
        if kills == 1
            && let Some(database) = database
        {
            database.away(Duration::from_secs(2));
        }
    }
    receivers.heal();
    let arrived = until_all(&receivers, &endpoints, &writer).await;

    let total: usize = endpoints.iter().filter(|one| one.mood.recovers()).map(|one| receivers.count(&one.path)).sum();
    for one in &endpoints {
        check(&receivers, one, &writer).await;
    }
    assert_eq!(receivers.inside.load(std::sync::atomic::Ordering::SeqCst), 0, "a redirect was followed");
    let twice = total - arrived;
    assert!(twice <= kills * 256, "{twice} came twice after {kills} kills");
    eprintln!(
        "{} events, {} endpoints, {kills} kills: {total} arrivals at those that recover, {twice} of them twice ({:.2} %); \
         commit to arrival at one that is well: p99 {:?} undisturbed, {:?} beside the others",
        writer.committed.len(),
        endpoints.len(),
        twice as f64 * 100.0 / total as f64,
        most(&calm),
        most(&beside),
    );
}

/// What was committed, as the log says it, and when.
struct Writer {
    store: Store,
    connections: Vec<ConnectionId>,
    /// Events in a commit.
    page: usize,
    committed: Vec<(String, Instant)>,
    round: usize,
}

impl Writer {
    /// Commits so many events; what the database refuses while it is away is tried until it is back.
    async fn write(&mut self, events: usize, pause: Duration) {
        let mut left = events;
        while left > 0 {
            let size = left.min(self.page);
            let connection = self.connections[self.round % self.connections.len()];
            let before = self.last(connection).await;
            while let Err(error) = self.store.apply(page(connection, self.round, size)).await {
                assert!(error.is_transient(), "{error}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            let at = Instant::now();
            let after = self.last(connection).await;
            self.committed.extend((before + 1..=after).map(|sequence| (format!("{connection}/{sequence}"), at)));
            self.round += 1;
            left -= size;
            tokio::time::sleep(pause).await;
        }
    }

    async fn last(&self, connection: ConnectionId) -> i64 {
        loop {
            match self.store.last_sequence(connection).await {
                Ok(last) => return last,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Every record gets another name in each round, so each row is an event.
fn page(connection: ConnectionId, round: usize, size: usize) -> Commit {
    let entity = catalog::entity("vendor").unwrap();
    let rows = (0..size)
        .map(|place| {
            let remote_id = ((round + place) % RECORDS).to_string();
            Incoming {
                id: RecordId::of(connection, entity, &remote_id),
                data: format!(r#"{{"code":"V{remote_id}","name":"Näme {round} \"quoted\" 1.50"}}"#),
                remote_id,
                display: "Vendor".to_owned(),
                natural_key: None,
                remote_url: None,
                remote_created_at: None,
                remote_modified_at: None,
                deleted: false,
                raw: "{}".to_owned(),
                volatile: Volatile::default(),
            }
        })
        .collect();
    Commit::new(connection, entity, rows, Cause::Incremental)
}

async fn open(directory: &Path, database: Option<&str>) -> Store {
    let data = directory.join("data");
    let file = format!("sqlite:{}", data.join("trunnion.db").display());
    let keyring = Keyring::load_or_create(&data.join("master.key")).unwrap();
    Store::open(database.unwrap_or(&file), keyring, Clock::system()).await.unwrap()
}

async fn connect(store: &Store) -> Vec<ConnectionId> {
    let application = store.list_applications().await.unwrap()[0].id;
    let mut all = Vec::new();
    for _ in 0..CONNECTIONS {
        let new = NewConnection {
            tags: Vec::new(),
            system: "sap-s4hana".into(),
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
        all.push(store.create_connection(application, new).await.unwrap().id);
    }
    all
}

async fn endpoint(
    server: &Server,
    key: &str,
    receivers: &Receivers,
    base: &str,
    place: usize,
    from: usize,
) -> Endpoint {
    let (mood, ordering) = KINDS[place % KINDS.len()];
    let path = format!("/{place}");
    receivers.add(&path, mood);
    let new = json!({
        "url": format!("{base}{path}"), "types": ["vendor.*"], "ordering": ordering,
        "timeout_seconds": if mood.recovers() { 10 } else { 1 },
    });
    let made = server.api(key).post("/webhook-endpoints", &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = SecretString::from(made.body["secret"].as_str().unwrap());
    Endpoint { path, mood, ordering, secret, from }
}

/// Waits until each receiver that recovers has all that was committed since it was there. How many different arrivals.
async fn until_all(receivers: &Receivers, endpoints: &[Endpoint], writer: &Writer) -> usize {
    let mut progress = (0, Instant::now());
    loop {
        let (mut sum, mut missing) = (0, 0);
        for one in endpoints.iter().filter(|one| one.mood.recovers()) {
            let got = receivers.taken(&one.path).into_iter().map(|taken| taken.id).collect::<BTreeSet<_>>().len();
            sum += got;
            missing += (writer.committed.len() - one.from).saturating_sub(got);
        }
        if missing == 0 {
            return sum;
        }
        if sum > progress.0 {
            progress = (sum, Instant::now());
        }
        assert!(progress.1.elapsed() < PATIENCE, "stuck: {sum} arrived, {missing} are missing");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Nothing else arrived, nothing was altered, and the order is the one that was asked for.
async fn check(receivers: &Receivers, one: &Endpoint, writer: &Writer) {
    let mut log = HashMap::new();
    for &connection in &writer.connections {
        log.extend(events(&writer.store, connection).await);
    }
    let key = SigningKey::parse(&one.secret).expect("a secret");
    let (mut came, mut newest) = (BTreeSet::new(), HashMap::new());
    for taken in receivers.taken(&one.path) {
        let signed = signature(std::slice::from_ref(&key), &taken.id, taken.timestamp, &taken.body).unwrap();
        assert_eq!(taken.signature, signed, "{}: forged", one.path);
        assert_eq!(log.get(&taken.id).map(String::as_bytes), Some(&taken.body[..]), "{}: altered", one.path);
        if !came.insert(taken.id.clone()) {
            continue;
        }
        let event: Value = serde_json::from_slice(&taken.body).unwrap();
        let key = match one.ordering {
            "per_record" => event["data"]["id"].to_string() + &event["connection_id"].to_string(),
            "per_connection" => event["connection_id"].to_string(),
            _ => continue,
        };
        let sequence = event["sequence"].as_i64().unwrap();
        let before = newest.insert(key, sequence).unwrap_or(0);
        assert!(sequence > before, "{} ({}): {sequence} after {before}", one.path, one.ordering);
    }
    if one.mood.recovers() {
        assert_eq!(came.len(), writer.committed.len() - one.from, "{}", one.path);
    }
}

/// The vendors' events of a connection as the log has them, by id.
async fn events(store: &Store, connection: ConnectionId) -> Vec<(String, String)> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = store.events(connection, after, &["vendor.*".to_owned()], 500).await.unwrap();
        for event in &page.events {
            let mut body = String::new();
            event.write_json(&mut body);
            all.push((event.id.to_string(), body));
        }
        after = page.next_after;
        if after >= page.last_sequence {
            return all;
        }
    }
}

/// From commit to arrival of the committed events from `from` on.
fn delays(receivers: &Receivers, one: &Endpoint, writer: &Writer, from: usize) -> Vec<Duration> {
    let mut came = HashMap::new();
    for taken in receivers.taken(&one.path) {
        let event: Value = serde_json::from_slice(&taken.body).unwrap();
        let name = format!("{}/{}", event["connection_id"].as_str().unwrap(), event["sequence"]);
        came.entry(name).or_insert(taken.at);
    }
    let delay = |(name, at): &(String, Instant)| Some(came.get(name)?.saturating_duration_since(*at));
    writer.committed[from..].iter().filter_map(delay).collect()
}

fn most(delays: &[Duration]) -> Duration {
    let mut sorted = delays.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() * 99 / 100).copied().unwrap_or_default()
}

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a whole number"))
}

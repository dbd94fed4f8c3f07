//! An hour of trouble on the wire, by a simulated clock: the system's front goes down, falls silent, or throttles. Nobody is
//! asked to log in again, and the connection comes back by itself. (Certificates: engine `health.rs`, kit `trouble_tests.rs`.)

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use trunnion_connectors::sap_s4hana::sim;
use trunnion_engine::services::keys;
use trunnion_engine::{Engine, Options};
use trunnion_kit::spec::load;
use trunnion_kit::vendor::{Catalogue, Connector};
use trunnion_model::time::{Clock, Hands, Timestamp};
use trunnion_store::{Keyring, Store};

use crate::process::Api;
use crate::tryton::synced;

const STEP: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Well,
    /// Takes connections and closes them.
    Down,
    /// Takes connections and says nothing.
    Silent,
    /// 429 to whatever is asked.
    Throttling,
}

/// What stands before the system.
struct Front {
    url: String,
    mood: watch::Sender<Mood>,
    /// Connections that are open now while it is not well.
    held: Arc<AtomicUsize>,
}

impl Front {
    async fn start(upstream: &str) -> Self {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (mood, seen) = watch::channel(Mood::Well);
        let held = Arc::new(AtomicUsize::new(0));
        let counted = held.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, upstream.clone(), seen.clone(), counted.clone()));
            }
        });
        Self { url, mood, held }
    }
}

async fn converse(mut stream: TcpStream, upstream: String, mut mood: watch::Receiver<Mood>, held: Arc<AtomicUsize>) {
    let now = *mood.borrow_and_update();
    match now {
        Mood::Well => {
            let mut system = TcpStream::connect(upstream).await.unwrap();
            // A change of mood cuts what is open.
            tokio::select! {
                _ended = tokio::io::copy_bidirectional(&mut stream, &mut system) => {}
                _changed = mood.changed() => {}
            }
        }
        Mood::Down => {}
        Mood::Silent => {
            held.fetch_add(1, Ordering::SeqCst);
            // Until the other side gives up.
            let mut nothing = [0; 1024];
            loop {
                stream.readable().await.unwrap();
                match stream.try_read(&mut nothing) {
                    Ok(0) => break,
                    Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
                    _ => {}
                }
            }
            held.fetch_sub(1, Ordering::SeqCst);
        }
        Mood::Throttling => {
            let answer = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let mut asked = [0; 64 * 1024];
            stream.readable().await.unwrap();
            let _read = stream.try_read(&mut asked);
            let _told = stream.write_all(answer).await;
        }
    }
}

/// The SAP connector, with a patience that a test has: a second, and one try.
fn impatient() -> Catalogue {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../connectors/src/sap_s4hana/connector.toml");
    let declaration = std::fs::read_to_string(file).unwrap();
    let hasty = declaration.replace("timeout_seconds = 120", "timeout_seconds = 1\ntries = 1");
    assert_ne!(hasty, declaration);
    let spec = load("connector.toml", &hasty).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let whole = trunnion_connectors::catalogue().unwrap_or_else(|findings| panic!("{findings:#?}"));
    let vendor = whole.get("sap-s4hana").unwrap().vendor.clone();
    Catalogue::new(vec![Connector { spec: Arc::new(spec), vendor }])
}

/// Lets simulated time pass, in steps that wait for whoever waits for the front.
async fn pass(hands: &Hands, front: &Front, minutes: u64) {
    for _ in 0..minutes * 60 / STEP.as_secs() {
        hands.advance(STEP);
        tokio::time::sleep(Duration::from_millis(30)).await;
        while front.held.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_a_system_that_is_down_silent_or_throttling_ends_without_anybody() {
    for (mood, statuses) in
        [(Mood::Down, &["offline"][..]), (Mood::Silent, &["offline"]), (Mood::Throttling, &["degraded", "offline"])]
    {
        let (clock, hands) = Clock::manual(Timestamp::now());
        let options = sim::Options { records: 20, clock: clock.clone(), ..sim::Options::default() };
        let password = options.password.clone();
        let system = sim::start(options, 0).await.unwrap();
        let front = Front::start(&system.url).await;
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("data.sqlite").display());
        let store = Store::open(&url, Keyring::generate().unwrap(), clock.clone()).await.unwrap();
        let options = Options {
            allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
            poll: Duration::from_millis(20),
            ..Options::default()
        };
        let engine = Engine::new(store, impatient(), clock, options).unwrap();
        let key = keys::create_for(&engine, "Parts Planner", keys::Wanted::all("test")).await.unwrap().token;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let manager = Api::new(&base, &key);
        let app = trunnion_server::app(engine.clone(), trunnion_server::Options::default());
        tokio::spawn(trunnion_server::serve(listener, app, std::future::pending()));
        let workers = engine.start();
        let new = json!({"system": "sap-s4hana", "customer": {"id": "c", "name": "C"}, "sync": {"interval_seconds": 300},
            "credentials": {"auth": "basic", "url": front.url, "username": "TRUNNION", "password": password}});
        let made = manager.post("/connections", &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["connection"]["id"].as_str().unwrap();
        synced(&Api::new(&base, made.body["token"].as_str().unwrap())).await;
        let status = async || {
            let own: Value = manager.get(&format!("/connections/{id}")).await;
            own["status"].as_str().unwrap().to_owned()
        };

        front.mood.send_replace(mood);
        pass(&hands, &front, 60).await;
        assert!(statuses.contains(&status().await.as_str()), "{mood:?}: {}", status().await);
        front.mood.send_replace(Mood::Well);
        // One step back at most, whose longest is 15 minutes.
        pass(&hands, &front, 16).await;
        for _ in 0..200 {
            if status().await == "online" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(status().await, "online", "{mood:?}");
        let asked: Value = manager
            .get(&format!(
                "/events?connection_id={id}&types=connection.reauthorization_required,connection.reauthorized"
            ))
            .await;
        assert_eq!(asked["data"], json!([]), "{mood:?}: nobody was asked to log in again");
        workers.stop(Duration::from_secs(30)).await;
    }
}

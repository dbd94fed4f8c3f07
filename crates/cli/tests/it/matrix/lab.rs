//! What a seed lives in: a system behind a line that can be cut, a database, two nodes that live, and nodes that die.
//!
//! Time is the test's own: leases run out when it says so. A node that dies has a runtime of its own, and is dropped where it
//! waits for the n-th time, with all that it was doing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;
use trunnion_connectors::sandbox;
use trunnion_engine::services::{connections, keys, syncs};
use trunnion_engine::{Engine, Options, Scope, Workers, WriteOptions, authenticate, scope};
use trunnion_kit::sim::Sim;
use trunnion_kit::vendor::Catalogue;
use trunnion_model::time::{Clock, Hands};
use trunnion_store::{Keyring, Store};

use super::cutter::Cutter;
use super::deeds::{Deed, Outcome, ask};
use super::truth::Task;
use crate::database::Database;
use crate::tryton::Tryton;

const HOUR: Duration = Duration::from_secs(3600);
/// More than the leases of a node that dies.
pub(crate) const LEASES: Duration = Duration::from_secs(20 * 60);

const SHARES: Duration = Duration::from_secs(10);

/// The part whose stock is changed in the real system.
pub(crate) fn own_part() -> String {
    format!("MATRIX-{}", std::process::id())
}

/// What the nodes stand on; enough to start another one.
#[derive(Clone)]
pub(crate) struct Ground {
    url: String,
    keyring: Keyring,
    clock: Clock,
    hands: Hands,
    token: String,
    connection: String,
    catalogue: fn() -> Catalogue,
    search_pause: Duration,
}

pub(crate) struct Lab {
    pub(crate) system: &'static str,
    pub(crate) cutter: Cutter,
    pub(crate) source: Source,
    pub(crate) nodes: [Engine; 2],
    pub(crate) hands: Hands,
    /// What the source is still to be asked for.
    pub(crate) later: Mutex<Vec<(String, Task)>>,
    /// Records made so far for others to be about.
    pub(crate) made: AtomicU64,
    ground: Ground,
    _workers: [Workers; 2],
    _folder: TempDir,
    _database: Option<Database>,
}

/// The system itself, as it is asked past our connector.
pub(crate) enum Source {
    Simulator(Sim),
    Tryton(Tryton),
}

impl Lab {
    pub(crate) async fn simulated(
        system: &'static str,
        database: Option<Database>,
        catalogue: fn() -> Catalogue,
    ) -> Self {
        let (clock, hands) = Clock::manual("2026-11-23T10:00:00Z".parse().unwrap());
        let sandbox = sandbox::get(system).unwrap();
        // Both ways to its orders are tried: one on each database.
        let older = database.is_none().then(|| "odata-v4".to_owned());
        let without = older.into_iter().collect();
        let settings = sandbox::Settings { port: 0, seed: 7, records: 20, without, clock: clock.clone() };
        let sim = (sandbox.start)(settings).await.unwrap();
        let cutter = Cutter::start(&sim.url).await;
        let credentials = (sandbox.credentials)(&cutter.url);
        let pause = Duration::from_millis(2);
        Self::new(system, database, catalogue, (clock, hands), cutter, Source::Simulator(sim), credentials, pause).await
    }

    /// The real system acts a moment after its line was cut, so searches wait for longer than that.
    pub(crate) async fn real(tryton: Tryton, database: Option<Database>, catalogue: fn() -> Catalogue) -> Self {
        let time = Clock::manual(Clock::system().now());
        // Its stock, other tests count on.
        tryton.client("stocked", &json!({"sku": own_part(), "unit": "u", "quantity": 500}));
        let cutter = Cutter::start(&tryton.url).await;
        let credentials = tryton.credentials_at(&cutter.url);
        let pause = Duration::from_millis(600);
        Self::new("tryton", database, catalogue, time, cutter, Source::Tryton(tryton), credentials, pause).await
    }

    #[expect(clippy::too_many_arguments, reason = "two call sites, just above")]
    async fn new(
        system: &'static str,
        database: Option<Database>,
        catalogue: fn() -> Catalogue,
        (clock, hands): (Clock, Hands),
        cutter: Cutter,
        source: Source,
        credentials: Value,
        search_pause: Duration,
    ) -> Self {
        // Memory, where the machine has such a place: thousands of commits would wait for the disk.
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let file = format!("sqlite:{}", folder.path().join("data.sqlite").display());
        let mut ground = Ground {
            url: database.as_ref().map_or(file, Database::url),
            keyring: Keyring::generate().unwrap(),
            clock,
            hands: hands.clone(),
            token: String::new(),
            connection: String::new(),
            catalogue,
            search_pause,
        };
        let nodes = [ground.engine(HOUR).await, ground.engine(HOUR).await];
        ground.token = keys::create_for(&nodes[0], "app", keys::Wanted::all("key")).await.unwrap().token;
        let caller = authenticate(&nodes[0], &ground.token).await.unwrap();
        let new = json!({
            "system": system, "credentials": credentials, "customer": {"id": "c", "name": "C"},
            "sync": {"interval_seconds": null},
        });
        let made = connections::create(&nodes[0], &caller, serde_json::from_value(new).unwrap()).await.unwrap();
        ground.connection = made.connection.id;
        let workers = [nodes[0].start(), nodes[1].start()];
        // The nodes' shares of what may be asked at once are leased too, for seconds: time goes on by itself, faster than usual;
        // but not so fast that a page of the real system, which may be busy, takes longer than a sync is leased.
        let step = Duration::from_millis(if matches!(source, Source::Tryton(_)) { 200 } else { 1_000 });
        let passing = hands.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                passing.advance(step);
            }
        });
        let lab = Self {
            system,
            cutter,
            source,
            nodes,
            hands,
            later: Mutex::default(),
            made: AtomicU64::new(0),
            ground,
            _workers: workers,
            _folder: folder,
            _database: database,
        };
        lab.synced().await;
        lab
    }

    async fn synced(&self) {
        let mut last = Vec::new();
        for _ in 0..6_000 {
            let status = syncs::status(&self.nodes[0], &self.scope(0).await).await.unwrap();
            assert!(status.iter().all(|plan| plan.state != "failed"), "{status:?}");
            if status.iter().all(|plan| plan.state == "idle" && plan.initial_done) {
                return;
            }
            last = status;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the first syncs do not end: {last:?}");
    }

    pub(crate) async fn scope(&self, node: usize) -> Scope {
        self.ground.scope(&self.nodes[node]).await
    }

    /// A node that is asked for `deed`, and dies where it waits for the so-manieth time. What it answered, if it lived that long.
    pub(crate) fn mortal(&self, waits: u64, deed: Deed, key: String) -> JoinHandle<Option<Outcome>> {
        let ground = self.ground.clone();
        std::thread::spawn(move || ground.live_and_die(waits, &deed, &key))
    }
}

impl Ground {
    async fn engine(&self, lease: Duration) -> Engine {
        let store = Store::open(&self.url, self.keyring.clone(), self.clock.clone()).await.unwrap();
        let options = Options {
            poll: Duration::from_millis(10),
            allow_http: true,
            allow_networks: vec!["127.0.0.1".parse().unwrap()],
            write: WriteOptions {
                search_pause: self.search_pause,
                recover: Duration::from_millis(10),
                // In the test's time, which is never moved that far while a node that lives has something in hand.
                deadline: if lease == HOUR { HOUR } else { Duration::from_secs(3) },
                lease,
                wait: Duration::from_millis(60),
                ..WriteOptions::default()
            },
            ..Options::default()
        };
        Engine::new(store, (self.catalogue)(), self.clock.clone(), options).unwrap()
    }

    async fn scope(&self, engine: &Engine) -> Scope {
        let caller = authenticate(engine, &self.token).await.unwrap();
        scope(engine, &caller, Some(&self.connection)).await.unwrap()
    }

    fn live_and_die(&self, waits: u64, deed: &Deed, key: &str) -> Option<Outcome> {
        let (left, death) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let (counted, dying) = (Arc::clone(&left), Arc::clone(&death));
        // A thread that runs one node goes to sleep exactly when all of the node's tasks wait for something.
        let before_sleep = move || {
            let one_less = |left: u64| left.checked_sub(1);
            if counted.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) == Ok(1) {
                dying.notify_one();
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().on_thread_park(before_sleep).build();
        let runtime = runtime.unwrap();
        let answer = runtime.block_on(async {
            let engine = self.engine(LEASES / 2).await;
            let scope = self.scope(&engine).await;
            // The others' shares of what may be asked at once run out, so that it need not wait for one.
            self.hands.advance(SHARES);
            left.store(waits, Ordering::SeqCst);
            tokio::select! {
                biased;
                () = death.notified() => None,
                answer = ask(&engine, &scope, deed, key) => Some(answer),
            }
        });
        runtime.shutdown_background();
        answer
    }
}

//! What scheduling costs, and how late it is: many connections, each with five entities every 15 minutes, of a system that
//! never has anything new. `cargo xtask bench schedule` runs it.
//!
//! Work is found, taken, done and concluded by the engine itself, as a node's worker does it: login, window, question, run,
//! event, next due time. Only the system is not there: its answer is an empty page. Runs are done one after the other, which
//! is later than a worker would be, who does many at once.
//!
//! The clock is virtual. It goes on by the time that work really takes, and jumps over the time in which nothing is due, in
//! the steps in which a worker looks. So the lags are those of a day on this machine, though the day need not be waited for.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use trunnion_engine::services::{connections, keys};
use trunnion_engine::{Caller, Engine, Options, authenticate};
use trunnion_kit::link::Link;
use trunnion_kit::spec::{EntitySpec, load};
use trunnion_kit::vendor::{Account, Answered, Catalogue, Connector, Page, Vendor, Window};
use trunnion_model::time::{Clock, Hands};
use trunnion_store::{Keyring, Store};

const INTERVAL: u64 = 900;

#[tokio::main]
async fn main() {
    // As a node's worker does: in a task, on the threads that also hear from the database.
    tokio::spawn(measure()).await.unwrap();
}

async fn measure() {
    let argument = |name: &str| std::env::args().skip_while(|argument| argument != name).nth(1);
    let number = |name: &str, usual: f64| argument(name).map_or(usual, |text| text.parse::<f64>().unwrap());
    let (connections, hours) = (number("--connections", 10_000.0) as usize, number("--hours", 0.5));
    let url = argument("--database-url").unwrap();

    let (clock, hands) = Clock::manual("2026-01-01T00:00:00Z".parse().unwrap());
    let watch = Arc::new(Watch { hands, last: Mutex::new(Instant::now()) });
    let store = Store::open(&url, Keyring::generate().unwrap(), clock.clone()).await.unwrap();
    let spec = load("source.toml", include_str!("source.toml")).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let idle = Connector { spec: Arc::new(spec), vendor: Arc::new(Idle(watch.clone())) };
    let engine = Engine::new(store, Catalogue::new(vec![idle]), clock.clone(), Options::default()).unwrap();
    let key = keys::create_for(&engine, "bench", keys::Wanted::all("key")).await.unwrap();
    let caller = authenticate(&engine, &key.token).await.unwrap();
    for number in 0..connections {
        connect(&engine, &caller, number).await;
    }
    println!("{connections} connections with 5 entities each, on {}", url.split(':').next().unwrap_or_default());

    // All first syncs are due at once: they and the interval after them are not what is asked.
    let mut day = Day { engine: &engine, clock, watch, lags: Vec::new(), looks: 0 };
    day.pass("first syncs", Duration::from_secs(2 * INTERVAL)).await;
    day.pass(&format!("{hours} hours"), Duration::from_secs_f64(hours * 3600.0)).await;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}

/// Lets the virtual clock go on by the time that has really passed.
struct Watch {
    hands: Hands,
    last: Mutex<Instant>,
}

impl Watch {
    fn catch_up(&self) {
        let mut last = self.last.lock().unwrap();
        let now = Instant::now();
        self.hands.advance(now - *last);
        *last = now;
    }
}

/// The system: nothing is new, at once.
struct Idle(Arc<Watch>);

impl Vendor for Idle {
    fn probe<'a>(&'a self, _link: &'a Link) -> Answered<'a, Account> {
        Box::pin(async { Ok(Account { name: "Idle".into() }) })
    }

    fn page<'a>(&'a self, _link: &'a Link, _entity: &'a EntitySpec, _window: &'a Window) -> Answered<'a, Page> {
        self.0.catch_up();
        Box::pin(async { Ok(Page::empty()) })
    }
}

struct Day<'e> {
    engine: &'e Engine,
    clock: Clock,
    watch: Arc<Watch>,
    lags: Vec<Duration>,
    looks: u64,
}

impl Day<'_> {
    async fn pass(&mut self, name: &str, time: Duration) {
        (self.lags, self.looks) = (Vec::new(), 0);
        let (cpu, began) = (cpu_seconds(), Instant::now());
        self.watch.catch_up();
        let end = self.clock.now_micros() + i64::try_from(time.as_micros()).unwrap();
        while self.clock.now_micros() < end {
            let lags = self.engine.sync_due().await.unwrap();
            self.watch.catch_up();
            self.looks += 1;
            if lags.is_empty() {
                self.watch.hands.advance(Options::default().poll);
            }
            self.lags.extend(lags);
        }
        self.report(name, time, cpu_seconds() - cpu, began.elapsed());
    }

    fn report(&mut self, name: &str, time: Duration, cpu: f64, wall: Duration) {
        self.lags.sort_unstable();
        let runs = self.lags.len();
        let lag = |part: usize| self.lags.get(runs.saturating_sub(1) * part / 1000).copied().unwrap_or_default();
        println!("{name}: {runs} runs, {} looks, {:.1} s wall, {cpu:.1} CPU s", self.looks, wall.as_secs_f64());
        println!(
            "  {:.0} µs CPU per run, {:.2} % of a core",
            cpu * 1e6 / runs as f64,
            cpu * 100.0 / time.as_secs_f64()
        );
        println!("  lag p50 {:.3?}, p99 {:.3?}, p99.9 {:.3?}, most {:.3?}", lag(500), lag(990), lag(999), lag(1000));
    }
}

async fn connect(engine: &Engine, caller: &Caller, number: usize) {
    let new = json!({
        "system": "idle",
        "credentials": {"auth": "basic", "url": "https://idle.example", "username": "bench", "password": "bench"},
        "customer": {"id": number.to_string(), "name": "Customer"},
        "sync": {"interval_seconds": INTERVAL},
    });
    connections::create(engine, caller, serde_json::from_value(new).unwrap()).await.unwrap();
}

/// User and system seconds of this process: the fields are counted from the state on, behind the name.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

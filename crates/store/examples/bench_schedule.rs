//! What scheduling costs, and how late it is: many connections, each with five entities every 15 minutes, on a system that
//! never has anything new. `cargo xtask bench schedule` runs it.
//!
//! The clock is virtual: it goes on by the real time that work takes, and jumps over the time in which nothing is due, in
//! steps of a second, which is how often a worker looks. So lags are those of a real day on this machine. What is measured
//! is the store's part: finding and taking work, and writing down that it is done, with a run and an event each.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::time::{Duration, Instant};

use secrecy::SecretString;
use trunnion_model::catalog;
use trunnion_model::ids::ApplicationId;
use trunnion_model::schedule::Schedule;
use trunnion_model::time::{Clock, Hands};
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{Claim, ClaimRequest, ConnectionStatus, Finished, Keyring, NewConnection, NewPlan, Store};

const ENTITIES: usize = 5;
const INTERVAL: i64 = 900;
const SLOTS: usize = 32;
const POLL: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() {
    let number = |name: &str, usual: u64| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1).map_or(usual, |text| text.parse().unwrap())
    };
    let (connections, hours) = (number("--connections", 10_000), number("--hours", 24));
    let folder = tempfile::tempdir().unwrap();
    let url = std::env::var("TRUNNION_BENCH_DATABASE")
        .unwrap_or_else(|_| format!("sqlite:{}", folder.path().join("bench.db").display()));
    let (clock, hands) = Clock::manual("2026-01-01T00:00:00Z".parse().unwrap());
    let store = Store::open(&url, Keyring::generate().unwrap(), clock.clone()).await.unwrap();
    let application = store.create_application("bench").await.unwrap().id;
    for _ in 0..connections {
        connect(&store, application).await;
    }
    let plans = connections * ENTITIES as u64;
    println!("{plans} plans of {connections} connections on {}", url.split(':').next().unwrap_or_default());
    let mut day = Day { store: &store, clock, hands, lags: Vec::new(), runs: 0, looks: 0 };
    // The first syncs are all due at once; they and the interval after them are not what is asked.
    let (cpu, began) = (cpu_seconds(), Instant::now());
    day.pass(Duration::from_secs(2 * INTERVAL.unsigned_abs())).await;
    println!(
        "first syncs   {:>9} runs {:>8.1} s wall {:>8.1} s CPU",
        day.runs,
        began.elapsed().as_secs_f64(),
        cpu_seconds() - cpu
    );
    (day.lags, day.runs, day.looks) = (Vec::new(), 0, 0);
    let (cpu, began) = (cpu_seconds(), Instant::now());
    day.pass(Duration::from_secs(hours * 3600)).await;
    let (cpu, wall) = (cpu_seconds() - cpu, began.elapsed().as_secs_f64());
    day.lags.sort_unstable();
    let lag = |part: usize| day.lags[(day.lags.len() - 1) * part / 1000] as f64 / 1e6;
    println!("{hours:>3} hours     {:>9} runs {wall:>8.1} s wall {cpu:>8.1} s CPU {:>9} looks", day.runs, day.looks);
    println!(
        "CPU per run {:.0} µs; CPU of one core {:.2} %",
        cpu * 1e6 / day.runs as f64,
        cpu * 100.0 / (hours * 3600) as f64
    );
    println!("lag p50 {:.3} s, p99 {:.3} s, p99.9 {:.3} s, most {:.3} s", lag(500), lag(990), lag(999), lag(1000));
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    store.close().await;
}

struct Day<'s> {
    store: &'s Store,
    clock: Clock,
    hands: Hands,
    /// Microseconds.
    lags: Vec<i64>,
    runs: u64,
    looks: u64,
}

impl Day<'_> {
    async fn pass(&mut self, time: Duration) {
        let end = self.clock.now_micros() + i64::try_from(time.as_micros()).unwrap();
        let request =
            ClaimRequest { node: "bench", lease_for: Duration::from_secs(600), limit: SLOTS, per_connection: 2 };
        while self.clock.now_micros() < end {
            let since = Instant::now();
            let claims = self.store.claim_due(&request).await.unwrap();
            self.hands.advance(since.elapsed());
            self.looks += 1;
            if claims.is_empty() {
                self.hands.advance(POLL);
            }
            for claim in claims {
                self.run(&claim).await;
            }
        }
    }

    async fn run(&mut self, claim: &Claim) {
        self.lags.extend(claim.due_at.map(|due| self.clock.now_micros() - due));
        let since = Instant::now();
        let done = Finished::Succeeded { cursor: None, cursor_at: None, next_run_at: None };
        self.store.finish_run(&claim.lease, &done).await.unwrap();
        self.hands.advance(since.elapsed());
        self.runs += 1;
    }
}

async fn connect(store: &Store, application: ApplicationId) {
    let plan = |(entity, priority)| NewPlan {
        entity,
        schedule: Schedule::every(Some(INTERVAL)),
        real_time: false,
        history_days: None,
        priority,
    };
    let new = NewConnection {
        tags: Vec::new(),
        system: "bench".into(),
        customer_id: "1".into(),
        customer_name: "1".into(),
        metadata: "{}".into(),
        settings: "{}".into(),
        account: None,
        status: ConnectionStatus::Online,
        credentials: SecretString::from("{}"),
        token_hash: NewToken::new(TokenKind::Connection).hash(),
        plans: catalog::entities()[..ENTITIES].iter().copied().zip(0..).map(plan).collect(),
    };
    store.create_connection(application, new).await.unwrap();
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

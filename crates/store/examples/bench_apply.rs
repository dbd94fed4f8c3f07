//! How fast records enter and leave the store, in CPU seconds: of this process and, on PostgreSQL, of the server's too.
//!
//! `cargo run --release -p trunnion-store --example bench_apply -- [URL] [RECORDS] [PAGE]`; without a URL, on SQLite in a
//! temporary directory. The database must be empty. Each record has about 1 KB of unified data and 1 KB of raw; its event
//! holds the data once more. Printed: fresh rows, all unchanged, one in ten changed, all changed, only raw touched, and
//! reading all back in pages of 500.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers, which speaks on standard output")]

use std::time::{Duration, Instant};

use secrecy::SecretString;
use trunnion_model::catalog::{self, Entity};
use trunnion_model::change::Cause;
use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_model::record::{Incoming, Volatile};
use trunnion_model::schedule::Schedule;
use trunnion_model::time::Clock;
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{
    ClaimRequest, Commit, ConnectionStatus, Keyring, Lease, ListQuery, NewConnection, NewPlan, PageProgress, Position,
    Sort, Store,
};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = tempfile::tempdir().unwrap();
    let url = arguments.next().unwrap_or_else(|| format!("sqlite:{}", directory.path().join("bench.db").display()));
    let records: usize = arguments.next().map_or(100_000, |text| text.parse().unwrap());
    let page: usize = arguments.next().map_or(1000, |text| text.parse().unwrap());
    let store = Store::open(&url, Keyring::generate().unwrap(), Clock::system()).await.unwrap();
    let entity = catalog::entity("purchase_order").unwrap();
    let (connection, lease) = prepare(&store, entity).await;
    let row = |number: usize, note: &str, raw: &str| incoming(connection, entity, number, note, raw);
    println!("{records} records in pages of {page}, {} bytes each", {
        let row = row(1, "a", "a");
        row.data.len() + row.raw.len()
    });
    let scenarios: [(&str, &dyn Fn(usize) -> Incoming); 5] = [
        ("fresh", &|n| row(n, "a", "a")),
        ("unchanged", &|n| row(n, "a", "a")),
        ("1 in 10 changed", &|n| if n % 10 == 0 { row(n, "b", "b") } else { row(n, "a", "a") }),
        ("all changed", &|n| row(n, "c", "c")),
        ("only raw changed", &|n| row(n, "c", "d")),
    ];
    for (name, make) in scenarios {
        let (mut wall, mut cpu) = (Duration::ZERO, 0.0);
        // The server rests while the next page is made up, so it need not be asked each time.
        let server = server_cpu_seconds(&url);
        for start in (0..records).step_by(page) {
            let rows: Vec<Incoming> = (start..records.min(start + page)).map(make).collect();
            let cursor = Some(start.to_string());
            let lease = lease.clone();
            let lease_for = Duration::from_secs(600);
            let (cursor_at, initial_done, total_known) = (None, None, None);
            let progress = Some(PageProgress {
                lease,
                lease_for,
                cursor,
                cursor_at,
                initial_done,
                total_known,
                settled_before: None,
            });
            let commit = Commit { progress, ..Commit::new(connection, entity, rows, Cause::Initial) };
            let (before, since) = (own_cpu_seconds(), Instant::now());
            store.apply(commit).await.unwrap();
            wall += since.elapsed();
            cpu += own_cpu_seconds() - before;
        }
        cpu += server_cpu_seconds(&url) - server;
        report(name, records, wall, cpu);
    }
    for (name, sort) in [("read back", Sort::Steady), ("read back by time", Sort::ModifiedAsc)] {
        let (before, since) = (own_cpu_seconds() + server_cpu_seconds(&url), Instant::now());
        let (mut after, mut read, mut json) = (None, 0, String::new());
        loop {
            let query = ListQuery { sort, after, limit: 500, ..ListQuery::default() };
            let found = store.list(connection, entity, &query).await.unwrap();
            let Some(last) = found.last() else { break };
            after = Some(Position::of(last));
            read += found.len();
            json.clear();
            for record in &found {
                record.write_json(entity, &mut json);
            }
        }
        assert_eq!(read, records);
        let cpu = own_cpu_seconds() + server_cpu_seconds(&url) - before;
        report(name, records, since.elapsed(), cpu);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    store.close().await;
}

async fn prepare(store: &Store, entity: &'static Entity) -> (ConnectionId, Lease) {
    let application = store.create_application("bench").await.unwrap().id;
    let plan = NewPlan {
        entity,
        schedule: Schedule::default(),
        real_time: false,
        history_days: None,
        strict: false,
        priority: 1,
    };
    let new = NewConnection {
        tags: Vec::new(),
        system: "bench".into(),
        customer_id: "1".into(),
        customer_name: "1".into(),
        metadata: "{}".into(),
        settings: "{}".into(),
        account: None,
        status: ConnectionStatus::Syncing,
        credentials: SecretString::from("{}"),
        token_hash: NewToken::new(TokenKind::Connection).hash(),
        plans: vec![plan],
        address: None,
    };
    let connection = store.create_connection(application, new).await.unwrap().id;
    let request = ClaimRequest { node: "bench", lease_for: Duration::from_secs(600), limit: 1, per_connection: 1 };
    let claim = store.claim_due(&request).await.unwrap().remove(0);
    (connection, claim.lease)
}

fn incoming(connection: ConnectionId, entity: &Entity, number: usize, note: &str, raw: &str) -> Incoming {
    let remote_id = format!("45{number:08}");
    let line = |n: usize| {
        format!(
            r#"{{"description":"Spare part {n} of {remote_id}","item_id":"itm_01jz7w8k3v5m2n4p6q8r0s1t{n}","item_remote_id":"MAT-{number}-{n}","line":"{n}0","quantity":"{n}0.000","remote_unit":"PC","unit":"each","unit_price":"12{n}.50"}}"#
        )
    };
    let data = format!(
        r#"{{"currency":"EUR","custom_fields":{{"YY1_Plant":"1010"}},"lines":[{},{},{}],"note":"{note}","number":"{remote_id}","ordered_on":"2026-01-31","remote_status":"05","status":"approved","total":"4812.50","vendor_code":"V{number}","vendor_id":"ven_01jz7w8k3v5m2n4p6q8r0s1t2v","vendor_remote_id":"1700{number}"}}"#,
        line(1),
        line(2),
        line(3)
    );
    let filler = "0123456789abcdef".repeat(55);
    Incoming {
        id: RecordId::of(connection, entity, &remote_id),
        display: remote_id.clone(),
        natural_key: Some(remote_id.clone()),
        remote_url: None,
        remote_created_at: Some(1),
        remote_modified_at: Some(2),
        deleted: false,
        data,
        raw: format!(r#"{{"PurchaseOrder":"{remote_id}","Note":"{raw}","Rest":"{filler}"}}"#),
        volatile: Volatile::default(),
        remote_id,
    }
}

fn report(name: &str, records: usize, wall: Duration, cpu: f64) {
    let per_second = |seconds: f64| (records as f64 / seconds / 1000.0 * 10.0).round() / 10.0;
    let (wall, cpu) = (wall.as_secs_f64(), cpu.max(0.01));
    println!("{name:18} {wall:6.2} s wall {:7} k/s   {cpu:6.2} s CPU {:7} k/s", per_second(wall), per_second(cpu));
}

/// User and system time of this process.
fn own_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    ticks_and_parent(&stat).unwrap().0 / 100.0
}

/// The same of the PostgreSQL server of this machine, one of whose processes says that it serves the database named at the
/// end of the URL; of all its processes.
fn server_cpu_seconds(url: &str) -> f64 {
    let Some(database) = url.strip_prefix("postgres").and_then(|rest| rest.rsplit('/').next()) else { return 0.0 };
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).ok();
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let processes: Vec<(f64, String, String)> = entries
        .filter_map(|entry| {
            let stat = read(entry.path().join("stat")).filter(|stat| stat.contains("(postgres)"))?;
            let (ticks, parent) = ticks_and_parent(&stat)?;
            Some((ticks, parent, read(entry.path().join("cmdline"))?))
        })
        .collect();
    let serves = |title: &str| title.split(' ').any(|word| word == database);
    let server = processes.iter().find(|(_, _, title)| serves(title)).map(|(_, parent, _)| parent);
    processes.iter().filter(|(_, parent, _)| Some(parent) == server).map(|(ticks, ..)| ticks).sum::<f64>() / 100.0
}

fn ticks_and_parent(stat: &str) -> Option<(f64, String)> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    Some((fields[11].parse::<f64>().ok()? + fields[12].parse::<f64>().ok()?, fields[1].to_owned()))
}

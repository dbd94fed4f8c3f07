//! The server's three numbers: the first sync, the same sync with nothing new, and reading everything back.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::http::Client;
use super::report::{OURS, Row};
use super::stage::{Program, Stage, tidy};
use super::task::Task;
use super::usage;
use crate::environment::postgres::Cluster;

/// A sync that takes longer has gone wrong.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// Between two questions whether a run has ended; each costs the server a fraction of a millisecond.
const LOOK: Duration = Duration::from_millis(100);
/// The most that a list gives at once.
const LIMIT: usize = 500;
/// Each phase is done until so many records were worked off,
const ENOUGH: usize = 100_000;
/// but so many times at most.
const MOST_TIMES: usize = 10;

/// Where the records are kept; None is SQLite.
pub(in crate::bench) type Postgres<'a> = Option<&'a Path>;

/// Measures all three. Also tells the query by which the first page was asked for, so that others can ask for the same.
pub(super) fn measure(task: &Task, programs: Postgres<'_>) -> anyhow::Result<(Vec<Row>, String)> {
    let mut stage = Stage::set(task)?;
    let cluster = programs.map(|programs| stage.postgres(programs)).transpose()?;
    let server = stage.server(&task.binary, cluster.as_ref())?;
    let meter = Meter { task, stage: &stage, server: &server, database: programs.zip(cluster.as_ref()) };
    let key = key(&server)?;

    // Each is read for the first time once.
    let times = ENOUGH.div_ceil(task.records.max(1)).min(MOST_TIMES);
    let connections = (0..times).map(|_| connect(&server, &stage, key)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut unread = connections.iter();
    let aim = task.aim("≤ 50 µs, with PostgreSQL ≤ 70; < 100 MB");
    let first = meter.sync(("initial sync", aim, times), task.records, || {
        let connection = unread.next().context("no connection is left")?;
        Ok((connection.token.clone(), first_sync(&server, connection)?))
    })?;
    let query = if task.is_usual() { first_query(&stage)? } else { String::new() };
    let token = connections.into_iter().next().context("no connection")?.token;
    let phase = ("full re-sync, nothing new", task.aim("≤ 20 µs"), times);
    let again = meter.sync(phase, 0, || Ok((token.clone(), ask_again(&server, &token)?)))?;
    let back = meter.read_back(times, &token)?;
    Ok((vec![first, again, back], query))
}

/// Name, aim, and how many times it is done.
type Phase = (&'static str, &'static str, usize);

struct Meter<'a> {
    task: &'a Task,
    stage: &'a Stage,
    server: &'a Program,
    database: Option<(&'a Path, &'a Cluster)>,
}

impl Meter<'_> {
    /// `begin` asks for a run, and gives the token to ask after it and its id. Each must see all records and create so many.
    fn sync(
        &self,
        phase: Phase,
        created: usize,
        mut begin: impl FnMut() -> anyhow::Result<(String, String)>,
    ) -> anyhow::Result<Row> {
        let mut runs = Vec::new();
        let other = || usage::cpu(self.stage.simulator.pid);
        let row = self.measure(phase, other, || {
            let (token, run) = begin()?;
            runs.push(wait(self.server, &token, &run)?);
            Ok(())
        })?;
        let wanted = [self.task.records, created, 0].map(|number| Some(number as u64));
        for run in runs {
            let said = ["seen", "created", "updated"].map(|name| run[name].as_u64());
            ensure!(said == wanted, "{}: seen, created, updated should be {wanted:?}: {run}", phase.0);
        }
        Ok(row)
    }

    fn read_back(&self, times: usize, token: &str) -> anyhow::Result<Row> {
        let mut pages: Vec<Vec<u8>> = Vec::new();
        let phase = ("reading all back, one client", "≥ 50,000 records/s", times);
        let row = self.measure(phase, usage::own_cpu, || {
            let mut client = Client::connect(&self.server.url, token)?;
            let mut cursor = String::new();
            loop {
                let page = client.get(&format!("/api/v1/purchase-orders?limit={LIMIT}{cursor}"))?;
                let next = next_cursor(&page)?;
                pages.push(page);
                match next {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return Ok(()),
                }
            }
        })?;
        // Outside the measurement: it is the client's business.
        let records: usize = pages.iter().map(|page| count(page)).sum();
        ensure!(records == self.task.records * times, "{records} records came back");
        Ok(row)
    }

    fn measure(
        &self,
        (phase, aim, times): Phase,
        other: impl Fn() -> anyhow::Result<f64>,
        mut work: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Row> {
        let database = || self.database.map(|(_, cluster)| usage::family_cpu(cluster.pid)).transpose();
        usage::forget_peak(self.server.pid)?;
        let before = (usage::cpu(self.server.pid)?, database()?, other()?);
        let start = Instant::now();
        for _ in 0..times {
            work()?;
        }
        let wall = start.elapsed().as_secs_f64();
        let (program, peak, other) = (usage::cpu(self.server.pid)?, usage::peak(self.server.pid)?, other()?);
        if let Some((programs, cluster)) = self.database {
            tidy(programs, cluster)?;
        }
        let row = Row {
            program: OURS,
            database: self.name(),
            phase,
            aim,
            wall,
            cpu: program - before.0,
            database_cpu: database()?.zip(before.1).map(|(after, before)| after - before),
            other_cpu: other - before.2,
            peak,
            records: self.task.records,
            times,
        };
        row.tell();
        Ok(row)
    }

    fn name(&self) -> &'static str {
        if self.database.is_some() { "PostgreSQL" } else { "SQLite" }
    }
}

/// The key that a new server shows once.
pub(in crate::bench) fn key(server: &Program) -> anyhow::Result<&str> {
    let key = server.printed.split_whitespace().find(|word| word.starts_with("tk_"));
    key.context("the server shows no key")
}

/// A connection to the simulator.
pub(in crate::bench) struct Connection {
    id: String,
    pub(in crate::bench) token: String,
    key: String,
}

/// Connects the simulator, and waits until all has been read but the purchase orders, which rest: what it takes to connect
/// does not grow with them. Vendors and items are a hundred records in two pages.
pub(in crate::bench) fn connect(server: &Program, stage: &Stage, key: &str) -> anyhow::Result<Connection> {
    let body = json!({
        "system": stage.system,
        "credentials": stage.credentials,
        "customer": {"id": "bench", "name": "Bench"},
        "sync": {"interval_seconds": null, "entities": {"purchase_order": {"paused": true}}},
    });
    let made = Client::connect(&server.url, key)?.json("POST", "/api/v1/connections", Some(&body), 201)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = text(&made["connection"]["id"]).context("no id")?;
    let token = text(&made["token"]).context("no token")?;
    until(server, &token, "the first syncs do not end", |runs| {
        let ended = |run: &&Value| matches!(run["state"].as_str(), Some("succeeded" | "failed"));
        let all_ended = runs.iter().filter(ended).count() == runs.len();
        let read = |entity: &str| runs.iter().any(|run| run["entity"] == entity);
        (all_ended && read("vendor") && read("item")).then_some(())
    })?;
    Ok(Connection { id, token, key: key.to_owned() })
}

/// Lets the purchase orders be synced for the first time, and no other time by itself; the run's id.
pub(in crate::bench) fn first_sync(server: &Program, connection: &Connection) -> anyhow::Result<String> {
    let body = json!({"sync": {"entities": {"purchase_order": {"paused": false}}}});
    let path = format!("/api/v1/connections/{}", connection.id);
    Client::connect(&server.url, &connection.key)?.json("PATCH", &path, Some(&body), 200)?;
    until(server, &connection.token, "no sync of purchase orders began", |runs| {
        let run = runs.iter().find(|run| run["entity"] == "purchase_order")?;
        run["id"].as_str().map(str::to_owned)
    })
}

/// Looks at the connection's newest runs until they have what is wanted.
fn until<T>(
    server: &Program,
    token: &str,
    otherwise: &str,
    mut found: impl FnMut(&[Value]) -> Option<T>,
) -> anyhow::Result<T> {
    let mut client = Client::connect(&server.url, token)?;
    let end = Instant::now() + PATIENCE;
    loop {
        let runs = client.json("GET", "/api/v1/syncs", None, 200)?;
        if let Some(found) = found(runs["data"].as_array().map_or(&[], Vec::as_slice)) {
            return Ok(found);
        }
        ensure!(Instant::now() < end, "{otherwise}");
        sleep(LOOK);
    }
}

fn ask_again(server: &Program, token: &str) -> anyhow::Result<String> {
    let body = json!({"entities": ["purchase_order"], "mode": "full"});
    let runs = Client::connect(&server.url, token)?.json("POST", "/api/v1/syncs", Some(&body), 202)?;
    runs["data"][0]["id"].as_str().map(str::to_owned).context("no run")
}

/// The run, when it has succeeded.
fn wait(server: &Program, token: &str, run: &str) -> anyhow::Result<Value> {
    let mut client = Client::connect(&server.url, token)?;
    let end = Instant::now() + PATIENCE;
    loop {
        let run = client.json("GET", &format!("/api/v1/syncs/{run}"), None, 200)?;
        match run["state"].as_str() {
            Some("succeeded") => return Ok(run),
            Some("failed" | "cancelled") => bail!("the sync ended badly: {run}"),
            _ => ensure!(Instant::now() < end, "the sync does not end: {run}"),
        }
        sleep(LOOK);
    }
}

/// Path and query of the first page of purchase orders, from the simulator's log.
pub(super) fn first_query(stage: &Stage) -> anyhow::Result<String> {
    let log = Client::connect(&stage.simulator.url, "")?.json("GET", "/_control/requests", None, 200)?;
    for request in log.as_array().into_iter().flatten() {
        let (path, query) =
            (request["path"].as_str().unwrap_or_default(), request["query"].as_str().unwrap_or_default());
        if path.ends_with("/A_PurchaseOrder") && query.contains("$orderby=") && !query.contains("$filter=") {
            return Ok(format!("{path}?{query}"));
        }
    }
    bail!("the simulator's log shows no first page")
}

/// The cursor stands behind the records.
fn next_cursor(page: &[u8]) -> anyhow::Result<Option<String>> {
    let tail = &page[page.len().saturating_sub(1_000)..];
    let tail = String::from_utf8_lossy(tail);
    let (_, rest) = tail.rsplit_once("\"next_cursor\":").context("no next_cursor")?;
    Ok(rest.strip_prefix('"').and_then(|rest| rest.split('"').next()).map(str::to_owned))
}

fn count(page: &[u8]) -> usize {
    String::from_utf8_lossy(page).matches("\"remote_id\":\"").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_cursor_and_the_records_of_a_page_are_found_without_parsing_it() {
        let page = br#"{"data":[{"id":"a","remote_id":"1","x_remote_id":"9"},{"id":"b","remote_id":"2"}],"next_cursor":"c_-1"}"#;
        assert_eq!((next_cursor(page).unwrap().as_deref(), count(page)), (Some("c_-1"), 2));
        assert_eq!(next_cursor(br#"{"data":[],"next_cursor":null}"#).unwrap(), None);
        assert!(next_cursor(b"{}").is_err());
    }
}

//! `--beside-writes`: how much longer writes take while the first sync of the same connection reads all records.
//!
//! A client changes a vendor's name, one call after the other with a short pause, from the beginning of the sync to its end,
//! and as often again afterwards, when nothing else happens. Each such call reads from the system, writes to it and reads
//! back. What is compared is the latency that only one in a hundred exceeds.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::http::Client;
use super::ours::{Postgres, connect, first_query, first_sync, key};
use super::stage::Stage;
use super::task::Task;
use super::usage;

/// Between two writes: a busy integration, not a flood.
const PAUSE: Duration = Duration::from_millis(20);
/// For a percentile of one in a hundred.
const LEAST: usize = 200;
/// After the sync, however many there were beside it.
const MOST: usize = 2_000;
/// Source requests that are timed, with nothing else going on.
const REQUESTS: usize = 9;

/// Prints what one database gave.
pub(super) fn measure(task: &Task, latency: usize, programs: Postgres<'_>) -> anyhow::Result<()> {
    let mut stage = Stage::set(task)?;
    if latency > 0 {
        let fault = format!("/_control/fault?spec=slow:ms={latency}");
        Client::connect(&stage.simulator.url, "")?.json("POST", &fault, None, 204)?;
    }
    let cluster = programs.map(|programs| stage.postgres(programs)).transpose()?;
    let server = stage.server(&task.binary, cluster.as_ref())?;
    let connection = connect(&server, &stage, key(&server)?)?;
    let mut client = Client::connect(&server.url, &connection.token)?;
    let vendor = vendor(&mut client)?;
    let run = first_sync(&server, &connection)?;

    let began = Instant::now();
    let (mut beside, mut run_now) = (Vec::new(), Value::Null);
    while run_now["state"] != "succeeded" {
        beside.push(write(&mut client, &vendor, beside.len())?);
        run_now = client.json("GET", &format!("/api/v1/syncs/{run}"), None, 200)?;
        if let Some("failed" | "cancelled") = run_now["state"].as_str() {
            bail!("the sync ended badly: {run_now}");
        }
        sleep(PAUSE);
    }
    let (wall, peak) = (began.elapsed().as_secs_f64(), usage::peak(server.pid)?);
    ensure!(run_now["seen"] == task.records, "the sync saw something else: {run_now}");
    ensure!(beside.len() >= LEAST, "{} writes are too few for a percentile: take more records", beside.len());
    let mut alone = Vec::new();
    for number in 0..beside.len().min(MOST) {
        alone.push(write(&mut client, &vendor, number)?);
        sleep(PAUSE);
    }
    let request = source_request(&stage)?;

    let (alone, beside) = (Times::of(alone), Times::of(beside));
    let grown = beside.p99 - alone.p99;
    println!("\n{}: first sync of {} records in {wall:.1} s", database(programs), task.records);
    println!("  writes beside it  {beside}");
    println!("  writes alone      {alone}");
    println!("  p99 grew by {grown:.1} ms; one request for a page takes the source {request:.1} ms");
    println!("  aim: grows by less than one request: {}", if grown < request { "met" } else { "missed" });
    println!("  peak {:.1} MB (aim < 100)", peak as f64 / 1e6);
    Ok(())
}

fn database(programs: Postgres<'_>) -> &'static str {
    if programs.is_some() { "PostgreSQL" } else { "SQLite" }
}

/// Milliseconds of many calls.
struct Times {
    calls: usize,
    p50: f64,
    p99: f64,
    most: f64,
}

impl Times {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |part: usize| all.get(all.len().saturating_sub(1) * part / 100).copied().unwrap_or_default();
        Self { calls: all.len(), p50: at(50), p99: at(99), most: at(100) }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:>6} calls: p50 {:.1} ms, p99 {:.1}, most {:.1}", self.calls, self.p50, self.p99, self.most)
    }
}

/// The first vendor.
fn vendor(client: &mut Client) -> anyhow::Result<String> {
    let vendors = client.json("GET", "/api/v1/vendors?limit=1", None, 200)?;
    vendors["data"][0]["id"].as_str().map(str::to_owned).context("there is no vendor")
}

/// Milliseconds of one change.
fn write(client: &mut Client, vendor: &str, number: usize) -> anyhow::Result<f64> {
    let began = Instant::now();
    let body = json!({"name": format!("Bench {number}")});
    let answer = client.json("PATCH", &format!("/api/v1/vendors/{vendor}"), Some(&body), 200)?;
    let took = began.elapsed().as_secs_f64() * 1e3;
    ensure!(answer["name"] == body["name"], "the change did not take effect: {answer}");
    Ok(took)
}

/// Milliseconds of a request for a page, in the middle of several.
fn source_request(stage: &Stage) -> anyhow::Result<f64> {
    let query = first_query(stage)?;
    let (user, password) = (&stage.credentials["username"], &stage.credentials["password"]);
    let (user, password) = (user.as_str().context("no user")?, password.as_str().context("no password")?);
    let mut client = Client::with_password(&stage.simulator.url, user, password)?;
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let began = Instant::now();
        client.get(&query)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Times::of(times).p50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_a_hundred_is_longer_than_p99() {
        let times = Times::of((0..=100).rev().map(f64::from).collect());
        assert_eq!((times.calls, times.p50, times.p99, times.most), (101, 50.0, 99.0, 100.0));
    }
}

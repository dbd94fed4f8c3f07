//! The cases: as fast as it goes, at a steady rate, beside a neighbour that hangs, and after a kill.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;

use super::report::{Latency, Moved, Row, Throughput};
use super::run::Task;
use super::stage::{Sender, Stage};
use super::usage;

const PATIENCE: Duration = Duration::from_secs(600);
const RATE: u64 = 100;
/// How long a sender is down between the kill and the restart.
const DOWN: Duration = Duration::from_secs(2);

/// Everything on one database.
pub(super) fn all(task: &Task, name: &'static str, postgres: Option<&Path>) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for page in [100, 1] {
        let messages = if page == 1 { task.messages / 4 } else { task.messages };
        rows.push(Row::Throughput(throughput(task, name, postgres, messages, page)?));
    }
    for hanging in [0, 400] {
        rows.push(Row::Latency(latency(task, name, postgres, hanging)?));
    }
    rows.push(Row::Moved(moved(task, name, postgres)?));
    Ok(rows)
}

/// What the sender and its database have used: seconds of either.
fn used(stage: &Stage, sender: &Sender) -> anyhow::Result<(f64, f64)> {
    let database = stage.cluster.as_ref().map(|cluster| usage::family_cpu(cluster.pid)).transpose()?;
    Ok((usage::cpu(sender.pid)?, database.unwrap_or(0.0)))
}

fn throughput(
    task: &Task,
    database: &'static str,
    postgres: Option<&Path>,
    messages: u64,
    page: u64,
) -> anyhow::Result<Throughput> {
    eprintln!("    {database}: {messages} events, {page} in a commit");
    let mut stage = Stage::set(&task.program, postgres)?;
    let before = stage.cluster.as_ref().map(|cluster| usage::family_cpu(cluster.pid)).transpose()?.unwrap_or(0.0);
    let (count, size) = (messages.to_string(), page.to_string());
    let sender = stage.send(&["closed", &count, &size])?;
    let began: i64 = sender.said("began", PATIENCE)?[1].parse()?;
    let counts = stage.sink.until(messages, PATIENCE)?;
    let accepted: f64 = sender.said("accepted", PATIENCE)?[2].parse()?;
    let (own, of_database) = used(&stage, &sender)?;
    ensure!(counts.arrivals == messages, "{} arrivals of {messages} events", counts.arrivals);
    Ok(Throughput {
        database,
        page,
        messages,
        accepted: messages as f64 * 1e6 / accepted,
        delivered: messages as f64 * 1e6 / (counts.last - began) as f64,
        own: own * 1e3 / messages as f64,
        of_database: (of_database - before) * 1e3 / messages as f64,
        of_sink: usage::cpu(stage.sink.pid)? * 1e3 / messages as f64,
        peak: usage::peak(sender.pid)?,
    })
}

fn latency(task: &Task, database: &'static str, postgres: Option<&Path>, hanging: u64) -> anyhow::Result<Latency> {
    eprintln!("    {database}: {RATE} events a second, {hanging} a second for a neighbour that hangs");
    let mut stage = Stage::set(&task.program, postgres)?;
    let (rate, seconds, hang) = (RATE.to_string(), task.seconds.to_string(), hanging.to_string());
    let sender = stage.send(&["open", &rate, &seconds, &hang])?;
    sender.said("committed", PATIENCE)?;
    stage.sink.until(RATE * task.seconds, PATIENCE)?;
    let (own, of_database) = used(&stage, &sender)?;
    let came: HashMap<String, Vec<i64>> = stage.sink.arrivals()?.into_iter().collect();
    let (mut from_commit, mut from_begin) = (Vec::new(), Vec::new());
    for (event, begun, done) in sender.commits()? {
        let Some(first) = came.get(&event).and_then(|times| times.iter().min()) else { continue };
        from_commit.push(first - done);
        from_begin.push(first - begun);
    }
    ensure!(from_commit.len() as u64 == RATE * task.seconds, "{} of the events have a commit", from_commit.len());
    let messages = (RATE * task.seconds) as f64;
    Ok(Latency {
        database,
        hanging,
        from_commit: spread(from_commit),
        from_begin: spread(from_begin),
        own: own * 1e3 / messages,
        of_database: of_database * 1e3 / messages,
    })
}

/// Median, 99th of a hundred, and the largest, in milliseconds.
fn spread(mut micros: Vec<i64>) -> [f64; 3] {
    micros.sort_unstable();
    let at = |part: usize| micros.get((micros.len() * part / 100).min(micros.len().saturating_sub(1)));
    let millis = |micros: Option<&i64>| micros.map_or(f64::NAN, |micros| *micros as f64 / 1e3);
    [millis(at(50)), millis(at(99)), millis(micros.last())]
}

/// The receiver takes half a second for each answer, so that there are always some on their way.
fn moved(task: &Task, database: &'static str, postgres: Option<&Path>) -> anyhow::Result<Moved> {
    eprintln!("    {database}: killed while sending");
    let mut stage = Stage::set(&task.program, postgres)?;
    let sender = stage.send(&["open", "20", "10000", "0", "slow"])?;
    sender.said("began", PATIENCE)?;
    std::thread::sleep(Duration::from_secs(4));
    sender.kill()?;
    std::thread::sleep(DOWN);
    let before: HashMap<String, usize> =
        stage.sink.arrivals()?.into_iter().map(|(event, times)| (event, times.len())).collect();
    let start: i64 = stage.send(&["idle"])?.said("started", PATIENCE)?[1].parse()?;
    std::thread::sleep(Duration::from_secs(10));
    let again: Vec<i64> = stage
        .sink
        .arrivals()?
        .into_iter()
        .filter(|(event, times)| before.get(event).is_some_and(|count| times.len() > *count))
        .filter_map(|(_, times)| times.last().copied())
        .collect();
    let last = again.iter().max().copied().unwrap_or(start);
    Ok(Moved { database, stuck: again.len(), seconds: (last - start) as f64 / 1e6 })
}

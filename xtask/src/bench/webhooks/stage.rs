//! What one case runs in: a throw-away directory with a receiver, perhaps a PostgreSQL cluster, and senders.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::bench::http::Client;
use crate::command;
use crate::environment::postgres::{self, Cluster, Durability};
use crate::janitor::Janitor;

const START: Duration = Duration::from_secs(60);

pub(super) struct Stage {
    janitor: Janitor,
    program: PathBuf,
    pub(super) sink: Sink,
    pub(super) cluster: Option<Cluster>,
    database: String,
    senders: usize,
}

pub(super) struct Sink {
    url: String,
    pub(super) pid: u32,
    client: Client,
}

/// A process that commits and sends, and what it prints.
pub(super) struct Sender {
    pub(super) pid: u32,
    log: PathBuf,
}

/// What the receiver counted.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) arrivals: u64,
    /// When the last one came, in microseconds.
    pub(super) last: i64,
}

impl Stage {
    pub(super) fn set(program: &Path, postgres: Option<&Path>) -> anyhow::Result<Self> {
        let mut janitor = Janitor::start()?;
        let cluster =
            postgres.map(|programs| postgres::start(programs, Durability::Stock, &mut janitor)).transpose()?;
        let file = format!("sqlite:{}", janitor.directory().join("bench.db").display());
        let database = cluster.as_ref().map_or(file, |cluster| cluster.url.clone());
        let log = janitor.directory().join("sink.log");
        let mut sink = command::tethered(program);
        command::log_to(sink.arg("sink"), &log)?;
        let pid = janitor.serve("receiver", &mut sink, "TERM")?;
        let printed = || fs::read_to_string(&log).unwrap_or_default();
        janitor.wait_until(&log, START, || printed().ends_with('\n'))?;
        let url = printed().trim().strip_prefix("sink ").context("the receiver says no address")?.to_owned();
        let client = Client::connect(&url, "")?;
        let sink = Sink { url, pid, client };
        Ok(Self { janitor, program: program.to_owned(), sink, cluster, database, senders: 0 })
    }

    pub(super) fn send(&mut self, mode: &[&str]) -> anyhow::Result<Sender> {
        self.senders += 1;
        let log = self.janitor.directory().join(format!("sender-{}.log", self.senders));
        let mut load = command::tethered(&self.program);
        load.args(["load", &self.database, &self.sink.url]).args(mode);
        command::log_to(&mut load, &log)?;
        let pid = self.janitor.serve("sender", &mut load, "KILL")?;
        Ok(Sender { pid, log })
    }
}

impl Sink {
    pub(super) fn counts(&mut self) -> anyhow::Result<Counts> {
        let text = String::from_utf8(self.client.get("/counts")?)?;
        let numbers: Vec<i64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [events, arrivals, forged, last] = numbers[..] else { bail!("the receiver counts {text:?}") };
        if forged != 0 {
            bail!("{forged} signatures were wrong");
        }
        Ok(Counts { events: u64::try_from(events)?, arrivals: u64::try_from(arrivals)?, last })
    }

    /// Of each event, when it came, each time.
    pub(super) fn arrivals(&mut self) -> anyhow::Result<Vec<(String, Vec<i64>)>> {
        let text = String::from_utf8(self.client.get("/arrivals")?)?;
        let line = |line: &str| {
            let (name, times) = line.split_once(' ')?;
            Some((name.to_owned(), times.split(' ').filter_map(|time| time.parse().ok()).collect()))
        };
        Ok(text.lines().filter_map(line).collect())
    }

    /// Waits until so many different events came.
    pub(super) fn until(&mut self, events: u64, patience: Duration) -> anyhow::Result<Counts> {
        let end = Instant::now() + patience;
        loop {
            let counts = self.counts()?;
            if counts.events >= events {
                return Ok(counts);
            }
            if Instant::now() >= end {
                bail!("only {} of {events} events came in {patience:?}", counts.events);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Sender {
    /// The words of the first line that begins with `word`, once it is there.
    pub(super) fn said(&self, word: &str, patience: Duration) -> anyhow::Result<Vec<String>> {
        let end = Instant::now() + patience;
        loop {
            let printed = fs::read_to_string(&self.log)?;
            let found = printed.lines().find(|line| line.split(' ').next() == Some(word));
            if let Some(line) = found.filter(|_| printed.ends_with('\n')) {
                return Ok(line.split(' ').map(str::to_owned).collect());
            }
            if Instant::now() >= end {
                bail!("the sender does not say {word:?}:\n{}", command::tail(&self.log));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Of each commit: which event, when it was begun, and when it was done.
    pub(super) fn commits(&self) -> anyhow::Result<Vec<(String, i64, i64)>> {
        let printed = fs::read_to_string(&self.log)?;
        let commit = |line: &str| {
            let mut words = line.strip_prefix("commit ")?.split(' ');
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        };
        Ok(printed.lines().filter_map(commit).collect())
    }

    pub(super) fn kill(&self) -> anyhow::Result<()> {
        command::run(command::tethered("kill").args(["-KILL", &self.pid.to_string()]), Duration::from_secs(5))
    }
}

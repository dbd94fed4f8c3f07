//! What an operator watches: how much waits, for how long, and what became of the rest. By source.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::db::{Db, Value};
use super::error::Result;

/// One source, counted since this process began; `waiting` and `oldest` are of all nodes together.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourceMetrics {
    pub source: String,
    pub stored: u64,
    pub duplicates: u64,
    pub unverifiable: u64,
    pub refused_full: u64,
    pub unavailable: u64,
    pub handshakes: u64,
    pub done: u64,
    pub retried: u64,
    pub dead: u64,
    /// Found in the sender's log though no webhook came.
    pub missed: u64,
    pub waiting: i64,
    /// When the oldest that waits came, in Unix microseconds.
    pub oldest_received_at: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Gauge {
    in_flight: AtomicI64,
    waiting: AtomicI64,
    oldest: AtomicI64,
    /// The second in which requests are counted, and how many came in it.
    second: AtomicI64,
    in_second: AtomicI64,
    counts: [AtomicU64; 9],
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Stored,
    Duplicate,
    Unverifiable,
    Full,
    Unavailable,
    Handshake,
    Done,
    Retried,
    Dead,
}

impl Gauge {
    /// A place among those being stored, given free when dropped.
    pub(crate) fn enter(self: &Arc<Self>, most: i64) -> Option<Place> {
        let place = Place(self.clone());
        (self.in_flight.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }

    /// Whether one more request in this second is within the rate.
    pub(crate) fn within(&self, now: i64, most: u32) -> bool {
        let second = now / 1_000_000;
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.in_second.store(0, Ordering::Relaxed);
        }
        self.in_second.fetch_add(1, Ordering::Relaxed) < i64::from(most)
    }

    pub(crate) fn waiting(&self) -> i64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, what: Count) {
        self.add(what, 1);
    }

    fn add(&self, what: Count, by: u64) {
        self.counts[what as usize].fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn stored(&self, fresh: i64, duplicates: i64) {
        self.waiting.fetch_add(fresh, Ordering::Relaxed);
        self.add(Count::Stored, fresh.unsigned_abs());
        self.add(Count::Duplicate, duplicates.unsigned_abs());
    }

    pub(crate) fn again(&self, count: i64) {
        self.waiting.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn left(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    fn read(&self, source: &str, missed: u64) -> SourceMetrics {
        let of = |what: Count| self.counts[what as usize].load(Ordering::Relaxed);
        SourceMetrics {
            source: source.to_owned(),
            stored: of(Count::Stored),
            duplicates: of(Count::Duplicate),
            unverifiable: of(Count::Unverifiable),
            refused_full: of(Count::Full),
            unavailable: of(Count::Unavailable),
            handshakes: of(Count::Handshake),
            done: of(Count::Done),
            retried: of(Count::Retried),
            dead: of(Count::Dead),
            missed,
            waiting: self.waiting().max(0),
            oldest_received_at: Some(self.oldest.load(Ordering::Relaxed)).filter(|at| *at > 0),
        }
    }
}

pub(crate) struct Place(Arc<Gauge>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
pub(crate) struct Gauges {
    /// Streams of which something came here that may let others go.
    touched: Mutex<HashSet<(String, String)>>,
    by_source: Mutex<HashMap<String, Arc<Gauge>>>,
}

impl Gauges {
    pub(crate) fn of(&self, source: &str) -> Arc<Gauge> {
        let mut all = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(source) {
            return known.clone();
        }
        all.entry(source.to_owned()).or_default().clone()
    }

    pub(super) fn touch(&self, streams: impl IntoIterator<Item = (String, String)>) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).extend(streams);
    }

    pub(super) fn take_touched(&self) -> HashSet<(String, String)> {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The sources with something to do, as far as is known here.
    pub(super) fn busy(&self) -> Vec<String> {
        let all = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(_, gauge)| gauge.waiting() > 0).map(|(source, _)| source.clone()).collect()
    }

    /// Counts what waits in the database, which other nodes fill and empty too.
    pub(super) async fn refresh(&self, db: &Db) -> Result<()> {
        let sql = "select source, count(*), min(received_at) from inbox_message where state in (0, 1) group by source";
        let found: Vec<(String, i64, i64)> = db.rows(sql, Vec::new()).await?;
        let all = self.by_source.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (source, gauge) in &all {
            let row = found.iter().find(|(name, ..)| name == source);
            gauge.waiting.store(row.map_or(0, |(_, count, _)| *count), Ordering::Relaxed);
            gauge.oldest.store(row.map_or(0, |(_, _, oldest)| *oldest), Ordering::Relaxed);
        }
        for (source, count, oldest) in found.iter().filter(|(source, ..)| !all.contains_key(source)) {
            let gauge = self.of(source);
            gauge.waiting.store(*count, Ordering::Relaxed);
            gauge.oldest.store(*oldest, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) async fn read(&self, db: &Db) -> Result<Vec<SourceMetrics>> {
        let sql = "select source, cast(sum(missed) as bigint) from inbox_position group by source";
        let missed: HashMap<String, i64> =
            db.rows::<(String, i64)>(sql, Vec::<Value>::new()).await?.into_iter().collect();
        let all = self.by_source.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut read: Vec<_> = all
            .iter()
            .map(|(source, gauge)| gauge.read(source, missed.get(source).copied().unwrap_or_default().unsigned_abs()))
            .collect();
        read.sort_by(|a, b| a.source.cmp(&b.source));
        Ok(read)
    }
}

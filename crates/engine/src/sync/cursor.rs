//! How far an entity's sync is, as it is stored with each page. See the module above for why it is this way.

use serde::{Deserialize, Serialize};
use trunnion_kit::spec::{Strategy, Sync};
use trunnion_model::time::{Timestamp, from_micros};
use trunnion_store::{RunMode, SyncPlan};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// So many places of the past are kept for a keyset: more overlap than that many runs is not needed.
const TRAIL: usize = 32;

/// Instants are microseconds since 1970 by the system's clock, but for `listed_at`, which is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Every change before it has been seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) watermark: Option<i64>,
    /// Every deletion before it that the system lists has been seen. From the list's own times: the system may tell them by
    /// another clock than its answers' (a user's time zone).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted: Option<i64>,
    /// When all keys were listed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) listed_at: Option<i64>,
    /// Of a keyset: the greatest key known at an instant, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) trail: Vec<(i64, String)>,
    /// What the system gave to ask with the next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// The run that is going on, or that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<Going>,
}

/// What a run is doing: each step pages by itself, and the next begins when it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Reading rows.
    #[default]
    Rows,
    /// Reading the system's list of deletions.
    Deleted,
    /// Listing all keys.
    Keys,
    /// Deleting what a complete listing did not see.
    Settle,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Going {
    /// Which run began it.
    #[serde(default)]
    pub(super) begun_by: String,
    #[serde(default)]
    pub(super) step: Step,
    pub(super) since: Option<i64>,
    /// Only records whose own date is of this instant or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dated_from: Option<i64>,
    /// When the run started.
    pub(super) started: i64,
    /// The key of the last row stored in this step.
    pub(super) after_key: Option<String>,
    /// How many rows the next page should have, by what the last one weighed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<usize>,
    /// The newest change seen.
    pub(super) newest: Option<i64>,
    /// The greatest key seen by a keyset, which pages in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_key: Option<String>,
    /// The newest deletion seen in the system's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) newest_deleted: Option<i64>,
    /// The complete listing that it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) listing: Option<i64>,
    /// How many rows or keys that listing saw.
    #[serde(default)]
    pub(super) listed: u64,
    /// Of a run that verifies: what was last changed before should not differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settled_before: Option<i64>,
    /// Nothing was asked of the system yet.
    #[serde(skip)]
    pub(super) is_new: bool,
}

impl Cursor {
    /// What is stored; a text that cannot be read is as good as none, and costs a full read.
    pub(super) fn parse(plan: &SyncPlan) -> Self {
        let Some(text) = &plan.cursor else { return Self::default() };
        serde_json::from_str(text).unwrap_or_else(|error| {
            tracing::warn!(connection = %plan.connection, entity = plan.entity, %error, "unreadable cursor: starting over");
            Self::default()
        })
    }

    pub(super) fn text(&self) -> String {
        // A struct of numbers and texts has a JSON form.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// The run that was going on. `pages` tells how many pages of this run are stored.
    pub(super) fn going_on(&self, mode: RunMode, pages: i64, sync: &Sync) -> Option<Going> {
        // What a failed run left is gone on with where its window is open at the end; a snapshot is better begun anew.
        let may_go_on = pages > 0 || (mode == RunMode::Incremental && sync.strategy != Strategy::Snapshot);
        self.run.clone().filter(|_| may_go_on)
    }

    /// A new run, whose window begins where the last one's ended.
    pub(super) fn begin(&self, plan: &SyncPlan, mode: RunMode, sync: &Sync, source_now: Timestamp) -> Going {
        let started = source_now.as_microsecond();
        let overlap = i64::try_from(sync.overlap.as_micros()).unwrap_or(i64::MAX);
        let follows = self.watermark.map(|watermark| watermark.saturating_sub(overlap));
        let history = plan.history_days.map(|days| started.saturating_sub(days.saturating_mul(DAY)));
        // A window of history looks at the date of the document itself; what has none, as a vendor, is read whole.
        let (since, dated_from) = match (sync.strategy, mode, follows) {
            (Strategy::Snapshot | Strategy::Keyset | Strategy::Delta, ..) => (None, None),
            (Strategy::Watermark | Strategy::Inserted, RunMode::Incremental, Some(follows)) => (Some(follows), None),
            (Strategy::Watermark | Strategy::Inserted, ..) if sync.dated.is_some() => (None, history),
            (Strategy::Inserted, ..) => (history, None),
            (Strategy::Watermark, ..) => (None, None),
        };
        let after_key = match (sync.strategy, mode) {
            (Strategy::Keyset, RunMode::Incremental) => follows.and_then(|follows| self.trailing(follows)),
            _ => None,
        };
        let verifies = mode == RunMode::Verify && plan.initial_done;
        Going {
            since,
            dated_from,
            started,
            last_key: after_key.clone(),
            after_key,
            settled_before: verifies.then(|| follows.unwrap_or(started)),
            ..Going::default()
        }
    }

    /// Whether a run from `going` sees every row there is.
    pub(super) fn is_complete(&self, going: &Going, mode: RunMode, strategy: Strategy) -> bool {
        match strategy {
            Strategy::Snapshot => true,
            Strategy::Delta => mode != RunMode::Incremental || self.token.is_none(),
            _ => mode != RunMode::Incremental && going.since.is_none() && going.dated_from.is_none(),
        }
    }

    /// The cursor of an entity whose run is over, at that instant by our clock and by the system's.
    pub(super) fn finished(&self, going: &Going, strategy: Strategy, (now, source_now): (i64, i64)) -> Self {
        let watermark = match (strategy.is_by_time(), going.newest) {
            (true, Some(newest)) => Some(newest.min(going.started)).max(self.watermark),
            // Nothing of that date: what is older counts once it changes after the start.
            (true, None) if going.dated_from.is_some() => Some(going.started).max(self.watermark),
            // What was given out an overlap before the run started was there when it passed.
            _ if strategy == Strategy::Keyset => Some(going.started).max(self.watermark),
            _ => self.watermark,
        };
        let mut trail = self.trail.clone();
        if let (Strategy::Keyset, Some(key)) = (strategy, &going.last_key) {
            // The end counts here, not the start: the key may have been given out in between.
            trail.push((source_now.max(going.started), key.clone()));
            let surplus = trail.len().saturating_sub(TRAIL);
            trail.drain(..surplus);
        }
        Self {
            watermark,
            deleted: going.newest_deleted.map(|at| at.min(going.started)).max(self.deleted),
            listed_at: going.listing.map(|_| now).or(self.listed_at),
            trail,
            token: self.token.clone(),
            run: None,
        }
    }

    /// The greatest key that was known at the instant.
    fn trailing(&self, at: i64) -> Option<String> {
        self.trail.iter().rev().find(|(known_at, _)| *known_at <= at).map(|(_, key)| key.clone())
    }
}

impl Going {
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.since.map(from_micros)
    }

    pub(super) fn dated_from(&self) -> Option<Timestamp> {
        self.dated_from.map(from_micros)
    }

    /// The next step, from its start.
    pub(super) fn then(&self, step: Step) -> Self {
        Self { step, after_key: None, ..self.clone() }
    }
}

//! How far an entity's sync is, as it is stored with each page. See the module above for why it is this way.

use serde::{Deserialize, Serialize};
use trunnion_kit::spec::{Strategy, Sync};
use trunnion_model::time::{Timestamp, from_micros};
use trunnion_store::{RunMode, SyncPlan};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Instants are microseconds since 1970 by the system's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Every change before it has been seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) watermark: Option<i64>,
    /// The run that is going on, or that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<Going>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Going {
    pub(super) since: Option<i64>,
    /// When the run started.
    pub(super) started: i64,
    /// The key of the last row stored.
    pub(super) after_key: Option<String>,
    /// The newest change seen.
    pub(super) newest: Option<i64>,
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

    /// The run to do: the one that was going on, or a new window. `pages` tells how many pages of this run are stored.
    pub(super) fn run(&self, plan: &SyncPlan, mode: RunMode, pages: i64, sync: &Sync, source_now: Timestamp) -> Going {
        let may_go_on = pages > 0 || (mode == RunMode::Incremental && sync.strategy == Strategy::Watermark);
        if let (Some(going), true) = (&self.run, may_go_on) {
            return going.clone();
        }
        let started = source_now.as_microsecond();
        let since = match (sync.strategy, mode, self.watermark) {
            (Strategy::Snapshot, ..) => None,
            (Strategy::Watermark, RunMode::Incremental, Some(watermark)) => {
                let overlap = i64::try_from(sync.overlap.as_micros()).unwrap_or(i64::MAX);
                Some(watermark.saturating_sub(overlap))
            }
            (Strategy::Watermark, ..) => plan.history_days.map(|days| started.saturating_sub(days.saturating_mul(DAY))),
        };
        Going { since, started, after_key: None, newest: None }
    }

    /// The cursor of an entity whose run is over.
    pub(super) fn finished(&self, going: &Going, strategy: Strategy) -> Self {
        let watermark = match (strategy, going.newest) {
            (Strategy::Snapshot, _) => None,
            (Strategy::Watermark, Some(newest)) => Some(newest.min(going.started)).max(self.watermark),
            (Strategy::Watermark, None) => self.watermark,
        };
        Self { watermark, run: None }
    }
}

impl Going {
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.since.map(from_micros)
    }
}

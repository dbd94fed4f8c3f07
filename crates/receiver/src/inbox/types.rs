//! What goes into the inbox and what comes out of it.

use std::time::Duration;

use bytes::Bytes;

use super::finish::Effect;

/// A verified message that is to be kept.
#[derive(Clone, Debug)]
pub struct New {
    /// Who sent it, as far as bounds and duplicates are concerned.
    pub source: String,
    /// The same for each copy.
    pub dedupe: String,
    /// Messages with the same key are processed in order; empty: this one depends on no other.
    pub key: String,
    pub kind: String,
    /// Its place in a log without holes: the log's name, and its number there.
    pub place: Option<(String, i64)>,
    /// `[["name","value"],…]` without credentials.
    pub headers: String,
    pub body: Bytes,
    pub received_at: i64,
}

/// What became of a message that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is on the disk, now or since an earlier copy.
    Stored,
    /// Its source has too much here already: the sender should come again.
    Full { retry_after: Duration },
}

/// A stored message, as a handler gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The order of arrival.
    pub seq: i64,
    pub source: String,
    /// The event's id, the same for each copy.
    pub id: String,
    pub key: String,
    pub kind: String,
    pub headers: String,
    pub body: Vec<u8>,
    pub received_at: i64,
    /// How often it was tried before.
    pub attempts: i64,
}

/// Messages of one key, in their order, under one lease.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub messages: Vec<Message>,
    pub(super) lease: i64,
}

/// What a handler says about what it got.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Done; the effects commit together with that.
    Done(Vec<Effect>),
    /// To be tried again, after a pause that doubles or the one that is given; too often, and it is dead.
    Retry { reason: String, after: Option<Duration> },
    /// Nothing will help: kept for a person to look at.
    Dead { reason: String },
}

impl Outcome {
    pub fn done() -> Self {
        Self::Done(Vec::new())
    }

    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None }
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Pending,
    /// Waits for what comes before it in its stream.
    Held,
    Done,
    Dead,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Held, Self::Done, Self::Dead];

    pub(super) fn number(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Held => 1,
            Self::Done => 2,
            Self::Dead => 3,
        }
    }

    pub(super) fn of(number: i64) -> Self {
        Self::ALL.into_iter().find(|state| state.number() == number).unwrap_or(Self::Dead)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

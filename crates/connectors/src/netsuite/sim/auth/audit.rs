//! What the account remembers about logins: the audit trail, failures and the lock, nonces, assertions, issued tokens.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::super::node::Node;

const TRAIL_KEEPS: usize = 1_000;
const FAILURES_BEFORE_LOCK: u32 = 5;
const LOCK_SECONDS: i64 = 30 * 60;
/// More than anybody's tests make within the minutes for which they are remembered.
const REMEMBERS: usize = 200_000;

struct Entry {
    at: Timestamp,
    method: &'static str,
    success: bool,
    detail: String,
}

/// The login state of the account's one integration user.
#[derive(Default)]
pub(in super::super) struct Logins {
    trail: VecDeque<Entry>,
    failures: u32,
    locked_until: i64,
    /// Each with the second after which it may be forgotten.
    seen: HashMap<String, i64>,
    tokens: HashMap<[u8; 32], i64>,
    pub(super) issued: u64,
}

impl Logins {
    pub(super) fn note(&mut self, at: Timestamp, method: &'static str, success: bool, detail: impl Into<String>) {
        if self.trail.len() == TRAIL_KEEPS {
            self.trail.pop_front();
        }
        self.trail.push_back(Entry { at, method, success, detail: detail.into() });
    }

    /// The audit trail, oldest first.
    pub(in super::super) fn trail(&self) -> Node {
        let entries = self.trail.iter().map(|entry| {
            Node::map([
                ("at", Node::text(entry.at.to_string())),
                ("method", Node::text(entry.method)),
                ("status", Node::text(if entry.success { "Success" } else { "Failure" })),
                ("detail", Node::text(&entry.detail)),
            ])
        });
        Node::List(entries.collect())
    }

    pub(super) fn locked(&self, now: Timestamp) -> bool {
        now.as_second() < self.locked_until
    }

    /// Counts a failure of the integration user; the fifth in a row locks it.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.failures += 1;
        if self.failures >= FAILURES_BEFORE_LOCK {
            self.failures = 0;
            self.locked_until = now.as_second() + LOCK_SECONDS;
        }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    pub(super) fn was_seen(&self, what: &str) -> bool {
        self.seen.contains_key(what)
    }

    pub(super) fn remember(&mut self, what: String, until: i64, now: Timestamp) {
        if self.seen.len() >= REMEMBERS {
            self.seen.retain(|_, until| *until >= now.as_second());
        }
        self.seen.insert(what, until);
    }

    /// Only a token's hash is kept, so that looking one up tells nothing by the time it takes.
    pub(super) fn issue(&mut self, token: &str, until: i64, now: Timestamp) {
        if self.tokens.len() >= REMEMBERS {
            self.tokens.retain(|_, until| *until > now.as_second());
        }
        self.tokens.insert(Sha256::digest(token.as_bytes()).into(), until);
    }

    /// When the token ends, if it was ever issued.
    pub(super) fn valid_until(&self, token: &str) -> Option<i64> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.tokens.get(&hash).copied()
    }
}

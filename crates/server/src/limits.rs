//! How many requests an application may make, and how many may be about one connection: so many a minute, on this node.
//!
//! Whoever has used none of them for a minute may make all of them at once. Every answer to somebody with a token says how
//! things stand, in the headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).

use std::collections::hash_map::RandomState;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use crate::problem::{Code, Problem};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");
const MINUTE: u32 = 60;
/// After so many requests those are forgotten who have their whole quota again.
const TIDIED_EVERY: u32 = 4_096;

/// Requests a minute; `None`: as many as come.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    pub application: Option<NonZeroU32>,
    pub connection: Option<NonZeroU32>,
}

impl Default for Rates {
    /// Far above what programs that behave need: a loop gone wild is stopped, and a database is not filled with it.
    fn default() -> Self {
        Self { application: NonZeroU32::new(60_000), connection: NonZeroU32::new(12_000) }
    }
}

pub(crate) struct Limits {
    application: Option<Limit>,
    connection: Option<Limit>,
}

type Keyed = RateLimiter<String, HashMapStateStore<String, RandomState>, DefaultClock, StateInformationMiddleware>;

struct Limit {
    /// As the headers name it.
    name: &'static str,
    quota: u32,
    keyed: Keyed,
    untidied: AtomicU32,
}

/// What the answer's headers are to say.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Standing>>>);

#[derive(Clone, Copy)]
struct Standing {
    name: &'static str,
    quota: u32,
    left: u32,
    /// Seconds until the whole quota is there again.
    whole_in: u64,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            application: rates.application.map(|rate| Limit::new("application", rate)),
            connection: rates.connection.map(|rate| Limit::new("connection", rate)),
        }
    }

    /// One request of an application's keys and tokens.
    pub(crate) fn of_application(&self, parts: &Parts, id: &str) -> Result<(), Problem> {
        self.application.as_ref().map_or(Ok(()), |limit| limit.take(parts, id))
    }

    /// One request about a connection, whosever token it has.
    pub(crate) fn of_connection(&self, parts: &Parts, id: &str) -> Result<(), Problem> {
        self.connection.as_ref().map_or(Ok(()), |limit| limit.take(parts, id))
    }
}

impl Limit {
    fn new(name: &'static str, rate: NonZeroU32) -> Self {
        let keyed = RateLimiter::hashmap(Quota::per_minute(rate)).with_middleware();
        Self { name, quota: rate.get(), keyed, untidied: AtomicU32::new(0) }
    }

    fn take(&self, parts: &Parts, key: &str) -> Result<(), Problem> {
        if self.untidied.fetch_add(1, Ordering::Relaxed) >= TIDIED_EVERY {
            self.untidied.store(0, Ordering::Relaxed);
            self.keyed.retain_recent();
        }
        let taken = self.keyed.check_key(&key.to_owned());
        let left = taken.as_ref().map_or(0, |state| state.remaining_burst_capacity());
        let used = u64::from(self.quota.saturating_sub(left));
        let whole_in = (used * u64::from(MINUTE)).div_ceil(u64::from(self.quota));
        if let Some(Told(all)) = parts.extensions.get::<Told>() {
            let standing = Standing { name: self.name, quota: self.quota, left, whole_in };
            all.lock().unwrap_or_else(PoisonError::into_inner).push(standing);
        }
        let Err(until) = taken else { return Ok(()) };
        let wait = until.wait_time_from(DefaultClock::default().now()).max(Duration::from_millis(1));
        let detail = format!(
            "This {} may make {} requests a minute on this server, and has made them. One more in {} s; `RateLimit` in \
             each answer says how many are left.",
            self.name,
            self.quota,
            wait.as_secs() + 1
        );
        Err(Problem::new(Code::RateLimitExceeded, detail).retry_after(wait.as_secs() + 1))
    }
}

/// Puts how things stand into the answer's headers.
pub(crate) async fn tell(mut request: Request, next: Next) -> Response {
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let mut response = next.run(request).await;
    let all = std::mem::take(&mut *told.0.lock().unwrap_or_else(PoisonError::into_inner));
    let list = |one: fn(&Standing) -> String| all.iter().map(one).collect::<Vec<_>>().join(", ");
    let policy = list(|one| format!("\"{}\";q={};w={MINUTE}", one.name, one.quota));
    let standing = list(|one| format!("\"{}\";r={};t={}", one.name, one.left, one.whole_in));
    for (name, value) in [(POLICY, policy), (STANDING, standing)].into_iter().filter(|(_, value)| !value.is_empty()) {
        // Made of names, digits and marks: always a header's value.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

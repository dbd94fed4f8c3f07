//! The client: how many requests at once, how often again, how long between.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunnion_model::time::Clock;
use url::Url;

use super::budget::{Budget, Lane};
use super::classify::{Verdict, judge};
use super::limits::spent;
use super::message::{Answer, Request};
use super::random::Random;
use super::transport::{self, Failure};
use crate::error::Error;
use crate::spec::Limits;
use crate::webhook::{Guard, Guarded, system};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Short: a write on a connection that the system is just closing has an unknown outcome.
const IDLE_CONNECTION: Duration = Duration::from_secs(15);

/// How long to wait between tries. The default is for production; a test sets smaller numbers.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Before the second try; doubled before each further one.
    pub first: Duration,
    pub most: Duration,
    /// A system that asks for a longer pause is left alone: the call fails at once and says for how long.
    pub wait_at_most: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), most: Duration::from_secs(8), wait_at_most: Duration::from_secs(30) }
    }
}

/// Cheap to clone; clones share connections and limits.
///
/// Trusts the certificates that the machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured on Linux) and uses
/// the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name. Follows no redirect and keeps no cookies.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    limits: Limits,
    pace: Pace,
    budget: Budget,
    clock: Clock,
    random: Random,
    /// What may be called; `None`: everything.
    guard: Option<Guard>,
}

impl Client {
    /// One that may call every address. Fails where the machine has no trusted certificates or no randomness.
    pub fn new(limits: &Limits, clock: Clock) -> Result<Self, Error> {
        Self::build(limits, clock, None)
    }

    /// One for addresses that a stranger gave: it calls those that `guard` lets pass. Behind a proxy, names are looked up by
    /// the proxy, and which of them are called is its business.
    pub fn guarded(limits: &Limits, clock: Clock, guard: Guard) -> Result<Self, Error> {
        Self::build(limits, clock, Some(guard))
    }

    fn build(limits: &Limits, clock: Clock, guard: Option<Guard>) -> Result<Self, Error> {
        let http = http(guard.as_ref(), None)?;
        let budget = Budget::new(limits.requests_at_once);
        let random = Random::system()?;
        Ok(Self { http, limits: limits.clone(), pace: Pace::default(), budget, clock, random, guard })
    }

    /// The same, on connections of its own, which show that certificate.
    pub(crate) fn with_identity(&self, identity: reqwest::Identity) -> Result<Self, Error> {
        Ok(Self { http: http(self.guard.as_ref(), Some(identity))?, ..self.clone() })
    }

    /// The same connections and certificates with limits of its own: one for each system that is talked to.
    #[must_use]
    pub fn with_limits(&self, limits: &Limits) -> Self {
        let budget = Budget::new(limits.requests_at_once);
        Self { limits: limits.clone(), budget, ..self.clone() }
    }

    /// Shares what it asks for with all others that have the same budget.
    #[must_use]
    pub fn with_budget(&self, budget: Budget) -> Self {
        Self { budget, ..self.clone() }
    }

    #[must_use]
    pub fn with_pace(&self, pace: Pace) -> Self {
        Self { pace, ..self.clone() }
    }

    #[must_use]
    pub fn with_random(&self, random: Random) -> Self {
        Self { random, ..self.clone() }
    }

    pub fn random(&self) -> &Random {
        &self.random
    }

    /// Whether `url` may be called, as far as that shows without looking its name up.
    pub fn may_call(&self, url: &Url) -> Result<(), Error> {
        match &self.guard {
            Some(guard) if guard.check_literal(url, true).is_err() => {
                Err(Error::NotAllowed(transport::not_allowed(url.host_str().unwrap_or_default())))
            }
            _ => Ok(()),
        }
    }

    /// Sends, tries again where that is safe, and returns every answer but redirects, 429, 502, 503 and 504.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        self.send_seen(request.lane, || Ok(request.clone()), |_| ()).await
    }

    /// As [`Client::send`], with the request made anew for each try: signatures hold a nonce that works only once.
    pub async fn send_each(&self, make: impl FnMut() -> Result<Request, Error> + Send) -> Result<Answer, Error> {
        self.send_seen(Lane::default(), make, |_| ()).await
    }

    /// As [`Client::send_each`], with a look at each answer before another waiting request may begin: so that a refusal
    /// can keep the others, in `make`, from being sent.
    pub(crate) async fn send_seen(
        &self,
        lane: Lane,
        mut make: impl FnMut() -> Result<Request, Error> + Send,
        mut see: impl FnMut(&Answer) + Send,
    ) -> Result<Answer, Error> {
        let mut tries = 0;
        loop {
            let verdict = self.one_try(lane, &mut make, &mut see, tries).await?;
            tries += 1;
            let (error, after) = match verdict {
                Verdict::Answer(answer) => return Ok(answer),
                Verdict::Failed(error) => return Err(error),
                Verdict::Again(error, after) => (error, after),
            };
            if tries >= self.limits.tries || after.is_some_and(|after| after > self.pace.wait_at_most) {
                return Err(error);
            }
            // No permit is held while waiting: other requests may go on.
            tokio::time::sleep(after.unwrap_or_default().max(self.pause(tries))).await;
        }
    }

    async fn one_try(
        &self,
        lane: Lane,
        make: &mut (impl FnMut() -> Result<Request, Error> + Send),
        see: &mut (impl FnMut(&Answer) + Send),
        tries: u32,
    ) -> Result<Verdict, Error> {
        let permit = match self.budget.acquire(lane, self.pace.wait_at_most).await {
            Ok(permit) => permit,
            Err(pause) => return Ok(Verdict::Failed(Error::RateLimited { after: Some(pause) })),
        };
        let request = make()?;
        self.may_call(&request.url)?;
        let began = Instant::now();
        let outcome = transport::send(&self.http, &request, &self.limits).await;
        log(&request, &outcome, tries, began.elapsed());
        let now = self.clock.now();
        if let Ok(answer) = &outcome {
            see(answer);
            self.budget.close(spent(answer, now).unwrap_or_default());
        }
        let verdict = judge(&request, outcome, request.most(self.limits.max_body_bytes), now);
        self.heed(&verdict);
        drop(permit);
        Ok(verdict)
    }

    /// Lets all that share the budget know what the system said.
    fn heed(&self, verdict: &Verdict) {
        match verdict {
            Verdict::Again(Error::RateLimited { after: None }, _) => self.budget.too_many(),
            Verdict::Again(_, Some(after)) => self.budget.close(*after),
            Verdict::Answer(_) => self.budget.good(),
            Verdict::Again(..) | Verdict::Failed(_) => {}
        }
    }

    /// Doubles with each try; the upper half is left to chance, so that many clients do not come back together.
    fn pause(&self, tries: u32) -> Duration {
        let doubled = self.pace.first.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
        let whole = doubled.min(self.pace.most);
        let half = whole / 2;
        let span = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).saturating_add(1);
        half + Duration::from_micros(self.random.next() % span)
    }
}

/// What sends: follows nothing, repeats nothing, calls what `guard` lets pass.
fn http(guard: Option<&Guard>, identity: Option<reqwest::Identity>) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("trunnion/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_CONNECTION)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false);
    if let Some(guard) = guard.cloned() {
        // Whether http is good enough is for the form to say: this is about places.
        let resolver = Guarded { guard, secure: true, exempt: proxies(), lookup: system() };
        builder = builder.dns_resolver(Arc::new(resolver));
    }
    if let Some(identity) = identity {
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| Error::Unexpected(format!("the HTTP client cannot be made here: {error:?}")))
}

/// The hosts of the proxies that the environment names.
fn proxies() -> Vec<String> {
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let host = |text: String| {
        let text = if text.contains("://") { text } else { format!("http://{text}") };
        Url::parse(&text).ok()?.host_str().map(str::to_owned)
    };
    names.iter().filter_map(|name| std::env::var(name).ok()).filter_map(host).collect()
}

/// Names and numbers only: the query, the headers and the bodies may hold secrets and customer data.
fn log(request: &Request, outcome: &Result<Answer, Failure>, tries: u32, took: Duration) {
    let (method, host, path) = (request.method.as_str(), request.host(), request.url.path());
    let (status, failure) = match outcome {
        Ok(answer) => (answer.status, None),
        Err(failure) => (0, Some(failure)),
    };
    let ms = took.as_millis();
    tracing::debug!(method, host, path, status, ms, tries, ?failure, "request to a system");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_with_jitter_up_to_the_most() {
        let client = Client::new(&Limits::default(), Clock::system()).unwrap().with_random(Random::seeded(1));
        for (tries, whole) in [(1, 500), (2, 1_000), (3, 2_000), (4, 4_000), (5, 8_000), (6, 8_000), (99, 8_000)] {
            for _ in 0..50 {
                let pause = client.pause(tries).as_millis();
                assert!((whole / 2..=whole).contains(&pause), "{tries}: {pause}");
            }
        }
    }
}

//! What the system in memory has of subscriptions: by name, each with an end, and everything that was asked of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use trunnion_kit::error::Error;
use trunnion_kit::subscription::{Subscribed, Wanted};
use trunnion_model::time::{Clock, Timestamp};

use super::source::Trouble;

/// Subscriptions end after this time unless they are renewed.
pub(crate) const LIFE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

#[derive(Clone, Default)]
pub(crate) struct Broker(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    there: BTreeMap<String, (String, Timestamp)>,
    asked: Vec<&'static str>,
    trouble: Option<Trouble>,
    lapsed: usize,
    pause: Duration,
}

impl Broker {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap()
    }

    /// Addresses that are subscribed.
    pub(crate) fn there(&self) -> Vec<String> {
        self.held().there.values().map(|(url, _)| url.clone()).collect()
    }

    pub(crate) fn forget_all(&self) {
        self.held().there.clear();
    }

    /// What was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.held().asked)
    }

    /// Every call is answered like this from now on.
    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        self.held().trouble = trouble;
    }

    /// Each answer takes so long, after what was asked for was done.
    pub(crate) fn slow(&self, pause: Duration) {
        self.held().pause = pause;
    }

    /// How many ended because nobody renewed them in time.
    pub(crate) fn lapsed(&self) -> usize {
        self.held().lapsed
    }

    fn ask(&self, what: &'static str, clock: &Clock) -> Result<MutexGuard<'_, Held>, Error> {
        let mut held = self.held();
        held.asked.push(what);
        let before = held.there.len();
        held.there.retain(|_, (_, ends)| *ends > clock.now());
        held.lapsed += before - held.there.len();
        match held.trouble {
            Some(trouble) => Err(trouble()),
            None => Ok(held),
        }
    }

    pub(crate) async fn subscribe(&self, wanted: &Wanted, clock: &Clock) -> Result<Subscribed, Error> {
        let url = wanted.url.expose_secret().to_owned();
        let ends = clock.now() + LIFE;
        let pause = {
            let mut held = self.ask("subscribe", clock)?;
            held.there.insert(wanted.name.clone(), (url, ends));
            held.pause
        };
        tokio::time::sleep(pause).await;
        Ok(Subscribed { id: wanted.name.clone(), expires_at: Some(ends) })
    }

    pub(crate) fn renew(&self, wanted: &Wanted, clock: &Clock) -> Result<Option<Subscribed>, Error> {
        let mut held = self.ask("renew", clock)?;
        let ends = clock.now() + LIFE;
        Ok(held.there.get_mut(&wanted.name).map(|there| {
            there.1 = ends;
            Subscribed { id: wanted.name.clone(), expires_at: Some(ends) }
        }))
    }

    pub(crate) fn unsubscribe(&self, name: &str, clock: &Clock) -> Result<(), Error> {
        self.ask("unsubscribe", clock)?.there.remove(name);
        Ok(())
    }
}

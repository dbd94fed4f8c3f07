//! Hooks out of a simulator: where they go, and the losing of some on purpose.
//!
//! What a hook looks like, and how it is signed, is the vendor's and stands in its simulator.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;

/// For the receiver to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a simulator sends its hooks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Subscription {
    pub url: String,
    /// What proves the sender, in the form that the vendor uses.
    pub secret: String,
}

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Push(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    to: Option<Subscription>,
    lose: u32,
    sent: u64,
}

impl Push {
    /// From now on hooks go there; `None`: nowhere.
    pub fn subscribe(&self, to: Option<Subscription>) {
        self.state().to = to;
    }

    /// The next `count` hooks get lost on their way.
    pub fn lose(&self, count: u32) {
        self.state().lose = count;
    }

    /// How many were sent and answered with success.
    pub fn sent(&self) -> u64 {
        self.state().sent
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the next hook goes, if it is to go anywhere; `otherwise`: where nobody was told by hand.
    pub fn next(&self, otherwise: impl FnOnce() -> Option<Subscription>) -> Option<Subscription> {
        let mut state = self.state();
        let to = state.to.clone().or_else(otherwise)?;
        if state.lose > 0 {
            state.lose -= 1;
            return None;
        }
        Some(to)
    }

    /// Sends one request. Status and headers of the answer, or `None` if there was none.
    pub async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, String)],
        body: String,
    ) -> Option<(u16, HeaderMap)> {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().ok()?;
        let mut request = client.request(method.parse().ok()?, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        if status == 200 && method == "POST" {
            self.state().sent += 1;
        }
        Some((status, response.headers().clone()))
    }
}

//! Following the log by long poll: what comes, in order, also after the server was away for a while.

use std::time::Duration;

use serde_json::Value;

use super::Api;
use crate::terminal::{DIM, aside, styled};

/// Before the next try, when the server was not there.
const PAUSE: Duration = Duration::from_secs(2);
/// A server that is away for longer is not waited for.
const TRIES: u32 = 150;

/// Somebody's place in a log.
pub(crate) struct Log {
    api: Api,
    query: Vec<(&'static str, String)>,
    after: String,
}

impl Log {
    /// Begins after `after`; what is wrong with the request is told here.
    pub(crate) async fn begin(api: Api, types: Option<String>, after: &str) -> anyhow::Result<Self> {
        let query: Vec<_> = types.into_iter().map(|types| ("types", types)).collect();
        let mut log = Self { api, query, after: after.to_owned() };
        // `latest` becomes a place now, so that what happens before the first poll is not missed.
        if after == "latest" {
            log.poll(0, 1).await?;
        }
        Ok(log)
    }

    /// The next events, within half a minute; none if nothing happened.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Vec<Value>> {
        let mut tries = 0;
        loop {
            match self.poll(30, 100).await {
                Err(error) if tries < TRIES && error.is::<reqwest::Error>() => {
                    if tries == 0 {
                        aside(&styled(DIM, &format!("{error:#}; trying again")));
                    }
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }

    async fn poll(&mut self, wait: u8, limit: u16) -> anyhow::Result<Vec<Value>> {
        let mut query = self.query.clone();
        query.push(("after", self.after.clone()));
        query.push(("wait", wait.to_string()));
        query.push(("limit", limit.to_string()));
        let mut page = self.api.get("/events", &query).await?;
        if let Some(next) = page["next_cursor"].as_str() {
            self.after = next.to_owned();
        }
        Ok(page["data"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }
}

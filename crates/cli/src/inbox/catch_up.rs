//! The event log of a Trunnion server, for what no webhook brought.

use serde_json::Value;
use trunnion_receiver::inbox::{CatchUp, Caught, LogEvent};

use super::run::SOURCE;
use crate::api::{Api, Target};

pub(super) struct Log {
    api: Api,
    /// A connection's token names none.
    names_connections: bool,
    connections: Vec<String>,
}

impl Log {
    pub(super) fn new(server: &str, token: &str, connections: &[String]) -> anyhow::Result<Self> {
        let api = Api::new(&Target { server: server.to_owned(), key: token.to_owned() })?;
        Ok(Self { api, names_connections: token.starts_with("tk_"), connections: connections.to_vec() })
    }
}

impl CatchUp for Log {
    fn streams(&self) -> Vec<(String, String)> {
        self.connections.iter().map(|connection| (SOURCE.to_owned(), connection.clone())).collect()
    }

    async fn after(&self, _source: &str, stream: &str, after: i64) -> Result<Caught, String> {
        let api = self.api.at(self.names_connections.then_some(stream));
        let query = [("after", after.to_string()), ("limit", "500".to_owned())];
        let page = api.get("/events", &query).await.map_err(|error| format!("{error:#}"))?;
        let events = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let events = events.iter().map(event).collect::<Option<Vec<_>>>();
        let events = events.ok_or_else(|| "the log's answer has no events".to_owned())?;
        Ok(Caught { events, more: page["has_more"].as_bool().unwrap_or_default() })
    }
}

/// With the key that its webhook would have.
fn event(event: &Value) -> Option<LogEvent> {
    let key = event["data"]["id"].as_str().or(event["connection_id"].as_str()).unwrap_or_default();
    Some(LogEvent {
        number: event["sequence"].as_i64()?,
        id: event["id"].as_str()?.to_owned(),
        kind: event["type"].as_str()?.to_owned(),
        key: key.to_owned(),
        body: event.to_string().into_bytes(),
    })
}

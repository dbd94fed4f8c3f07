//! Events that did not happen, to try a receiver out with.

use trunnion_model::events::{About, EventType};
use trunnion_model::ids::EventId;
use trunnion_model::time::rfc3339_micros;

use crate::Engine;

/// The type's example under a new id and with the time of now. Its id and its body.
pub(super) fn event(engine: &Engine, kind: &EventType, endpoint: &str) -> (String, String) {
    let id = EventId::new(engine.clock()).to_string();
    let mut event = kind.example();
    event["id"] = id.as_str().into();
    event["timestamp"] = rfc3339_micros(engine.clock().now_micros()).into();
    if let About::Test = kind.about {
        event["data"]["webhook_endpoint_id"] = endpoint.into();
    }
    (id, event.to_string())
}

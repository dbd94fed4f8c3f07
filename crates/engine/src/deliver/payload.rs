//! The body that is sent: the event as the API shows it, or only what it is about.

use serde::Deserialize;
use serde_json::json;
use trunnion_model::catalog;
use trunnion_store::{Event, PayloadForm};

/// Of a stored record, what a thin body says of it.
#[derive(Deserialize)]
struct Version {
    version: Option<i64>,
}

pub(super) fn body(event: &Event, form: PayloadForm) -> String {
    let mut body = String::new();
    match (form, record_id(event)) {
        (PayloadForm::Thin, Some(id)) => {
            let version = serde_json::from_str::<Version>(&event.data).ok().and_then(|record| record.version);
            let thin =
                Event { data: json!({"id": id, "version": version}).to_string(), previous: None, ..event.clone() };
            thin.write_json(&mut body);
        }
        // What is about no record is small.
        _ => event.write_json(&mut body),
    }
    body
}

fn record_id(event: &Event) -> Option<String> {
    let entity = catalog::entity(event.entity.as_deref()?)?;
    Some(event.record?.text(entity))
}

//! The user event script that we ship, at work: what `trunnion_hook.js` does after a record was saved.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use trunnion_kit::sim::Subscription;

use super::server::App;

/// The script's parameters; the secret is kept without its prefix, as the account's API secrets hold it.
pub(super) async fn install(State(app): State<Arc<App>>, Query(to): Query<Subscription>) -> StatusCode {
    let Some(secret) = to.secret.strip_prefix("whsec_") else { return StatusCode::BAD_REQUEST };
    app.push.subscribe(Some(Subscription { secret: secret.to_owned(), ..to }));
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
pub(super) struct Count {
    count: u32,
}

pub(super) async fn lose(State(app): State<Arc<App>>, Query(Count { count }): Query<Count>) -> StatusCode {
    app.push.lose(count);
    StatusCode::NO_CONTENT
}

/// The record types that the script is deployed on, as the connector's help says.
const DEPLOYED: [&str; 3] = ["vendor", "purchaseorder", "inventoryitem"];

/// `afterSubmit`, after whatever saved the record: the user interface or a web service. In the product the save waits for the post; here it does not, so that a lost one costs no time.
pub(super) fn after_submit(app: &App, record_type: &str, id: &str, event: &str) {
    if !DEPLOYED.contains(&record_type) {
        return;
    }
    let Some(to) = app.push.next(|| None) else { return };
    let Ok(key) = STANDARD.decode(&to.secret) else { return };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return };
    let now = app.control.now();
    let message_id = format!("ns_{:032x}", now.as_nanosecond());
    let timestamp = now.as_second().to_string();
    let body = format!(r#"{{"recordType":"{record_type}","id":"{id}","eventType":"{event}"}}"#);
    mac.update(format!("{message_id}.{timestamp}.{body}").as_bytes());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", message_id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))),
    ];
    let push = app.push.clone();
    tokio::spawn(async move { push.send("POST", &to.url, &headers, body).await });
}

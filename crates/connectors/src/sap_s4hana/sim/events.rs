//! Business events as Event Mesh delivers them to a webhook: CloudEvents in the structured mode, with keys only, behind basic
//! authentication, and not before the receiver agreed (CloudEvents, abuse protection).

use std::sync::PoisonError;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trunnion_kit::sim::{Push, Subscription};

use super::schema::Family;
use super::server::App;

const ORIGIN: &str = "sandbox.eventmesh.example";

/// Asks the receiver first, as the broker does.
pub(super) async fn subscribe(State(app): State<App>, Query(to): Query<Subscription>) -> StatusCode {
    if !agrees(&app.push, &to.url).await {
        return StatusCode::CONFLICT;
    }
    app.push.subscribe(Some(to));
    StatusCode::NO_CONTENT
}

/// Whether the receiver at that address wants events from here.
pub(super) async fn agrees(push: &Push, url: &str) -> bool {
    let ask = [("webhook-request-origin", ORIGIN.to_owned()), ("webhook-request-rate", "120".to_owned())];
    let answer = push.send("OPTIONS", url, &ask, String::new()).await;
    matches!(answer, Some((200, headers)) if allows(&headers))
}

fn allows(headers: &HeaderMap) -> bool {
    headers.get("webhook-allowed-origin").is_some_and(|origin| origin == ORIGIN || origin == "*")
}

#[derive(serde::Deserialize)]
pub(super) struct Count {
    count: u32,
}

pub(super) async fn lose(State(app): State<App>, Query(Count { count }): Query<Count>) -> StatusCode {
    app.push.lose(count);
    StatusCode::NO_CONTENT
}

/// The object that a family's events are about, which is also the name of its key.
fn object(family: Family) -> Option<&'static str> {
    match family {
        Family::Partners => Some("BusinessPartner"),
        Family::Products => Some("Product"),
        Family::Orders => Some("PurchaseOrder"),
        _ => None,
    }
}

/// Sends the event that a document was `Created`, `Changed` or `Deleted` on its way; the change does not wait for it.
pub(super) fn tell(app: &App, family: Family, what: &'static str, id: &str) {
    if let Some(changeset) = &app.changeset {
        changeset.untold.lock().unwrap_or_else(PoisonError::into_inner).push((family, what, id.to_owned()));
        return;
    }
    let Some(object) = object(family) else { return };
    let Some(to) = app.push.next(|| app.mesh.next()) else { return };
    let now = app.control.now();
    let event = serde_json::json!({
        "type": format!("sap.s4.beh.{}.v1.{object}.{what}.v1", object.to_lowercase()),
        "specversion": "1.0",
        "source": "/default/sap.s4.beh/244572008",
        "id": format!("{:032x}", now.as_nanosecond()),
        "time": now.to_string(),
        "datacontenttype": "application/json",
        "data": { object: id },
    });
    let headers = [
        ("content-type", "application/cloudevents+json".to_owned()),
        ("authorization", format!("Basic {}", STANDARD.encode(&to.secret))),
    ];
    let push = app.push.clone();
    tokio::spawn(async move { push.send("POST", &to.url, &headers, event.to_string()).await });
}

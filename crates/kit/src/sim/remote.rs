//! The control functions of a running simulator over HTTP, for tests in another process and for the command line.
//!
//! Everything under `/_control/` stands outside the simulated system: it is not logged and no fault hits it. A simulator
//! may have more of them in its own router. Success is `204` without a body.
//!
//! | request | effect |
//! |---|---|
//! | `GET /_control/requests` | the request log as JSON, oldest first |
//! | `POST /_control/clear_requests` | empties the log |
//! | `POST /_control/fault?spec=SPEC` | adds a fault (`%26` for `&`; the grammar is in `faults`) |
//! | `POST /_control/clear_faults` | takes all faults away |
//! | `POST /_control/limit_at_once?most=N` | refuses more than so many requests at once with 429 |
//! | `GET /_control/most_in_flight` | the most requests that there were at once, as JSON |
//! | `POST /_control/clock_ahead?seconds=N` | moves the simulator's clock |
//! | `POST /_control/expire_credentials?on=true` | refuses every credential and session, or accepts them again |

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::control::{Control, Logged};
use super::faults::Fault;

/// Where the control functions live; requests below it pass the log and the faults by.
pub(super) const PREFIX: &str = "/_control/";

pub(super) fn router(control: Control) -> Router {
    Router::new()
        .route("/_control/requests", get(requests))
        .route("/_control/clear_requests", post(clear_requests))
        .route("/_control/fault", post(fault))
        .route("/_control/clear_faults", post(clear_faults))
        .route("/_control/limit_at_once", post(limit_at_once))
        .route("/_control/most_in_flight", get(most_in_flight))
        .route("/_control/clock_ahead", post(clock_ahead))
        .route("/_control/expire_credentials", post(expire_credentials))
        .with_state(control)
}

#[derive(serde::Deserialize)]
struct Spec {
    spec: String,
}

#[derive(serde::Deserialize)]
struct Most {
    most: usize,
}

#[derive(serde::Deserialize)]
struct Seconds {
    seconds: u64,
}

/// The query of a function that switches something: `on=true`.
#[derive(serde::Deserialize)]
pub struct Switch {
    pub on: bool,
}

async fn requests(State(control): State<Control>) -> Json<Vec<serde_json::Value>> {
    Json(control.requests().into_iter().map(as_json).collect())
}

fn as_json(logged: Logged) -> serde_json::Value {
    let Logged { method, path, query, body, status } = logged;
    serde_json::json!({ "method": method, "path": path, "query": query, "body": body, "status": status })
}

async fn clear_requests(State(control): State<Control>) -> StatusCode {
    control.clear_requests();
    StatusCode::NO_CONTENT
}

async fn fault(State(control): State<Control>, Query(Spec { spec }): Query<Spec>) -> Response {
    match spec.parse::<Fault>() {
        Ok(fault) => {
            control.add_fault(fault);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn clear_faults(State(control): State<Control>) -> StatusCode {
    control.clear_faults();
    StatusCode::NO_CONTENT
}

async fn limit_at_once(State(control): State<Control>, Query(Most { most }): Query<Most>) -> StatusCode {
    control.limit_at_once(Some(most));
    StatusCode::NO_CONTENT
}

async fn most_in_flight(State(control): State<Control>) -> Json<usize> {
    Json(control.most_in_flight())
}

async fn clock_ahead(State(control): State<Control>, Query(Seconds { seconds }): Query<Seconds>) -> StatusCode {
    control.move_clock_ahead(Duration::from_secs(seconds));
    StatusCode::NO_CONTENT
}

async fn expire_credentials(State(control): State<Control>, Query(Switch { on }): Query<Switch>) -> StatusCode {
    control.expire_credentials(on);
    StatusCode::NO_CONTENT
}

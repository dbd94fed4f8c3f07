//! The control functions that only this simulator has; the module's text lists them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use trunnion_kit::sim::Switch;

use super::script;
use super::server::{App, query};

/// A quarter of a day further than any time zone is from UTC.
const LARGEST_OFFSET: i64 = 20 * 60;
const LONGEST_LATENCY: u64 = 60_000;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/_control/touch_purchase_order", post(touch))
        .route("/_control/negative_quantities", post(negative_quantities))
        .route("/_control/user_time_zone", post(user_time_zone))
        .route("/_control/latency", post(latency))
        .route("/_control/forbid", post(forbid))
        .route("/_control/unexpected_error", post(unexpected_error))
        .route("/_control/most_rows", post(most_rows))
        .route("/_control/install_script", post(script::install))
        .route("/_control/lose_posts", post(script::lose))
        .route("/_control/login_audit", get(login_audit))
        .route("/_control/suiteql", post(query))
}

#[derive(serde::Deserialize)]
struct Id {
    id: u64,
}

#[derive(serde::Deserialize)]
struct Minutes {
    minutes: i64,
}

#[derive(serde::Deserialize)]
struct Milliseconds {
    ms: u64,
}

async fn touch(State(app): State<Arc<App>>, Query(Id { id }): Query<Id>) -> StatusCode {
    let touched = app.store.write().unwrap_or_else(PoisonError::into_inner).touch_order(id, app.control.now());
    match touched {
        Some(()) => {
            script::after_submit(&app, "purchaseorder", &id.to_string(), "edit");
            StatusCode::NO_CONTENT
        }
        None => StatusCode::NOT_FOUND,
    }
}

async fn negative_quantities(State(app): State<Arc<App>>, Query(Switch { on }): Query<Switch>) -> StatusCode {
    app.negative_quantities.store(on, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn user_time_zone(State(app): State<Arc<App>>, Query(Minutes { minutes }): Query<Minutes>) -> StatusCode {
    if minutes.abs() > LARGEST_OFFSET {
        return StatusCode::BAD_REQUEST;
    }
    app.user_offset.store(minutes, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn latency(State(app): State<Arc<App>>, Query(Milliseconds { ms }): Query<Milliseconds>) -> StatusCode {
    if ms > LONGEST_LATENCY {
        return StatusCode::BAD_REQUEST;
    }
    app.latency_ms.store(ms, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct RecordType {
    record: String,
}

async fn forbid(State(app): State<Arc<App>>, Query(RecordType { record }): Query<RecordType>) -> StatusCode {
    app.forbidden.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct Next {
    next: u64,
}

async fn unexpected_error(State(app): State<Arc<App>>, Query(Next { next }): Query<Next>) -> StatusCode {
    app.unexpected.store(next, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct Rows {
    rows: u64,
}

async fn most_rows(State(app): State<Arc<App>>, Query(Rows { rows }): Query<Rows>) -> StatusCode {
    app.most_rows.store(rows, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn login_audit(State(app): State<Arc<App>>) -> Response {
    let trail = app.logins().trail().to_json();
    ([(header::CONTENT_TYPE, "application/json")], trail).into_response()
}

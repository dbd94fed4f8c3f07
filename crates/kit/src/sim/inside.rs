//! What is inside a running simulator: a page for people, and the same as JSON.
//!
//! | request | answer |
//! |---|---|
//! | `GET /_control/` | the page |
//! | `GET /_control/inside` | its clock, what is switched on, and its tables with how many rows each has |
//! | `GET /_control/rows?table=NAME&from=N` | some rows of a table from the N-th on, as the system itself has them |

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::control::Control;

/// Rows of one answer.
const ROWS: usize = 50;

/// The data of a simulator, to look at.
pub trait Inside: Send + Sync + 'static {
    /// The tables and how many rows each has.
    fn tables(&self) -> Vec<(String, usize)>;
    /// At most `most` rows from the `from`-th on, each an object; none of a table that there is not.
    fn rows(&self, table: &str, from: usize, most: usize) -> Vec<Value>;
}

#[derive(Clone)]
struct Shown {
    name: &'static str,
    control: Control,
    inside: Arc<dyn Inside>,
}

pub(super) fn router(name: &'static str, control: Control, inside: Arc<dyn Inside>) -> Router {
    Router::new()
        .route("/_control/", get(page))
        .route("/_control/inside", get(overview))
        .route("/_control/rows", get(rows))
        .with_state(Shown { name, control, inside })
}

async fn page() -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, include_str!("inside.html")).into_response()
}

async fn overview(State(shown): State<Shown>) -> Json<Value> {
    let tables = shown.inside.tables().into_iter().map(|(name, rows)| json!({"name": name, "rows": rows}));
    Json(json!({
        "name": shown.name,
        "now": shown.control.now().to_string(),
        "credentials_expired": shown.control.credentials_expired(),
        "faults": shown.control.faults(),
        "tables": tables.collect::<Vec<_>>(),
    }))
}

#[derive(serde::Deserialize)]
struct Wanted {
    table: String,
    #[serde(default)]
    from: usize,
}

async fn rows(State(shown): State<Shown>, Query(Wanted { table, from }): Query<Wanted>) -> Response {
    let Some((_, total)) = shown.inside.tables().into_iter().find(|(name, _)| *name == table) else {
        return (StatusCode::NOT_FOUND, format!("there is no table {table}")).into_response();
    };
    Json(json!({"from": from, "total": total, "rows": shown.inside.rows(&table, from, ROWS)})).into_response()
}

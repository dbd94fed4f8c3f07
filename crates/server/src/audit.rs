//! Writes down what callers did: every request that changes something by the permission to manage, with its outcome, whoever
//! made it. Routes need no line of their own; the extractors in `auth` tell the [`Witness`] who it was.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, header};
use serde_json::Value;
use trunnion_engine::ids::ConnectionId;
use trunnion_engine::services::audit::{Deed, SUCCEEDED};
use trunnion_engine::{Caller, Permission};

use crate::auth::Gate;
use crate::observe::RequestName;
use crate::problem::Problem;

/// Routes that are written down although the permission to write is enough for them.
const ALSO: &[&str] = &[
    "/api/v1/held-deletions/{id}/accept",
    "/api/v1/held-deletions/{id}/refuse",
    "/api/v1/passthrough",
    "/api/v1/schema-drift/acknowledge",
];

/// The document's operations by method and route (`post /api/v1/alerts`): their ids are the words for what was done.
pub(crate) type Actions = Arc<HashMap<String, String>>;

pub(crate) fn actions(document: &Value) -> Actions {
    let mut actions = HashMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if let Some(id) = operation["operationId"].as_str() {
                actions.insert(format!("{method} {path}"), id.to_owned());
            }
        }
    }
    Arc::new(actions)
}

/// Whom the extractors let in, or turned away for a missing permission.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Option<Seen>>>);

#[derive(Clone)]
struct Seen {
    caller: Caller,
    permission: Permission,
    connection: Option<ConnectionId>,
}

/// The id of what a handler made, where its answer has no `Location`.
#[derive(Clone)]
pub(crate) struct Made(pub(crate) String);

impl Witness {
    pub(crate) fn saw(&self, caller: &Caller, permission: Permission) {
        let seen = Seen { caller: caller.clone(), permission, connection: None };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    pub(crate) fn saw_connection(&self, id: ConnectionId) {
        if let Some(seen) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            seen.connection = Some(id);
        }
    }

    fn take(&self) -> Option<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub(crate) async fn keep(State((gate, actions)): State<(Gate, Actions)>, mut request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let key = format!("{} {route}", request.method().as_str().to_ascii_lowercase());
    let Some(action) = actions.get(&key).cloned() else { return next.run(request).await };
    let request_id = request.extensions().get::<RequestName>().map(|name| name.0.clone());
    let named = named_in(&route, request.uri().path());
    let witness = Witness::default();
    request.extensions_mut().insert(witness.clone());
    let mut response = next.run(request).await;
    let made = response.extensions_mut().remove::<Made>().map(|made| made.0);
    let Some(seen) = witness.take() else { return response };
    if seen.permission != Permission::Manage && !ALSO.contains(&route.as_str()) {
        return response;
    }
    let outcome = match response.extensions().get::<Problem>() {
        Some(problem) => problem.code().as_str().to_owned(),
        None if response.status().is_client_error() || response.status().is_server_error() => "INTERNAL".to_owned(),
        None => SUCCEEDED.to_owned(),
    };
    // What nobody looked up, or nobody found, may be another's: its name is not repeated.
    let known = !["NOT_FOUND", "PERMISSION_DENIED"].contains(&outcome.as_str()) || seen.connection.is_some();
    let target = made.or_else(|| created(&response)).or(named.filter(|_| known));
    let connection = seen.connection.or_else(|| target.as_deref().and_then(ConnectionId::parse));
    gate.note(&seen.caller, Deed { action, target, connection, outcome, request_id }).await;
    response
}

/// The last segment of `Location`: the id of what was made.
fn created(response: &Response) -> Option<String> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    location.rsplit('/').next().map(str::to_owned)
}

/// What the path names in place of `{…}`, if it looks like an id.
fn named_in(route: &str, path: &str) -> Option<String> {
    let place = route.split('/').position(|segment| segment.starts_with('{'))?;
    let segment = path.split('/').nth(place)?;
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    (segment.len() <= 64 && segment.bytes().all(sane)).then(|| segment.to_owned())
}

#[test]
fn only_what_looks_like_an_id_is_written_down() {
    let named = |path: &str| named_in("/api/v1/alerts/{id}/test", path);
    assert_eq!(named("/api/v1/alerts/alr_1/test").as_deref(), Some("alr_1"));
    assert_eq!(named("/api/v1/alerts/%3Cb%3E/test"), None);
    assert_eq!(named(&format!("/api/v1/alerts/{}/test", "x".repeat(65))), None);
    assert_eq!(named_in("/api/v1/alerts", "/api/v1/alerts"), None);
}

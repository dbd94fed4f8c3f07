//! What a system may be like beside its data: rights that its user lacks, services that nobody released, objects that somebody
//! has open, the way in which it refuses. All of it by control functions; a new simulator has none.
//!
//! | request | effect |
//! |---|---|
//! | `POST /_control/forbid?set=NAME` | the user may not see or change that entity set |
//! | `POST /_control/withdraw?service=NAME&status=403` | the service is not released; releases answer 403 or 404 |
//! | `POST /_control/hold_open?key=N&times=T` | a colleague has that object open: the next T changes of it are refused |
//! | `POST /_control/wrapped_token_refusal?on=true` | a refused token is told in the error envelope, as some gateways do |
//! | `POST /_control/business_errors_as_500?on=true` | what the backend's checks refuse is answered with 500 |
//! | `POST /_control/batches?status=501` | `$batch` is refused with that status |
//! | `POST /_control/system_time_zone?minutes=M` | days and times without a zone are those of a system so far from UTC |
//! | `POST /_control/serialise?material=M` | each piece of that material has a serial number |
//! | `POST /_control/consign?material=M&plant=P&location=L&quantity=Q` | a supplier's own goods lie there too |

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::post;
use trunnion_kit::sim::Switch;

use super::errors::{Message, Refusal};
use super::server::App;
use super::write;

#[derive(Clone, Default)]
pub(super) struct Conditions(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    forbidden: Vec<String>,
    withdrawn: Vec<(String, StatusCode)>,
    open_elsewhere: Vec<(String, u32)>,
    wrapped_token_refusal: bool,
    business_errors_as_500: bool,
    no_batches: Option<StatusCode>,
}

impl Conditions {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the way to a set is closed: the service is not released, or the user may not.
    pub(super) fn admit(&self, service: &str, path: &str) -> Result<(), Refusal> {
        let held = self.held();
        if let Some((_, status)) = held.withdrawn.iter().find(|(name, _)| name == service) {
            let text = format!("No service found for namespace /SAP/, name {service}, version 0001");
            return Err(Refusal::new(*status, "/IWBEP/CM_MGW_RT/026", text));
        }
        let set = path.split(['(', '/', '?']).find(|part| !part.is_empty()).unwrap_or_default();
        match held.forbidden.iter().any(|name| name == set) {
            true => {
                let text = "User does not have the sufficient authorizations";
                Err(Refusal::new(StatusCode::FORBIDDEN, "/IWBEP/CM_MGW_RT/000", text))
            }
            false => Ok(()),
        }
    }

    /// Whether somebody has the object open that a change is of, or that goods are posted for.
    pub(super) fn is_free(&self, path: &str, body: &[u8]) -> Result<(), Refusal> {
        let mut held = self.held();
        let body = String::from_utf8_lossy(body);
        let open = held
            .open_elsewhere
            .iter_mut()
            .find(|(key, times)| *times > 0 && (path.contains(key.as_str()) || body.contains(&format!("\"{key}\""))));
        let Some((key, times)) = open else { return Ok(()) };
        *times -= 1;
        let text = format!("Document {key} is locked by user MILLER");
        Err(Refusal::business(vec![Message::new("ME/006", text, "")]))
    }

    /// Whether requests may come together.
    pub(super) fn takes_batches(&self) -> Result<(), Refusal> {
        let refuse = |status| Err(Refusal::new(status, "/IWBEP/CM_MGW_RT/021", "Method BATCH is not implemented"));
        self.held().no_batches.map_or(Ok(()), refuse)
    }

    /// A refusal as this system answers it.
    pub(super) fn colour(&self, mut refusal: Refusal) -> Refusal {
        if self.held().business_errors_as_500 && refusal.is_business() && refusal.status == StatusCode::BAD_REQUEST {
            refusal.status = StatusCode::INTERNAL_SERVER_ERROR;
        }
        refusal
    }

    /// The envelope in which a refused token is told here, if it is.
    pub(super) fn token_refusal(&self, answer: impl FnOnce(Refusal) -> Response) -> Option<Response> {
        if !self.held().wrapped_token_refusal {
            return None;
        }
        let text = "CSRF token validation failed";
        let mut response = answer(Refusal::new(StatusCode::FORBIDDEN, "/IWFND/CM_MGW/403", text));
        response.headers_mut().insert(HeaderName::from_static("x-csrf-token"), HeaderValue::from_static("Required"));
        Some(response)
    }
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/_control/forbid", post(forbid))
        .route("/_control/withdraw", post(withdraw))
        .route("/_control/hold_open", post(hold_open))
        .route("/_control/wrapped_token_refusal", post(wrapped_token_refusal))
        .route("/_control/business_errors_as_500", post(business_errors_as_500))
        .route("/_control/system_time_zone", post(system_time_zone))
        .route("/_control/serialise", post(serialise))
        .route("/_control/consign", post(consign))
        .route("/_control/batches", post(batches))
}

#[derive(serde::Deserialize)]
struct Set {
    set: String,
}

async fn forbid(State(app): State<App>, Query(Set { set }): Query<Set>) -> StatusCode {
    app.conditions.held().forbidden.push(set);
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct Service {
    service: String,
    status: u16,
}

async fn withdraw(State(app): State<App>, Query(Service { service, status }): Query<Service>) -> StatusCode {
    let Ok(status) = StatusCode::from_u16(status) else { return StatusCode::BAD_REQUEST };
    app.conditions.held().withdrawn.push((service, status));
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct Open {
    key: String,
    times: u32,
}

async fn hold_open(State(app): State<App>, Query(Open { key, times }): Query<Open>) -> StatusCode {
    app.conditions.held().open_elsewhere.push((key, times));
    StatusCode::NO_CONTENT
}

async fn wrapped_token_refusal(State(app): State<App>, Query(Switch { on }): Query<Switch>) -> StatusCode {
    app.conditions.held().wrapped_token_refusal = on;
    StatusCode::NO_CONTENT
}

async fn business_errors_as_500(State(app): State<App>, Query(Switch { on }): Query<Switch>) -> StatusCode {
    app.conditions.held().business_errors_as_500 = on;
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct Status {
    status: u16,
}

async fn batches(State(app): State<App>, Query(Status { status }): Query<Status>) -> StatusCode {
    let Ok(status) = StatusCode::from_u16(status) else { return StatusCode::BAD_REQUEST };
    app.conditions.held().no_batches = Some(status);
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct Minutes {
    minutes: i64,
}

async fn system_time_zone(State(app): State<App>, Query(Minutes { minutes }): Query<Minutes>) -> StatusCode {
    app.write(|world, _| world.zone = minutes);
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct Serialised {
    material: String,
}

async fn serialise(State(app): State<App>, Query(Serialised { material }): Query<Serialised>) -> StatusCode {
    match app.write(|world, _| write::serialise(world, &material)) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}

#[derive(serde::Deserialize)]
struct Goods {
    material: String,
    plant: String,
    location: String,
    /// In thousandths of the base unit.
    quantity: i64,
}

async fn consign(State(app): State<App>, Query(goods): Query<Goods>) -> StatusCode {
    let Goods { material, plant, location, quantity } = goods;
    let bin = write::Bin { material, plant, location, kind: "01".to_owned() };
    match app.write(|world, _| write::consign(world, &bin, quantity)) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}

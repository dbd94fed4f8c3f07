//! One running account: its state, and the way of a request through login and the concurrency limit to its service.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use trunnion_kit::sim::{Control, Inside, Push, Sim};

use super::auth::{self, Logins};
use super::data::Store;
use super::inside::Account;
use super::node::Node;
use super::options::Options;
use super::reply::{Failure, concurrency_exceeded};
use super::{control, rest, suiteql};

/// No list and no query ever shows more rows than that.
pub(super) const MAX_ROWS: usize = 100_000;
const MAX_PAGE: usize = 1_000;
const MAX_BODY: usize = 4 << 20;

pub(super) struct App {
    pub options: Options,
    pub control: Control,
    pub store: RwLock<Store>,
    pub negative_quantities: AtomicBool,
    /// Minutes by which the integration user's time zone is ahead of UTC.
    pub user_offset: AtomicI64,
    pub latency_ms: AtomicU64,
    pub push: Push,
    /// Record types that the role may not use.
    pub forbidden: Mutex<Vec<String>>,
    /// So many of the next requests end in an error that nobody expected.
    pub unexpected: AtomicU64,
    /// No query shows more.
    pub most_rows: AtomicU64,
    logins: Mutex<Logins>,
    slots: Semaphore,
}

impl App {
    fn is_forbidden(&self, name: &str) -> bool {
        self.forbidden.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == name)
    }

    pub(super) fn logins(&self) -> MutexGuard<'_, Logins> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the account on 127.0.0.1; port 0 takes a free one.
pub async fn start(options: Options, port: u16) -> std::io::Result<Sim> {
    let control = Control::new(options.clock.clone());
    let app = Arc::new(App {
        store: RwLock::new(Store::seeded(options.seed, options.records, control.now())),
        slots: Semaphore::new(options.concurrency),
        options,
        control: control.clone(),
        negative_quantities: AtomicBool::new(false),
        user_offset: AtomicI64::new(0),
        latency_ms: AtomicU64::new(0),
        push: Push::default(),
        forbidden: Mutex::default(),
        unexpected: AtomicU64::new(0),
        most_rows: AtomicU64::new(MAX_ROWS as u64),
        logins: Mutex::default(),
    });
    let window = ("NetSuite", Arc::new(Account(app.clone())) as Arc<dyn Inside>);
    let router = control::router().fallback(answer).with_state(app);
    trunnion_kit::sim::start_with(router, window, control, port).await
}

/// A request with all that answering it takes.
pub(super) struct Call {
    pub method: Method,
    /// `http://host[:port]` as the client addressed it.
    pub origin: String,
    /// The address of the REST services, for links.
    pub base: String,
    pub path: String,
    pub query: String,
    pub body: Bytes,
    headers: HeaderMap,
    parameters: Vec<(String, String)>,
}

/// Which part of a list a request asks for.
pub(super) struct Page {
    pub limit: usize,
    pub offset: usize,
}

impl Call {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The parameter as it was sent, still encoded.
    pub(super) fn raw_parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    pub(super) fn only_parameters(&self, known: &[&str]) -> Result<(), Failure> {
        match self.parameters.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(Failure::parameter(name, format!("Invalid query parameter name '{name}'."))),
            None => Ok(()),
        }
    }

    pub(super) fn page(&self) -> Result<Page, Failure> {
        let number = |name: &str, default: usize| match self.parameter(name) {
            None => Ok(default),
            Some(text) => {
                text.parse().map_err(|_| Failure::parameter(name, format!("Invalid value '{text}' for {name}.")))
            }
        };
        let (limit, offset) = (number("limit", MAX_PAGE)?, number("offset", 0)?);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Failure::parameter("limit", format!("The limit must be between 1 and {MAX_PAGE}.")));
        }
        if offset % limit != 0 {
            return Err(Failure::parameter("offset", "The offset must be divisible by the limit."));
        }
        if offset >= MAX_ROWS {
            return Err(Failure::parameter("offset", format!("Only the first {MAX_ROWS} results can be read.")));
        }
        Ok(Page { limit, offset })
    }

    /// The JSON body of a synchronous write.
    pub(super) fn json(&self) -> Result<Node, Failure> {
        if self.header("prefer").is_some_and(|prefer| prefer.to_ascii_lowercase().contains("respond-async")) {
            return Err(Failure::not_simulated("asynchronous requests"));
        }
        let media_type = self.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if media_type.replace(' ', "") == "application/vnd.oracle.resource+json;type=collection" {
            return Err(Failure::not_simulated("batches"));
        }
        let plain = media_type.split(';').next().unwrap_or_default().trim();
        if !["application/json", "application/vnd.oracle.resource+json"].contains(&plain) {
            return Err(Failure::media_type());
        }
        let problem = |problem| Failure::request(format!("Invalid content in the request body: {problem}"));
        Node::parse(&self.body).map_err(problem)
    }
}

/// As a system does, it tells its own time with each answer.
async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let mut response = answered(&app, request).await;
    let now = app.control.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(now) = HeaderValue::from_str(&now) {
        response.headers_mut().insert(header::DATE, now);
    }
    response
}

async fn answered(app: &Arc<App>, request: Request) -> Response {
    let Some(call) = gather(request).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let Some(service) = call.path.strip_prefix("/services/rest/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if service == "auth/oauth2/v1/token" {
        return auth::token(app, &call);
    }
    if let Err(refusal) = auth::admit(app, &call) {
        return refusal;
    }
    let Ok(_slot) = app.slots.try_acquire() else { return concurrency_exceeded() };
    let latency = app.latency_ms.load(Ordering::Relaxed);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    // A query over a large account takes its time; the server's own threads stay free meanwhile.
    let worker = Arc::clone(app);
    let answered = tokio::task::spawn_blocking(move || serve(&worker, &call)).await;
    answered.unwrap_or_else(|error| {
        tracing::error!(%error, "the sandbox failed to answer");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

/// A query past login and limits, for tests that look at the account and not at a client.
pub(super) async fn query(State(app): State<Arc<App>>, request: Request) -> Response {
    let Some(call) = gather(request).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    suiteql::handle(&app, &call).unwrap_or_else(Failure::into_response)
}

fn serve(app: &App, call: &Call) -> Response {
    let spend = |left: u64| left.checked_sub(1);
    if app.unexpected.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok() {
        return Failure::unexpected().into_response();
    }
    let segments: Option<Vec<String>> =
        call.path.trim_start_matches("/services/rest/").split('/').map(auth::tba::decode).collect();
    let segments = segments.unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let outcome = match segments.as_slice() {
        ["record", "v1", name, ..] if app.is_forbidden(name) => Err(Failure::forbidden(name)),
        ["record", "v1", path @ ..] => rest::handle(app, call, path),
        ["query", "v1", "suiteql"] => suiteql::handle(app, call),
        ["async", ..] => Err(Failure::not_simulated("asynchronous requests")),
        _ => Err(Failure::missing()),
    };
    outcome.unwrap_or_else(Failure::into_response)
}

/// Nothing if the body is too large.
async fn gather(request: Request) -> Option<Call> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.ok()?;
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default().to_lowercase();
    let origin = format!("http://{}", host.strip_suffix(":80").unwrap_or(&host));
    let query = parts.uri.query().unwrap_or_default().to_owned();
    Some(Call {
        base: format!("{origin}/services/rest"),
        origin,
        path: parts.uri.path().to_owned(),
        parameters: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        query,
        method: parts.method,
        headers: parts.headers,
        body,
    })
}

//! `/metrics`: the engine's numbers and those of the requests to this server, for Prometheus and what understands it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Extension;
use axum::response::IntoResponse;
use http::{HeaderMap, Method, StatusCode, header};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::auth::{Anybody, bearer};
use crate::openapi::tags::HEALTH;
use crate::problem::Problem;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The usual steps, up to what a write may take.
const SECONDS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 100.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

/// Requests to this server, by route. Cheap to clone; clones count together.
#[derive(Clone)]
pub(crate) struct Requests {
    registry: Arc<Registry>,
    answers: Family<Answer, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
}

/// What whoever reads the numbers must send, if anything.
#[derive(Clone)]
pub(crate) struct Lock(pub(crate) Option<SecretString>);

impl Default for Requests {
    fn default() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let (answers, seconds) = (Family::default(), Family::new_with_constructor(seconds));
        let build = Family::<Version, Gauge>::default();
        build.get_or_create_owned(&Version { version: env!("CARGO_PKG_VERSION") }).set(1);
        let mut registry = Registry::with_prefix("trunnion");
        registry.register("build_info", "Which version this is; always 1", build);
        registry.register("http_requests", "Requests to the API, by route and answer", Family::clone(&answers));
        let help = "How long requests to the API took, with those that wait on purpose";
        registry.register_with_unit("http_request", help, Unit::Seconds, Family::clone(&seconds));
        Self { registry: Arc::new(registry), answers, seconds }
    }
}

impl Requests {
    /// `route` is the pattern and never a path: paths hold ids, and in part secrets.
    pub(crate) fn count(&self, method: &Method, route: Option<&str>, status: StatusCode, took: Duration) {
        let (method, route) = (known(method), route.unwrap_or("none").to_owned());
        self.seconds.get_or_create_owned(&Route { method, route: route.clone() }).observe(took.as_secs_f64());
        self.answers.get_or_create_owned(&Answer { method, route, status: status.as_u16() }).inc();
    }
}

/// Callers may make up methods; labels must stay few.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

/// Numbers for whoever runs this server
///
/// In the text form of OpenMetrics, which Prometheus reads: requests, calls to systems, syncs, writes, webhooks and hooks, and
/// how much waits. No label names a customer. If the setting `metrics.token` is given, it must be sent as a bearer token.
#[utoipa::path(get, path = "/metrics", tag = HEALTH,
    responses((status = 200, body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub(crate) async fn metrics(
    anybody: Anybody,
    Extension(requests): Extension<Requests>,
    Extension(Lock(wanted)): Extension<Lock>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if let Some(wanted) = wanted {
        let given = bearer(&headers)?;
        let fits: bool = given.expose_secret().as_bytes().ct_eq(wanted.expose_secret().as_bytes()).into();
        if !fits {
            return Err(Problem::unauthenticated("The token is not the one of the setting `metrics.token`."));
        }
    }
    let mut out = trunnion_engine::metrics(anybody.engine()).await?;
    let written = text::encode_registry(&mut out, &requests.registry).and_then(|()| text::encode_eof(&mut out));
    written.map_err(|error| Problem::internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], out))
}

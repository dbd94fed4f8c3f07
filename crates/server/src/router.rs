//! Every route of the server, and the layers around them.

use std::sync::Arc;
use std::time::Duration;

use axum::routing::{MethodRouter, any, get, post};
use axum::{Extension, Router, middleware};
use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode, header};
use secrecy::SecretString;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use trunnion_engine::Engine;
use trunnion_model::catalog::{self, Entity};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Gate;
use crate::limits::Rates;
use crate::problem::{Code, Problem};
use crate::stream::Streams;
use crate::{audit, connect, health, hooks, limits, metrics, observe, openapi, pages, parameters, problem, v1};

/// What may differ from server to server.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long one request may take: longer than whatever the engine gives itself for a poll (60 s), a probe or a write
    /// (90 s), so that its own answer is the one that is given.
    pub timeout: Duration,
    /// The address under which people reach this server, as `https://connect.example.com`. Without it, link sessions lead to
    /// the host that their maker asked, by http.
    pub public_url: Option<String>,
    /// What whoever reads `/metrics` must send; `None`: nothing.
    pub metrics_token: Option<SecretString>,
    /// How many requests a minute are answered.
    pub rates: Rates,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(100), public_url: None, metrics_token: None, rates: Rates::default() }
    }
}

/// All routes over `engine`.
pub fn app(engine: Engine, options: Options) -> Router {
    let clock = engine.clock().clone();
    let document = openapi::document();
    let known = parameters::known(&document);
    let requests = metrics::Requests::default();
    let gate = Gate::new(engine, options.rates);
    let witnessed = (gate.clone(), audit::actions(&document));
    let (fixed, _) = documented().split_for_parts();
    fixed
        .merge(entities())
        .merge(for_customers())
        .route("/hooks/{connection}/{secret}", any(hooks::take))
        .layer(Extension(Streams::default()))
        .layer(Extension(requests.clone()))
        .layer(Extension(metrics::Lock(options.metrics_token)))
        .layer(Extension(PublicUrl(options.public_url.map(Arc::from))))
        .layer(middleware::from_fn_with_state(witnessed, audit::keep))
        .layer(middleware::from_fn(limits::tell))
        .with_state(gate)
        .merge(for_people(&document))
        .fallback(nowhere)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(known, parameters::refuse_unknown))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, options.timeout))
        .layer(CatchPanicLayer::custom(problem::from_panic))
        .layer(middleware::from_fn_with_state((clock, requests), observe::observe))
}

/// The routes that the OpenAPI document describes by their handlers' annotations.
pub(crate) fn documented() -> OpenApiRouter<Gate> {
    use v1::{
        alerts, audit, branding, bulks, connections, events, held, inbound, links, mapping, oauth_clients, operations,
        passthrough, raw, schema_drift, syncs, systems, webhooks,
    };
    let api = OpenApiRouter::new()
        .routes(routes!(systems::list_systems))
        .routes(routes!(systems::get_system))
        .routes(routes!(systems::get_system_capabilities))
        .routes(routes!(systems::get_schema))
        .routes(routes!(connections::create_connection, connections::list_connections))
        .routes(routes!(connections::get_connection, connections::update_connection, connections::delete_connection))
        .routes(routes!(connections::get_connection_capabilities))
        .routes(routes!(mapping::get_mapping, mapping::put_mapping))
        .routes(routes!(mapping::preview_mapping))
        .routes(routes!(mapping::get_connection_schema))
        .routes(routes!(connections::rotate_token))
        .routes(routes!(connections::reconnect))
        .routes(routes!(connections::check_connection))
        .routes(routes!(connections::get_connection_health))
        .routes(routes!(alerts::create_alert, alerts::list_alerts))
        .routes(routes!(alerts::get_alert, alerts::update_alert, alerts::delete_alert))
        .routes(routes!(alerts::test_alert))
        .routes(routes!(audit::list_audit))
        .routes(routes!(links::create_link_session, links::list_link_sessions))
        .routes(routes!(links::withdraw_link_session))
        .routes(routes!(
            inbound::create_inbound_hook,
            inbound::get_inbound_hook,
            inbound::update_inbound_hook,
            inbound::delete_inbound_hook
        ))
        .routes(routes!(inbound::list_unverifiable_hooks))
        .routes(routes!(inbound::verify_hooks_again))
        .routes(routes!(inbound::list_inbound_messages))
        .routes(routes!(inbound::replay_inbound_messages))
        .routes(routes!(links::list_redirect_uris, links::set_redirect_uris))
        .routes(routes!(links::list_frame_origins, links::set_frame_origins))
        .routes(routes!(branding::get_branding, branding::set_branding))
        .routes(routes!(branding::set_logo, branding::delete_logo))
        .routes(routes!(links::exchange_code))
        .routes(routes!(
            oauth_clients::get_oauth_client,
            oauth_clients::set_oauth_client,
            oauth_clients::delete_oauth_client
        ))
        .routes(routes!(connections::get_own_connection))
        .routes(routes!(syncs::get_sync_status))
        .routes(routes!(syncs::start_syncs, syncs::list_syncs))
        .routes(routes!(syncs::get_sync))
        .routes(routes!(syncs::cancel_sync))
        .routes(routes!(held::list_held_deletions))
        .routes(routes!(held::get_held_deletion))
        .routes(routes!(held::accept_held_deletion))
        .routes(routes!(held::refuse_held_deletion))
        .routes(routes!(held::list_quarantine))
        .routes(routes!(held::retry_quarantined))
        .routes(routes!(schema_drift::list_schema_drift))
        .routes(routes!(schema_drift::acknowledge_schema_drift))
        .routes(routes!(events::list_events))
        .routes(routes!(events::stream_events))
        .routes(routes!(events::list_event_types))
        .routes(routes!(operations::list_operations))
        .routes(routes!(operations::get_operation))
        .routes(routes!(passthrough::passthrough))
        .routes(routes!(raw::list_raw))
        .routes(routes!(bulks::get_bulk))
        .routes(routes!(bulks::list_bulk_items))
        .routes(routes!(webhooks::create_webhook_endpoint, webhooks::list_webhook_endpoints))
        .routes(routes!(
            webhooks::get_webhook_endpoint,
            webhooks::update_webhook_endpoint,
            webhooks::delete_webhook_endpoint
        ))
        .routes(routes!(webhooks::rotate_webhook_secret))
        .routes(routes!(webhooks::test_webhook_endpoint))
        .routes(routes!(webhooks::list_deliveries))
        .routes(routes!(webhooks::list_blocked))
        .routes(routes!(webhooks::replay))
        .routes(routes!(webhooks::list_replays))
        .routes(routes!(webhooks::get_replay))
        .routes(routes!(webhooks::cancel_replay))
        .routes(routes!(webhooks::get_delivery))
        .routes(routes!(webhooks::resend_delivery))
        .routes(routes!(webhooks::skip_delivery));
    OpenApiRouter::with_openapi(openapi::base())
        .nest("/api/v1", api)
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

/// The routes of every entity in the catalogue, and of what only one of them knows; `openapi::entities` and
/// `openapi::deeds` describe them.
fn entities() -> Router<Gate> {
    let own = Router::new()
        .route("/api/v1/purchase-orders/{id}/receive", post(v1::records::receive))
        .route("/api/v1/inventory-levels/{id}/adjust", post(v1::records::adjust))
        .route("/api/v1/inventory-levels/{id}/transfer", post(v1::records::transfer));
    catalog::entities().iter().fold(own, |router, entity| {
        let path = format!("/api/v1/{}", entity.path);
        let one = get(v1::records::get).patch(v1::records::update).delete(v1::records::delete);
        router
            .route(&path, of(entity, get(v1::records::list).post(v1::records::create)))
            .route(&format!("{path}/bulk"), of(entity, post(v1::bulks::create)))
            .route(&format!("{path}/{{id}}"), of(entity, one))
            .route(&format!("{path}/{{id}}/history"), of(entity, get(v1::records::history)))
            .route(&format!("{path}/{{id}}/{{action}}"), of(entity, post(v1::records::act)))
    })
}

fn of(entity: &'static Entity, routes: MethodRouter<Gate>) -> MethodRouter<Gate> {
    routes.layer(Extension(entity))
}

/// The connect page. Its addresses are secrets, so they stand in no document.
fn for_customers() -> Router<Gate> {
    Router::new()
        .route("/link/{secret}", get(connect::show).post(connect::submit))
        .route(connect::CALLBACK, get(connect::returned))
        .route(connect::STYLE, get(connect::style))
        .route("/connect.js", get(connect::opener))
        .route(connect::SCRIPT, get(connect::script))
        .route("/connect/accent/{file}", get(connect::accent))
        .route("/connect/logo/{hash}", get(connect::logo))
}

/// Where this server is reached.
#[derive(Clone, Debug)]
pub(crate) struct PublicUrl(Option<Arc<str>>);

impl PublicUrl {
    /// Without a slash at its end.
    pub(crate) fn base(&self, headers: &HeaderMap) -> Result<String, Problem> {
        if let Some(known) = &self.0 {
            return Ok(known.trim_end_matches('/').to_owned());
        }
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let host = host.and_then(|host| host.parse::<Authority>().ok());
        let host = host.ok_or_else(|| Problem::parameter("Host", "must name this server"))?;
        Ok(format!("http://{host}"))
    }
}

fn for_people(document: &serde_json::Value) -> Router {
    Router::new()
        .route("/", get(pages::landing))
        .route("/docs", get(pages::docs))
        .route("/docs/scalar.js", get(pages::script))
        .route("/docs/start.js", get(pages::start))
        .route(pages::OPENAPI, get(pages::openapi))
        .route("/problems/{code}", get(pages::explanation))
        .with_state(Bytes::from(document.to_string()))
}

async fn nowhere() -> Problem {
    Problem::new(Code::NotFound, "There is no such route. /docs lists them all.")
}

async fn no_such_method(method: Method) -> Problem {
    let detail = format!("This route does not take {method}; the header Allow names what it takes.");
    Problem::new(Code::UnsupportedOperation, detail).with_status(StatusCode::METHOD_NOT_ALLOWED)
}

//! The HTTP side: starts the simulator, checks the caller, finds the service, and turns outcomes into answers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use trunnion_kit::sim::{Control, Inside, Push, Sim};
use trunnion_model::time::Clock;

use super::batch;
use super::conditions::Conditions;
use super::errors::{Message, Refusal, answer};
use super::event_mesh::Mesh;
use super::events;
use super::gate::Gate;
use super::inside::Documents;
use super::metadata;
use super::node::Node;
use super::place::Place;
use super::read::{self, Listing, Resource, Shape, Tail};
use super::schema::{Family, Returns};
use super::session::Sessions;
use super::stamp;
use super::v4;
use super::value::Value;
use super::world::World;
use super::write::{self, Called, Now};

const MAX_BODY: usize = 4 * 1024 * 1024;
const JSON: &str = "application/json; charset=utf-8";

/// How a simulator is set up. The credentials are the sandbox's own and open nothing else.
#[derive(Clone, Debug)]
pub struct Options {
    pub seed: u64,
    /// How many purchase orders there are at the start; they cost no memory.
    pub records: usize,
    pub user: String,
    pub password: String,
    /// Whether purchase orders are also served in version 4 of OData, as newer releases do.
    pub v4: bool,
    /// Whether there are the services of measuring points and measurement documents, which newer releases have.
    pub meters: bool,
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            records: 200,
            user: "TRUNNION".to_owned(),
            password: "Welcome1!".to_owned(),
            v4: true,
            meters: true,
            clock: Clock::system(),
        }
    }
}

/// Starts a simulated SAP S/4HANA on this port, or on a free one for 0.
pub async fn start(options: Options, port: u16) -> std::io::Result<Sim> {
    let control = Control::new(options.clock);
    let app = App {
        control: control.clone(),
        v4: Arc::new(AtomicBool::new(options.v4)),
        meters: options.meters,
        world: Arc::new(RwLock::new(World::new(options.seed, options.records, &options.user, control.now()))),
        sessions: Arc::new(Mutex::new(Sessions::new(&options.user, &options.password, options.seed))),
        transactions: Arc::default(),
        push: Push::default(),
        mesh: Mesh::default(),
        gate: Gate::default(),
        conditions: Conditions::default(),
        changes: Arc::default(),
        changeset: None,
    };
    let window = ("SAP S/4HANA", Arc::new(Documents(app.world.clone())) as Arc<dyn Inside>);
    let router = super::remote::router()
        .merge(super::event_mesh::router())
        .merge(super::gate::router())
        .merge(super::conditions::router())
        .fallback(handle)
        .with_state(app);
    trunnion_kit::sim::start_with(router, window, control, port).await
}

/// What every request shares.
#[derive(Clone)]
pub(super) struct App {
    pub(super) control: Control,
    pub(super) v4: Arc<AtomicBool>,
    meters: bool,
    pub(super) world: Arc<RwLock<World>>,
    sessions: Arc<Mutex<Sessions>>,
    transactions: Arc<AtomicU64>,
    pub(super) push: Push,
    pub(super) mesh: Mesh,
    pub(super) gate: Gate,
    pub(super) conditions: Conditions,
    /// Single changes share it; a changeset has it alone.
    pub(super) changes: Arc<RwLock<()>>,
    /// While it carries out a changeset.
    pub(super) changeset: Option<Arc<Changeset>>,
}

/// What a changeset keeps until all of it is done.
pub(super) struct Changeset {
    /// The versions that its parts name are those from before it.
    pub(super) before: World,
    /// Events that are sent then.
    pub(super) untold: Mutex<Vec<(Family, &'static str, String)>>,
}

impl App {
    /// The same for the parts of a changeset.
    pub(super) fn in_changeset(&self, changeset: &Arc<Changeset>) -> Self {
        Self { changeset: Some(Arc::clone(changeset)), ..self.clone() }
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the database, and says what happened.
    pub(super) fn write<T>(&self, change: impl FnOnce(&mut World, Now<'_>) -> T) -> T {
        let user = self.sessions().user().to_owned();
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let now = Now { at: self.control.now(), user: &user, zone: world.zone };
        change(&mut world, now)
    }

    /// Whether a family's service of version 4 is activated.
    pub(super) fn offers(&self, family: Family) -> bool {
        if family == Family::Orders { self.v4.load(Ordering::Relaxed) } else { self.meters }
    }

    pub(super) fn refuse(&self, family: Family, refusal: Refusal) -> Response {
        self.conditions.colour(refusal).into_response(family.service(), self.control.now(), self.transaction())
    }

    /// In the name of that service of version 4, or of one that there is not.
    pub(super) fn refuse_v4(&self, service: Option<&v4::Service>, refusal: Refusal) -> Response {
        let (family, id) = service.map_or((Family::Orders, ""), |service| (service.family, service.id));
        self.conditions.colour(refusal).into_v4_response((family.service(), id), self.control.now(), self.transaction())
    }

    fn transaction(&self) -> u64 {
        self.transactions.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A request below a service's root.
struct Call {
    family: Family,
    /// The path below the root and the query, both as they came.
    path: String,
    query: String,
    /// `http://HOST/…/SERVICE/`
    base: String,
    headers: HeaderMap,
}

async fn handle(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let Some(place) = Place::of(&app, parts.uri.path()) else {
        let text = "Not found: the services are below /sap/opu/odata/sap/ and /sap/opu/odata4/sap/";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let now = stamp::from_timestamp(app.control.now());
    let client = client(&query);
    let expired = app.control.credentials_expired();
    let vouched = app.gate.vouches(&parts.headers, app.control.now());
    let caller = match app.sessions().authenticate(&parts.headers, client.as_deref(), (expired, vouched), now) {
        Ok(caller) => caller,
        Err(denied) => return denied.into_response(),
    };
    let method = effective_method(&parts.method, &parts.headers);
    let reads = matches!(method.as_str(), "GET" | "HEAD");
    if !reads && let Err(denied) = app.sessions().may_modify(&caller, &parts.headers) {
        let wrapped = app.conditions.token_refusal(|refusal| app.refuse(Family::Orders, refusal));
        return wrapped.unwrap_or_else(|| denied.into_response());
    }
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let text = "The body is too large";
        return app.refuse(Family::Orders, Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "/IWFND/CM_MGW/413", text));
    };
    if place.is_batch() && method == "POST" {
        return batch::answer(&app, &place, &parts.headers, &body).await;
    }
    let mut response = {
        // Not while somebody's changeset is half done.
        let _not_between = (!reads).then(|| app.changes.read().unwrap_or_else(PoisonError::into_inner));
        operation(&app, &place, (&method, &query), &parts.headers, &body)
    };
    let fetches = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"fetch");
    if reads && parts.headers.get("x-csrf-token").is_some_and(fetches) {
        app.sessions().fetch(&caller, now, response.headers_mut());
    }
    response
}

/// One request, alone or in a batch.
pub(super) fn operation(
    app: &App,
    place: &Place,
    (method, query): (&str, &str),
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let reads = matches!(method, "GET" | "HEAD");
    let change = (!reads).then_some(body);
    let answered = match place {
        Place::V4(Some(below)) => admitted(app, below.service.id, &below.path, change)
            .and_then(|()| v4::answer(app, method, (below, query), headers, body)),
        Place::V4(None) => {
            Err(Refusal::new(StatusCode::NOT_FOUND, "/IWBEP/CM_V4_COS/014", "Service group not published"))
        }
        Place::V2 { name, version, path } => match Family::by_service(name, version) {
            None => {
                let text = format!("No service found for namespace /SAP/, name {name}, version {version}");
                Err(Refusal::new(StatusCode::NOT_FOUND, "/IWBEP/CM_MGW_RT/026", text))
            }
            Some(family) => {
                let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
                let in_address = if version == "0001" { String::new() } else { format!(";v={version}") };
                let base = format!("http://{host}/sap/opu/odata/sap/{name}{in_address}/");
                let (path, query) = (path.clone(), query.to_owned());
                let call = Call { family, path, query, base, headers: headers.clone() };
                admitted(app, name, &call.path, change)
                    .and_then(|()| if reads { get(app, &call) } else { modify(app, &call, method, body) })
            }
        },
    };
    answered.unwrap_or_else(|refusal| place.refuse(app, refusal))
}

/// Whether the user may go there, and nobody else has open what is to be changed.
fn admitted(app: &App, service: &str, path: &str, change: Option<&Bytes>) -> Result<(), Refusal> {
    app.conditions.admit(service, path)?;
    change.map_or(Ok(()), |body| app.conditions.is_free(path, body))
}

fn client(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("sap-client="))?;
    let is_client = value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_digit());
    is_client.then(|| value.to_owned())
}

/// The method, or the one that a `POST` tunnels.
fn effective_method(method: &Method, headers: &HeaderMap) -> String {
    let tunnelled = headers.get("x-http-method").or_else(|| headers.get("x-http-method-override"));
    match tunnelled.and_then(|value| value.to_str().ok()) {
        Some(inner) if method == Method::POST => inner.to_ascii_uppercase(),
        _ => method.as_str().to_owned(),
    }
}

fn get(app: &App, call: &Call) -> Result<Response, Refusal> {
    let service = call.family.service();
    match call.path.trim_end_matches('/') {
        "" => return Ok(answer(StatusCode::OK, JSON, metadata::service_document(service))),
        "$metadata" => {
            return Ok(answer(StatusCode::OK, "application/xml; charset=utf-8", metadata::metadata(service)));
        }
        _ => {}
    }
    let world = app.world.read().unwrap_or_else(PoisonError::into_inner);
    let (resource, tail) = read::resolve(&world, call.family, &call.path)?;
    match resource {
        Resource::Nothing => Err(Refusal::not_found(&call.path)),
        Resource::Set(entity) => list(&world, call, Listing::Set(entity), entity, tail),
        Resource::Children { document, parent, slot, entity, .. } => {
            let chain = document.chain(&parent).unwrap_or_default();
            list(&world, call, Listing::Children(&chain, slot, entity), entity, tail)
        }
        Resource::Row { document, steps, .. } => {
            let mut chain = document.chain(&steps).unwrap_or_default();
            row(call, &mut chain, tail)
        }
    }
}

fn list(
    world: &World,
    call: &Call,
    listing: Listing<'_>,
    entity: &'static super::schema::Entity,
    tail: Tail,
) -> Result<Response, Refusal> {
    let options = read::Options::parse(&call.query, entity)?;
    match tail {
        Tail::Count => {
            let count = read::count(world, listing, &options).to_string();
            Ok(answer(StatusCode::OK, "text/plain; charset=utf-8", count))
        }
        Tail::None => {
            let here = format!("{}{}", call.base, call.path);
            Ok(answer(StatusCode::OK, JSON, read::list(world, listing, &options, &call.base, &here)?))
        }
        Tail::Property(_) | Tail::RawProperty(_) => Err(Refusal::not_found(entity.set)),
    }
}

fn row(call: &Call, chain: &mut Vec<&Node>, tail: Tail) -> Result<Response, Refusal> {
    let Some(&node) = chain.last() else { return Err(Refusal::not_found(&call.path)) };
    let (column, raw) = match tail {
        Tail::Count => return Err(Refusal::not_found("$count")),
        Tail::Property(column) => (column, false),
        Tail::RawProperty(column) => (column, true),
        Tail::None => {
            let options = read::Options::parse(&call.query, node.entity)?;
            return Ok(entity(call, StatusCode::OK, chain, &options.shape));
        }
    };
    let property = &node.entity.properties[column];
    let value = node.values[column].resolve(property);
    let mut json = String::new();
    value.write_json(property.kind, &mut json);
    if raw {
        let text = if let Value::Text(text) = value.as_ref() { text.clone().into_owned() } else { json };
        return Ok(answer(StatusCode::OK, "text/plain; charset=utf-8", text));
    }
    Ok(answer(StatusCode::OK, JSON, format!("{{\"d\":{{\"{}\":{json}}}}}", property.name)))
}

fn entity(call: &Call, status: StatusCode, chain: &mut Vec<&Node>, shape: &Shape) -> Response {
    let mut out = String::from("{\"d\":");
    read::render_entity(&mut out, &call.base, chain, shape);
    out.push('}');
    let mut response = answer(status, JSON, out);
    let etag = chain.last().and_then(|node| read::etag(node));
    if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

fn modify(app: &App, call: &Call, method: &str, body: &[u8]) -> Result<Response, Refusal> {
    let if_match = call.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let is_json = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = is_json.is_some_and(|kind| kind.starts_with("application/json"));
    match method {
        "POST" if call.family.service().function(&call.path).is_some() => return function(app, call, if_match),
        "DELETE" => {
            let about = subject(app, call);
            app.write(|world, now| write::delete(world, now, call.family, &call.path, if_match))?;
            if let Some((id, whole)) = about {
                events::tell(app, call.family, if whole { "Deleted" } else { "Changed" }, &id);
            }
        }
        "POST" | "PATCH" | "MERGE" if !is_json => {
            let text = "The request body is not JSON";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "/IWFND/CM_MGW/415", text));
        }
        "POST" => return create(app, call, body),
        "PATCH" | "MERGE" => {
            app.write(|world, now| write::update(world, now, call.family, &call.path, if_match, body))?;
            if let Some((id, _)) = subject(app, call) {
                events::tell(app, call.family, "Changed", &id);
            }
        }
        _ => return Err(Refusal::not_implemented(method, &call.path)),
    }
    let mut response = answer(StatusCode::NO_CONTENT, JSON, String::new());
    response.headers_mut().remove(header::CONTENT_TYPE);
    Ok(response)
}

/// The key of the document that the path leads into, and whether it is the document itself.
fn subject(app: &App, call: &Call) -> Option<(String, bool)> {
    let world = app.world.read().unwrap_or_else(PoisonError::into_inner);
    match read::resolve(&world, call.family, &call.path).ok()?.0 {
        Resource::Row { document, steps, .. } => Some((key(&document)?, steps.is_empty())),
        Resource::Set(_) | Resource::Children { .. } | Resource::Nothing => None,
    }
}

fn key(document: &Node) -> Option<String> {
    let column = document.entity.keys.first()?;
    Some(document.key_text(*column).as_text().to_owned())
}

/// Calls a function import: its entity, or the result that says nothing.
fn function(app: &App, call: &Call, if_match: Option<&str>) -> Result<Response, Refusal> {
    app.write(|world, now| match write::call(world, now, call.family, &call.path, &call.query, if_match)? {
        Called::Done => {
            let body = format!("{{\"d\":{{\"{}\":{{\"IsInvalid\":false}}}}}}", call.path);
            Ok(answer(StatusCode::OK, JSON, body))
        }
        Called::Values(values) => {
            let body = values_json(call, &values).ok_or_else(|| Refusal::not_found(&call.path))?;
            Ok(answer(StatusCode::OK, JSON, body))
        }
        Called::Row { place, steps } => {
            let document = world.document(call.family, place).ok_or_else(|| Refusal::not_found(&call.path))?;
            let mut chain = document.chain(&steps).unwrap_or_default();
            let Some(last) = chain.last() else { return Err(Refusal::not_found(&call.path)) };
            let shape = Shape::plain(last.entity);
            Ok(entity(call, StatusCode::OK, &mut chain, &shape))
        }
    })
}

/// `{"d":{"FUNCTION":{…}}}` with the values of the function's complex type.
fn values_json(call: &Call, values: &[Value]) -> Option<String> {
    let service = call.family.service();
    let Returns::Values(name) = service.function(&call.path)?.returns else { return None };
    let mut members = Vec::new();
    for (property, value) in service.values(name)?.properties.iter().zip(values) {
        let mut json = format!("\"{}\":", property.name);
        value.resolve(property).write_json(property.kind, &mut json);
        members.push(json);
    }
    Some(format!("{{\"d\":{{\"{}\":{{{}}}}}}}", call.path, members.join(",")))
}

fn create(app: &App, call: &Call, body: &[u8]) -> Result<Response, Refusal> {
    app.write(|world, now| {
        let created = write::create(world, now, call.family, &call.path, body)?;
        let mut document =
            world.document(created.family, created.place).ok_or_else(|| Refusal::not_found(&call.path))?;
        if let Some(id) = key(&document) {
            events::tell(app, created.family, if created.steps.is_empty() { "Created" } else { "Changed" }, &id);
        }
        // The answer to a posting shows none of its items, although all of them were posted.
        if created.family == Family::GoodsMovements {
            document.to_mut().children.iter_mut().for_each(Vec::clear);
        }
        let mut chain = document.chain(&created.steps).unwrap_or_default();
        let location = chain.last().map(|node| read::uri(&call.base, node)).unwrap_or_default();
        let mut response = entity(call, StatusCode::CREATED, &mut chain, &created.shape);
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(message) = sap_message(&created.warnings) {
            response.headers_mut().insert("sap-message", message);
        }
        Ok(response)
    })
}

/// One JSON object: the first warning, and the others in its details.
fn sap_message(warnings: &[Message]) -> Option<HeaderValue> {
    let json = |message: &Message| serde_json::json!({"code": message.code, "message": message.text, "severity": "warning", "target": message.target});
    let (first, others) = warnings.split_first()?;
    let mut object = json(first);
    object["details"] = others.iter().map(json).collect();
    HeaderValue::from_str(&object.to_string()).ok()
}

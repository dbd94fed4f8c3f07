//! From a request below the service's root to its answer.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::address::{Address, address};
use super::query::{Shape, query};
use super::render::{self, Style};
use super::service::{Service, all};
use super::view::View;
use super::{body, metadata};
use crate::sap_s4hana::sim::errors::{self, Refusal};
use crate::sap_s4hana::sim::events;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::read::{self, Drawn, Listing, Pen, Resource, resolve};
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::server::App;
use crate::sap_s4hana::sim::world::World;
use crate::sap_s4hana::sim::write;

const PREFIX: &str = "/sap/opu/odata4/sap/";

/// A service of version 4, and the path below its root.
#[derive(Clone)]
pub(in super::super) struct Below {
    pub(in super::super) service: &'static Service,
    pub(in super::super) path: String,
}

/// Where a path leads to among the services of version 4: into one, or (`None`) into one that there is not.
pub(in super::super) fn below(path: &str) -> Option<Option<Below>> {
    let rest = path.strip_prefix(PREFIX)?;
    let below = |service: &'static Service| {
        let path = rest.strip_prefix(service.path).filter(|path| path.is_empty() || path.starts_with('/'))?;
        Some(Below { service, path: path.trim_matches('/').to_owned() })
    };
    Some(all().iter().find_map(below))
}

/// The version, as the answers of version 4 tell it.
pub(in super::super) fn mark(response: &mut Response) {
    response.headers_mut().remove("dataserviceversion");
    response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
}

/// A request that may be made.
pub(in super::super) fn answer(
    app: &App,
    method: &str,
    (Below { service, path }, query): (&Below, &str),
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Refusal> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ieee754 = |text: &str| text.to_ascii_lowercase().contains("ieee754compatible=true");
    let style = Style { ieee754: ieee754(text(header::ACCEPT)) };
    let call = Call { app, service, path, query, style };
    let given = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE);
    match method {
        "GET" | "HEAD" => call.get(),
        "POST" | "PATCH" if !kind.starts_with("application/json") => {
            let text = "The request body is not JSON";
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "/IWFND/CM_V4/415", text))
        }
        "POST" => call.create(body, ieee754(kind)),
        "PATCH" => {
            let minimal = headers.get("prefer").is_some_and(|value| value.as_bytes().starts_with(b"return=minimal"));
            call.change(body, ieee754(kind), given, minimal)
        }
        "DELETE" => call.delete(given),
        _ => Err(Refusal::not_allowed(method, path)),
    }
}

struct Call<'c> {
    app: &'c App,
    service: &'static Service,
    path: &'c str,
    query: &'c str,
    style: Style,
}

impl Call<'_> {
    fn get(&self) -> Result<Response, Refusal> {
        match self.path {
            "" => return Ok(self.json(StatusCode::OK, metadata::service_document(self.service))),
            "$metadata" => {
                let xml = errors::answer(StatusCode::OK, "application/xml", metadata::metadata(self.service));
                return Ok(marked(xml));
            }
            _ => {}
        }
        let at = address(self.service, self.path)?;
        let asked = query(at.view, self.query)?;
        let world = self.app.world.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let resource = resolve(&world, self.service.family, &at.path)?.0;
        let (document, steps);
        let chain;
        let listing = match resource {
            Resource::Nothing => return Err(Refusal::not_found(self.path)),
            Resource::Row { document, steps, .. } => {
                let mut chain = document.chain(&steps).unwrap_or_default();
                return Ok(self.row(StatusCode::OK, &mut chain, at.view, &asked.shape));
            }
            Resource::Set(entity) => Listing::Set(entity),
            Resource::Children { document: found, parent, slot, entity, .. } => {
                (document, steps) = (found, parent);
                chain = document.chain(&steps).unwrap_or_default();
                Listing::Children(&chain, slot, entity)
            }
        };
        if at.is_count {
            let count = read::count(&world, listing, &asked.options).to_string();
            return Ok(marked(errors::answer(StatusCode::OK, "text/plain; charset=utf-8", count)));
        }
        let draw =
            |out: &mut String, chain: &mut Vec<&Node>| render::row(out, chain, at.view, &asked.shape, self.style);
        let pen = Pen { row: &draw, expands: !asked.shape.ways.is_empty() };
        let Drawn { rows, next } = read::draw(&world, listing, &asked.options, &pen)?;
        let mut out =
            format!("{{\"@odata.context\":\"$metadata#{}\",\"@odata.metadataEtag\":\"W/\\\"1\\\"\",", at.view.set);
        if asked.options.with_count {
            out.push_str(&format!("\"@odata.count\":{},", self.count(read::count(&world, listing, &asked.options))));
        }
        out.push_str(&format!("\"value\":[{rows}]"));
        if let Some(next) = next {
            let pairs: Vec<String> = asked.carried.into_iter().chain(next).collect();
            out.push_str(&format!(
                ",\"@odata.nextLink\":{}",
                serde_json::json!(format!("{}?{}", self.path, pairs.join("&")))
            ));
        }
        out.push('}');
        Ok(self.json(StatusCode::OK, out))
    }

    /// A count is a 64-bit number, which goes as a text where numbers do.
    fn count(&self, count: u64) -> String {
        if self.style.ieee754 { format!("\"{count}\"") } else { count.to_string() }
    }

    fn create(&self, body: &[u8], ieee754: bool) -> Result<Response, Refusal> {
        let Address { path, view, is_below, .. } = address(self.service, self.path)?;
        if !view.creatable && !is_below {
            return Err(Refusal::not_allowed("POST", view.set));
        }
        let body = body::translated(view, body, ieee754)?;
        let sent = serde_json::Value::Object(body).to_string();
        self.app.write(|world, now| {
            let created = write::create(world, now, self.service.family, &path, sent.as_bytes())?;
            let document =
                world.document(self.service.family, created.place).ok_or_else(|| Refusal::not_found(self.path))?;
            events::tell(
                self.app,
                self.service.family,
                if created.steps.is_empty() { "Created" } else { "Changed" },
                &id(&document),
            );
            let shape = whole(view, 0);
            let mut chain = document.chain(&created.steps).unwrap_or_default();
            let mut response = self.row(StatusCode::CREATED, &mut chain, view, &shape);
            if let Ok(location) = HeaderValue::from_str(&format!("{}('{}')", view.set, id(&document))) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Ok(response)
        })
    }

    fn change(&self, body: &[u8], ieee754: bool, given: Option<&str>, minimal: bool) -> Result<Response, Refusal> {
        let Address { path, view, .. } = address(self.service, self.path)?;
        let body = serde_json::Value::Object(body::translated(view, body, ieee754)?).to_string();
        self.app.write(|world, now| {
            check_version(self.versions(world), self.service.family, &path, given)?;
            write::update(world, now, self.service.family, &path, Some("*"), body.as_bytes())?;
            let Resource::Row { document, steps, .. } = resolve(world, self.service.family, &path)?.0 else {
                return Err(Refusal::not_found(self.path));
            };
            events::tell(self.app, self.service.family, "Changed", &id(&document));
            let mut chain = document.chain(&steps).unwrap_or_default();
            let mut response = self.row(StatusCode::OK, &mut chain, view, &Shape::default());
            if minimal {
                *response.status_mut() = StatusCode::NO_CONTENT;
                *response.body_mut() = axum::body::Body::empty();
            }
            Ok(response)
        })
    }

    fn delete(&self, given: Option<&str>) -> Result<Response, Refusal> {
        let Address { path, .. } = address(self.service, self.path)?;
        let about = self.app.write(|world, now| {
            let about = check_version(self.versions(world), self.service.family, &path, given)?;
            write::delete(world, now, self.service.family, &path, Some("*")).map(|()| about)
        })?;
        events::tell(self.app, self.service.family, "Changed", &about);
        let mut response = self.json(StatusCode::NO_CONTENT, String::new());
        response.headers_mut().remove(header::CONTENT_TYPE);
        Ok(response)
    }

    /// Where the versions are looked up that changes name: within a changeset, before it.
    fn versions<'w>(&'w self, world: &'w World) -> &'w World {
        self.app.changeset.as_ref().map_or(world, |changeset| &changeset.before)
    }

    fn row(&self, status: StatusCode, chain: &mut Vec<&Node>, view: &'static View, shape: &Shape) -> Response {
        let mut out = format!("{{\"@odata.context\":\"$metadata#{}/$entity\",", view.set);
        let etag = chain.first().map(|root| render::etag(root));
        render::members(&mut out, chain, view, shape, self.style);
        out.push('}');
        let mut response = self.json(status, out);
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }

    fn json(&self, status: StatusCode, text: String) -> Response {
        let kind = match self.style.ieee754 {
            true => "application/json;odata.metadata=minimal;IEEE754Compatible=true;charset=utf-8",
            false => "application/json;odata.metadata=minimal;charset=utf-8",
        };
        marked(errors::answer(status, kind, text))
    }
}

fn marked(mut response: Response) -> Response {
    mark(&mut response);
    response
}

fn id(document: &Node) -> String {
    document.entity.keys.first().map(|&key| document.key_text(key).as_text().to_owned()).unwrap_or_default()
}

/// All that hangs below a row, as the answer to a deep insert shows it.
fn whole(view: &'static View, depth: usize) -> Shape {
    let down = view.ways.iter().enumerate().filter(|(_, way)| !way.is_up() && depth < 3);
    Shape { fields: None, ways: down.map(|(place, way)| (place, whole(way.target(), depth + 1))).collect() }
}

/// Refuses a change that names no version, or another than the document's; gives the document's key.
fn check_version(world: &World, family: Family, path: &str, given: Option<&str>) -> Result<String, Refusal> {
    let Resource::Row { document, .. } = resolve(world, family, path)?.0 else {
        return Err(Refusal::not_found(path));
    };
    write::precondition(Some(&render::etag(&document)), given)?;
    Ok(id(&document))
}

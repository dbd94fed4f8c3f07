//! A wire tap: forwards JSON-RPC to the real system and remembers what was asked, so that a test can count logins and look
//! at filters.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

/// How methods end that change nothing.
const READS: [&str; 6] = [".search", ".search_read", ".default_get", ".on_change", ".get_preferences", ".get_access"];

#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    /// Path and body.
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    target: String,
    client: reqwest::Client,
}

impl Proxy {
    /// In front of `target` (`http://host:port`), on a free port, until the test's runtime ends.
    pub(crate) async fn start(target: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let proxy = Self { url, calls: Arc::default(), target: target.to_owned(), client };
        let app = Router::new().fallback(forward).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        proxy
    }

    /// The bodies of the calls of `method` so far, or of all methods that end like it.
    pub(crate) fn calls(&self, method: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |call: &&Value| call["method"].as_str().is_some_and(|called| called.ends_with(method));
        calls.iter().map(|(_, call)| call).filter(wanted).cloned().collect()
    }

    /// Path and body of the calls so far that are no reads.
    pub(crate) fn writes(&self) -> Vec<(String, Value)> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = |(_, call): &&(String, Value)| {
            let method = call["method"].as_str().unwrap_or_default();
            method.starts_with("model.") && !READS.iter().any(|read| method.ends_with(read))
        };
        calls.iter().filter(writes).cloned().collect()
    }

    pub(crate) fn forget(&self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 16 << 20).await.expect("a small body");
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    if let Ok(call) = serde_json::from_slice(&body) {
        proxy.calls.lock().unwrap_or_else(PoisonError::into_inner).push((path.to_owned(), call));
    }
    let mut forwarded = proxy.client.request(head.method, format!("{}{path}", proxy.target)).body(body);
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        forwarded = head.headers.get(&name).into_iter().fold(forwarded, |request, value| request.header(&name, value));
    }
    let answer = forwarded.send().await.expect("the real system answers");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(answer.status().as_u16()).expect("a status");
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned().unwrap_or(HeaderValue::from_static("text/plain"));
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    #[expect(clippy::disallowed_methods, reason = "the test's own small server answers")]
    let body = answer.bytes().await.expect("a whole answer");
    *response.body_mut() = Body::from(body);
    response
}

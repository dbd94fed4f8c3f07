//! Serves a simulator's router on a socket, with the harness's log and faults in front of it, and the control functions
//! of `remote` beside it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::control::{Control, Logged};
use super::faults::Action;
use super::inside::{self, Inside};
use super::remote;

/// The largest body that is taken, and how much of one is logged.
const BODY_LIMIT: usize = 16_000_000;
const LOGGED: usize = 64_000;

/// A running simulator; stops when dropped.
pub struct Sim {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub url: String,
    pub control: Control,
    task: JoinHandle<()>,
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sim {
    /// Runs until the server ends, which it does only by an error or by being dropped.
    pub async fn wait(mut self) {
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "the simulator stopped");
        }
    }
}

/// A simulator's page of its data: see [`inside`](super::inside).
pub type Window = (&'static str, Arc<dyn Inside>);

/// Serves `router` on 127.0.0.1; port 0 takes a free one.
pub async fn start(router: Router, control: Control, port: u16) -> std::io::Result<Sim> {
    serve(router, Router::new(), control, port).await
}

/// The same with a page of what is inside.
pub async fn start_with(router: Router, (name, inside): Window, control: Control, port: u16) -> std::io::Result<Sim> {
    serve(router, inside::router(name, control.clone(), inside), control, port).await
}

async fn serve(router: Router, beside: Router, control: Control, port: u16) -> std::io::Result<Sim> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let in_front = axum::middleware::from_fn_with_state(control.clone(), in_front);
    let app = router.layer(in_front).merge(remote::router(control.clone())).merge(beside);
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the simulator's server ended");
        }
    });
    Ok(Sim { url, control, task })
}

async fn in_front(State(control): State<Control>, mut request: Request, next: Next) -> Response {
    if request.uri().path().starts_with(remote::PREFIX) {
        return next.run(request).await;
    }
    let mut logged = Logged {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        body: String::new(),
        status: 0,
    };
    let Some(_inside) = control.enter() else {
        logged.status = StatusCode::TOO_MANY_REQUESTS.as_u16();
        control.record(logged);
        return refusal(StatusCode::TOO_MANY_REQUESTS.as_u16(), None);
    };
    if request.method() != Method::GET {
        let (parts, body) = request.into_parts();
        let Ok(bytes) = axum::body::to_bytes(body, BODY_LIMIT).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        logged.body = String::from_utf8_lossy(bytes.get(..LOGGED).unwrap_or(&bytes)).into_owned();
        request = Request::from_parts(parts, Body::from(bytes));
    }
    let action = control.next_action(&logged.method, &logged.path);
    let response = match action {
        None => next.run(request).await,
        Some(Action::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            next.run(request).await
        }
        Some(Action::Status { status, retry_after }) => refusal(status, retry_after),
        Some(Action::CutBefore) => cut(&control, logged),
        Some(Action::CutAfter) => {
            next.run(request).await;
            cut(&control, logged)
        }
        Some(Action::CutMid) => broken(next.run(request).await).await,
    };
    logged.status = response.status().as_u16();
    control.record(logged);
    response
}

fn refusal(status: u16, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = (status, "refused by the simulator's fault").into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The answer with its length, and half of its body.
async fn broken(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len().max(1)));
    let half: Vec<std::io::Result<Bytes>> =
        vec![Ok(bytes.slice(..bytes.len() / 2)), Err(std::io::Error::other("cut, as it was told to"))];
    Response::from_parts(parts, Body::from_stream(futures_util::stream::iter(half)))
}

/// Closes the connection without a byte of an answer. Unwinding the connection's own task is the one way to do so that
/// the server offers; `resume_unwind` does it without a word on standard error.
fn cut(control: &Control, logged: Logged) -> ! {
    control.record(logged);
    std::panic::resume_unwind(Box::new("the simulator cut the connection, as it was told to"))
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use trunnion_model::time::Clock;

    use super::*;

    struct Two;

    impl Inside for Two {
        fn tables(&self) -> Vec<(String, usize)> {
            vec![("orders".to_owned(), 2)]
        }

        fn rows(&self, _table: &str, from: usize, most: usize) -> Vec<serde_json::Value> {
            (from..2).take(most).map(|number| serde_json::json!({"number": number})).collect()
        }
    }

    #[expect(clippy::disallowed_methods, reason = "these answers are our own")]
    #[tokio::test]
    async fn what_is_inside_can_be_looked_at_table_by_table() {
        let sim =
            start_with(Router::new(), ("somebody", Arc::new(Two)), Control::new(Clock::system()), 0).await.unwrap();
        sim.control.add_fault("503:next=1".parse().unwrap());
        let text = async |path: &str| reqwest::get(format!("{}{path}", sim.url)).await.unwrap().text().await.unwrap();
        let json = async |path: &str| serde_json::from_str::<serde_json::Value>(&text(path).await).unwrap();
        let inside = json("/_control/inside").await;
        assert_eq!((&inside["name"], &inside["faults"]), (&"somebody".into(), &1.into()));
        assert_eq!(inside["tables"], serde_json::json!([{"name": "orders", "rows": 2}]));
        let rows = json("/_control/rows?table=orders&from=1").await;
        assert_eq!((&rows["total"], &rows["rows"]), (&2.into(), &serde_json::json!([{"number": 1}])));
        assert_eq!(text("/_control/rows?table=none").await, "there is no table none");
        assert!(text("/_control/").await.contains("<title>Sandbox</title>"));
        assert!(sim.control.requests().is_empty(), "looking leaves no trace");
    }

    #[tokio::test]
    async fn control_functions_work_and_stay_out_of_the_log_and_of_the_faults() {
        let router =
            Router::new().route("/orders", get(|| async { "two" })).route("/_control/own", get(|| async { "own" }));
        let sim = start(router, Control::new(Clock::system()), 0).await.unwrap();
        let client = reqwest::Client::new();
        let status = async |method: &str, path: &str| {
            let request = client.request(method.parse().unwrap(), format!("{}{path}", sim.url));
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(status("POST", "/_control/fault?spec=boom").await, 400);
        assert_eq!(status("POST", "/_control/fault?spec=503:next=2").await, 204);
        assert_eq!(status("GET", "/_control/own").await, 200);
        assert_eq!(status("GET", "/_control/requests").await, 200);
        assert_eq!(status("GET", "/orders").await, 503);
        assert_eq!(status("POST", "/_control/clear_faults").await, 204);
        assert_eq!(status("GET", "/orders").await, 200);
        let seen: Vec<u16> = sim.control.requests().iter().map(|logged| logged.status).collect();
        assert_eq!(seen, [503, 200]);
        let before = sim.control.now();
        assert_eq!(status("POST", "/_control/clock_ahead?seconds=3600").await, 204);
        assert!(sim.control.now().duration_since(before).as_secs() >= 3600);
        assert_eq!(status("POST", "/_control/expire_credentials?on=true").await, 204);
        assert!(sim.control.credentials_expired());
    }
}

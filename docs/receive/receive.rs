//! A receiver of Trunnion's webhooks in Rust: `cargo add axum standardwebhooks serde_json` and
//! `cargo add tokio --features macros,net,rt-multi-thread`.
//! Run it with `WEBHOOK_SECRET=whsec_… PORT=9000 cargo run`. For a durable inbox, see the crate `trunnion-receiver`.
#![expect(clippy::print_stdout, reason = "it has nobody else to tell")]

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use standardwebhooks::Webhook;

struct Receiver {
    webhook: Webhook,
    /// In your program: a table with the id as its key, written together with what you do.
    handled: Mutex<HashSet<String>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let webhook = Webhook::new(&std::env::var("WEBHOOK_SECRET")?)?;
    let receiver = Arc::new(Receiver { webhook, handled: Mutex::default() });
    let app = Router::new().fallback(post(receive)).with_state(receiver);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", std::env::var("PORT")?)).await?;
    println!("listening");
    Ok(axum::serve(listener, app).await?)
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    // The bytes as they came: verify first, parse afterwards.
    if receiver.webhook.verify(&body, &headers).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let (id, kind) = (event["id"].as_str().unwrap_or_default(), event["type"].as_str().unwrap_or_default());
    // An event may come more than once, always with the same id.
    let Ok(mut handled) = receiver.handled.lock() else { return StatusCode::INTERNAL_SERVER_ERROR };
    if handled.insert(id.to_owned()) {
        println!("handled {kind} {id}");
    }
    StatusCode::NO_CONTENT
}

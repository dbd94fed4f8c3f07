//! The server around the handlers: its log, its limits in time, its end.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::acme::Acme;
use crate::answers::{get, post};
use crate::app::{TestApp, new_connection};

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_logged_once_and_no_token_or_password_is() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.with_ansi(false).finish()).unwrap();
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let wrong = new_connection("hunter2-hunter2");
    app.send(post("/api/v1/connections").token(&app.key).json(&wrong)).await.problem();
    let ask = get("/api/v1/vendors/remote:1001?include=raw").token(&ours.token).header("x-request-id", "mine-4711");
    app.send(ask).await.ok();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("mine-4711")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["INFO", "method=GET", "route=\"/api/v1/vendors/{id}\"", "status=200", "ms="] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    for secret in [&app.key, &app.other_key, &ours.token, "hunter2"] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_is_answered_all_the_same() {
    let options = trunnion_server::Options { timeout: Duration::from_millis(1500), ..Default::default() };
    let app = TestApp::start_with(Acme::default(), options).await;
    let ours = app.connect().await;
    let answer = app.send(get("/api/v1/events?types=sync.failed&wait=30").token(&ours.token)).await;
    assert_eq!(answer.problem(), (504, "INTERNAL".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_takes_no_new_connection_and_lets_an_answer_under_way_end() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let poll = get("/api/v1/events?types=sync.failed&wait=2").token(&ours.token).send(&app.client, &app.base);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(app.stop);
        app.server.await.unwrap().unwrap();
    };
    let (answer, ()) = tokio::join!(poll, stop);
    assert_eq!(answer.status, 200);
    let address = app.base.trim_start_matches("http://");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

/// What was logged, shared with the one who reads it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

//! The numbers at `/metrics`: that they count, that they name nobody, and who may read them.

use secrecy::SecretString;
use trunnion_server::Options;

use crate::acme::Acme;
use crate::answers::{Answer, get};
use crate::app::TestApp;

fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body.clone()
}

/// The number of the line that begins so.
fn number(page: &str, begins: &str) -> Option<u64> {
    page.lines().find_map(|line| line.strip_prefix(begins)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_calls_syncs_and_connections_are_counted() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let connected = app.connect().await;
    for _ in 0..2 {
        app.send(get("/api/v1/vendors").token(&connected.token)).await.ok();
    }
    app.send(get("/api/v1/vendors/remote:none").token(&connected.token)).await.problem();
    let page = text(&app.send(get("/metrics")).await);
    let at_least_one = |begins: &str| assert!(number(&page, begins) >= Some(1), "{begins}\n{page}");
    let counted = |begins: &str, count| assert_eq!(number(&page, begins), Some(count), "{begins}\n{page}");
    counted(r#"trunnion_http_requests_total{method="GET",route="/api/v1/vendors",status="200"}"#, 2);
    counted(r#"trunnion_http_requests_total{method="GET",route="/api/v1/vendors/{id}",status="404"}"#, 1);
    counted(r#"trunnion_http_request_seconds_count{method="GET",route="/api/v1/vendors"}"#, 2);
    counted(r#"trunnion_sync_records_total{system="acme-erp",entity="vendor",outcome="created"}"#, 3);
    counted(r#"trunnion_connections{system="acme-erp",status="online"}"#, 1);
    at_least_one(r#"trunnion_sync_runs_total{system="acme-erp",entity="vendor",outcome="succeeded"}"#);
    counted("trunnion_operations_open", 0);
    assert!(page.ends_with("# EOF\n"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let connected = app.connect().await;
    app.send(get("/hooks/con_x/a-secret-in-an-address")).await;
    app.send(get("/link/another-secret")).await;
    let page = text(&app.send(get("/metrics")).await);
    let id = connected.id.trim_start_matches("con_");
    for told in [id, "Widgets", "cust-17", "customer.example", "a-secret", "another-secret", &connected.token] {
        assert!(!page.contains(told), "{told}\n{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_token_is_set_nobody_reads_without_it() {
    let options = Options { metrics_token: Some(SecretString::from("read-the-numbers")), ..Options::default() };
    let app = TestApp::start_with(Acme::default(), options).await;
    for token in [None, Some("read-the-number"), Some(app.key.as_str())] {
        let mut ask = get("/metrics");
        if let Some(token) = token {
            ask = ask.token(token);
        }
        assert_eq!(app.send(ask).await.problem(), (401, "AUTHENTICATION_FAILED".into()), "{token:?}");
    }
    text(&app.send(get("/metrics").token("read-the-numbers")).await);
}

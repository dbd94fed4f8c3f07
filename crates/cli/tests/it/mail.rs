//! E-mail through a real SMTP server that others wrote (aiosmtpd).

use std::net::TcpListener;
use std::process::Stdio;

use serde_json::json;

use crate::process::{Process, Server};

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_arrives_by_mail() {
    let Some(python) = std::env::var_os("TRUNNION_TEST_PYTHON_PEERS") else {
        eprintln!("skipped: mail needs the SMTP server that `cargo xtask test` installs");
        return;
    };
    // Free a moment ago; the server that takes it is started at once.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut smtp = std::process::Command::new(python);
    smtp.args(["-u", "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Debugging", "stdout"]);
    smtp.args(["-l", &format!("127.0.0.1:{port}")]).stdin(Stdio::null());
    let smtp = Process::start(&mut smtp);
    for _ in 0..100 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }

    let directory = tempfile::tempdir().unwrap();
    let url = format!("smtp://127.0.0.1:{port}");
    let settings = [("TRUNNION_MAIL_URL", url.as_str()), ("TRUNNION_MAIL_FROM", "Trunnion <trunnion@example.com>")];
    let server = Server::start_with(directory.path(), None, &settings);
    let manager = server.api(server.key.as_deref().unwrap());
    let new = json!({
        "name": "login again", "channel": {"type": "email", "to": ["ops@example.com"]},
        "rule": {"type": "status", "statuses": ["reauthorization_required"]}
    });
    let made = manager.post("/alerts", &new).await;
    assert_eq!((made.status, &made.body["secret"]), (201, &json!(null)), "{}", made.body);
    let id = made.body["alert"]["id"].as_str().unwrap();
    let tested = manager.post(&format!("/alerts/{id}/test"), &json!({})).await;
    assert_eq!(tested.body["delivered"], true, "{}", tested.body);
    let lines = smtp.lines_until(|line| line.contains("END MESSAGE"));
    for text in
        ["From: Trunnion <trunnion@example.com>", "To: ops@example.com", "Subject: [Trunnion] test of \"login again\""]
    {
        assert!(lines.iter().any(|line| line.contains(text)), "{text}: {lines:#?}");
    }
}

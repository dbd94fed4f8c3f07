//! Requests signed by the senders' own libraries (PyPI): each passes, and none of its damaged copies.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use http::{HeaderMap, HeaderName, Method, Uri};
use secrecy::SecretString;
use trunnion_receiver::inbox::Time;
use trunnion_receiver::verify::{Incoming, Refusal, Scheme, check};

#[derive(serde::Deserialize)]
struct Signed {
    scheme: String,
    secret: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Signed {
    fn check(&self, body: &str, secret: &str, now: i64) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let uri = Uri::from_static("/in");
        let incoming = Incoming::new(&Method::POST, &uri, "", &headers, body.as_bytes());
        let scheme = Scheme::preset(&self.scheme).unwrap();
        check(&scheme, &[SecretString::from(secret)], &incoming, now).map(|verified| verified.dedupe)
    }
}

#[test]
fn what_the_senders_own_libraries_sign_passes_and_its_damaged_copies_do_not() {
    let Ok(python) = std::env::var("TRUNNION_TEST_PYTHON_PEERS") else {
        eprintln!("not run: it needs the Python packages that `cargo xtask test` installs");
        return;
    };
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers/sign.py");
    let output = Command::new(python).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let signed: Vec<Signed> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(signed.len(), 2);
    let now = Time::system().micros() / 1_000_000;
    for one in &signed {
        let name = &one.scheme;
        assert!(one.check(&one.body, &one.secret, now).is_ok(), "{name}");
        let again: serde_json::Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(one.check(&again.to_string(), &one.secret, now), Err(Refusal::NoMatch), "{name}: written again");
        assert_eq!(
            one.check(&one.body, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now),
            Err(Refusal::NoMatch),
            "{name}"
        );
        assert_eq!(one.check(&one.body, &one.secret, now + 400), Err(Refusal::TooOld), "{name}");
        assert_eq!(one.check(&one.body, &one.secret, now - 400), Err(Refusal::TooNew), "{name}");
    }
}

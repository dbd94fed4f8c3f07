//! The schemes against the senders' own libraries: what they sign passes, and nothing that was made of it does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use secrecy::SecretString;
use serde::Deserialize;
use trunnion_receiver::inbox::Time;
use trunnion_receiver::verify::{Incoming, Proof, Refusal, Scheme, check};

const OTHER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request as a library signed it.
#[derive(Deserialize)]
struct Signed {
    scheme: String,
    secret: String,
    /// The header that proves the sender.
    proof: String,
    /// Whether a time is signed.
    timed: bool,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Signed {
    fn headers(&self) -> HeaderMap {
        let header = |(name, value): (&String, &String)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
        };
        self.headers.iter().map(header).collect()
    }

    /// What the receiver says of these headers and this body.
    fn judge(&self, headers: &HeaderMap, body: &[u8], secret: &str, now: i64) -> Result<String, Refusal> {
        let uri = Uri::from_static("/in");
        let incoming = Incoming::new(&Method::POST, &uri, "", headers, body);
        let scheme = Scheme::preset(&self.scheme).unwrap();
        check(&scheme, &[SecretString::from(secret)], &incoming, now).map(|verified| verified.dedupe)
    }

    fn passes_and_its_damaged_copies_do_not(&self, now: i64) {
        let (name, headers, body) = (&self.scheme, self.headers(), self.body.as_bytes());
        let with = |headers: &HeaderMap| self.judge(headers, body, &self.secret, now);
        let at = |now| self.judge(&headers, body, &self.secret, now);
        let proof = HeaderName::from_bytes(self.proof.as_bytes()).unwrap();
        let value = headers[&proof].clone();
        let replaced = |value: &[u8]| {
            let mut headers = headers.clone();
            headers.insert(&proof, HeaderValue::from_bytes(value).unwrap());
            headers
        };

        assert!(at(now).is_ok(), "{name}: right: {:?}", at(now));
        assert_eq!(self.judge(&headers, body, OTHER, now), Err(Refusal::NoMatch), "{name}: another secret");
        let cut = &value.as_bytes()[..value.len() - 5];
        assert!(with(&replaced(cut)).is_err(), "{name}: the proof is cut");
        let mut missing = headers.clone();
        missing.remove(&proof);
        assert_eq!(with(&missing), Err(Refusal::NoProof), "{name}: missing");
        let mut twice = headers.clone();
        twice.append(&proof, value.clone());
        assert_eq!(with(&twice), Err(Refusal::Unclear), "{name}: twice");
        assert_eq!(with(&replaced(b"v1,\xff\xfe")), Err(Refusal::Unclear), "{name}: no text");
        if self.timed {
            assert_eq!(at(now + 400), Err(Refusal::TooOld), "{name}");
            assert_eq!(at(now - 400), Err(Refusal::TooNew), "{name}");
        } else {
            assert_eq!(at(now + 400), at(now), "{name} signs no time");
        }

        // User and password prove the sender whatever the body is.
        if matches!(Scheme::preset(name).unwrap().proof, Proof::Signed(_)) {
            let of = |body: &[u8]| self.judge(&headers, body, &self.secret, now);
            let again: serde_json::Value = serde_json::from_str(&self.body).unwrap();
            assert_eq!(of(again.to_string().as_bytes()), Err(Refusal::NoMatch), "{name}: written again");
            // Without the end of its body one sender's event has no id either.
            assert!(of(&body[..body.len() - 1]).is_err(), "{name}: the body is cut");
            assert!(of(b"").is_err(), "{name}: no body");
        }
    }
}

/// Checks what the script prints; how many requests these were.
fn check_all(mut script: Command) -> usize {
    let output = script.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let now = Time::system().micros() / 1_000_000;
    let signed: Vec<Signed> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    signed.iter().for_each(|one| one.passes_and_its_damaged_copies_do_not(now));
    signed.len()
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}

fn given(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok();
    if value.is_none() {
        eprintln!("not run: it needs the packages that `cargo xtask test` installs ({variable})");
    }
    value
}

#[test]
fn what_libraries_in_python_sign_passes_and_its_damaged_copies_do_not() {
    let Some(python) = given("TRUNNION_TEST_PYTHON_PEERS") else { return };
    let mut command = Command::new(python);
    command.arg(script("sign.py"));
    assert_eq!(check_all(command), 4);
}

#[test]
fn what_libraries_in_javascript_sign_passes_and_its_damaged_copies_do_not() {
    let Some(node) = given("TRUNNION_TEST_RECEIVE_NODE") else { return };
    let Some(modules) = given("TRUNNION_TEST_SENDERS_NODE_MODULES") else { return };
    // Packages are looked for beside the program.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(modules, folder.path().join("node_modules")).unwrap();
    std::fs::copy(script("sign.mjs"), folder.path().join("sign.mjs")).unwrap();
    let mut command = Command::new(node);
    command.arg(folder.path().join("sign.mjs"));
    assert_eq!(check_all(command), 6);
}

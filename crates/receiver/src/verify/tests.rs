//! Every scheme against what is published, and against each way in which a request can be wrong.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use secrecy::SecretString;

use super::*;

const NOW: i64 = 1_614_265_330;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
/// From the tests of the standard's libraries, and of the sender that has the asymmetric form.
const V1: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const V1A: &str = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

#[derive(Clone)]
struct Request {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn post(headers: &[(&str, &str)], body: &[u8]) -> Request {
    let mut request =
        Request { method: Method::POST, uri: Uri::from_static("/in"), headers: HeaderMap::new(), body: body.to_vec() };
    for (name, value) in headers {
        request = request.with(name, value.as_bytes());
    }
    request
}

impl Request {
    /// One more header, beside those of the same name.
    fn with(mut self, name: &str, value: &[u8]) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value).unwrap());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    fn set(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value.as_bytes())
    }

    fn to(mut self, uri: &'static str) -> Self {
        self.uri = Uri::from_static(uri);
        self
    }

    fn by(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    fn incoming(&self) -> Incoming<'_> {
        Incoming::new(&self.method, &self.uri, "https://hooks.example/in", &self.headers, &self.body)
    }

    fn check(&self, scheme: &Scheme, secrets: &[&str], now: i64) -> Result<String, Refusal> {
        let secrets: Vec<_> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        check(scheme, &secrets, &self.incoming(), now).map(|verified| verified.dedupe)
    }
}

fn standard(signature: &str) -> Request {
    let headers = [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", signature)];
    post(&headers, BODY)
}

#[test]
fn the_published_vectors_of_the_standard_pass() {
    let scheme = Scheme::standard();
    assert_eq!(standard(V1).check(&scheme, &[SECRET], NOW), Ok(ID.to_owned()));
    assert_eq!(standard(V1A).check(&scheme, &[PUBLIC], NOW), Ok(ID.to_owned()));
    let other = [
        ("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"),
        ("webhook-timestamp", "1649367553"),
        ("webhook-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
    ];
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    assert!(post(&other, body).check(&scheme, &[secret], 1_649_367_553).is_ok());
}

#[test]
fn the_published_vector_of_a_plain_signature_passes() {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let headers = [("x-hub-signature-256", signature), ("x-github-delivery", "72d3162e")];
    let request = post(&headers, b"Hello, World!");
    assert_eq!(request.check(&Scheme::github(), &["It's a Secret to Everybody"], NOW), Ok("72d3162e".to_owned()));
    assert_eq!(request.check(&Scheme::github(), &["another"], NOW), Err(Refusal::NoMatch));
}

#[test]
fn while_secrets_are_exchanged_any_of_them_and_any_entry_will_do() {
    let scheme = Scheme::standard();
    let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    assert!(standard(V1).check(&scheme, &[other, SECRET], NOW).is_ok());
    let among = format!("v1,AAAA v2,unknown {V1A} {V1} v1,BBBB");
    assert!(standard(&among).check(&scheme, &[SECRET], NOW).is_ok());
    assert!(standard(&among).check(&scheme, &[PUBLIC], NOW).is_ok());
    assert_eq!(standard(&format!("v1,AAAA {V1A}")).check(&scheme, &[SECRET], NOW), Err(Refusal::NoMatch));
}

#[test]
fn a_secret_is_no_key_for_the_other_algorithm() {
    let confused = V1.replacen("v1,", "v1a,", 1);
    assert_eq!(standard(&confused).check(&Scheme::standard(), &[SECRET, PUBLIC], NOW), Err(Refusal::NoMatch));
    assert_eq!(
        standard(V1).check(&Scheme::standard(), &["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], NOW),
        Err(Refusal::NoMatch)
    );
}

/// A request of each scheme that signs, its secret, and the header with the signature.
fn each() -> Vec<(Scheme, Request, &'static str, &'static str)> {
    let key = "a secret of somebody";
    let mac = |content: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), content);
    let hex = |content: &[u8]| mac(content).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let body = br#"{"id": "evt_1", "object": {"b": 1, "a": 2.50}}"#;
    let timed = hex(&[b"1614265330.", &body[..]].concat());
    let pairs = format!("t=1614265330,v0=ffff,v1={timed}");
    let plain = STANDARD.encode(mac(body));
    let prefixed = format!("sha256={}", hex(body));
    vec![
        (Scheme::standard(), standard(V1), SECRET, "webhook-signature"),
        (Scheme::standard(), standard(V1A), PUBLIC, "webhook-signature"),
        (Scheme::stripe(), post(&[("stripe-signature", &pairs)], body), key, "stripe-signature"),
        (
            Scheme::maintainx(),
            post(&[("x-maintainx-webhook-body-signature", &pairs)], body),
            key,
            "x-maintainx-webhook-body-signature",
        ),
        (
            Scheme::github(),
            post(&[("x-hub-signature-256", &prefixed), ("x-github-delivery", "1")], body),
            key,
            "x-hub-signature-256",
        ),
        (
            Scheme::shopify(),
            post(&[("x-shopify-hmac-sha256", &plain), ("x-shopify-event-id", "1")], body),
            key,
            "x-shopify-hmac-sha256",
        ),
        (Scheme::frappe(), post(&[("x-frappe-webhook-signature", &plain)], body), key, "x-frappe-webhook-signature"),
    ]
}

#[test]
fn in_every_scheme_what_is_wrong_is_refused() {
    for (scheme, request, secret, header) in each() {
        let value = request.headers[header].to_str().unwrap().to_owned();
        let refused = |request: &Request, what: &str| {
            let refusal = request.check(&scheme, &[secret], NOW);
            assert!(refusal.is_err(), "{header}: {what}");
            refusal.unwrap_err()
        };
        assert!(request.check(&scheme, &[secret], NOW).is_ok(), "{header}");
        assert_eq!(request.check(&scheme, &["another secret"], NOW), Err(Refusal::NoMatch), "{header}");
        assert_eq!(request.check(&scheme, &[], NOW), Err(Refusal::NoMatch), "{header}");
        let parsed: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let written_again = Request { body: parsed.to_string().into_bytes(), ..request.clone() };
        assert_eq!(refused(&written_again, "the body was written again"), Refusal::NoMatch);
        let shorter = request.body[..request.body.len() - 1].to_vec();
        refused(&Request { body: shorter, ..request.clone() }, "the body is cut");
        refused(&request.clone().set(header, &value[..value.len() - 4]), "the signature is cut");
        refused(&request.clone().set(header, ""), "the signature is empty");
        refused(&request.clone().set(header, "v1,"), "nothing but a label");
        assert_eq!(refused(&request.clone().without(header), "no signature"), Refusal::NoProof);
        let twice = request.clone().with(header, value.as_bytes());
        assert_eq!(refused(&twice, "the signature is there twice"), Refusal::Unclear);
        let no_text = request.clone().without(header).with(header, b"v1,\xff\xfe");
        assert_eq!(refused(&no_text, "no text"), Refusal::Unclear);
        let flipped = value.strip_suffix('=').map_or_else(|| value.replace('a', "b"), |rest| format!("{rest}A"));
        refused(&request.clone().set(header, &flipped), "another signature");
    }
}

#[test]
fn the_time_window_is_as_wide_as_it_is_set_and_no_wider() {
    for (scheme, request, secret, header) in each() {
        let Proof::Signed(signed) = &scheme.proof else { unreachable!() };
        let at = |now| request.check(&scheme, &[secret], now);
        if signed.time.is_none() {
            assert!(at(NOW + 1_000_000).is_ok(), "{header} signs no time");
            continue;
        }
        assert!(at(NOW + 300).is_ok() && at(NOW - 300).is_ok(), "{header}");
        assert_eq!(at(NOW + 301), Err(Refusal::TooOld), "{header}");
        assert_eq!(at(NOW - 301), Err(Refusal::TooNew), "{header}");
        let wide = Signed { tolerance_seconds: 3600, ..signed.clone() };
        let wide = Scheme { proof: Proof::Signed(wide), ..scheme.clone() };
        assert!(request.check(&wide, &[secret], NOW + 3600).is_ok());
    }
    let renewed = standard(V1).set("webhook-timestamp", "1614265331");
    assert_eq!(renewed.check(&Scheme::standard(), &[SECRET], NOW), Err(Refusal::NoMatch));
    for wrong in ["", "soon", "99999999999999999999", "1614265330.5"] {
        let request = standard(V1).set("webhook-timestamp", wrong);
        assert!(request.check(&Scheme::standard(), &[SECRET], NOW).is_err(), "{wrong:?}");
    }
}

#[test]
fn an_event_without_its_id_is_refused_because_its_copy_would_be_another_event() {
    let request = standard(V1);
    assert_eq!(request.clone().without("webhook-id").check(&Scheme::standard(), &[SECRET], NOW), Err(Refusal::NoId));
    let twice = request.clone().with("webhook-id", b"x");
    assert_eq!(twice.check(&Scheme::standard(), &[SECRET], NOW), Err(Refusal::Unclear));
    let other = request.set("webhook-id", "msg_other");
    assert_eq!(other.check(&Scheme::standard(), &[SECRET], NOW), Err(Refusal::NoMatch));
}

#[test]
fn where_there_is_no_id_the_content_tells_events_apart() {
    let (scheme, request, secret, _) = each().pop().unwrap();
    let first = request.check(&scheme, &[secret], NOW).unwrap();
    assert_eq!(request.clone().with("x-other", b"1").check(&scheme, &[secret], NOW).unwrap(), first);
    assert!(first.starts_with("sha256:"), "{first}");
}

#[test]
fn a_body_that_is_no_text_is_verified_like_any_other() {
    let body = b"\xff\xfe\x00 no text";
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"k");
    let signature = STANDARD.encode(hmac::sign(&key, body));
    let request = post(&[("x-frappe-webhook-signature", &signature)], body);
    assert!(request.check(&Scheme::frappe(), &["k"], NOW).is_ok());
}

#[test]
fn a_token_must_be_the_secret_wherever_it_stands() {
    let scheme = |at: &str| Scheme {
        proof: Proof::Token { at: Place::try_from(at.to_owned()).unwrap() },
        id: Vec::new(),
        handshakes: Vec::new(),
    };
    let header = post(&[("x-token", "correct horse")], b"{}");
    assert!(header.check(&scheme("header:X-Token"), &["old", "correct horse"], NOW).is_ok());
    assert_eq!(header.check(&scheme("header:x-token"), &["correct hors"], NOW), Err(Refusal::NoMatch));
    assert_eq!(header.check(&scheme("header:x-other"), &["correct horse"], NOW), Err(Refusal::NoProof));
    let query = post(&[], b"{}").to("/in?code=a%2Fb%20c");
    assert!(query.check(&scheme("query:code"), &["a/b c"], NOW).is_ok());
    // A notice of several changes carries the subscriber's own words in each.
    let notices = |second: &str| {
        post(&[], format!(r#"{{"value":[{{"clientState":"s"}},{{"clientState":"{second}"}}]}}"#).as_bytes())
    };
    let client_state = scheme("json:value/*/clientState");
    assert!(notices("s").check(&client_state, &["s"], NOW).is_ok());
    assert_eq!(notices("forged").check(&client_state, &["s"], NOW), Err(Refusal::NoMatch));
    assert_eq!(post(&[], br#"{"value":[]}"#).check(&client_state, &["s"], NOW), Err(Refusal::NoProof));
    assert_eq!(post(&[("x-token", "")], b"{}").check(&scheme("header:x-token"), &[""], NOW), Err(Refusal::NoMatch));
}

#[test]
fn basic_credentials_are_compared_whole() {
    let scheme = Scheme::cloudevents(Proof::Basic);
    let event =
        |authorization: &str| post(&[("authorization", authorization), ("ce-id", "1"), ("ce-source", "/here")], b"{}");
    let encoded = STANDARD.encode("user:pass word");
    assert_eq!(event(&format!("Basic {encoded}")).check(&scheme, &["user:pass word"], NOW), Ok("/here 1".to_owned()));
    assert_eq!(event(&format!("bAsIc  {encoded}")).check(&scheme, &["user:pass"], NOW), Err(Refusal::NoMatch));
    for wrong in ["Bearer x", "Basic", "Basic *", "B", "Grüße zusammen"] {
        assert!(event(wrong).check(&scheme, &["user:pass word"], NOW).is_err(), "{wrong}");
    }
    let structured = post(&[("authorization", &format!("Basic {encoded}"))], br#"{"id":"7","source":"/there"}"#);
    assert_eq!(structured.check(&scheme, &["user:pass word"], NOW), Ok("/there 7".to_owned()));
}

fn shaken(handshake: Handshake, request: &Request) -> Option<Answer> {
    answer(&[handshake], &[SecretString::from("verify me")], &request.incoming())
}

#[test]
fn the_four_handshakes_are_answered_and_nothing_else_is_taken_for_one() {
    let ordinary = post(&[], b"[{}]");
    let token = ordinary.clone().to("/in?validationToken=a%20%3Cb%3E");
    assert_eq!(shaken(Handshake::ValidationToken, &token).unwrap().body, "a <b>");
    let asked = ordinary.clone().by(Method::OPTIONS).with("WebHook-Request-Origin", b"events.example");
    let allowed = shaken(Handshake::CloudEvents, &asked).unwrap();
    assert!(allowed.headers.contains(&("webhook-allowed-origin", "events.example".to_owned())), "{allowed:?}");
    let code = br#"[{"eventType":"x.SubscriptionValidationEvent","data":{"validationCode":"512d38b6"}}]"#;
    let validation = post(&[("aeg-event-type", "SubscriptionValidation")], code);
    assert_eq!(shaken(Handshake::ValidationEvent, &validation).unwrap().body, r#"{"validationResponse":"512d38b6"}"#);
    let hub = ordinary.clone().by(Method::GET);
    let right = hub.clone().to("/in?hub.mode=subscribe&hub.challenge=c7&hub.verify_token=verify%20me");
    assert_eq!(shaken(Handshake::HubChallenge, &right).unwrap().body, "c7");
    let forged = hub.to("/in?hub.mode=subscribe&hub.challenge=c7&hub.verify_token=guess");
    assert!(shaken(Handshake::HubChallenge, &forged).unwrap().refused);
    for handshake in
        [Handshake::ValidationToken, Handshake::CloudEvents, Handshake::ValidationEvent, Handshake::HubChallenge]
    {
        assert_eq!(shaken(handshake, &ordinary), None, "{handshake:?}");
    }
}

#[test]
fn a_scheme_is_read_from_a_configuration_and_what_is_unknown_there_is_refused() {
    for name in Scheme::PRESETS {
        let scheme = Scheme::preset(name).unwrap();
        let text = serde_json::to_string(&scheme).unwrap();
        assert_eq!(serde_json::from_str::<Scheme>(&text).unwrap(), scheme, "{text}");
    }
    let own = r#"{"proof":{"signed":{"at":"header:x-sig","form":"plain","content":"{url}|{body}",
        "entries":[{"algorithm":"hmac_sha512","encoding":"base64_url"}]}},"id":[["json:meta/id"]]}"#;
    assert!(serde_json::from_str::<Scheme>(own).is_ok());
    for (right, wrong) in
        [("{body}", "{bodi}"), ("|{body}", ""), ("header:", "cookie:"), ("plain", "fancy"), ("\"id\"", "\"ids\"")]
    {
        assert!(serde_json::from_str::<Scheme>(&own.replace(right, wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn nothing_compares_a_secret_but_what_takes_the_same_time_for_all() {
    // `examples/timing.rs` measures it; this holds it.
    for (name, text) in [("check.rs", include_str!("check.rs")), ("handshake.rs", include_str!("handshake.rs"))] {
        for line in text.lines().filter(|line| line.contains("expose_secret()")) {
            let becomes_a_key = line.trim() == "let text = secret.expose_secret();";
            assert!(line.contains("same(") || becomes_a_key, "{name}: {line}");
        }
        assert!(!text.contains("hmac::sign"), "{name}: signatures are verified, never made to be compared");
    }
    let own = include_str!("check.rs");
    let (_, same) = own.split_once("pub(super) fn same").unwrap();
    assert!(same.starts_with("(a: &str, b: &str)") && same.contains("constant_time::verify_slices_are_equal"));
}

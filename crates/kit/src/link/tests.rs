//! Links against servers on sockets: what is signed, when a token is renewed, and that a parked link is silent.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request as Incoming, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use serde_json::json;
use trunnion_model::time::{Clock, Hands, Timestamp};

use super::*;
use crate::http::{Effect, Pace};
use crate::sim::{Control, Sim, start};
use crate::spec::{AuthMethod, AuthScheme, FormField, FormKind, Limits, Protocol, ProtocolKind, System, Translations};

const KEY: &str = include_str!("../auth/oauth2_jwt/keys/p256.pem");

/// What the server saw, and how it answers.
#[derive(Clone, Default)]
struct Seen {
    authorizations: Arc<Mutex<Vec<String>>>,
    /// Of the last request.
    headers: Arc<Mutex<http::HeaderMap>>,
    tokens: Arc<AtomicUsize>,
    /// The newest token that the server takes; 0 takes none.
    good_token: Arc<AtomicUsize>,
}

async fn orders(State(seen): State<Seen>, request: Incoming) -> Response {
    let header = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let header = header.unwrap_or_default();
    seen.headers.lock().unwrap().clone_from(request.headers());
    seen.authorizations.lock().unwrap().push(header.clone());
    let bearer = header.strip_prefix("Bearer token-").map(|number| number.parse::<usize>().unwrap());
    let refused = match bearer {
        Some(number) => number != seen.good_token.load(Ordering::SeqCst),
        None => request.uri().path().ends_with("/refused"),
    };
    if refused {
        let challenge = [("www-authenticate", "Bearer realm=\"1\", error_description=\"Invalid login hush attempt.\"")];
        return (StatusCode::UNAUTHORIZED, challenge, "<h1>no</h1>").into_response();
    }
    request.uri().to_string().into_response()
}

async fn token(State(seen): State<Seen>, body: String) -> Response {
    let number = seen.tokens.fetch_add(1, Ordering::SeqCst) + 1;
    if !body.contains("grant_type=client_credentials") || seen.good_token.load(Ordering::SeqCst) == 99 {
        return (StatusCode::UNAUTHORIZED, r#"{"error":"invalid_client"}"#).into_response();
    }
    format!(r#"{{"access_token":"token-{number}","expires_in":"600"}}"#).into_response()
}

async fn server() -> (Sim, Seen) {
    let seen = Seen::default();
    let router = Router::new()
        .route("/base/token", post(token))
        .route("/base/api/{*rest}", any(orders))
        .with_state(seen.clone());
    (start(router, Control::new(Clock::system()), 0).await.unwrap(), seen)
}

fn field(name: &str, kind: FormKind) -> FormField {
    FormField {
        name: name.to_owned(),
        label: String::new(),
        help: String::new(),
        kind,
        required: true,
        default: None,
        text: Translations::default(),
    }
}

fn spec(scheme: AuthScheme) -> Spec {
    let names = scheme.fields().iter().filter(|name| **name != "url");
    let kind = |name: &str| match name {
        "private_key" => FormKind::SecretText,
        "password" | "api_key" | "client_secret" | "consumer_secret" | "token_secret" => FormKind::Secret,
        "token_url" => FormKind::Url,
        _ => FormKind::Text,
    };
    let form = names.map(|name| field(name, kind(name))).collect();
    Spec {
        system: System {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
            family: "erp".to_owned(),
            doc: String::new(),
            text: Translations::default(),
            verified: "simulator".to_owned(),
        },
        protocol: Protocol {
            kind: ProtocolKind::ODataV2,
            prefix: "/api".to_owned(),
            custom: Vec::new(),
            locked: Vec::new(),
            prefix_v4: String::new(),
            passthrough: Vec::new(),
            query: vec![("client".to_owned(), "mandant".to_owned())],
        },
        limits: Limits::default(),
        form: vec![field("url", FormKind::Url), field("mandant", FormKind::Text)],
        auth: vec![AuthMethod {
            scheme,
            label: String::new(),
            help: String::new(),
            text: Translations::default(),
            form,
        }],
        entities: Vec::new(),
        units: Vec::new(),
        without: Vec::new(),
        inbound: None,
        revision: None,
    }
}

fn link(sim: &Sim, scheme: AuthScheme) -> (Link, Hands) {
    let spec = spec(scheme);
    let mut given = json!({"auth": spec.auth[0].scheme.name(), "url": format!("{}/base/", sim.url), "mandant": "1 0"});
    for field in &spec.auth[0].form {
        given[&field.name] = match field.name.as_str() {
            "private_key" => KEY.into(),
            "password" => "hush".into(),
            "token_url" => format!("{}/base/token", sim.url).into(),
            name => format!("{name}'s &value").into(),
        };
    }
    let credentials = Credentials::parse(&spec, &given, false).unwrap();
    let (clock, hands) = Clock::manual("2026-01-31T10:00:00Z".parse().unwrap());
    let pace = Pace { first: Duration::from_millis(4), ..Pace::default() };
    let client = Client::new(&spec.limits, clock.clone()).unwrap().with_pace(pace);
    (Link::new(Arc::new(spec), credentials, client, clock).unwrap(), hands)
}

fn jwt() -> AuthScheme {
    AuthScheme::OAuth2Jwt { token_path: "/token".to_owned(), scope: "all".to_owned() }
}

fn secret() -> AuthScheme {
    AuthScheme::OAuth2Client { scope: "all".to_owned() }
}

async fn get(link: &Link, path: &str) -> Result<String, Error> {
    let answer = link.call(Request::get(link.url(path)?)).await?;
    Ok(format!("{} {}", answer.status, answer.text()?))
}

fn paths(sim: &Sim) -> Vec<String> {
    let logged = sim.control.requests().into_iter();
    logged.map(|logged| format!("{} {}", logged.status, logged.path.rsplit('/').next().unwrap())).collect()
}

#[tokio::test]
async fn basic_is_signed_and_addresses_stay_below_the_base() {
    let (sim, seen) = server().await;
    let (link, _) = link(&sim, AuthScheme::Basic);
    let answer = get(&link, "/orders('4%2F5')?$top=2&$filter=a%20eq%20'b'").await.unwrap();
    assert_eq!(answer, "200 /base/api/orders('4%2F5')?$top=2&$filter=a%20eq%20%27b%27&client=1+0");
    let expected = format!("Basic {}", STANDARD.encode("username's &value:hush"));
    assert_eq!(*seen.authorizations.lock().unwrap(), [expected]);
    for elsewhere in ["../token", "/a/%2e%2e/%2e%2e/%2e%2e/x", "a\\b", "/x#y"] {
        assert!(link.url(elsewhere).is_err(), "{elsewhere}");
    }
    let other = Request::get("http://127.0.0.1:1/base/api/orders".parse().unwrap());
    assert!(matches!(link.call(other).await, Err(Error::Unexpected(text)) if text.contains("nothing was sent")));
}

#[tokio::test]
async fn a_key_goes_into_its_own_header_and_nowhere_else() {
    let (sim, seen) = server().await;
    let header = http::HeaderName::from_static("x-key");
    let (link, _) = link(&sim, AuthScheme::ApiKey { header, prefix: "token ".to_owned() });
    get(&link, "/orders").await.unwrap();
    let headers = seen.headers.lock().unwrap().clone();
    assert_eq!(headers["x-key"], "token api_key's &value");
    assert!(!headers.contains_key("authorization"));
    assert_eq!(link.redact("said api_key's &value"), "said [redacted]");
}

#[tokio::test]
async fn a_refused_password_is_tried_once_and_then_the_link_is_silent() {
    let (sim, _) = server().await;
    let (link, _) = link(&sim, AuthScheme::Basic);
    for _ in 0..3 {
        let Err(Error::Authentication(message)) = get(&link, "/refused").await else { panic!("not refused") };
        assert_eq!((message.status, message.text.as_str()), (Some(401), "Invalid login [redacted] attempt."));
        assert!(matches!(get(&link.clone(), "/orders").await, Err(Error::Authentication(_))));
    }
    assert!(link.is_parked());
    assert_eq!(paths(&sim), ["401 refused"]);
}

#[tokio::test]
async fn many_calls_at_once_cost_one_refusal_at_first_and_later_no_more_than_run_at_once() {
    let (sim, _) = server().await;
    let at_once = |link: &Link, path: &'static str| {
        let calls = (0..20).map(|_| {
            tokio::spawn({
                let link = link.clone();
                async move { get(&link, path).await }
            })
        });
        futures_util::future::join_all(calls.collect::<Vec<_>>())
    };
    let (wrong, _) = link(&sim, AuthScheme::Basic);
    let calls = at_once(&wrong, "/refused").await;
    assert!(calls.into_iter().all(|call| matches!(call.unwrap(), Err(Error::Authentication(_)))));
    assert_eq!(paths(&sim), ["401 refused"]);
    let (changed, _) = link(&sim, AuthScheme::OAuth1);
    get(&changed, "/orders").await.unwrap();
    sim.control.clear_requests();
    let calls = at_once(&changed, "/refused").await;
    assert!(calls.into_iter().all(|call| matches!(call.unwrap(), Err(Error::Authentication(_)))));
    assert!(paths(&sim).len() <= changed.spec().limits.requests_at_once, "{:?}", paths(&sim));
}

#[tokio::test]
async fn a_session_scheme_signs_nothing_and_hands_the_401_to_the_protocol() {
    let (sim, seen) = server().await;
    let (link, _) = link(&sim, AuthScheme::Session);
    assert!(get(&link, "/refused").await.unwrap().starts_with("401"));
    assert_eq!(*seen.authorizations.lock().unwrap(), [""]);
    let error = link.park(VendorMessage { text: "hush is wrong".to_owned(), ..VendorMessage::default() });
    assert_eq!(error.to_string(), "the system refused the credentials: [redacted] is wrong");
    assert!(get(&link, "/orders").await.is_err());
    assert_eq!(sim.control.requests().len(), 1);
}

/// Recomputes a signature from the header alone, the way a server does it, without the code under test.
fn verify_oauth1(header: &str, method: &str, address: &str, query: &[(&str, &str)]) -> BTreeMap<String, String> {
    let decode =
        |text: &str| url::form_urlencoded::parse(format!("x={text}").as_bytes()).next().unwrap().1.into_owned();
    let encode = |text: &str| {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        text.bytes().map(|b| if safe(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect::<String>()
    };
    let members = header.strip_prefix("OAuth ").unwrap().split(", ").map(|member| {
        let (name, value) = member.split_once('=').unwrap();
        (name.to_owned(), decode(value.trim_matches('"')))
    });
    let mut members: BTreeMap<String, String> = members.collect();
    members.remove("realm").unwrap();
    let signature = members.remove("oauth_signature").unwrap();
    let signed = members.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(query.iter().copied());
    let mut signed: Vec<String> = signed.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    signed.sort();
    let base = format!("{method}&{}&{}", encode(address), encode(&signed.join("&")));
    let key = format!("{}&{}", encode("consumer_secret's &value"), encode("token_secret's &value"));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(base.as_bytes());
    assert_eq!(STANDARD.encode(mac.finalize().into_bytes()), signature, "{base}");
    members
}

#[tokio::test]
async fn oauth1_signs_each_try_anew_and_a_server_can_verify_it() {
    let (sim, seen) = server().await;
    let (link, _) = link(&sim, AuthScheme::OAuth1);
    sim.control.add_fault("429:next=1".parse().unwrap());
    let request = Request::new(Method::POST, link.url("/orders?q=a%20b%2Bc&z=").unwrap(), Effect::Write);
    // The refused try never reaches the handler; another fault-free call gives a second header to compare.
    assert_eq!(link.call(request.clone().with_body("application/json", "{}")).await.unwrap().status, 200);
    assert_eq!(link.call(request).await.unwrap().status, 200);
    let headers = seen.authorizations.lock().unwrap().clone();
    let address = format!("{}/base/api/orders", sim.url);
    let verified: Vec<_> = headers
        .iter()
        .map(|header| verify_oauth1(header, "POST", &address, &[("q", "a b+c"), ("z", ""), ("client", "1 0")]))
        .collect();
    assert_eq!(verified.len(), 2);
    assert_ne!(verified[0]["oauth_nonce"], verified[1]["oauth_nonce"]);
    assert_eq!(verified[0]["oauth_token"], "token_id's &value");
    assert_eq!(verified[0]["oauth_timestamp"], "1769853600");
    assert_eq!(paths(&sim), ["429 orders", "200 orders", "200 orders"]);
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_and_again_before_it_ends_by_key_and_by_secret() {
    for scheme in [jwt(), secret()] {
        let (sim, seen) = server().await;
        seen.good_token.store(1, Ordering::SeqCst);
        let (link, hands) = link(&sim, scheme.clone());
        let calls: Vec<_> = (0..8)
            .map(|_| {
                tokio::spawn({
                    let link = link.clone();
                    async move { get(&link, "/orders").await }
                })
            })
            .collect();
        for call in calls {
            assert!(call.await.unwrap().unwrap().starts_with("200"));
        }
        assert_eq!(seen.tokens.load(Ordering::SeqCst), 1);
        hands.advance(Duration::from_secs(539));
        get(&link, "/orders").await.unwrap();
        assert_eq!(seen.tokens.load(Ordering::SeqCst), 1);
        hands.advance(Duration::from_secs(2));
        seen.good_token.store(2, Ordering::SeqCst);
        get(&link, "/orders").await.unwrap();
        assert_eq!(seen.tokens.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_token_that_worked_is_renewed_once_after_a_401_even_for_a_write_by_key_and_by_secret() {
    for scheme in [jwt(), secret()] {
        let (sim, seen) = server().await;
        seen.good_token.store(1, Ordering::SeqCst);
        let (link, _) = link(&sim, scheme.clone());
        get(&link, "/orders").await.unwrap();
        seen.good_token.store(2, Ordering::SeqCst);
        let request = Request::new(Method::POST, link.url("/orders").unwrap(), Effect::Write);
        assert_eq!(link.call(request).await.unwrap().status, 200);
        assert_eq!(paths(&sim), ["200 token", "200 orders", "401 orders", "200 token", "200 orders"]);
        // Now no token is taken: one renewal, one replay, and the end.
        seen.good_token.store(0, Ordering::SeqCst);
        sim.control.clear_requests();
        for _ in 0..3 {
            assert!(matches!(get(&link, "/orders").await, Err(Error::Authentication(_))));
        }
        assert_eq!(paths(&sim), ["401 orders", "200 token", "401 orders"]);
    }
}

#[tokio::test]
async fn a_new_token_that_is_refused_and_a_refused_client_end_it_at_once_by_key_and_by_secret() {
    for scheme in [jwt(), secret()] {
        let (sim, _) = server().await;
        let (first, _) = link(&sim, scheme.clone());
        assert!(matches!(get(&first, "/orders").await, Err(Error::Authentication(_))));
        assert!(first.is_parked());
        assert_eq!(paths(&sim), ["200 token", "401 orders"]);
        let (sim, seen) = server().await;
        seen.good_token.store(99, Ordering::SeqCst);
        let (second, _) = link(&sim, scheme.clone());
        let calls = futures_util::future::join_all((0..5).map(|_| get(&second, "/orders"))).await;
        assert!(calls.iter().all(|call| matches!(call, Err(Error::Authentication(m)) if m.text == "invalid_client")));
        assert_eq!(paths(&sim), ["401 token"]);
    }
}

#[tokio::test]
async fn the_systems_time_is_known_from_its_answers() {
    let router = Router::new().route("/base/api/orders", any(|| async { [("date", "Sat, 31 Jan 2026 12:00:00 GMT")] }));
    let sim = start(router, Control::new(Clock::system()), 0).await.unwrap();
    let (link, hands) = link(&sim, AuthScheme::Basic);
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(link.source_now(), at("2026-01-31T10:00:00Z"));
    get(&link, "/orders").await.unwrap();
    hands.advance(Duration::from_secs(5));
    assert_eq!(link.source_now(), at("2026-01-31T12:00:05Z"));
}

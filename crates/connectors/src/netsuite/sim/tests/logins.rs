//! Both ways to log in, and what a client hears when one fails.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::*;

/// An RSA key made for this test, to sign what must be refused or accepted by its algorithm alone.
const RSA: &str = include_str!("rsa.pem");
const RSA_PUBLIC: &str = include_str!("rsa.pub.pem");

/// One TBA request as a client would sign it, with the places where a client can go wrong.
#[derive(Clone)]
struct Tba {
    realm: String,
    consumer_secret: String,
    token_secret: String,
    token: String,
    method: String,
    version: String,
    seconds_off: i64,
    nonce: String,
    signed_query: String,
    sent_query: String,
}

impl Tba {
    fn good(nonce: &str) -> Self {
        let tba = Options::default().tba;
        Self {
            realm: "1234567_SB1".to_owned(),
            consumer_secret: tba.consumer_secret,
            token_secret: tba.token_secret,
            token: tba.token,
            method: "HMAC-SHA256".to_owned(),
            version: "1.0".to_owned(),
            seconds_off: 0,
            nonce: nonce.to_owned(),
            signed_query: String::new(),
            sent_query: String::new(),
        }
    }

    async fn send(&self, sandbox: &Sandbox) -> Answer {
        let escape = |text: &str| {
            text.bytes().fold(String::new(), |mut out, byte| {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
                    _ => out += &format!("%{byte:02X}"),
                }
                out
            })
        };
        let address = format!("{}/services/rest/record/v1/vendor", sandbox.sim.url);
        let stamp = (sandbox.now().as_second() + self.seconds_off).to_string();
        let key = Options::default().tba.consumer_key;
        let fields = [
            ("oauth_consumer_key", key.as_str()),
            ("oauth_nonce", &self.nonce),
            ("oauth_signature_method", &self.method),
            ("oauth_timestamp", &stamp),
            ("oauth_token", &self.token),
            ("oauth_version", &self.version),
        ];
        let mut pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        pairs.extend(self.signed_query.split('&').filter(|pair| !pair.is_empty()).map(str::to_owned));
        pairs.sort();
        let base = format!("GET&{}&{}", escape(&address), escape(&pairs.join("&")));
        let secret = format!("{}&{}", escape(&self.consumer_secret), escape(&self.token_secret));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(base.as_bytes());
        let signature = escape(&STANDARD.encode(mac.finalize().into_bytes()));
        let mut header = format!("OAuth realm=\"{}\"", self.realm);
        for (name, value) in fields {
            header += &format!(", {name}=\"{}\"", escape(value));
        }
        header += &format!(", oauth_signature=\"{signature}\"");
        let address = if self.sent_query.is_empty() { address } else { format!("{address}?{}", self.sent_query) };
        answer(sandbox.client.get(address).header("authorization", header)).await
    }
}

async fn reasons(sandbox: &Sandbox) -> Vec<String> {
    let trail = sandbox.control("GET", "login_audit").await.body;
    let failures = trail.as_array().unwrap().iter().filter(|entry| entry["status"] == "Failure");
    failures.map(|entry| entry["detail"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_failed_token_login_answers_the_same_401_and_only_the_audit_trail_says_why() {
    let sandbox = Sandbox::new().await;
    let good = Tba::good("abcdef-1");
    let with = |change: fn(&mut Tba)| {
        let mut tba = Tba::good("abcdef-2");
        change(&mut tba);
        tba
    };
    let mut bodies = Vec::new();
    for (tba, reason) in [
        (with(|tba| tba.consumer_secret.push('x')), "InvalidSignature"),
        (with(|tba| tba.token_secret.push('x')), "InvalidSignature"),
        (with(|tba| tba.token.push('x')), "token_rejected"),
        (with(|tba| tba.realm = "7654321".to_owned()), "parameter_rejected"),
        (with(|tba| tba.method = "HMAC-SHA1".to_owned()), "UnknownAlgorithm"),
        (with(|tba| tba.version = "2.0".to_owned()), "VersionRejected"),
        (with(|tba| tba.seconds_off = 301), "InvalidTimestamp"),
        (with(|tba| tba.seconds_off = -301), "InvalidTimestamp"),
        (with(|tba| tba.nonce = "short".to_owned()), "nonce_rejected"),
        (with(|tba| tba.sent_query = "limit=1".to_owned()), "InvalidSignature"),
    ] {
        let refused = tba.send(&sandbox).await;
        assert_eq!(refused.error(), "401 INVALID_LOGIN -");
        bodies.push(refused.body);
        assert_eq!(reasons(&sandbox).await.last().unwrap(), reason);
        // A good login in between keeps the count of failures in a row below the lock.
        let between = Tba { nonce: format!("between-{}", bodies.len()), ..good.clone() };
        assert_eq!(between.send(&sandbox).await.status, 200, "{reason}");
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(with(|tba| tba.seconds_off = 299).send(&sandbox).await.status, 200);
}

#[tokio::test]
async fn a_nonce_is_good_once_and_query_parameters_are_signed_in_either_spelling() {
    let sandbox = Sandbox::new().await;
    let tba = Tba::good("once-only-1");
    assert_eq!(tba.send(&sandbox).await.status, 200);
    assert_eq!(tba.send(&sandbox).await.status, 401);
    assert_eq!(reasons(&sandbox).await, ["nonce_used"]);
    for (nonce, sent) in [("plus-blank", "q=memo+EMPTY&limit=10"), ("hex-blank", "q=memo%20EMPTY&limit=10")] {
        let signed_query = "q=comments%20EMPTY&limit=10".to_owned();
        let sent_query = sent.replace("memo", "comments");
        let tba = Tba { signed_query, sent_query, ..Tba::good(nonce) };
        assert_eq!(tba.send(&sandbox).await.status, 200, "{sent}");
    }
}

#[tokio::test]
async fn five_failed_logins_lock_the_token_for_thirty_minutes() {
    let sandbox = Sandbox::new().await;
    for index in 0..5 {
        let wrong = Tba { token_secret: "wrong".to_owned(), ..Tba::good(&format!("wrong-{index}")) };
        assert_eq!(wrong.send(&sandbox).await.status, 401);
    }
    assert_eq!(Tba::good("locked-out").send(&sandbox).await.status, 401);
    assert_eq!(reasons(&sandbox).await.last().unwrap(), "temporary_locked");
    sandbox.sim.control.move_clock_ahead(Duration::from_secs(30 * 60 - 1));
    assert_eq!(Tba::good("still-locked").send(&sandbox).await.status, 401);
    sandbox.sim.control.move_clock_ahead(Duration::from_secs(2));
    assert_eq!(Tba::good("free-again").send(&sandbox).await.status, 200);
}

#[tokio::test]
async fn an_access_token_lives_for_an_hour_of_the_accounts_clock() {
    let sandbox = Sandbox::new().await;
    assert_eq!(sandbox.get("/record/v1/vendor").await.status, 200);
    sandbox.hands.advance(Duration::from_secs(3_601));
    let refused = sandbox.get("/record/v1/vendor").await;
    assert_eq!(refused.error(), "401 INVALID_LOGIN -");
    assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""));
    let token = sandbox.exchange(&assertion(sandbox.now(), "second")).await.body["access_token"].clone();
    let sandbox = Sandbox { token: token.as_str().unwrap().to_owned(), ..sandbox };
    assert_eq!(sandbox.get("/record/v1/vendor").await.status, 200);
}

#[tokio::test]
async fn assertions_are_checked_claim_by_claim() {
    let sandbox = Sandbox::new().await;
    let now = sandbox.now();
    let second = now.as_second();
    for (name, value, error) in [
        ("iss", json!("somebody-else"), "401 invalid_client"),
        ("aud", json!("https://1234567-sb1.suitetalk.api.netsuite.com/services/rest"), "400 invalid_grant"),
        ("exp", json!(second - 1), "400 invalid_grant"),
        ("exp", json!(second + 3_601), "400 invalid_grant"),
        ("iat", json!(second + 900), "400 invalid_grant"),
        ("jti", json!("first"), "400 invalid_grant"),
        ("scope", json!("everything"), "400 invalid_scope"),
        ("scope", json!([]), "400 invalid_scope"),
    ] {
        let mut claims = claims(now, &format!("{name} {value}"));
        claims[name] = value.clone();
        let refused = sandbox.exchange(&signed(&claims)).await;
        assert_eq!(format!("{} {}", refused.status, refused.body["error"].as_str().unwrap()), error, "{name} {value}");
    }
    for scope in
        [json!("rest_webservices"), json!("restlets,rest_webservices"), json!(["restlets", "rest_webservices"])]
    {
        let mut claims = claims(now, &scope.to_string());
        claims["scope"] = scope;
        assert_eq!(sandbox.exchange(&signed(&claims)).await.body["token_type"], "Bearer");
    }
}

#[tokio::test]
async fn only_the_listed_algorithms_with_the_certificates_own_key_are_accepted() {
    let m2m = super::super::M2m { public_key_pem: RSA_PUBLIC.to_owned(), ..Options::default().m2m };
    let (clock, _hands) = Clock::manual(NOW.parse().unwrap());
    let sim = start(Options { m2m, clock, ..Options::default() }, 0).await.unwrap();
    let (clock, hands) = Clock::manual(NOW.parse().unwrap());
    let ours = Sandbox { sim, hands, client: reqwest::Client::new(), token: String::new() };
    let rsa = EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
    let sign = |algorithm: Algorithm, kid: &str| {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, &claims(clock.now(), &format!("{algorithm:?}")), &rsa).unwrap()
    };
    let kid = Options::default().m2m.certificate_id;
    let status = |answer: Answer| format!("{} {}", answer.status, answer.body["error"].as_str().unwrap_or("ok"));
    for algorithm in [Algorithm::PS256, Algorithm::PS384, Algorithm::PS512] {
        assert_eq!(status(ours.exchange(&sign(algorithm, &kid)).await), "200 ok", "{algorithm:?}");
    }
    assert_eq!(status(ours.exchange(&sign(Algorithm::RS256, &kid)).await), "400 invalid_request");
    assert_eq!(status(ours.exchange(&sign(Algorithm::PS256, "another")).await), "401 invalid_client");
    assert_eq!(status(ours.exchange(&assertion(clock.now(), "elliptic")).await), "401 invalid_client");
    let mut cut = sign(Algorithm::PS256, &kid);
    cut.truncate(cut.len() - 8);
    assert_eq!(status(ours.exchange(&cut).await), "401 invalid_client");
    assert_eq!(status(ours.exchange("nonsense").await), "400 invalid_request");
}

#[tokio::test]
async fn without_or_with_broken_credentials_nothing_is_shown() {
    let sandbox = Sandbox::new().await;
    let address = format!("{}/services/rest/record/v1/vendor", sandbox.sim.url);
    let bare = answer(sandbox.client.get(&address)).await;
    assert_eq!(bare.error(), "401 INVALID_LOGIN -");
    let broken = answer(sandbox.client.get(&address).header("authorization", "Basic abc")).await;
    assert_eq!(broken.status, 400);
    assert!(broken.header("www-authenticate").contains("error=\"invalid_request\""));
    let known = sandbox.get("/record/v1/vendor").await;
    assert_eq!(known.status, 200);
    sandbox.sim.control.expire_credentials(true);
    assert_eq!(sandbox.get("/record/v1/vendor").await.error(), "401 INVALID_LOGIN -");
    assert_eq!(Tba::good("expired-1").send(&sandbox).await.error(), "401 INVALID_LOGIN -");
    assert_eq!(sandbox.exchange(&assertion(sandbox.now(), "late")).await.body, json!({ "error": "invalid_client" }));
    sandbox.sim.control.expire_credentials(false);
    assert_eq!(sandbox.get("/record/v1/vendor").await.status, 200);
}

#[tokio::test]
async fn requests_beyond_the_accounts_concurrency_are_blocked_with_the_title_bad_request() {
    let sandbox = Sandbox::with(Options { concurrency: 2, ..Options::default() }).await;
    assert_eq!(sandbox.control("POST", "latency?ms=400").await.status, 204);
    let get = || sandbox.get("/record/v1/vendor");
    let (a, b, c, d) = tokio::join!(get(), get(), get(), get());
    let mut statuses = [a.status, b.status, c.status, d.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429, 429]);
    let blocked = [a, b, c, d].into_iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!((&blocked.body["title"], &blocked.body["o:errorCode"]), (&json!("Bad Request"), &json!("USER_ERROR")));
    assert_eq!(blocked.body["o:errorDetails"][0]["detail"], "Concurrent request limit exceeded. Request blocked.");
    assert_eq!(get().await.status, 200);
}

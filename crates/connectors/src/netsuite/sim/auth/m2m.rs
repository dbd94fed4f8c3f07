//! OAuth 2.0 client credentials: an assertion signed with the certificate's key, exchanged for an access token.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::super::options::{M2m, Options};
use super::super::server::{App, Call};
use super::audit::Logins;

pub(in super::super) const TOKEN_PATH: &str = "/services/rest/auth/oauth2/v1/token";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TOKEN_SECONDS: i64 = 3_600;
const LONGEST_ASSERTION: i64 = 3_600;
/// How far ahead of the account's clock an assertion may say that it was made.
const SKEW: i64 = 300;
const METHOD: &str = "OAuth 2.0";

/// An OAuth error code, and the reason that only the audit trail shows.
type Refusal = (&'static str, &'static str);

/// Answers the token endpoint.
pub(in super::super) fn token(app: &App, call: &Call) -> Response {
    if call.method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let now = app.control.now();
    let mut logins = app.logins();
    let verdict = if app.control.credentials_expired() {
        Err(("invalid_client", "the certificate was revoked"))
    } else {
        check(&app.options.m2m, call, &mut logins, now)
    };
    match verdict {
        Ok(()) => {
            let token = new_token(&app.options, &mut logins, now);
            logins.issue(&token, now.as_second() + TOKEN_SECONDS, now);
            logins.note(now, METHOD, true, "access token issued");
            let body =
                serde_json::json!({ "access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer" });
            (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
        }
        Err((code, reason)) => {
            logins.note(now, METHOD, false, format!("{code}: {reason}"));
            refusal(&app.options.account, code)
        }
    }
}

fn refusal(account: &str, code: &'static str) -> Response {
    let body = axum::Json(serde_json::json!({ "error": code }));
    if code != "invalid_client" {
        return (StatusCode::BAD_REQUEST, body).into_response();
    }
    let mut response = (StatusCode::UNAUTHORIZED, body).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("Basic realm=\"{account}\"")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

fn check(m2m: &M2m, call: &Call, logins: &mut Logins, now: Timestamp) -> Result<(), Refusal> {
    if !call.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Err(("invalid_request", "the body is no form"));
    }
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&call.body).into_owned().collect();
    let get = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => return Err(("unsupported_grant_type", "only client_credentials is simulated")),
        None => return Err(("invalid_request", "grant_type is missing")),
    }
    if get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(("invalid_request", "client_assertion_type is missing or unknown"));
    }
    let assertion = get("client_assertion").ok_or(("invalid_request", "client_assertion is missing"))?;
    let claims = verified(m2m, assertion)?;
    scope_is_known(&claims["scope"])?;
    if !audience_is_ours(&claims["aud"]) {
        return Err(("invalid_grant", "aud is not the token endpoint"));
    }
    let seconds = |name: &str| claims[name].as_i64().or_else(|| claims[name].as_f64().map(|float| float as i64));
    let expires = seconds("exp").ok_or(("invalid_grant", "exp is missing"))?;
    let issued = seconds("iat").ok_or(("invalid_grant", "iat is missing"))?;
    if expires <= now.as_second() {
        return Err(("invalid_grant", "the assertion has expired"));
    }
    if expires - issued > LONGEST_ASSERTION {
        return Err(("invalid_grant", "the assertion lives longer than 60 minutes"));
    }
    if issued > now.as_second() + SKEW {
        return Err(("invalid_grant", "the assertion was made in the future"));
    }
    if let Some(id) = claims["jti"].as_str() {
        let used = format!("jti {id}");
        if logins.was_seen(&used) {
            return Err(("invalid_grant", "the assertion was used before"));
        }
        logins.remember(used, expires, now);
    }
    Ok(())
}

/// The claims of an assertion that the uploaded certificate's key has signed.
fn verified(m2m: &M2m, assertion: &str) -> Result<Value, Refusal> {
    let mut parts = assertion.split('.');
    let (Some(head), Some(body), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(("invalid_request", "the assertion is no JWT"));
    };
    let json = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (Some(header), Some(claims)) = (json(head), json(body)) else {
        return Err(("invalid_request", "the assertion is no JWT"));
    };
    let (algorithm, elliptic) = match header["alg"].as_str() {
        Some("PS256") => (Algorithm::PS256, false),
        Some("PS384") => (Algorithm::PS384, false),
        Some("PS512") => (Algorithm::PS512, false),
        Some("ES256") => (Algorithm::ES256, true),
        Some("ES384") => (Algorithm::ES384, true),
        _ => return Err(("invalid_request", "the signature algorithm is not accepted")),
    };
    let same =
        |claim: &Value, ours: &str| claim.as_str().is_some_and(|text| text.as_bytes().ct_eq(ours.as_bytes()).into());
    if !same(&header["kid"], &m2m.certificate_id) {
        return Err(("invalid_client", "kid names no certificate of this account"));
    }
    if !same(&claims["iss"], &m2m.client_id) {
        return Err(("invalid_client", "iss names no integration of this account"));
    }
    let pem = m2m.public_key_pem.as_bytes();
    let key = if elliptic { DecodingKey::from_ec_pem(pem) } else { DecodingKey::from_rsa_pem(pem) };
    let key = key.map_err(|_| ("invalid_client", "the certificate's key is of another kind than the signature"))?;
    let message = &assertion[..head.len() + 1 + body.len()];
    match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm) {
        Ok(true) => Ok(claims),
        _ => Err(("invalid_client", "the signature is wrong")),
    }
}

/// Oracle's text says a comma list, its sample is an array: both are taken.
fn scope_is_known(scope: &Value) -> Result<(), Refusal> {
    const KNOWN: [&str; 3] = ["rest_webservices", "restlets", "suite_analytics"];
    let names: Vec<&str> = match scope {
        Value::String(text) => text.split([',', ' ']).filter(|name| !name.is_empty()).collect(),
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap_or_default()).collect(),
        _ => Vec::new(),
    };
    if names.iter().any(|name| !KNOWN.contains(name)) {
        return Err(("invalid_scope", "the scope is unknown"));
    }
    if names.contains(&"rest_webservices") {
        Ok(())
    } else {
        Err(("invalid_scope", "rest_webservices is not in the scope"))
    }
}

/// The sandbox has no host name of its own, so only the path of the audience must be the token endpoint's.
fn audience_is_ours(audience: &Value) -> bool {
    let is_ours = |value: &Value| {
        value.as_str().and_then(|text| url::Url::parse(text).ok()).is_some_and(|address| address.path() == TOKEN_PATH)
    };
    match audience {
        Value::Array(all) => all.iter().any(is_ours),
        one => is_ours(one),
    }
}

/// Looks like the vendor's (a JWT), differs each time, and means nothing but its entry in the list of issued tokens.
fn new_token(options: &Options, logins: &mut Logins, now: Timestamp) -> String {
    logins.issued += 1;
    let body = serde_json::json!({
        "sub": options.account, "aud": options.m2m.client_id, "iat": now.as_second(), "exp": now.as_second() + TOKEN_SECONDS,
        "jti": format!("{}.{}", now.as_nanosecond(), logins.issued),
    });
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        URL_SAFE_NO_PAD.encode(body.to_string())
    );
    let secret = format!("{}{}", options.seed, options.tba.token_secret);
    let signature = Sha256::digest(format!("{secret}{text}").as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

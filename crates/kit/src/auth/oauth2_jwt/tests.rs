//! The keys beside this file were made for these tests with `openssl genpkey`; they open nothing.

use http::HeaderMap;
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde_json::{Value, json};

use super::*;

const RSA: &str = include_str!("keys/rsa.pem");
const RSA_PKCS1: &str = include_str!("keys/pkcs1.pem");
const P256: &str = include_str!("keys/p256.pem");
const P384: &str = include_str!("keys/p384.pem");
const P521: &str = include_str!("keys/p521.pem");

fn signed(pem: &str, scope: &str) -> String {
    let token_url = "https://erp.example/oauth2/v1/token".parse().unwrap();
    let grant = Grant { token_url: &token_url, client_id: "client", certificate_id: "cert-7", scope };
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    assertion(&grant, &Key::from_pem(pem).unwrap(), now, "jti-1").unwrap()
}

#[test]
fn the_algorithm_follows_the_key_and_the_public_key_verifies_the_assertion() {
    let rsa = DecodingKey::from_rsa_pem(include_bytes!("keys/rsa.pub.pem")).unwrap();
    let p256 = DecodingKey::from_ec_pem(include_bytes!("keys/p256.pub.pem")).unwrap();
    let p384 = DecodingKey::from_ec_pem(include_bytes!("keys/p384.pub.pem")).unwrap();
    for (pem, public, algorithm) in [
        (RSA, &rsa, Algorithm::PS256),
        (RSA_PKCS1, &rsa, Algorithm::PS256),
        (P256, &p256, Algorithm::ES256),
        (P384, &p384, Algorithm::ES384),
    ] {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.set_audience(&["https://erp.example/oauth2/v1/token"]);
        let decoded = decode::<Value>(&signed(pem, "rest_webservices"), public, &validation).unwrap();
        assert_eq!(decoded.header.kid.as_deref(), Some("cert-7"));
        assert_eq!(
            decoded.claims,
            json!({
                "iss": "client", "sub": "client", "aud": "https://erp.example/oauth2/v1/token",
                "scope": "rest_webservices", "iat": 1_800_000_000, "exp": 1_800_000_300, "jti": "jti-1",
            })
        );
        assert!(
            decode::<Value>(
                &signed(pem, "other"),
                if algorithm == Algorithm::PS256 { &p256 } else { &rsa },
                &validation
            )
            .is_err()
        );
    }
}

#[test]
fn several_scopes_are_an_array_and_none_is_left_out() {
    let scope = |scope| {
        let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(signed(P256, scope)).unwrap().claims;
        claims.get("scope").cloned()
    };
    assert_eq!(scope("restlets rest_webservices"), Some(json!(["restlets", "rest_webservices"])));
    assert_eq!(scope(""), None);
}

#[test]
fn an_unusable_key_says_what_to_give_instead() {
    let reason = |pem: &str| Key::from_pem(pem).err().unwrap();
    assert!(reason("secret").contains("no private key in PEM form"));
    assert!(reason(P521).contains("P-256 or P-384"));
    assert!(reason(include_str!("keys/rsa.pub.pem")).contains("public part"));
    assert!(reason("-----BEGIN EC PRIVATE KEY-----").contains("openssl pkcs8"));
    assert!(reason("-----BEGIN ENCRYPTED PRIVATE KEY-----").contains("passphrase"));
}

fn outcome(status: u16, body: &str) -> Result<Token, Error> {
    let answer = Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() };
    token(&answer, Timestamp::UNIX_EPOCH)
}

#[test]
fn the_life_of_a_token_is_read_as_a_number_or_as_a_text() {
    let expires = |body| outcome(200, body).unwrap().expires_at.as_second();
    assert_eq!(expires(r#"{"access_token":"t","expires_in":3600}"#), 3600);
    assert_eq!(expires(r#"{"access_token":"t","expires_in":"1800","token_type":"Bearer"}"#), 1800);
    assert_eq!(expires(r#"{"access_token":"t"}"#), 300);
    assert!(matches!(outcome(200, "<html>"), Err(Error::NotThatProduct(_))));
}

#[test]
fn refusals_are_told_apart() {
    let Err(Error::Authentication(message)) =
        outcome(400, r#"{"error":"invalid_grant","error_description":"replayed"}"#)
    else {
        panic!("not an authentication error")
    };
    assert_eq!((message.code.as_deref(), message.text.as_str()), (Some("invalid_grant"), "replayed"));
    let Err(Error::Authentication(message)) = outcome(401, r#"{"error":"invalid_client"}"#) else {
        panic!("not an authentication error")
    };
    assert_eq!(message.text, "invalid_client");
    assert!(
        matches!(outcome(400, "<h1>Bad request</h1>"), Err(Error::Unexpected(text)) if text.contains("Bad request"))
    );
    assert!(matches!(outcome(404, ""), Err(Error::NotThatProduct(_))));
    assert!(matches!(outcome(500, ""), Err(Error::Unreachable { .. })));
}

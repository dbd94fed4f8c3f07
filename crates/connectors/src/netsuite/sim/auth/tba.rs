//! Token-based authentication: OAuth 1.0a by RFC 5849 with HMAC-SHA256, as the verifier of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::super::options::Tba;
use super::audit::Logins;

/// How far a timestamp may be from the account's clock, in seconds.
const WINDOW: i64 = 300;
const SHORTEST_NONCE: usize = 6;

/// A request as the client addressed and signed it.
pub(in super::super) struct Signed<'a> {
    pub method: &'a str,
    /// `http://host[:port]`, lower case, without a default port.
    pub origin: &'a str,
    /// The path as it was sent, still encoded.
    pub path: &'a str,
    /// The query as it was sent, still encoded.
    pub query: &'a str,
    /// What follows `OAuth ` in the Authorization header.
    pub credentials: &'a str,
}

/// Nothing if the request is the integration user's; otherwise the reason, for the audit trail only.
pub(in super::super) fn verify(
    tba: &Tba,
    account: &str,
    request: &Signed<'_>,
    logins: &mut Logins,
    now: Timestamp,
) -> Result<(), &'static str> {
    let parameters = parse_credentials(request.credentials).ok_or("parameter_rejected")?;
    let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let ours = get("oauth_consumer_key").is_some_and(|key| same(key, &tba.consumer_key))
        || get("oauth_token").is_some_and(|token| same(token, &tba.token));
    if ours && logins.locked(now) {
        return Err("temporary_locked");
    }
    let verdict = judge(tba, account, request, &parameters, logins, now);
    match verdict {
        Ok(()) => logins.succeeded(),
        // Only attempts that name the user can lock it.
        Err(_) if ours => logins.failed(now),
        Err(_) => {}
    }
    verdict
}

fn judge(
    tba: &Tba,
    account: &str,
    request: &Signed<'_>,
    parameters: &[(String, String)],
    logins: &mut Logins,
    now: Timestamp,
) -> Result<(), &'static str> {
    let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let required = |name: &str| get(name).ok_or("MissingTokenPassportRequiredFields");
    let (realm, consumer, token) = (required("realm")?, required("oauth_consumer_key")?, required("oauth_token")?);
    let (method, timestamp) = (required("oauth_signature_method")?, required("oauth_timestamp")?);
    let (nonce, signature) = (required("oauth_nonce")?, required("oauth_signature")?);
    if get("oauth_version").is_some_and(|version| version != "1.0") {
        return Err("VersionRejected");
    }
    if method != "HMAC-SHA256" {
        return Err("UnknownAlgorithm");
    }
    if realm != account {
        return Err("parameter_rejected");
    }
    if !same(consumer, &tba.consumer_key) {
        return Err("consumer_key_unknown");
    }
    if !same(token, &tba.token) {
        return Err("token_rejected");
    }
    let second: i64 = timestamp.parse().map_err(|_| "InvalidTimestamp")?;
    if (second - now.as_second()).abs() > WINDOW {
        return Err("InvalidTimestamp");
    }
    if nonce.len() < SHORTEST_NONCE {
        return Err("nonce_rejected");
    }
    let used = format!("nonce {timestamp} {nonce}");
    if logins.was_seen(&used) {
        return Err("nonce_used");
    }
    let expected = sign(tba, request, parameters).ok_or("InvalidSignature")?;
    let sent = STANDARD.decode(signature).map_err(|_| "InvalidSignature")?;
    if !bool::from(expected.as_slice().ct_eq(&sent)) {
        return Err("InvalidSignature");
    }
    logins.remember(used, second + 2 * WINDOW, now);
    Ok(())
}

/// The signature that the request must carry. The realm and the body are not signed; every query parameter is.
fn sign(tba: &Tba, request: &Signed<'_>, parameters: &[(String, String)]) -> Option<Vec<u8>> {
    let unsigned = ["realm", "oauth_signature"];
    let of_header = parameters.iter().filter(|(name, _)| !unsigned.contains(&name.as_str()));
    let mut pairs: Vec<(String, String)> = of_header.map(|(name, value)| (encode(name), encode(value))).collect();
    // Clients differ in how they write a blank (`+` or `%20`): decoded as a form and encoded again, both are the same.
    let of_query = url::form_urlencoded::parse(request.query.as_bytes());
    pairs.extend(of_query.map(|(name, value)| (encode(&name), encode(&value))));
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let address = format!("{}{}", request.origin, request.path);
    let base = format!("{}&{}&{}", request.method.to_uppercase(), encode(&address), encode(&pairs.join("&")));
    let key = format!("{}&{}", encode(&tba.consumer_secret), encode(&tba.token_secret));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(base.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// The header's `name="value"` pairs, decoded; nothing if it is not made of such.
fn parse_credentials(text: &str) -> Option<Vec<(String, String)>> {
    text.split(',')
        .map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// RFC 3986: everything but letters, digits and `-._~` as `%XX`.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `%XX` taken back; nothing if one is broken or the result is no UTF-8.
pub(in super::super) fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let pair = text.get(at + 1..at + 3)?;
            out.push(u8::from_str_radix(pair, 16).ok()?);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oracle() -> Tba {
        Tba {
            consumer_key: "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4".to_owned(),
            consumer_secret: "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5".to_owned(),
            token: "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc".to_owned(),
            token_secret: "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295".to_owned(),
        }
    }

    fn check(method: &str, origin: &str, path: &str, query: &str, signature: &str) -> Result<(), &'static str> {
        let tba = oracle();
        let credentials = format!(
            "realm=\"123456\", oauth_consumer_key=\"{}\", oauth_token=\"{}\", oauth_signature_method=\"HMAC-SHA256\", \
             oauth_timestamp=\"1508242306\", oauth_nonce=\"fjaLirsIcCGVZWzBX0pg\", oauth_version=\"1.0\", oauth_signature=\"{}\"",
            tba.consumer_key,
            tba.token,
            encode(signature)
        );
        let request = Signed { method, origin, path, query, credentials: &credentials };
        verify(&tba, "123456", &request, &mut Logins::default(), Timestamp::from_second(1_508_242_306).unwrap())
    }

    #[test]
    fn the_signatures_that_oracle_publishes_are_accepted_and_no_others() {
        let record = ("https://123456.suitetalk.api.netsuite.com", "/services/rest/record/v1/employee/40");
        let good = "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=";
        assert_eq!(check("GET", record.0, record.1, "", good), Ok(()));
        assert_eq!(check("POST", record.0, record.1, "", good), Err("InvalidSignature"));
        assert_eq!(check("GET", record.0, record.1, "a=1", good), Err("InvalidSignature"));
        let script = "script=6&deploy=1&customParam=someValue&testParam=someOtherValue";
        let host = "https://123456.restlets.api.netsuite.com";
        // Oracle's page leaves the leading plus out.
        let good = "+KK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ=";
        assert_eq!(check("POST", host, "/app/site/hosting/restlet.nl", script, good), Ok(()));
    }

    #[test]
    fn a_broken_header_is_refused_without_a_crash() {
        let tba = oracle();
        for credentials in
            ["", "realm", "realm=\"x", "realm=\"%\"", "realm=\"%zz\"", "realm=\"123456\"", "realm=\"%ä\""]
        {
            let request = Signed { method: "GET", origin: "http://h", path: "/", query: "", credentials };
            assert!(verify(&tba, "123456", &request, &mut Logins::default(), Timestamp::UNIX_EPOCH).is_err());
        }
    }
}

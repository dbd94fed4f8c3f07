//! OAuth 1.0a with HMAC-SHA256 (RFC 5849): every request is signed with two key pairs, a time and a nonce.
//!
//! Bodies are not signed: ours are JSON, and RFC 5849 signs form bodies only.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Method};
use sha2::Sha256;
use trunnion_model::time::Timestamp;
use url::Url;

use crate::error::Error;

/// What a customer's administrator hands out.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// The account, as the server writes it; sent beside the signature, not signed.
    pub realm: &'a str,
    pub consumer_key: &'a str,
    pub consumer_secret: &'a str,
    pub token_id: &'a str,
    pub token_secret: &'a str,
}

/// The value of `Authorization`. The nonce must never be used again: sign anew for each try.
pub fn authorization(
    keys: &Keys<'_>,
    method: &Method,
    url: &Url,
    at: Timestamp,
    nonce: &str,
) -> Result<HeaderValue, Error> {
    let seconds = at.as_second().to_string();
    let signed = [
        ("oauth_consumer_key", keys.consumer_key),
        ("oauth_token", keys.token_id),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", &seconds),
        ("oauth_nonce", nonce),
        ("oauth_version", "1.0"),
    ];
    let signature = signature(keys, &base_string(method, url, &signed))?;
    // Quotes would end the value early; a realm is no signed parameter and is sent as it is.
    let realm = keys.realm.replace(['"', '\\'], "");
    let mut text = format!("OAuth realm=\"{realm}\"");
    for (name, value) in signed.into_iter().chain([("oauth_signature", signature.as_str())]) {
        text.push_str(&format!(", {name}=\"{}\"", percent_encode(value)));
    }
    super::sensitive(&text)
}

/// The text that is signed (section 3.4.1): method, address, and all parameters of the query and of `more`, sorted.
pub fn base_string(method: &Method, url: &Url, more: &[(&str, &str)]) -> String {
    let query = url.query_pairs().map(|(name, value)| (percent_encode(&name), percent_encode(&value)));
    let more = more.iter().map(|(name, value)| (percent_encode(name), percent_encode(value)));
    let mut parameters: Vec<(String, String)> = query.chain(more).collect();
    parameters.sort();
    let parameters: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    // `Url` has lower-cased the scheme and the host and dropped a default port already.
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    [method.as_str(), address.as_str(), &parameters.join("&")].map(percent_encode).join("&")
}

/// RFC 3986: everything but letters, digits and `-._~`, with upper-case hexadecimal digits.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn signature(keys: &Keys<'_>, base: &str) -> Result<String, Error> {
    let key = format!("{}&{}", percent_encode(keys.consumer_secret), percent_encode(keys.token_secret));
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
    let mut mac = mac.map_err(|error| Error::Unexpected(format!("cannot sign with this key: {error}")))?;
    mac.update(base.as_bytes());
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of Oracle's published examples of token-based authentication.
    const KEYS: Keys<'static> = Keys {
        realm: "123456",
        consumer_key: "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
        consumer_secret: "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
        token_id: "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
        token_secret: "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
    };

    fn signed(method: &Method, url: &str) -> String {
        let at = Timestamp::from_second(1_508_242_306).unwrap();
        let header = authorization(&KEYS, method, &url.parse().unwrap(), at, "fjaLirsIcCGVZWzBX0pg").unwrap();
        header.to_str().unwrap().to_owned()
    }

    #[test]
    fn oracles_published_examples_come_out() {
        let header =
            signed(&Method::GET, "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40");
        assert_eq!(
            header,
            "OAuth realm=\"123456\", \
             oauth_consumer_key=\"ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4\", \
             oauth_token=\"2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc\", \
             oauth_signature_method=\"HMAC-SHA256\", oauth_timestamp=\"1508242306\", \
             oauth_nonce=\"fjaLirsIcCGVZWzBX0pg\", oauth_version=\"1.0\", \
             oauth_signature=\"B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D\""
        );
        // The page prints this one without its leading plus, which is a slip of the page.
        let restlet = signed(
            &Method::POST,
            "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl\
             ?script=6&deploy=1&customParam=someValue&testParam=someOtherValue",
        );
        assert!(restlet.ends_with("oauth_signature=\"%2BKK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ%3D\""), "{restlet}");
    }

    #[test]
    fn the_base_string_of_rfc_5849_section_3_4_1_1_comes_out() {
        let url: Url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b".parse().unwrap();
        let more = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            // The form body `c2&a3=2+q`.
            ("c2", ""),
            ("a3", "2 q"),
        ];
        assert_eq!(
            base_string(&Method::POST, &url, &more),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D\
             %26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1\
             %26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }
}

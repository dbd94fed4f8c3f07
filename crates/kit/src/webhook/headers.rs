//! Headers that an endpoint's owner wants to be sent along.

use http::{HeaderName, HeaderValue};

/// Those that belong to the connection, to the body, or to the standard.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const RESERVED_BEGINNINGS: &[&str] = &["webhook-", "proxy-", "sec-"];
const LONGEST: usize = 4_000;

/// Whether a header of that name and value may be sent along; what is wrong with it, if not. The value is not repeated.
pub fn check_header(name: &str, value: &str) -> Result<(), &'static str> {
    let parsed: HeaderName = name.parse().map_err(|_| "is no name of a header")?;
    let lower = parsed.as_str();
    if RESERVED.contains(&lower) || RESERVED_BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning)) {
        return Err("is reserved");
    }
    if value.len() > LONGEST {
        return Err("has a value of more than 4000 characters");
    }
    // A line break would begin a header of its own.
    HeaderValue::from_str(value).map(|_| ()).map_err(|_| "has a value that no header can have")
}

#[cfg(test)]
mod tests {
    use super::check_header;

    #[test]
    fn what_would_change_the_request_or_the_signature_is_refused() {
        for name in
            ["Webhook-Id", "webhook-signature", "HOST", "content-length", "Transfer-Encoding", "proxy-auth", "a b", ""]
        {
            assert!(check_header(name, "x").is_err(), "{name:?}");
        }
        for value in ["a\r\nb: c", "a\nb", "\u{0}", &"x".repeat(4_001)] {
            assert!(check_header("x-token", value).is_err());
        }
        for (name, value) in [("Authorization", "Bearer x"), ("x-tenant", "7"), ("X-Empty", "")] {
            assert_eq!(check_header(name, value), Ok(()), "{name}");
        }
    }
}

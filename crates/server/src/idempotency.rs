//! The headers of writes: `Idempotency-Key` in, `Idempotency-Replayed` out.

use axum::extract::FromRequestParts;
use http::HeaderName;
use http::request::Parts;

use crate::problem::Problem;

pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key.
const LONGEST: usize = 255;

/// The key that the caller gave its request: the same key never does the same thing twice.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyKey(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(KEY).iter();
        let Some(value) = values.next() else {
            return Err(refuse(
                "is required: give every write a key of its own (a UUID does) and repeat it with that key",
            ));
        };
        if values.next().is_some() {
            return Err(refuse("is given more than once"));
        }
        let key = value.as_bytes();
        let visible = !key.is_empty() && key.iter().all(u8::is_ascii_graphic);
        if !visible || key.len() > LONGEST {
            return Err(refuse("must be 1 to 255 visible ASCII characters"));
        }
        Ok(Self(String::from_utf8_lossy(key).into_owned()))
    }
}

fn refuse(message: &str) -> Problem {
    Problem::parameter("Idempotency-Key", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn key(values: &[&str]) -> Option<String> {
        let mut request = http::Request::builder();
        for value in values {
            request = request.header(KEY, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        IdempotencyKey::from_request_parts(&mut parts, &()).await.ok().map(|key| key.0)
    }

    #[tokio::test]
    async fn a_key_is_one_visible_word() {
        assert_eq!(key(&["po-4711/a"]).await.as_deref(), Some("po-4711/a"));
        assert_eq!(key(&[&"k".repeat(255)]).await, Some("k".repeat(255)));
        for wrong in [&[][..], &[""], &["two words"], &["one", "two"], &[&"k".repeat(256)]] {
            assert_eq!(key(wrong).await, None, "{wrong:?}");
        }
    }
}

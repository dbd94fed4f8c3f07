//! The headers of writes: `Idempotency-Key`, `If-Match` and `Prefer` in, `Idempotency-Replayed` out.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderName, header};
use trunnion_engine::services::writes::Manner;

use crate::extract::Pairs;
use crate::problem::Problem;

pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const PREFER: HeaderName = HeaderName::from_static("prefer");
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key.
const LONGEST: usize = 255;

/// The headers that say how a write is to be done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    /// The same key never does the same thing twice.
    pub(crate) key: Option<String>,
    pub(crate) if_match: Option<String>,
    /// `Prefer: respond-async`.
    pub(crate) respond_async: bool,
}

impl Headers {
    /// Of a request that must have a key: what it makes could not be told apart from another one like it.
    pub(crate) fn with_key(self) -> Result<Self, Problem> {
        match self.key {
            Some(_) => Ok(self),
            None => {
                Err(refuse("is required: give every write a key of its own (a UUID does) and repeat it with that key"))
            }
        }
    }

    /// A dry run makes nothing.
    pub(crate) fn with_key_unless_dry(self, query: &Pairs) -> Result<Self, Problem> {
        let dry = query.iter().any(|(name, value)| name == "dry_run" && value == "true");
        if dry { Ok(self) } else { self.with_key() }
    }

    pub(crate) fn manner(&self) -> Manner<'_> {
        Manner {
            idempotency_key: self.key.as_deref(),
            if_match: self.if_match.as_deref(),
            respond_async: self.respond_async,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Headers {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let preferred = parts.headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        let respond_async =
            preferred.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("respond-async"));
        let if_match = parts.headers.get(header::IF_MATCH).map(|value| value.to_str().map(str::to_owned));
        let if_match =
            if_match.transpose().map_err(|_| Problem::parameter("If-Match", "must be a version in quotes"))?;
        Ok(Self { key: key(parts)?, if_match, respond_async })
    }
}

fn key(parts: &Parts) -> Result<Option<String>, Problem> {
    let mut values = parts.headers.get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(refuse("is given more than once"));
    }
    let key = value.as_bytes();
    let visible = !key.is_empty() && key.iter().all(u8::is_ascii_graphic);
    if !visible || key.len() > LONGEST {
        return Err(refuse("must be 1 to 255 visible ASCII characters"));
    }
    Ok(Some(String::from_utf8_lossy(key).into_owned()))
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
        Headers::from_request_parts(&mut parts, &())
            .await
            .and_then(Headers::with_key)
            .ok()
            .and_then(|headers| headers.key)
    }

    #[tokio::test]
    async fn a_key_is_one_visible_word() {
        assert_eq!(key(&["po-4711/a"]).await.as_deref(), Some("po-4711/a"));
        assert_eq!(key(&[&"k".repeat(255)]).await, Some("k".repeat(255)));
        for wrong in [&[][..], &[""], &["two words"], &["one", "two"], &[&"k".repeat(256)]] {
            assert_eq!(key(wrong).await, None, "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn preferring_an_answer_at_once_is_one_word_among_others() {
        let mut parts =
            http::Request::builder().header("prefer", "wait=5, Respond-Async").body(()).unwrap().into_parts().0;
        assert!(Headers::from_request_parts(&mut parts, &()).await.unwrap().respond_async);
    }
}

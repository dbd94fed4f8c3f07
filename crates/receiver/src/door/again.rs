//! What was not believed, judged once more: by the source's settings of now, at the time of its arrival.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::source::{Named, Source};
use crate::inbox::{Inbox, New, Put, Refused, Result};
use crate::verify::{self, Incoming};

/// Rows per look.
const PAGE: i64 = 100;

/// What became of what had been refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// Stored now, as if it had come now.
    pub believed: u64,
    /// There is no room for it yet, or still no proof.
    pub refused: u64,
}

/// Judges all that is kept of `source`, naming what it is about by the source's own data.
pub async fn judge_again(inbox: &Inbox, source: &Source) -> Result<Again> {
    judge_again_with(inbox, source, |incoming| source.naming.name(incoming)).await
}

/// The same, with a name for each event by `name`.
pub async fn judge_again_with(inbox: &Inbox, source: &Source, name: impl Fn(&Incoming<'_>) -> Named) -> Result<Again> {
    let (mut again, mut after) = (Again::default(), 0);
    loop {
        let page = inbox.refused(&source.name, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(again) };
        after = last.seq;
        for refused in page {
            let seq = refused.seq;
            let believed = match event(source, refused, &name) {
                Some(new) => inbox.put(new).await? == Put::Stored,
                None => false,
            };
            if believed {
                inbox.no_longer_refused(seq).await?;
                again.believed += 1;
            } else {
                again.refused += 1;
            }
        }
    }
}

fn event(source: &Source, refused: Refused, name: impl Fn(&Incoming<'_>) -> Named) -> Option<New> {
    let headers = headers(&refused.headers);
    let uri: Uri = format!("/?{}", refused.query).parse().ok()?;
    let incoming = Incoming::new(&Method::POST, &uri, &source.url, &headers, &refused.body);
    let then = refused.received_at / 1_000_000;
    let verified = verify::check(&source.scheme, &source.secrets, &incoming, then).ok()?;
    let named = name(&incoming);
    Some(New {
        source: source.name.clone(),
        dedupe: verified.dedupe,
        key: named.key,
        kind: named.kind,
        place: named.place,
        headers: refused.headers,
        body: refused.body.into(),
        received_at: refused.received_at,
    })
}

fn headers(kept: &str) -> HeaderMap {
    let pairs: Vec<(String, String)> = serde_json::from_str(kept).unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
            headers.append(name, value);
        }
    }
    headers
}

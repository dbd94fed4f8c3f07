//! Server-Sent Events: an answer that goes on. Pieces are made as the client takes them, so a slow client costs one page of
//! memory; how many streams there are, and how long each is, is bounded; a stop of the server ends them at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use trunnion_engine::services::events::{Piece, Stream};

use crate::auth::Log;
use crate::problem::{Code, Problem};

/// At a time on this node: a quarter of the connections that it takes.
const STREAMS: usize = 1_000;
/// Between two looks whether the token is still good.
const RECHECK: Duration = Duration::from_secs(15);
/// How long a browser waits before it comes again, in milliseconds.
const BEGIN: &str = "retry: 2000\n\n";

/// The places for streams.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(STREAMS)))
    }
}

impl Streams {
    pub(crate) fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.0.clone().try_acquire_owned().map_err(|_| {
            let detail =
                format!("This server holds {STREAMS} streams already. Come again, or use GET /events?wait=60.");
            Problem::new(Code::RateLimitExceeded, detail).retry_after(10)
        })
    }
}

/// Becomes true when the server stops.
#[derive(Clone)]
pub(crate) struct Stopping(pub(crate) watch::Receiver<bool>);

struct Going {
    log: Log,
    events: Stream,
    stopping: Option<Stopping>,
    checked: Instant,
    _place: OwnedSemaphorePermit,
}

/// The stream as an answer.
pub(crate) fn answer(log: Log, events: Stream, stopping: Option<Stopping>, place: OwnedSemaphorePermit) -> Response {
    let going = Going { log, events, stopping, checked: Instant::now(), _place: place };
    let begin = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(BEGIN.as_bytes())) });
    let rest = stream::unfold(going, |mut going| async {
        let piece = going.next().await?;
        Some((Ok(Bytes::from(text(&piece))), going))
    });
    let body = Body::from_stream(futures_util::StreamExt::chain(begin, rest));
    // A proxy that gathers an answer before it passes it on would pass on nothing.
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, [("x-accel-buffering", "no")], body).into_response()
}

impl Going {
    /// `None` ends the stream.
    async fn next(&mut self) -> Option<Piece> {
        if self.checked.elapsed() >= RECHECK {
            if !self.log.is_still_allowed().await {
                return None;
            }
            self.checked = Instant::now();
        }
        let stopped = async {
            match &mut self.stopping {
                // A sender that is gone has stopped too.
                Some(Stopping(stopping)) => drop(stopping.wait_for(|stop| *stop).await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            piece = self.events.next() => piece.unwrap_or_else(|error| {
                tracing::debug!(%error, "a stream ends early");
                None
            }),
            () = stopped => None,
        }
    }
}

/// An event per block; behind them the cursor, which a block without data sets silently.
fn text(piece: &Piece) -> String {
    let mut out = String::new();
    for (cursor, event) in &piece.events {
        let mut json = String::new();
        event.write_json(&mut json);
        out.push_str(&format!("id: {cursor}\ndata: {}\n\n", json.replace('\n', "\ndata: ")));
    }
    out.push_str(&format!("id: {}\n\n", piece.cursor));
    out
}

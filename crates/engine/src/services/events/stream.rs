//! The log as a stream: page after page, as fast as they are taken, then whatever comes.
//!
//! Nothing is read ahead: who reads slowly is given slowly, and holds one page in memory.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use trunnion_store::Event;

use super::cursor;
use super::list::asked;
use super::page::{self, Query};
use super::reach::Reach;
use crate::Engine;
use crate::error::Result;
use crate::params::Params;

/// A sign of life comes at least this often.
const SILENCE: Duration = Duration::from_secs(15);
const NAP: Duration = Duration::from_secs(1);
const LONGEST: i64 = 900;
const PAGE: usize = 100;

/// Somebody's place in a log.
#[derive(Debug)]
pub struct Stream {
    engine: Engine,
    query: Query,
    place: i64,
    news: watch::Receiver<u64>,
    until: Instant,
}

/// What a stream gives: events, or the cursor alone as a sign of life.
#[derive(Debug)]
pub struct Piece {
    /// Each with the cursor behind it.
    pub events: Vec<(String, Event)>,
    /// The cursor behind all that was looked at.
    pub cursor: String,
}

/// Begins after `last_event_id` if there is one, else after `after`. All that can be wrong with the request is told here.
pub async fn stream(
    engine: &Engine,
    reach: &Reach,
    params: &[(String, String)],
    last_event_id: Option<&str>,
) -> Result<Stream> {
    let log = reach.log()?;
    let resumed = last_event_id.map(|id| ("after".to_owned(), id.to_owned()));
    let given: Vec<_> = match resumed {
        Some(after) => params.iter().filter(|(name, _)| name != "after").cloned().chain([after]).collect(),
        None => params.to_vec(),
    };
    let mut params = Params::new(&given, &["after", "types", "seconds", "connection_id"]);
    let (query, after) = asked(&mut params, log);
    let seconds = params.number("seconds", 1..=LONGEST).unwrap_or(LONGEST);
    params.finish()?;
    let news = engine.store().watch_events();
    let place = page::begin(engine, &query, after).await?;
    let until = Instant::now() + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Ok(Stream { engine: engine.clone(), query: Query { limit: PAGE, ..query }, place, news, until })
}

impl Stream {
    /// What is next, within 15 seconds; `None` when its time is over. An error ends it: the reader comes again with the
    /// last cursor, and is told then.
    pub async fn next(&mut self) -> Result<Option<Piece>> {
        let silent_until = self.until.min(Instant::now() + SILENCE);
        loop {
            if Instant::now() >= self.until {
                return Ok(None);
            }
            self.news.mark_unchanged();
            let page = page::next(&self.engine, &self.query, self.place).await?;
            self.place = page.next;
            let left = silent_until.saturating_duration_since(Instant::now());
            if !page.events.is_empty() || left.is_zero() {
                let cursor = |place: i64| cursor::write(self.query.log, place);
                let events = page.events.into_iter().map(|(place, event)| (cursor(place), event)).collect();
                return Ok(Some(Piece { events, cursor: cursor(page.next) }));
            }
            if !page.has_more() {
                let _changed_or_not = timeout(left.min(NAP), self.news.changed()).await;
            }
        }
    }
}

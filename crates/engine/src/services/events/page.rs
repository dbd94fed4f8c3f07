//! A page of either log, and whether the reader's place is still in it.

use trunnion_model::ids::{ApplicationId, ConnectionId};
use trunnion_store::Event;

use super::cursor::After;
use super::reach::Log;
use crate::Engine;
use crate::error::{Result, ServiceError};

/// Events with their places, and where to go on.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) events: Vec<(i64, Event)>,
    pub(super) next: i64,
    pub(super) last: i64,
    /// No event before it is promised any more.
    first: i64,
}

impl Page {
    pub(super) fn has_more(&self) -> bool {
        self.next < self.last
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) log: Log,
    pub(super) types: Vec<String>,
    pub(super) limit: usize,
}

/// Where `after` is. A place that the reader gives must be in the log: what came after it is still there, and it is not
/// beyond the end.
pub(super) async fn begin(engine: &Engine, query: &Query, after: After) -> Result<i64> {
    match after {
        After::Oldest => Ok(0),
        After::Latest => Ok(read(engine, query, i64::MAX).await?.last),
        After::Place(place) => {
            let page = read(engine, &Query { limit: 1, types: Vec::new(), ..query.clone() }, place).await?;
            if place > page.last {
                let message = "The cursor is beyond the newest event: it is of another server, or of data that was set back \
                               since. Read all records again, and go on with after=latest.";
                return Err(ServiceError::CursorExpired { message: message.to_owned() });
            }
            kept(&page, place).map(|()| place)
        }
    }
}

/// The events after `place`, of the wanted types. `place` was given by [`begin`] or by the page before.
pub(super) async fn next(engine: &Engine, query: &Query, place: i64) -> Result<Page> {
    let page = read(engine, query, place).await?;
    // From the start means: from the oldest that is kept.
    if place > 0 {
        kept(&page, place)?;
    }
    Ok(page)
}

fn kept(page: &Page, place: i64) -> Result<()> {
    if place + 1 >= page.first {
        return Ok(());
    }
    let message = "Events after this cursor were deleted, because they are kept for a limited time. Read all records again, \
                   then go on with after=latest as it was before you began; without `after`, the log begins with the oldest \
                   event that is kept.";
    Err(ServiceError::CursorExpired { message: message.to_owned() })
}

async fn read(engine: &Engine, query: &Query, place: i64) -> Result<Page> {
    match query.log {
        Log::Connection(id) => of_connection(engine, id, query, place).await,
        Log::Application(id) => of_application(engine, id, query, place).await,
    }
}

async fn of_connection(engine: &Engine, id: ConnectionId, query: &Query, place: i64) -> Result<Page> {
    let page = engine.store().events(id, place, &query.types, query.limit).await?;
    let events = page.events.into_iter().map(|event| (event.sequence, event)).collect();
    Ok(Page { events, next: page.next_after, last: page.last_sequence, first: page.first_sequence })
}

async fn of_application(engine: &Engine, id: ApplicationId, query: &Query, place: i64) -> Result<Page> {
    let page = engine.store().application_events(id, place, &query.types, query.limit).await?;
    Ok(Page { events: page.events, next: page.next_after, last: page.last_position, first: page.first_position })
}

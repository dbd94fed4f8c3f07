//! One run, page by page: fetch, map, store; the next page is fetched while the present one is mapped and stored.

use std::sync::Arc;

use tokio::sync::{oneshot, watch};
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::mapping::{MapError, Mapper};
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Page, Window};
use trunnion_model::change::Cause;
use trunnion_model::record::Incoming;
use trunnion_store::{Claim, Commit, Error as StoreError, PageProgress, RunMode};

use super::cursor::{Cursor, Going};
use crate::Engine;
use crate::error::ServiceError;
use crate::links::Live;

/// Beyond this the system is going round in circles.
const MOST_PAGES: i64 = 10_000_000;

/// How a run came to its end, or to a pause.
pub(super) enum End {
    /// Everything in the window is stored.
    Done(Cursor, Going),
    /// The node stops; everything fetched is stored.
    Stopped,
}

/// Why a run cannot go on.
pub(super) enum Halt {
    System(SystemError),
    Row(MapError),
    Store(StoreError),
    /// Something here: no connector, unreadable credentials.
    Here(ServiceError),
}

impl From<SystemError> for Halt {
    fn from(error: SystemError) -> Self {
        Self::System(error)
    }
}

/// What one page gave.
struct Mapped {
    rows: Vec<Incoming>,
    last_key: Option<String>,
    newest: Option<i64>,
}

/// Does the run from where it is to its end. `progressed` counts the pages stored by this call.
pub(super) async fn run(
    engine: &Engine,
    claim: &Claim,
    live: &Live,
    stopping: &watch::Receiver<bool>,
    progressed: &mut u64,
) -> Result<End, Halt> {
    let spec = live.entity(claim.entity.name).ok_or_else(|| {
        Halt::Here(ServiceError::UnsupportedOperation {
            message: format!("The connector no longer offers {}.", claim.entity.name),
        })
    })?;
    let mapper = Arc::new(live.mapper(spec));
    let mut cursor = Cursor::parse(&claim.plan);
    let asked = engine.clock().now_micros();
    let mut going = cursor.run(&claim.plan, claim.run.mode, claim.run.pages, &spec.sync, live.link.source_now());
    let is_new = cursor.run.as_ref() != Some(&going);
    let mut page = fetch(engine, live, spec, &going, going.after_key.clone()).await?;
    if is_new {
        // The first answer may be the first to tell the system's clock. A start that is too late would lose changes.
        let took = engine.clock().now_micros().saturating_sub(asked);
        going.started = going.started.min(live.link.source_now().as_microsecond().saturating_sub(took));
    }
    for _ in 0..MOST_PAGES {
        let (tell_key, last_key) = oneshot::channel();
        let mapped = map(mapper.clone(), page, tell_key);
        let next = async {
            match last_key.await {
                Ok(Some(key)) if !*stopping.borrow() => fetch(engine, live, spec, &going, Some(key)).await.map(Some),
                // An empty page, a page that cannot be read, or the node stops.
                _ => Ok(None),
            }
        };
        let stored = async {
            let mapped = mapped.await?;
            let Some(key) = mapped.last_key.clone() else { return Ok(None) };
            if going.after_key.as_ref() == Some(&key) {
                return Err(Halt::System(SystemError::Unexpected(format!(
                    "the page after key {key} ends with key {key}"
                ))));
            }
            let after = Going {
                after_key: Some(key),
                newest: mapped.newest.max(going.newest),
                since: going.since,
                started: going.started,
            };
            store(engine, claim, &Cursor { run: Some(after.clone()), ..cursor.clone() }, mapped.rows).await?;
            Ok(Some(after))
        };
        let (stored, next) = tokio::join!(stored, next);
        let Some(after) = stored? else { return Ok(End::Done(cursor.finished(&going, spec.sync.strategy), going)) };
        *progressed += 1;
        cursor.run = Some(after.clone());
        going = after;
        match next? {
            Some(next) => page = next,
            None => return Ok(End::Stopped),
        }
    }
    Err(Halt::System(SystemError::Unexpected("the system's pages do not come to an end".to_owned())))
}

async fn fetch(
    engine: &Engine,
    live: &Live,
    spec: &EntitySpec,
    going: &Going,
    after_key: Option<String>,
) -> Result<Page, Halt> {
    let limit = spec.sync.page.clamp(1, engine.options().page.max(1));
    let window = Window { since: going.since(), after_key, limit };
    live.vendor.page(&live.link, spec, &window).await.map_err(Halt::System)
}

/// Maps a page on a thread for such work: a thousand orders with their lines take tens of milliseconds. Tells the last key
/// as soon as the rows are parsed, so that the next page can be asked for.
async fn map(mapper: Arc<Mapper>, page: Page, tell_key: oneshot::Sender<Option<String>>) -> Result<Mapped, Halt> {
    let work = tokio::task::spawn_blocking(move || {
        let found = page.split()?;
        let last_key = found.last()?.and_then(|row| mapper.key(&row));
        // Nobody waits for the key if the run was dropped meanwhile.
        let _told = tell_key.send(last_key.clone());
        let mut rows = Vec::new();
        found.each(|mut row| {
            rows.push(mapper.read(&mut row).map_err(Halt::Row)?);
            Ok::<_, Halt>(())
        })?;
        let newest = rows.iter().filter_map(|row| row.remote_modified_at.max(row.remote_created_at)).max();
        Ok(Mapped { rows, last_key, newest })
    });
    match work.await {
        Ok(mapped) => mapped,
        Err(error) => Err(Halt::Here(ServiceError::internal(&format!("mapping a page: {error}")))),
    }
}

async fn store(engine: &Engine, claim: &Claim, cursor: &Cursor, rows: Vec<Incoming>) -> Result<(), Halt> {
    let initial = !claim.plan.initial_done && claim.run.mode == RunMode::Incremental;
    let commit = Commit {
        connection: claim.plan.connection,
        entity: claim.entity,
        rows,
        cause: if initial { Cause::Initial } else { Cause::Incremental },
        progress: Some(PageProgress {
            lease: claim.lease.clone(),
            lease_for: engine.options().lease,
            cursor: Some(cursor.text()),
            cursor_at: None,
            initial_done: None,
            total_known: None,
        }),
        outcome: None,
    };
    engine.store().apply(commit).await.map(|_applied| ()).map_err(Halt::Store)
}

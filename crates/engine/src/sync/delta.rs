//! Reading what changed since a token that the system gave.
//!
//! A page, its deletions and the next token are stored together. A token that is too old makes the run read everything, as a
//! complete listing, because deletions since then are told by nobody.

use tokio::sync::oneshot;
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::vendor::Changes;
use trunnion_model::ids::RecordScope;
use trunnion_model::record::Incoming;
use trunnion_store::{Error as StoreError, Reading};

use super::cursor::{Cursor, Going};
use super::job::{Ended, Halt, Job, MOST_PAGES};
use super::mapped::map;

pub(super) async fn read(job: &Job<'_>, cursor: &mut Cursor, progressed: &mut u64) -> Result<Ended, Halt> {
    let scope = RecordScope::new(job.claim.plan.connection, job.claim.entity);
    let limit = job.spec.sync.page.clamp(1, job.engine.options().page.max(1));
    for _ in 0..MOST_PAGES {
        if job.must_stop() {
            return Ok(Ended::Stopped);
        }
        let going = cursor.run.clone().unwrap_or_default();
        // Within a listing, its own token leads from page to page; the first page is asked for without one.
        let token = if going.listing.is_some() { going.after_key.as_deref() } else { cursor.token.as_deref() };
        let asked_at = job.now();
        let changes = job.live.vendor.changes(&job.live.link, job.spec, token, limit).await?;
        let Changes::Some { page, gone, token, more } = changes else {
            let listing = Some(job.engine.store().begin_listing(&job.claim.lease, job.mapping).await?);
            cursor.token = None;
            cursor.run = Some(Going { listing, after_key: None, listed: 0, ..going });
            continue;
        };
        let reading = Reading { asked_at, answered_at: job.now() };
        let (unheard, _told) = oneshot::channel();
        let mapped = map(job, page, unheard).await?;
        let after = Going { after_key: Some(token.clone()), listed: going.listed + mapped.seen(), ..going };
        let to = Cursor { token: Some(token), run: Some(after), ..cursor.clone() };
        let gone = gone.into_iter().map(|key| Incoming::gone(scope.id(&key), key));
        match job.store(&to, mapped.with_gone(gone).stored(reading)).await {
            Ok(()) => {
                *progressed += 1;
                *cursor = to;
            }
            Err(StoreError::Overtaken) => continue,
            Err(error) => return Err(error.into()),
        }
        if !more {
            return Ok(Ended::Over);
        }
    }
    Err(Halt::System(SystemError::Unexpected("the system's changes do not come to an end".to_owned())))
}

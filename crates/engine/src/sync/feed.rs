//! Reading the system's own list of what was deleted.
//!
//! The list repeats what lies in the overlap, also of a record that came back since. The store tells the two apart: a deletion
//! is not taken if the record was changed after it. The first time, the whole list is read.

use trunnion_kit::error::Error as SystemError;
use trunnion_kit::vendor::Window;
use trunnion_model::ids::RecordScope;
use trunnion_model::record::Incoming;
use trunnion_model::time::from_micros;
use trunnion_store::{Error as StoreError, Reading};

use super::cursor::{Cursor, Going};
use super::job::{Ended, Halt, Job, MOST_PAGES, Stored};

pub(super) async fn read(job: &Job<'_>, cursor: &mut Cursor, progressed: &mut u64) -> Result<Ended, Halt> {
    let scope = RecordScope::new(job.claim.plan.connection, job.claim.entity);
    let limit = job.spec.sync.page.clamp(1, job.engine.options().page.max(1));
    let overlap = i64::try_from(job.spec.sync.overlap.as_micros()).unwrap_or(i64::MAX);
    let since = cursor.deleted.map(|deleted| from_micros(deleted.saturating_sub(overlap)));
    let mut going = cursor.run.clone().unwrap_or_default();
    for _ in 0..MOST_PAGES {
        if job.must_stop() {
            return Ok(Ended::Stopped);
        }
        let window = Window { since, after_key: going.after_key.clone(), limit, ..Window::default() };
        let asked_at = job.now();
        let deleted = job.live.vendor.deleted(&job.live.link, job.spec, &window).await?;
        let reading = Some(Reading { asked_at, answered_at: job.now() });
        let Some(last) = deleted.last().map(|deleted| deleted.remote_id.clone()) else { return Ok(Ended::Over) };
        if going.after_key.as_ref() == Some(&last) {
            let text = format!("the deletions after {last} end with {last}");
            return Err(Halt::System(SystemError::Unexpected(text)));
        }
        let newest = deleted.iter().filter_map(|deleted| Some(deleted.at?.as_microsecond())).max();
        let rows = deleted.into_iter().map(|deleted| Incoming {
            remote_modified_at: deleted.at.map(|at| at.as_microsecond()),
            ..Incoming::gone(scope.id(&deleted.remote_id), deleted.remote_id)
        });
        let rows = rows.collect();
        let newest_deleted = newest.max(going.newest_deleted);
        let after = Going { after_key: Some(last), newest_deleted, ..going.clone() };
        let to = Cursor { run: Some(after.clone()), ..cursor.clone() };
        match job.store(&to, Stored { rows, reading, ..Stored::default() }).await {
            Ok(()) => {
                *progressed += 1;
                (*cursor, going) = (to, after);
            }
            // Somebody read one of them at the same time: asked again, it is certain.
            Err(StoreError::Overtaken) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Halt::System(SystemError::Unexpected("the system's deletions do not come to an end".to_owned())))
}

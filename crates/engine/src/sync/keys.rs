//! Listing all keys, which is cheap, so that what is not listed is known to be gone.

use trunnion_kit::error::Error as SystemError;
use trunnion_model::ids::RecordScope;

use super::cursor::{Cursor, Going};
use super::job::{Ended, Halt, Job, MOST_PAGES, Stored};

/// Keys are short: so many times as many as rows go into one answer.
const MORE_THAN_ROWS: usize = 10;

pub(super) async fn read(job: &Job<'_>, cursor: &mut Cursor, progressed: &mut u64) -> Result<Ended, Halt> {
    let scope = RecordScope::new(job.claim.plan.connection, job.claim.entity);
    let limit = job.spec.sync.page.saturating_mul(MORE_THAN_ROWS).clamp(1, job.engine.options().page.max(1));
    let mut going = cursor.run.clone().unwrap_or_default();
    for _ in 0..MOST_PAGES {
        if job.must_stop() {
            return Ok(Ended::Stopped);
        }
        let after = going.after_key.as_deref();
        let page = job.live.vendor.keys(&job.live.link, job.spec, after, limit).await?;
        let rows = page.rows()?;
        let keys: Vec<String> = rows.iter().filter_map(|row| job.mapper.key(row)).collect();
        if keys.len() < rows.len() {
            return Err(Halt::System(SystemError::Unexpected("a listed row has no key".to_owned())));
        }
        let Some(last) = keys.last().cloned() else { return Ok(Ended::Over) };
        if going.after_key.as_ref() == Some(&last) {
            let text = format!("the keys after {last} end with {last}");
            return Err(Halt::System(SystemError::Unexpected(text)));
        }
        going = Going { after_key: Some(last), listed: going.listed + keys.len() as u64, ..going };
        cursor.run = Some(going.clone());
        let listed = keys.iter().map(|key| scope.id(key)).collect();
        job.store(cursor, Stored { listed, ..Stored::default() }).await?;
        *progressed += 1;
    }
    Err(Halt::System(SystemError::Unexpected("the system's keys do not come to an end".to_owned())))
}

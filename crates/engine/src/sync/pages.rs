//! Reading rows, page by page: fetch, map, store; the next page is fetched while the present one is mapped and stored.

use tokio::sync::oneshot;
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::vendor::{Page, Window};
use trunnion_store::{Error as StoreError, Reading};

use super::cursor::{Cursor, Going};
use super::job::{Ended, Halt, Job, MOST_PAGES};
use super::mapped::{Told, as_many_as_weigh, map};

/// What a page should weigh: two of them are in memory at a time, as text and as records.
const PAGE_BYTES: usize = 2_000_000;

/// So many pages in a row may have been overtaken by other readings before the run makes a pause.
const OVERTAKEN: u32 = 5;

/// A page and when it was read.
struct Fetched {
    page: Page,
    reading: Reading,
}

/// Reads the window of `cursor.run` from where it is to its end. `progressed` counts the pages stored.
pub(super) async fn read(job: &Job<'_>, cursor: &mut Cursor, progressed: &mut u64) -> Result<Ended, Halt> {
    let mut going = cursor.run.clone().unwrap_or_default();
    let (mut next, mut overtaken) = (None, 0);
    let most = job.spec.sync.page.clamp(1, job.engine.options().page.max(1));
    for _ in 0..MOST_PAGES {
        let fetched = match next.take() {
            Some(fetched) => fetched,
            None => {
                let asked = job.now();
                let fetched = fetch(job, &going, going.after_key.clone(), going.page.unwrap_or(most)).await?;
                if std::mem::take(&mut going.is_new) {
                    // The first answer may be the first to tell the system's clock. A start that is too late would lose
                    // changes.
                    let took = job.now().saturating_sub(asked);
                    going.started = going.started.min(job.live.link.source_now().as_microsecond().saturating_sub(took));
                    cursor.run = Some(going.clone());
                }
                fetched
            }
        };
        let reading = fetched.reading;
        let (tell, told) = oneshot::channel();
        let mapped = map(job, fetched.page, tell);
        let ahead = async {
            match told.await {
                Ok(Told { last_key: Some(key), rows, bytes }) if !job.must_stop() => {
                    fetch(job, &going, Some(key), size(rows, bytes, most)).await.map(Some)
                }
                // An empty page, a page that cannot be read, or the node stops.
                _ => Ok(None),
            }
        };
        let stored = async {
            let mut mapped = mapped.await?;
            let Told { last_key: Some(key), rows, bytes } = std::mem::take(&mut mapped.told) else { return Ok(None) };
            if going.after_key.as_ref() == Some(&key) {
                return Err(Halt::System(SystemError::Unexpected(format!(
                    "the page after key {key} ends with key {key}"
                ))));
            }
            let after = Going {
                last_key: Some(key.clone()),
                after_key: Some(key),
                page: Some(size(rows, bytes, most)).filter(|page| *page < most),
                newest: mapped.newest.max(going.newest),
                listed: going.listed + mapped.seen(),
                ..going.clone()
            };
            let to = Cursor { run: Some(after.clone()), ..cursor.clone() };
            job.store(&to, mapped.stored(reading)).await?;
            Ok(Some(after))
        };
        let (stored, ahead) = tokio::join!(stored, ahead);
        match stored {
            Err(Halt::Store(StoreError::Overtaken)) if overtaken < OVERTAKEN => {
                overtaken += 1;
                continue;
            }
            Err(halt) => return Err(halt),
            Ok(None) => return Ok(Ended::Over),
            Ok(Some(after)) => {
                *progressed += 1;
                overtaken = 0;
                cursor.run = Some(after.clone());
                going = after;
            }
        }
        next = ahead?;
        if next.is_none() {
            return Ok(Ended::Stopped);
        }
    }
    Err(Halt::System(SystemError::Unexpected("the system's pages do not come to an end".to_owned())))
}

/// How many rows to ask for after a page that had so many rows of so many bytes.
fn size(rows: usize, bytes: usize, most: usize) -> usize {
    as_many_as_weigh(PAGE_BYTES, (rows, bytes), most)
}

async fn fetch(job: &Job<'_>, going: &Going, after_key: Option<String>, limit: usize) -> Result<Fetched, Halt> {
    let window = Window { since: going.since(), dated_from: going.dated_from(), after_key, limit };
    let asked_at = job.now();
    let page = job.live.vendor.page(&job.live.link, job.spec, &window).await.map_err(Halt::System)?;
    Ok(Fetched { page, reading: Reading { asked_at, answered_at: job.now() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_has_as_many_rows_as_weigh_what_a_page_should() {
        assert_eq!(size(1_000, 1_000_000, 1_000), 1_000, "small rows: what the declaration says");
        assert_eq!(size(1_000, 5_000_000, 1_000), 400);
        assert_eq!(size(400, 1_000_000, 1_000), 800, "and more again when they are smaller");
        assert_eq!(size(3, 90_000_000, 1_000), 1);
        assert_eq!(size(0, 0, 1_000), 1_000);
    }
}

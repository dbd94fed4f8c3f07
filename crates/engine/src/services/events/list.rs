//! The log by pages, and by long poll: answered at once if there is something, else when something comes.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use trunnion_model::events;
use trunnion_model::record::push_json_string;

use super::cursor::{self, After};
use super::page::{self, Page, Query};
use super::reach::{Log, Reach};
use crate::Engine;
use crate::error::Result;
use crate::params::Params;

/// Nobody is kept waiting longer, in seconds.
const LONGEST_WAIT: i64 = 60;
/// Other nodes' events are only seen by looking.
const NAP: Duration = Duration::from_secs(1);
/// So many pages without an event of the wanted types are passed over; then the reader is told where to go on.
const PASSED_OVER: usize = 20;

/// `{"data":[…],"next_cursor":"17","last_sequence":N,"has_more":false}`. The cursor is where to go on, also from an empty
/// page; `last_sequence` is of a connection's log only.
pub async fn list(engine: &Engine, reach: impl Into<Reach>, params: &[(String, String)]) -> Result<String> {
    let log = reach.into().log()?;
    let mut params = Params::new(params, &["after", "types", "limit", "wait", "connection_id"]);
    let (query, after) = asked(&mut params, log);
    let wait = params.number("wait", 0..=LONGEST_WAIT).unwrap_or(0);
    params.finish()?;
    let until = Instant::now() + Duration::from_secs(u64::try_from(wait).unwrap_or(0));
    let mut news = engine.store().watch_events();
    let mut place = page::begin(engine, &query, after).await?;
    let mut passed_over = 0;
    loop {
        news.mark_unchanged();
        let page = page::next(engine, &query, place).await?;
        let left = until.saturating_duration_since(Instant::now());
        let over = if page.has_more() { passed_over >= PASSED_OVER } else { left.is_zero() };
        if !page.events.is_empty() || over {
            return Ok(text(query.log, &page));
        }
        // What was passed over because of its type need not be read again.
        place = page.next;
        if page.has_more() {
            passed_over += 1;
        } else {
            let _changed_or_not = timeout(left.min(NAP), news.changed()).await;
        }
    }
}

/// What all ways to read the log are asked by.
pub(super) fn asked(params: &mut Params<'_>, log: Log) -> (Query, After) {
    let after = match params.text("after").map(|text| cursor::read(log, text)) {
        None => After::Oldest,
        Some(Ok(after)) => after,
        Some(Err(why)) => {
            params.problem("after", why);
            After::Oldest
        }
    };
    let types: Vec<String> = params.words("types").into_iter().map(str::to_owned).collect();
    if let Some(odd) = types.iter().find(|kind| !events::is_known(kind)) {
        params.problem("types", format!("{odd} is no event type; GET /event-types lists them"));
    }
    (Query { log, types, limit: params.limit() }, after)
}

fn text(log: Log, page: &Page) -> String {
    let mut out = String::from("{\"data\":[");
    for (number, (_, event)) in page.events.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        event.write_json(&mut out);
    }
    out.push_str("],\"next_cursor\":");
    push_json_string(&mut out, &cursor::write(log, page.next));
    if matches!(log, Log::Connection(_)) {
        out.push_str(&format!(",\"last_sequence\":{}", page.last));
    }
    out.push_str(&format!(",\"has_more\":{}}}", page.has_more()));
    out
}

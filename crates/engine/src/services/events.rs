//! The ordered log of events, by long-poll: answered at once if there is something, else when something comes.

use std::time::Duration;

use trunnion_model::record::push_json_string;
use trunnion_store::EventPage;

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::Result;
use crate::params::Params;

/// Nobody is kept waiting longer, in seconds.
const LONGEST_WAIT: i64 = 60;

/// `{"data":[…],"next_cursor":"17","last_sequence":N,"has_more":false}`. The cursor is where to go on, also from an empty
/// page.
pub async fn list(engine: &Engine, scope: &Scope, params: &[(String, String)]) -> Result<String> {
    scope.may(Permission::Read)?;
    let mut params = Params::new(params, &["after", "types", "limit", "wait", "connection_id"]);
    let after = params.number("after", 0..=i64::MAX).unwrap_or(0);
    let types: Vec<String> = params.words("types").into_iter().map(str::to_owned).collect();
    let limit = params.limit();
    let wait = params.number("wait", 0..=LONGEST_WAIT).unwrap_or(0);
    if params.text("connection_id").is_some_and(|named| named != scope.id().to_string()) {
        params.problem("connection_id", "is another connection than the one that the request names");
    }
    params.finish()?;
    let until = tokio::time::Instant::now() + Duration::from_secs(u64::try_from(wait).unwrap_or(0));
    let mut news = engine.store().watch_events();
    let mut after = after;
    loop {
        news.mark_unchanged();
        let page = engine.store().events(scope.id(), after, &types, limit).await?;
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        if !page.events.is_empty() || page.next_after < page.last_sequence || left.is_zero() {
            return Ok(text(&page));
        }
        // What was passed over because of its type need not be read again.
        after = page.next_after;
        // Other nodes' events are only seen by looking.
        let nap = left.min(Duration::from_secs(1));
        let _changed_or_not = tokio::time::timeout(nap, news.changed()).await;
    }
}

fn text(page: &EventPage) -> String {
    let mut out = String::from("{\"data\":[");
    for (place, event) in page.events.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        event.write_json(&mut out);
    }
    out.push_str("],\"next_cursor\":");
    push_json_string(&mut out, &page.next_after.to_string());
    out.push_str(&format!(
        ",\"last_sequence\":{},\"has_more\":{}}}",
        page.last_sequence,
        page.next_after < page.last_sequence
    ));
    out
}

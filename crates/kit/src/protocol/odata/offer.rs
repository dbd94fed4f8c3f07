//! Whether a system offers an entity over version 4: asked once, at the first use, and remembered on the link for a day.
//!
//! A service that is not there or not open to this user is answered with 404 or 403, by gateways before it with others. Then
//! version 2 is used, and says itself what is wrong if it is closed too.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::Mutex;
use trunnion_model::time::Timestamp;

use super::send::ask;
use super::way::Way;
use crate::error::Error;
use crate::link::Link;

const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);
/// What says that the service is not to be had, rather than that something is wrong with it just now.
const NOT_OFFERED: [u16; 7] = [400, 403, 404, 405, 406, 410, 501];

/// By entity: whether it is offered, and since when that is known.
pub(crate) type Offers = Mutex<HashMap<&'static str, (bool, Timestamp)>>;

/// The lock is held while it is asked, so that it is asked once.
pub(super) async fn is_offered(link: &Link, way: &Way<'_>) -> Result<bool, Error> {
    let (name, now) = (way.entity.entity.name, link.source_now());
    let mut known = link.offers().lock().await;
    if let Some((offered, since)) = known.get(name)
        && now.duration_since(*since).unsigned_abs() < REMEMBERED
    {
        return Ok(*offered);
    }
    let key = way.key_names().join(",");
    let target = format!("{}?$top=1&$select={}", way.set_path(), super::super::encode(&key));
    let answer = ask(link, way, &target).await?;
    let offered = if NOT_OFFERED.contains(&answer.status) {
        false
    } else {
        // A page for people is not the service.
        super::send::accepted(answer, crate::http::Effect::Read)?.content_type_is("application/json")
    };
    known.insert(name, (offered, now));
    Ok(offered)
}

/// What was offered may have been taken away: it is asked again at the next use.
pub(super) async fn forget(link: &Link, way: &Way<'_>) {
    link.offers().lock().await.remove(way.entity.entity.name);
}

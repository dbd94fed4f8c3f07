//! Stock by item and location: a table without an id of its own, read in the order of both.

use trunnion_kit::error::Error;
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::protocol::suitetalk;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Page, Window};

pub(super) async fn page(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Page, Error> {
    let mut query = entity.source.query.trim().to_owned();
    let mut params = Vec::new();
    if let Some(after) = window.after_key.as_deref() {
        let (item, location) = key(after)?;
        query.push_str(" AND (l.item > ? OR (l.item = ? AND l.location > ?))");
        params = [item, item, location].map(|id| Node::number(id.to_owned())).to_vec();
    }
    query.push_str(&format!(" ORDER BY l.item, l.location FETCH FIRST {} ROWS ONLY", window.limit));
    Ok(Page::new(suitetalk::query(link, &query, params).await?, "items"))
}

pub(super) async fn one(link: &Link, entity: &EntitySpec, remote_id: &str) -> Result<Page, Error> {
    let (item, location) = key(remote_id)?;
    let query = format!("{} AND l.item = ? AND l.location = ?", entity.source.query.trim());
    let params = [item, location].map(|id| Node::number(id.to_owned())).to_vec();
    Ok(Page::new(suitetalk::query(link, &query, params).await?, "items"))
}

fn key(text: &str) -> Result<(&str, &str), Error> {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split_once('/').filter(|(item, location)| is_id(item) && is_id(location));
    parts.ok_or_else(|| Error::Unexpected(format!("`{text}` is no key of a stock level")))
}

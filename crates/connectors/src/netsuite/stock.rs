//! Stock by item and location: a table without an id of its own, read in the order of both.

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::{Change, Path};
use trunnion_kit::posting::Posting;
use trunnion_kit::protocol::suitetalk;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Page, Target, Window};
use trunnion_model::decimal::{self, Decimal};

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

/// Adjusts stock by the difference to what is wanted on hand.
pub(super) async fn set(link: &Link, target: Target<'_>, change: &Change) -> Result<(), Error> {
    let number = |node: Option<&Node<'_>>| node.and_then(Node::as_text).and_then(decimal::parse);
    let wanted = number(change.header.get("@on_hand")).filter(|wanted| !wanted.is_sign_negative());
    let wanted = wanted.ok_or_else(|| refused("stock is zero or more"))?;
    let difference = wanted - number(target.row.get("quantityonhand")).unwrap_or(Decimal::ZERO);
    if difference.is_zero() {
        return Ok(());
    }
    let body = adjustment(link, target.remote_id, difference)?;
    suitetalk::post(link, document("adjust"), &body).await
}

/// The record type of a posting.
pub(super) fn document(post: &str) -> &'static str {
    match post {
        "transfer" => "inventoryTransfer",
        _ => "inventoryAdjustment",
    }
}

/// Makes the posting's document under the write key: sent twice, it is made once.
pub(super) async fn post(link: &Link, target: Target<'_>, posting: &Posting, write_key: &str) -> Result<(), Error> {
    let mut body = match posting {
        Posting::Adjust { by, .. } => adjustment(link, target.remote_id, *by)?,
        Posting::Transfer { to, quantity, .. } => transfer(link, target.remote_id, to, *quantity)?,
    };
    if let Some(reason) = posting.reason() {
        Path::new("memo").put(&mut body, Node::text(reason.to_owned()));
    }
    suitetalk::put(link, document(posting.name()), write_key, "inventory", &body).await
}

pub(super) fn level_at(remote_id: &str, location: &str) -> Option<String> {
    key(remote_id).ok().map(|(item, _)| format!("{item}/{location}"))
}

fn adjustment(link: &Link, level: &str, difference: Decimal) -> Result<Node<'static>, Error> {
    let account = link.setting("adjustment_account").filter(|account| !account.is_empty());
    let account = account.ok_or_else(|| refused("the connection's form names no adjustment account"))?;
    let (item, location) = key(level)?;
    let line = format!("{LINE}/location/id");
    Ok(document_of(link, item, difference, &[("account/id", account), (&line, location)]))
}

fn transfer(link: &Link, level: &str, to: &str, quantity: Decimal) -> Result<Node<'static>, Error> {
    let (item, from) = key(level)?;
    Ok(document_of(link, item, quantity, &[("location/id", from), ("transferLocation/id", to)]))
}

const LINE: &str = "inventory/items/0";

fn document_of(link: &Link, item: &str, quantity: Decimal, ids: &[(&str, &str)]) -> Node<'static> {
    let mut body = Node::Object(Object::new());
    let subsidiary = link.setting("subsidiary").filter(|subsidiary| !subsidiary.is_empty());
    let subsidiary = subsidiary.map(|subsidiary| ("subsidiary/id", subsidiary));
    for (path, id) in ids.iter().copied().chain(subsidiary) {
        Path::new(path).put(&mut body, Node::text(id.to_owned()));
    }
    Path::new(&format!("{LINE}/item/id")).put(&mut body, Node::text(item.to_owned()));
    Path::new(&format!("{LINE}/adjustQtyBy")).put(&mut body, Node::number(decimal::text(quantity)));
    body
}

fn refused(text: &str) -> Error {
    let field = Some("on_hand".to_owned());
    Error::Rejected(VendorMessage { text: text.to_owned(), field, ..VendorMessage::default() })
}

fn key(text: &str) -> Result<(&str, &str), Error> {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split_once('/').filter(|(item, location)| is_id(item) && is_id(location));
    parts.ok_or_else(|| Error::Unexpected(format!("`{text}` is no key of a stock level")))
}

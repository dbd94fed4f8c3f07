//! Stock levels: the service shows one row per kind of stock, batch and owner; a level is all rows of a material in a place.
//!
//! There is no time of change, and a row without stock vanishes, so every sync reads all of it, in the order of the key.

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Change;
use trunnion_kit::protocol::encode;
use trunnion_kit::protocol::json_rpc::owned;
use trunnion_kit::protocol::odata_v2;
use trunnion_kit::vendor::{Page, Target, Window};
use trunnion_model::decimal;

use super::movement;

const SET: &str = "API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod";
const KEYS: [&str; 3] = ["Material", "Plant", "StorageLocation"];

/// The next levels after the window's key.
pub(super) async fn page(link: &Link, window: &Window) -> Result<Page, Error> {
    let filter = window.after_key.as_deref().map(|after| odata_v2::after_key(&names(), after));
    // Most levels are one row, some are two or three.
    let mut levels = levels(rows(link, filter.as_deref(), window.limit.saturating_mul(2).saturating_add(4)).await?);
    // The last one may have been cut in two: it comes whole with the next page, or now, if it is the only one.
    match levels.len() {
        0 => return Ok(Page::empty()),
        1 => {
            let key = key(&levels[0]);
            levels = self::levels(rows(link, Some(&odata_v2::is_key(&names(), &key)), LARGEST).await?);
        }
        _ => drop(levels.pop()),
    }
    levels.truncate(window.limit);
    Ok(Page::new(Node::Array(levels).to_json(), ""))
}

pub(super) async fn one(link: &Link, remote_id: &str) -> Result<Page, Error> {
    let levels = levels(rows(link, Some(&odata_v2::is_key(&names(), remote_id)), LARGEST).await?);
    Ok(Page::new(Node::Array(levels).to_json(), ""))
}

/// Posts the difference to what is wanted on hand, as a count of the stock would: nothing else changes stock.
pub(super) async fn set(link: &Link, target: Target<'_>, change: &Change) -> Result<(), Error> {
    let wanted = change.header.get("@on_hand").and_then(Node::as_text).and_then(decimal::parse);
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_sign_negative()) else {
        return Err(refused("stock is zero or more"));
    };
    let difference = wanted - super::derive::on_hand(target.row);
    if difference.is_zero() {
        return Ok(());
    }
    let body = movement::difference(target, difference).map_err(|text| refused(&text))?;
    movement::send(link, &body).await
}

fn refused(text: &str) -> Error {
    let field = Some("on_hand".to_owned());
    Error::Rejected(VendorMessage { text: text.to_owned(), field, ..VendorMessage::default() })
}

/// More rows than any material has in one place.
const LARGEST: usize = 5_000;

async fn rows(link: &Link, filter: Option<&str>, top: usize) -> Result<Vec<Node<'static>>, Error> {
    let mut target = format!("{SET}?$orderby={}&$top={top}&$format=json", KEYS.join(","));
    if let Some(filter) = filter {
        target.push_str("&$filter=");
        target.push_str(&encode(filter));
    }
    Ok(odata_v2::rows(link, &target).await?.rows()?.iter().map(owned).collect())
}

/// Rows of the same key are one level.
fn levels(rows: Vec<Node<'static>>) -> Vec<Node<'static>> {
    let mut levels: Vec<Node<'static>> = Vec::new();
    for row in rows {
        let same = levels.last().is_some_and(|level| key(level) == key(&row));
        if !same {
            let mut level = Object::new();
            for name in KEYS.into_iter().chain(["MaterialBaseUnit"]) {
                level.set(name, row.get(name).map_or(Node::Null, owned));
            }
            level.set("levels", Node::Array(Vec::new()));
            levels.push(Node::Object(level));
        }
        let level = levels.last_mut().and_then(Node::as_object_mut).and_then(|level| level.get_mut("levels"));
        if let Some(Node::Array(rows)) = level {
            rows.push(row);
        }
    }
    levels
}

fn key(row: &Node<'_>) -> String {
    KEYS.map(|name| row.get(name).and_then(Node::as_text).unwrap_or_default()).join("/")
}

fn names() -> Vec<String> {
    KEYS.map(str::to_owned).to_vec()
}

//! Stock on hand, location by location: Tryton computes it for the locations and the day in the context.
//!
//! A level's key is `LOCATION/PRODUCT`, both with leading zeros, so that keys sort as the walk goes.

use trunnion_kit::error::Error;
use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::dates;
use trunnion_kit::vendor::{Page, Window};

use super::rpc::{condition, search_read};

/// The next levels after the window's key. Locations without any stock are stepped over.
pub(super) async fn page(link: &Link, window: &Window) -> Result<Page, Error> {
    let (at, after) = match window.after_key.as_deref().map(place).transpose()? {
        Some((location, product)) => (location, product),
        None => (0, 0),
    };
    for (location, code) in storage_locations(link, at).await? {
        let after = if location == at { after } else { 0 };
        let after = condition("id", ">", Node::number(after.to_string()));
        let rows = levels(link, location, code.as_deref(), after, window.limit).await?;
        if !rows.is_empty() {
            return Ok(Page::new(Node::Array(rows).to_json(), ""));
        }
    }
    Ok(Page::empty())
}

pub(super) async fn one(link: &Link, remote_id: &str) -> Result<Page, Error> {
    let (at, product) = place(remote_id)?;
    let Some((location, code)) = storage_locations(link, at).await?.into_iter().find(|(location, _)| *location == at)
    else {
        return Ok(Page::empty());
    };
    let rows =
        levels(link, location, code.as_deref(), condition("id", "=", Node::number(product.to_string())), 1).await?;
    Ok(Page::new(Node::Array(rows).to_json(), ""))
}

async fn storage_locations(link: &Link, from: u64) -> Result<Vec<(u64, Option<String>)>, Error> {
    let domain =
        vec![condition("type", "=", Node::text("storage")), condition("id", ">=", Node::number(from.to_string()))];
    let rows = search_read(link, "stock.location", domain, None, &["code"], None).await?;
    Ok(rows
        .iter()
        .filter_map(|row| Some((id(row)?, row.get("code").and_then(Node::as_text).map(str::to_owned))))
        .collect())
}

async fn levels(
    link: &Link,
    location: u64,
    code: Option<&str>,
    which: Node<'static>,
    limit: usize,
) -> Result<Vec<Node<'static>>, Error> {
    let context = Object::from_iter([
        ("locations".into(), Node::Array(vec![Node::number(location.to_string())])),
        ("with_childs".into(), Node::Bool(false)),
        ("stock_date_end".into(), tomorrow(link)),
        ("active_test".into(), Node::Bool(false)),
    ]);
    let domain = vec![which, condition("quantity", "!=", Node::number("0"))];
    let fields = ["code", "quantity", "default_uom", "default_uom.symbol"];
    let mut rows = match search_read(link, "product.product", domain, Some(limit), &fields, Some(&context)).await {
        Err(error @ Error::Rejected(_)) => {
            // Refused also where the location was deleted since the locations were listed: then it has no stock.
            let there = storage_locations(link, location).await?.first().is_some_and(|(first, _)| *first == location);
            return if there { Err(error) } else { Ok(Vec::new()) };
        }
        found => found?,
    };
    for row in &mut rows {
        let product = id(row).ok_or_else(|| Error::Unexpected("a product without an id".to_owned()))?;
        let Some(row) = row.as_object_mut() else { continue };
        row.set("@key", Node::text(key(location, product)));
        row.set("@product", Node::text(product.to_string()));
        row.set("@location", Node::text(location.to_string()));
        row.set("@location_code", code.map_or(Node::Null, |code| Node::text(code.to_owned())));
    }
    Ok(rows)
}

/// Tryton counts up to its own today, in the company's time zone, wherever a later day is named. Ours may still be yesterday.
fn tomorrow(link: &Link) -> Node<'static> {
    let date = jiff::tz::TimeZone::UTC.to_datetime(link.source_now()).date();
    dates::tagged_date_node(date.tomorrow().unwrap_or(date))
}

/// The stock of the same product at another place.
pub(super) fn level_at(remote_id: &str, location: &str) -> Option<String> {
    let (_, product) = place(remote_id).ok()?;
    let location: u64 = location.parse().ok()?;
    Some(key(location, product))
}

fn key(location: u64, product: u64) -> String {
    format!("{location:010}/{product:010}")
}

/// Location and product of a level.
pub(super) fn place(key: &str) -> Result<(u64, u64), Error> {
    let parts =
        key.split_once('/').and_then(|(location, product)| Some((location.parse().ok()?, product.parse().ok()?)));
    parts.ok_or_else(|| Error::Unexpected(format!("`{key}` is no key of a stock level")))
}

fn id(row: &Node<'_>) -> Option<u64> {
    row.get("id")?.as_text()?.parse().ok()
}

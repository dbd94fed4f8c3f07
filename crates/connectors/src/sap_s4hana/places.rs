//! Places: functional locations, then plants, then storage locations.
//!
//! Plants and storage locations have no released service of their own. They are found from the products that are kept
//! there, one step for each: the first row that lies behind the last place.

use trunnion_kit::error::Error;
use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::protocol::encode;
use trunnion_kit::protocol::json_rpc::owned;
use trunnion_kit::protocol::odata_v2::{self, literal};
use trunnion_kit::vendor::{Page, Window};

const FUNCTIONAL: &str = "API_FUNCTIONALLOCATION/FunctionalLocation";
const PLANTS: &str = "API_PRODUCT_SRV/A_ProductPlant";
const STORAGE: &str = "API_PRODUCT_SRV/A_ProductStorageLocation";

/// The next places after the window's key. The kinds follow each other in the order of their first letters.
pub(super) async fn page(link: &Link, window: &Window) -> Result<Page, Error> {
    let (kind, mut after) = match window.after_key.as_deref() {
        None => ("F", None),
        Some(key) => key.split_once('/').map(|(kind, rest)| (kind, Some(rest.to_owned()))).unwrap_or(("F", None)),
    };
    let mut found = Vec::new();
    if kind == "F" {
        let filter = after.as_deref().map(|label| format!("FunctionalLocation gt {}", literal(label)));
        let labels = rows(link, FUNCTIONAL, "FunctionalLocation", filter, window.limit).await?;
        found = labels.iter().map(|row| place(row, &["FunctionalLocation"])).collect();
        after = None;
    }
    if found.is_empty() && kind != "S" {
        found = steps(link, PLANTS, &["Plant"], after, window.limit).await?;
        after = None;
    }
    if found.is_empty() {
        found = steps(link, STORAGE, &["Plant", "StorageLocation"], after, window.limit).await?;
    }
    Ok(Page::new(Node::Array(found).to_json(), ""))
}

pub(super) async fn one(link: &Link, remote_id: &str) -> Result<Page, Error> {
    let (kind, rest) = remote_id.split_once('/').unwrap_or_default();
    let names: &[&str] = match kind {
        "F" => &["FunctionalLocation"],
        "P" => &["Plant"],
        "S" => &["Plant", "StorageLocation"],
        _ => return Ok(Page::empty()),
    };
    let set = match kind {
        "F" => FUNCTIONAL,
        "P" => PLANTS,
        _ => STORAGE,
    };
    let filter = odata_v2::is_key(&owned_names(names), rest);
    let found = rows(link, set, &names.join(","), Some(filter), 1).await?;
    Ok(Page::new(Node::Array(found.iter().map(|row| place(row, names)).collect()).to_json(), ""))
}

/// From place to place, each by a request of its own.
async fn steps(
    link: &Link,
    set: &str,
    names: &[&'static str],
    mut after: Option<String>,
    limit: usize,
) -> Result<Vec<Node<'static>>, Error> {
    let mut found = Vec::new();
    while found.len() < limit {
        let filter = after.as_deref().map(|after| odata_v2::after_key(&owned_names(names), after));
        let next = rows(link, set, &names.join(","), filter, 1).await?;
        let Some(row) = next.first() else { return Ok(found) };
        let values: Vec<&str> = names.iter().filter_map(|name| row.get(name)?.as_text()).collect();
        after = Some(values.join("/"));
        found.push(place(row, names));
    }
    Ok(found)
}

/// A functional location as it came; of the others their keys only, because the rest is about the product that happens to
/// lie there.
fn place(row: &Node<'_>, names: &[&'static str]) -> Node<'static> {
    let kind = match names {
        ["FunctionalLocation"] => "F",
        ["Plant"] => "P",
        _ => "S",
    };
    let values: Vec<&str> = names.iter().filter_map(|name| row.get(name)?.as_text()).collect();
    let key = format!("{kind}/{}", values.join("/"));
    let mut place: Object<'static> = match (kind, owned(row)) {
        ("F", Node::Object(whole)) => whole,
        _ => names.iter().map(|&name| (name.into(), row.get(name).map_or(Node::Null, owned))).collect(),
    };
    place.set("@key", Node::text(key));
    Node::Object(place)
}

async fn rows(
    link: &Link,
    set: &str,
    order: &str,
    filter: Option<String>,
    top: usize,
) -> Result<Vec<Node<'static>>, Error> {
    let mut target = format!("{set}?$orderby={}&$top={top}&$format=json", encode(order));
    if let Some(filter) = filter {
        target.push_str("&$filter=");
        target.push_str(&encode(&filter));
    }
    Ok(odata_v2::rows(link, &target).await?.rows()?.iter().map(owned).collect())
}

fn owned_names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

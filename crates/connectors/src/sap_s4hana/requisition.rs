//! Requisitions: only their items have a time of change, and only they keep our key.
//!
//! What changed since is therefore asked of the items; the requisitions that they are in are then read whole. A new
//! description of a requisition touches no item, and is found when all of it is read again.

use trunnion_kit::error::Error;
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Change;
use trunnion_kit::protocol::encode;
use trunnion_kit::protocol::odata_v2::{self, literal};
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Declared, Page, Target, Vendor as _, Window};

use super::prepare;

const ITEMS: &str = "API_PURCHASEREQ_PROCESS_SRV/A_PurchaseRequisitionItem";
const KEY: &str = "PurchaseRequisition";
/// So many keys make an address of two thousand characters.
const AT_ONCE: usize = 40;

pub(super) async fn page(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Page, Error> {
    let Some(since) = window.since else { return Declared.page(link, entity, window).await };
    let mut filter = format!("LastChangeDateTime ge {}", odata_v2::instant(since));
    if let Some(after) = &window.after_key {
        filter.push_str(&format!(" and {KEY} gt {}", literal(after)));
    }
    // Most requisitions have a few items; where they fill the answer, the next page goes on behind the last one.
    let asked = format!(
        "{ITEMS}?$orderby={}&$top={}&$select={KEY}&$filter={}&$format=json",
        encode(&format!("{KEY},PurchaseRequisitionItem")),
        window.limit.saturating_mul(2),
        encode(&filter)
    );
    let items = odata_v2::rows(link, &asked).await?;
    let mut keys: Vec<String> =
        items.rows()?.iter().filter_map(|item| item.get(KEY)?.as_text().map(str::to_owned)).collect();
    keys.dedup();
    keys.truncate(window.limit);
    let mut found = Vec::new();
    for keys in keys.chunks(AT_ONCE) {
        let any = keys.iter().map(|key| format!("{KEY} eq {}", literal(key))).collect::<Vec<_>>().join(" or ");
        let page = odata_v2::having(link, entity, &any, keys.len()).await?;
        found.extend(page.rows()?.iter().map(trunnion_kit::protocol::json_rpc::owned));
    }
    Ok(Page::new(Node::Array(found).to_json(), ""))
}

/// The service keeps the key in capitals.
pub(super) async fn find_written(link: &Link, write_key: &str) -> Result<Option<String>, Error> {
    let filter = format!("PurReqnExternalReference eq {}", literal(&write_key.to_uppercase()));
    let asked = format!("{ITEMS}?$top=1&$select={KEY}&$filter={}&$format=json", encode(&filter));
    let found = odata_v2::rows(link, &asked).await?;
    Ok(found.rows()?.first().and_then(|item| item.get(KEY)?.as_text().map(str::to_owned)))
}

/// An added line is in the currency of the others, and for whom they are.
pub(super) fn added(target: Target<'_>, change: &mut Change) -> Result<(), Error> {
    let first = target.row.get("to_PurchaseReqnItem").and_then(Node::items).and_then(<[_]>::first);
    for edit in change.lists.iter_mut().flat_map(|list| &mut list.edits).filter(|edit| edit.line.is_none()) {
        prepare::requisition_line(&mut edit.body)?;
        let Some(line) = edit.body.as_object_mut() else { continue };
        for name in ["PurReqnItemCurrency", "RequisitionerName"] {
            let known = first.and_then(|item| item.get(name)).and_then(Node::as_text).filter(|text| !text.is_empty());
            if let Some(known) = known {
                line.set(name, Node::text(known.to_owned()));
            }
        }
    }
    Ok(())
}

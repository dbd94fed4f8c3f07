//! How much came for an order: its own service does not say, so it is added up from the material documents.
//!
//! Source: SAP Help, "Movement Types" (101 goods receipt, 102 its reversal, 105 and 106 the release from blocked stock, 122
//! and 123 the return to the supplier); `A_MaterialDocumentItem` of API_MATERIAL_DOCUMENT_SRV.

use std::collections::BTreeMap;

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::protocol::encode;
use trunnion_kit::protocol::odata_v2::{self, literal};
use trunnion_kit::vendor::Target;
use trunnion_model::decimal::{self, Decimal};

const ITEMS: &str = "API_MATERIAL_DOCUMENT_SRV/A_MaterialDocumentItem";
const COMES: [&str; 3] = ["101", "105", "123"];
const GOES: [&str; 3] = ["102", "106", "122"];
/// More movements than any order has.
const LARGEST: usize = 5_000;

/// By the order's item; without items for which nothing ever came.
pub(super) async fn of_order(link: &Link, target: Target<'_>) -> Result<Vec<(String, Decimal)>, Error> {
    let filter = encode(&format!("PurchaseOrder eq {}", literal(target.remote_id)));
    let select = "PurchaseOrder,PurchaseOrderItem,GoodsMovementType,QuantityInEntryUnit,EntryUnit";
    let asked = format!("{ITEMS}?$filter={filter}&$select={}&$top={LARGEST}&$format=json", encode(select));
    let page = odata_v2::rows(link, &asked).await?;
    let rows = page.rows()?;
    if rows.len() >= LARGEST {
        return Err(refused("the order has more goods movements than are read; give the quantities"));
    }
    // Every item of the order: of one that no document is about, nothing came.
    let mut sums: BTreeMap<String, Decimal> =
        items(&target).map(|(item, _)| (item.to_owned(), Decimal::ZERO)).collect();
    for row in &rows {
        let kind = text(row, "GoodsMovementType");
        let (comes, goes) = (COMES.contains(&kind), GOES.contains(&kind));
        if !comes && !goes {
            continue;
        }
        let item = text(row, "PurchaseOrderItem");
        let ordered_in = items(&target).find(|(known, _)| *known == item).map_or("", |(_, unit)| unit);
        if ordered_in != text(row, "EntryUnit") {
            return Err(refused(&format!(
                "goods for item {item} came in another unit than ordered; give the quantities"
            )));
        }
        let quantity = decimal::parse(text(row, "QuantityInEntryUnit"))
            .ok_or_else(|| Error::Unexpected("a goods movement without a quantity".to_owned()))?;
        *sums.entry(item.to_owned()).or_default() += if comes { quantity } else { -quantity };
    }
    Ok(sums.into_iter().collect())
}

/// The order's items, each with its unit.
fn items<'t>(target: &Target<'t>) -> impl Iterator<Item = (&'t str, &'t str)> {
    let items = target.row.get("to_PurchaseOrderItem");
    let items = items.map(|items| items.get("results").unwrap_or(items)).and_then(Node::items).unwrap_or_default();
    items.iter().map(|item| (text(item, "PurchaseOrderItem"), text(item, "PurchaseOrderQuantityUnit")))
}

fn text<'n>(row: &'n Node<'_>, name: &str) -> &'n str {
    row.get(name).and_then(Node::as_text).unwrap_or_default()
}

fn refused(text: &str) -> Error {
    Error::Rejected(VendorMessage {
        text: text.to_owned(),
        field: Some("lines".to_owned()),
        ..VendorMessage::default()
    })
}

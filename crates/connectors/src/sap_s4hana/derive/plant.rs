//! Goods receipts, stock and places: the sums of stock, and what the lines of a receipt have in common.
//!
//! Places of three kinds share one entity, so that each remote id begins with its kind: `F/` a functional location, `P/` a
//! plant, `S/` a storage location of a plant.

use trunnion_kit::json::{Node, Object};
use trunnion_model::decimal::{self, Decimal};

use super::{number, text};

/// The remote id of the place where stock lies; a plant keeps some outside of its storage locations.
pub(super) fn stock_place(row: &Node<'_>) -> Option<String> {
    let plant = text(row, "Plant").filter(|plant| !plant.is_empty())?;
    Some(match text(row, "StorageLocation") {
        None | Some("") => format!("P/{plant}"),
        Some(location) => format!("S/{plant}/{location}"),
    })
}

/// The remote id of a functional location.
pub(super) fn functional(row: &Object<'_>) -> Option<String> {
    let label = row.get("FunctionalLocation").and_then(Node::as_text).filter(|label| !label.is_empty())?;
    Some(format!("F/{label}"))
}

pub(super) fn goods_receipt(row: &mut Object<'_>) {
    let mut common: [Option<Option<String>>; 2] = [None, None];
    let (mut lines, mut taken_back) = (0, 0);
    for line in row.get_mut("to_MaterialDocumentItem").and_then(Node::items_mut).into_iter().flatten() {
        lines += 1;
        let reversal = text(line, "ReversedMaterialDocument").is_some_and(|number| !number.is_empty());
        taken_back += i32::from(reversal || line.get("GoodsMovementIsCancelled") == Some(&Node::Bool(true)));
        for (common, name) in common.iter_mut().zip(["Supplier", "PurchaseOrder"]) {
            let own = text(line, name).filter(|value| !value.is_empty()).map(str::to_owned);
            match common {
                None => *common = Some(own),
                Some(known) if *known != own => *known = None,
                Some(_) => {}
            }
        }
        let place = stock_place(line);
        if let (Some(line), Some(place)) = (line.as_object_mut(), place) {
            line.set("@location", Node::text(place));
        }
    }
    let [vendor, order] = common.map(Option::flatten);
    // Both the document that was taken back and the one that took it back stand for nothing any more.
    let status = if lines > 0 && taken_back == lines { "cancelled" } else { "posted" };
    row.set("@status", Node::text(status));
    // A document is never changed, so that it was last changed when it was entered.
    let entered = super::moment(row, "CreationDate", "CreationTime");
    for (name, value) in [("@vendor", vendor), ("@order", order), ("@entered", entered)] {
        if let Some(value) = value {
            row.set(name, Node::text(value));
        }
    }
}

/// Unrestricted stock of a level.
pub(in super::super) fn on_hand(level: &Node<'_>) -> Decimal {
    sum(level.get("levels").and_then(Node::items).unwrap_or_default(), "01")
}

/// All rows of a kind of stock. Special stock belongs to others.
fn sum(levels: &[Node<'_>], kind: &str) -> Decimal {
    let own = |level: &&Node<'_>| {
        text(level, "InventoryStockType") == Some(kind) && text(level, "InventorySpecialStockType") == Some("")
    };
    let amounts = levels.iter().filter(own).filter_map(|level| number(level, "MatlWrhsStkQtyInMatlBaseUnit"));
    amounts.fold(Decimal::ZERO, |total, amount| total.checked_add(amount).unwrap_or(total))
}

/// Sums the rows of one material in one place by their kind of stock.
pub(super) fn inventory_level(row: &mut Object<'_>) {
    let levels = row.get("levels").and_then(Node::items).unwrap_or_default();
    let sum = |kind: &str| sum(levels, kind);
    let sums = [("@on_hand", sum("01")), ("@quality", sum("02")), ("@in_transit", sum("06")), ("@blocked", sum("07"))];
    let place = levels.first().and_then(stock_place);
    for (name, amount) in sums {
        row.set(name, Node::text(decimal::text(amount)));
    }
    if let Some(place) = place {
        row.set("@location", Node::text(place));
    }
}

pub(super) fn location(row: &mut Object<'_>) {
    let says = |name: &str| row.get(name).and_then(Node::as_text).filter(|value| !value.is_empty()).map(str::to_owned);
    let (code, name, kind, parent) = if let Some(label) = says("FunctionalLocation") {
        let code = says("FunctionalLocationLabelName").unwrap_or_else(|| label.clone());
        let name = says("FunctionalLocationName").unwrap_or_else(|| code.clone());
        (code, name, "functional", says("SuperiorFunctionalLocation").map(|up| format!("F/{up}")))
    } else {
        let plant = says("Plant").unwrap_or_default();
        match says("StorageLocation") {
            // The services that we read know these places by their codes only.
            Some(place) => {
                let code = format!("{plant}/{place}");
                (code.clone(), code, "storage", Some(format!("P/{plant}")))
            }
            None => (plant.clone(), plant, "plant", None),
        }
    };
    let active = row.get("FuncnlLocIsDeactivated") != Some(&Node::Bool(true));
    let deleted = ["FuncnlLocIsDeleted", "FuncnlLocIsMarkedForDeletion"]
        .iter()
        .any(|name| row.get(name) == Some(&Node::Bool(true)));
    row.set("@active", Node::Bool(active && !deleted));
    row.set("@deleted", Node::Bool(deleted));
    for (name, value) in [("@code", Some(code)), ("@name", Some(name)), ("@parent", parent)] {
        if let Some(value) = value {
            row.set(name, Node::text(value));
        }
    }
    row.set("@type", Node::text(kind));
}

#[cfg(test)]
mod tests {
    use trunnion_kit::json::parse;

    use super::*;

    #[test]
    fn stock_with_more_digits_than_a_machine_number_has_is_counted_all_the_same() {
        let row = |quantity: &str| {
            format!(
                r#"{{"InventoryStockType":"01","InventorySpecialStockType":"","MatlWrhsStkQtyInMatlBaseUnit":"{quantity}"}}"#
            )
        };
        for (rows, on_hand) in [
            (vec!["12345678901234567.12345678901234"], "12345678901234567.123456789012"),
            (vec!["99999999999999999.99999999999999", "-99999999999999999.99999999999999", "3.00000000000000"], "3"),
            (vec!["0.00000000000001", "0.00000000000002"], "0.00000000000003"),
        ] {
            let rows: Vec<String> = rows.into_iter().map(row).collect();
            let text = format!(r#"{{"levels":[{}]}}"#, rows.join(","));
            let level = parse(&text).unwrap();
            assert_eq!(decimal::text(super::on_hand(&level)), on_hand);
        }
    }
}

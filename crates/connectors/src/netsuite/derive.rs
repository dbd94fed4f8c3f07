//! What SuiteQL does not say in one column: names of persons, quantities without the account's sign, net totals,
//! whether a closed order was cancelled.
//!
//! The computed values stand under names with `@`, beside what NetSuite sent.

mod purchasing;

use super::items;
use trunnion_kit::json::{Node, Object};
use trunnion_model::decimal::{self, Decimal};

pub(super) fn row(entity: &str, row: &mut Object<'_>) {
    match entity {
        "vendor" => {
            let text = |name: &str| row.get(name).and_then(Node::as_text).unwrap_or_default();
            let person = format!("{} {}", text("firstname"), text("lastname"));
            let name = [text("companyname"), person.trim(), text("entityid")]
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default()
                .to_owned();
            row.set("@name", Node::text(name));
        }
        "item" => {
            let text = |name: &str| row.get(name).and_then(Node::as_text).unwrap_or_default();
            let name = [text("displayname"), text("itemid")]
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default()
                .to_owned();
            // A service has no stock unit.
            let unit = [text("stockunitname"), text("purchaseunitname")].into_iter().find(|unit| !unit.is_empty());
            let (unit, record) = (unit.map(str::to_owned), items::record_of(row));
            row.set("@name", Node::text(name));
            for (computed, value) in [("@unit", unit), ("@record", record)] {
                if let Some(value) = value {
                    row.set(computed, Node::text(value));
                }
            }
        }
        "purchase_order" => purchase_order(row),
        "goods_receipt" => goods_receipt(row),
        "purchase_requisition" => purchasing::requisition(row),
        "invoice" => purchasing::invoice(row),
        _ => {}
    }
}

fn purchase_order(row: &mut Object<'_>) {
    let mut total = Some(Decimal::ZERO);
    let mut came = false;
    for line in row.get_mut("lines").and_then(Node::items_mut).into_iter().flatten().filter_map(Node::as_object_mut) {
        let amount = unsigned(line, "foreignamount");
        total = total.zip(amount).and_then(|(total, amount)| total.checked_add(amount));
        for (computed, source) in [
            ("@quantity", "quantity"),
            ("@amount", "foreignamount"),
            ("@received", "quantityshiprecv"),
            ("@billed", "quantitybilled"),
        ] {
            if let Some(number) = unsigned(line, source) {
                came |= source == "quantityshiprecv" && !number.is_zero();
                line.set(computed, Node::text(decimal::text(number)));
            }
        }
    }
    // There is no letter for a cancelled order: it is one that was closed before anything came.
    let letter = row.get("status").and_then(Node::as_text).unwrap_or_default();
    let status = if letter == "H" && !came { "cancelled".to_owned() } else { letter.to_owned() };
    row.set("@status", Node::text(status));
    let gross = unsigned(row, "foreigntotal");
    for (computed, number) in [("@net_total", total), ("@gross_total", gross)] {
        if let Some(number) = number {
            row.set(computed, Node::text(decimal::text(number)));
        }
    }
}

/// A receipt is posted as soon as it is saved. The order stands on its lines.
fn goods_receipt(row: &mut Object<'_>) {
    let mut order = None;
    for line in row.get_mut("lines").and_then(Node::items_mut).into_iter().flatten().filter_map(Node::as_object_mut) {
        order = order.or_else(|| line.get("createdfrom").and_then(Node::as_text).map(str::to_owned));
        if let Some(quantity) = unsigned(line, "quantity") {
            line.set("@quantity", Node::text(decimal::text(quantity)));
        }
    }
    row.set("@status", Node::text("posted"));
    if let Some(order) = order {
        row.set("@order", Node::text(order));
    }
}

fn unsigned(row: &Object<'_>, name: &str) -> Option<Decimal> {
    row.get(name).and_then(Node::as_text).and_then(decimal::parse).map(|number| number.abs())
}

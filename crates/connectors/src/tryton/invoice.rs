//! Invoices of vendors: a credit note is an invoice over less than nothing, and a line says which line of a purchase it is for.

use trunnion_kit::json::{Node, Object};
use trunnion_model::decimal::{self, Decimal};

pub(super) fn row(row: &mut Object<'_>) {
    let total = row.get("total_amount").and_then(number);
    let is_credit = total.is_some_and(|total| total.is_sign_negative() && !total.is_zero());
    let turned = |amount: Decimal| Node::text(decimal::text(if is_credit { -amount } else { amount }));
    for (name, source) in
        [("@net_total", "untaxed_amount"), ("@tax_total", "tax_amount"), ("@gross_total", "total_amount")]
    {
        if let Some(amount) = row.get(source).and_then(number) {
            row.set(name, turned(amount));
        }
    }
    row.set("@type", Node::text(if is_credit { "credit" } else { "invoice" }));
    // The order of a line is known where all of the invoice is for one.
    let order = match row.get("purchases").and_then(Node::items) {
        Some([one]) => one.as_text().map(str::to_owned),
        _ => None,
    };
    for line in row.get_mut("lines.").and_then(Node::items_mut).into_iter().flatten().filter_map(Node::as_object_mut) {
        if let Some(amount) = line.get("amount").and_then(number) {
            line.set("@amount", turned(amount));
        }
        let origin =
            line.get("origin").and_then(Node::as_text).and_then(|origin| origin.strip_prefix("purchase.line,"));
        if let Some(origin) = origin.map(str::to_owned) {
            line.set("@order_line", Node::text(origin));
            if let Some(order) = &order {
                line.set("@order", Node::text(order.clone()));
            }
        }
    }
    if let Some(order) = order {
        row.set("@order", Node::text(order));
    }
}

/// A decimal with its class beside it, or a plain number.
fn number(node: &Node<'_>) -> Option<Decimal> {
    decimal::parse(node.get("decimal").unwrap_or(node).as_text()?)
}

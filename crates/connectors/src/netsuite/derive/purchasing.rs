//! Requisitions and bills: one line for all its links, prices from amounts, signs that mean nothing.

use trunnion_kit::json::{Node, Object};
use trunnion_model::decimal::{self, Decimal, RoundingStrategy};

use super::unsigned;

/// A line comes once for each line of an order that it is linked to.
pub(super) fn requisition(row: &mut Object<'_>) {
    let mut total = Some(Decimal::ZERO);
    if let Some(Node::Array(lines)) = row.get_mut("lines") {
        let mut kept: Vec<Node<'_>> = Vec::with_capacity(lines.len());
        for mut line in std::mem::take(lines) {
            let ordered = line.as_object().and_then(|line| unsigned(line, "orderedquantity")).unwrap_or_default();
            let known = kept.iter_mut().find(|known| known.get("uniquekey") == line.get("uniquekey"));
            if let Some(known) = known.and_then(Node::as_object_mut) {
                let sum = unsigned(known, "@ordered").unwrap_or_default() + ordered;
                known.set("@ordered", Node::text(decimal::text(sum)));
                continue;
            }
            if let Some(own) = line.as_object_mut() {
                own.set("@ordered", Node::text(decimal::text(ordered)));
                let amount = unsigned(own, "estimatedamount");
                total = total.zip(amount.or(Some(Decimal::ZERO))).and_then(|(total, amount)| total.checked_add(amount));
                priced(own, amount);
            }
            kept.push(line);
        }
        *lines = kept;
    }
    if let Some(total) = total {
        row.set("@net_total", Node::text(decimal::text(total)));
    }
}

/// What is billed is positive in all, whatever sign the account gives to it; a discount in it is not.
pub(super) fn invoice(row: &mut Object<'_>) {
    let lines = row.get("lines").and_then(Node::items).unwrap_or_default();
    let amounts = lines.iter().filter_map(|line| signed(line.as_object()?, "foreignamount"));
    let net = amounts.fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(sum));
    let turns = net.is_sign_negative();
    let mut orders: Vec<String> =
        lines.iter().filter_map(|line| line.get("orderid").and_then(Node::as_text)).map(str::to_owned).collect();
    orders.dedup();
    for line in row.get_mut("lines").and_then(Node::items_mut).into_iter().flatten().filter_map(Node::as_object_mut) {
        let amount = signed(line, "foreignamount").map(|amount| if turns { -amount } else { amount });
        priced(line, amount);
    }
    let (net, gross, due) = (net.abs(), unsigned(row, "foreigntotal"), unsigned(row, "foreignamountunpaid"));
    let tax = gross.and_then(|gross| gross.checked_sub(net));
    row.set("@type", Node::text("bill"));
    for (name, value) in [("@net_total", Some(net)), ("@tax_total", tax), ("@gross_total", gross), ("@due", due)] {
        if let Some(value) = value {
            row.set(name, Node::text(decimal::text(value)));
        }
    }
    if let [order] = orders.as_slice() {
        row.set("@order", Node::text(order.clone()));
    }
}

/// The price of one, where there is a quantity.
fn priced(line: &mut Object<'_>, amount: Option<Decimal>) {
    let quantity = unsigned(line, "quantity").filter(|quantity| !quantity.is_zero());
    let price = amount.zip(quantity).and_then(|(amount, quantity)| amount.checked_div(quantity));
    let price = price.map(|price| price.round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero));
    for (name, value) in [("@quantity", quantity), ("@amount", amount), ("@unit_price", price)] {
        if let Some(value) = value {
            line.set(name, Node::text(decimal::text(value)));
        }
    }
}

fn signed(row: &Object<'_>, name: &str) -> Option<Decimal> {
    row.get(name).and_then(Node::as_text).and_then(decimal::parse)
}

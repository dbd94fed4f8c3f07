//! What a purchase order's amounts and status are, given its lines: computed here and never stored apart from them.

use rust_decimal::{Decimal, RoundingStrategy};

use super::record::{Line, Record, Value};

/// Purchase order statuses by letter. Several published lists are shifted by one letter; this is Oracle's.
pub(in super::super) const STATUSES: &[(&str, &str)] = &[
    ("P", "Planned"),
    ("A", "Pending Supervisor Approval"),
    ("B", "Pending Receipt"),
    ("C", "Rejected by Supervisor"),
    ("D", "Partially Received"),
    ("E", "Pending Billing/Partially Received"),
    ("F", "Pending Bill"),
    ("G", "Fully Billed"),
    ("H", "Closed"),
    ("Y", "Undefined"),
];

pub(super) const APPROVALS: &[(&str, &str)] = &[("1", "Pending Approval"), ("2", "Approved"), ("3", "Rejected")];

pub(in super::super) const UNITS: &[(&str, &str)] = &[("1", "EA"), ("2", "M"), ("3", "L"), ("4", "KG"), ("5", "BOX")];

/// An amount in a currency of so many decimal places, rounded half away from zero as NetSuite does.
pub(super) fn rounded(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// The amount of a line by its quantity and rate; nothing if it is too large to be one.
pub(super) fn line_amount(line: &Line, places: u32) -> Option<Decimal> {
    let product = line.get("quantity").as_number().checked_mul(line.get("rate").as_number())?;
    Some(rounded(product, places))
}

/// Brings everything that follows from the lines up to date: taxes, totals, open flags, status. Nothing if a sum is too
/// large to be an amount.
pub(super) fn settle(order: &mut Record, places: u32) -> Option<()> {
    let (mut subtotal, mut taxes) = (Decimal::ZERO, Decimal::ZERO);
    for line in &mut order.lines {
        let amount = line.get("amount").as_number();
        let tax =
            rounded(amount.checked_mul(line.get("taxRate1").as_number())?.checked_div(Decimal::ONE_HUNDRED)?, places);
        subtotal = subtotal.checked_add(amount)?;
        taxes = taxes.checked_add(tax)?;
        line.set("tax1Amt", Value::Number(tax));
        line.set("grossAmt", Value::Number(amount.checked_add(tax)?));
        let open = !line.get("isClosed").is_true() && !billed(line);
        line.set("isOpen", Value::Flag(open));
    }
    order.set("subtotal", Value::Number(subtotal));
    order.set("taxTotal", Value::Number(taxes));
    order.set("total", Value::Number(subtotal.checked_add(taxes)?));
    let letter = Value::text(status(order));
    order.set("orderStatus", letter.clone());
    order.set("status", letter);
    Some(())
}

/// The status letter. Before approval it follows from the approval; after it, from what was received and billed.
pub(super) fn status(order: &Record) -> &'static str {
    match order.get("approvalStatus").as_text() {
        Some("1") if order.get("orderStatus").as_text() == Some("P") => return "P",
        Some("1") => return "A",
        Some("3") => return "C",
        _ => {}
    }
    let lines = &order.lines;
    let all = |test: fn(&Line) -> bool| !lines.is_empty() && lines.iter().all(test);
    let any = |test: fn(&Line) -> bool| lines.iter().any(test);
    if all(billed) {
        return "G";
    }
    if all(|line| line.get("isClosed").is_true() || billed(line)) {
        return "H";
    }
    if all(|line| received(line) || line.get("isClosed").is_true()) {
        return "F";
    }
    if any(|line| line.get("quantityReceived").as_number() > line.get("quantityBilled").as_number()) {
        return "E";
    }
    if any(|line| line.get("quantityReceived").as_number() > Decimal::ZERO) { "D" } else { "B" }
}

fn received(line: &Line) -> bool {
    line.get("quantityReceived").as_number() >= line.get("quantity").as_number()
}

fn billed(line: &Line) -> bool {
    line.get("quantityBilled").as_number() >= line.get("quantity").as_number()
}

#[cfg(test)]
mod tests {
    use super::super::fields::PURCHASE_ORDER_ITEM;
    use super::super::schema::type_named;
    use super::*;

    fn order(approval: &'static str, lines: &[(i64, i64, i64, bool)]) -> Record {
        let mut order = Record::new(type_named("purchaseOrder").unwrap(), 1);
        order.set("approvalStatus", Value::text(approval));
        for &(quantity, received, billed, closed) in lines {
            let mut line = Line::new(PURCHASE_ORDER_ITEM.fields);
            line.set("quantity", Value::Number(quantity.into()));
            line.set("quantityReceived", Value::Number(received.into()));
            line.set("quantityBilled", Value::Number(billed.into()));
            line.set("isClosed", Value::Flag(closed));
            order.lines.push(line);
        }
        order
    }

    #[test]
    fn the_status_letter_follows_from_approval_receipts_and_bills() {
        for (approval, lines, letter) in [
            ("1", vec![(5, 0, 0, false)], "A"),
            ("3", vec![(5, 0, 0, false)], "C"),
            ("2", vec![(5, 0, 0, false), (1, 0, 0, false)], "B"),
            ("2", vec![(5, 2, 2, false), (1, 0, 0, false)], "D"),
            ("2", vec![(5, 2, 0, false), (1, 0, 0, false)], "E"),
            ("2", vec![(5, 5, 0, false), (1, 1, 0, false)], "F"),
            ("2", vec![(5, 5, 2, false), (1, 1, 1, false)], "F"),
            ("2", vec![(5, 5, 5, false), (1, 1, 1, false)], "G"),
            ("2", vec![(5, 0, 0, true), (1, 0, 0, true)], "H"),
            ("2", vec![(5, 5, 5, false), (1, 0, 0, true)], "H"),
            ("2", vec![(5, 0, 0, true), (1, 0, 0, false)], "B"),
        ] {
            assert_eq!(status(&order(approval, &lines)), letter, "{lines:?}");
        }
        let mut planned = order("1", &[(5, 0, 0, false)]);
        planned.set("orderStatus", Value::text("P"));
        assert_eq!(status(&planned), "P");
    }

    #[test]
    fn totals_are_exact_and_round_once_per_line() {
        let mut order = order("2", &[(3, 0, 0, false), (7, 0, 0, false)]);
        for (line, amount) in order.lines.iter_mut().zip(["10.05", "0.10"]) {
            line.set("amount", Value::Number(amount.parse().unwrap()));
            line.set("taxRate1", Value::Number(19.into()));
        }
        settle(&mut order, 2).unwrap();
        assert_eq!(order.get("subtotal").as_number().to_string(), "10.15");
        assert_eq!(order.get("taxTotal").as_number().to_string(), "1.93");
        assert_eq!(order.get("total").as_number().to_string(), "12.08");
    }
}

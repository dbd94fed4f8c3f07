//! What Tryton does not say in one field: when anything of a record last changed, how far an order was received.
//!
//! The computed values stand under names with `@`, beside what Tryton sent.

use jiff::Timestamp;
use trunnion_kit::json::{Node, Object};
use trunnion_kit::mapping::dates;
use trunnion_model::decimal::{self, Decimal};
use trunnion_model::time::rfc3339;

pub(super) fn row(entity: &str, row: &mut Object<'_>) {
    match entity {
        "purchase_order" => purchase(row),
        "goods_receipt" => receipt(row),
        _ => {}
    }
    let mut latest = None;
    latest_change(row, &mut latest);
    if let Some(at) = latest {
        row.set("@modified", Node::text(rfc3339(at)));
    }
}

/// The latest `last_modified_at` of the record and of everything that came with it.
fn latest_change(row: &Object<'_>, latest: &mut Option<Timestamp>) {
    for (name, value) in row.members() {
        match value {
            Node::Object(_) if name == "last_modified_at" => *latest = (*latest).max(dates::tagged_instant(value)),
            Node::Object(inner) => latest_change(inner, latest),
            Node::Array(items) => items.iter().filter_map(Node::as_object).for_each(|item| latest_change(item, latest)),
            _ => {}
        }
    }
}

fn purchase(row: &mut Object<'_>) {
    let mut some_received = false;
    for line in row.get_mut("lines.").and_then(Node::items_mut).into_iter().flatten().filter_map(Node::as_object_mut) {
        if let Some(received) = received(line) {
            some_received |= !received.is_zero();
            line.set("@received", Node::text(decimal::text(received)));
        }
    }
    let text = |name: &str| row.get(name).and_then(Node::as_text).unwrap_or_default();
    let status = match (text("state"), text("shipment_state")) {
        ("processing", "received") => "received",
        ("processing", _) if some_received => "partially received",
        (state, _) => state,
    }
    .to_owned();
    row.set("@status", Node::text(status));
}

/// The sum of the line's finished moves; nothing if one of them counts in another unit than the line.
fn received(line: &Object<'_>) -> Option<Decimal> {
    let unit = line.get("unit")?;
    let mut sum = Decimal::ZERO;
    for finished in
        line.get("moves.")?.items()?.iter().filter(|one| one.get("state").and_then(Node::as_text) == Some("done"))
    {
        if finished.get("unit") != Some(unit) {
            return None;
        }
        sum = sum.checked_add(decimal::parse(finished.get("quantity")?.as_text()?)?)?;
    }
    Some(sum)
}

/// `origin` is a model and an id: `purchase.line,4`.
fn receipt(row: &mut Object<'_>) {
    for line in
        row.get_mut("incoming_moves.").and_then(Node::items_mut).into_iter().flatten().filter_map(Node::as_object_mut)
    {
        let order_line = line
            .get("origin")
            .and_then(Node::as_text)
            .and_then(|origin| origin.strip_prefix("purchase.line,"))
            .map(str::to_owned);
        if let Some(order_line) = order_line {
            line.set("@order_line", Node::text(order_line));
        }
    }
}

//! What Tryton does not say in one field: when anything of a record last changed, how far an order was received.
//!
//! The computed values stand under names with `@`, beside what Tryton sent.

use jiff::Timestamp;
use trunnion_kit::json::{Node, Object};
use trunnion_kit::mapping::dates;
use trunnion_model::decimal::{self, Decimal};
use trunnion_model::time::rfc3339;

use super::{invoice, mark};

pub(super) fn row(entity: &str, row: &mut Object<'_>) {
    match entity {
        "purchase_order" => purchase(row),
        "goods_receipt" => receipt(row),
        "item" => item(row),
        "invoice" => invoice::row(row),
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

/// Goods that may be moved whatever the stock says are not kept in stock.
fn item(row: &mut Object<'_>) {
    let kind = match (row.get("type").and_then(Node::as_text), row.get("consumable")) {
        (Some("goods"), Some(Node::Bool(true))) => "consumable",
        (kind, _) => kind.unwrap_or_default(),
    };
    let kind = kind.to_owned();
    row.set("@type", Node::text(kind));
}

/// `origin` is a model and an id: `purchase.line,4` of what came in, `stock.move,7` of what was put away from there.
fn receipt(row: &mut Object<'_>) {
    let put_away = row.get("inventory_moves.").and_then(Node::items).unwrap_or_default();
    let put_away: Vec<(String, String)> = put_away
        .iter()
        .filter_map(|one| Some((origin(one, "stock.move,")?, one.get("to_location")?.as_text()?.to_owned())))
        .collect();
    let mut orders = Vec::new();
    let lines = row.get_mut("incoming_moves.").and_then(Node::items_mut).map(Vec::as_mut_slice).unwrap_or_default();
    // As the order has them: by themselves they stand by product, and the rest of a line behind all others.
    lines.sort_by_key(|line| origin(line, "purchase.line,").and_then(|id| id.parse::<u64>().ok()).unwrap_or(u64::MAX));
    for line in lines.iter_mut().filter_map(Node::as_object_mut) {
        let member = |name: &str| line.get(name).and_then(Node::as_text).map(str::to_owned);
        orders.push(member("purchase"));
        let (id, comes_to, order_line) = (member("id"), member("to_location"), origin_of(line, "purchase.line,"));
        let mut places: Vec<&String> =
            put_away.iter().filter(|(from, _)| Some(from) == id.as_ref()).map(|(_, to)| to).collect();
        places.dedup();
        let place = match places.as_slice() {
            [] => comes_to,
            [one] => Some((*one).clone()),
            // In several: no one place is where it was put.
            _ => None,
        };
        for (name, value) in [("@order_line", order_line), ("@place", place)] {
            line.set(name, value.map_or(Node::Null, Node::text));
        }
    }
    orders.dedup();
    if let [Some(order)] = orders.as_slice() {
        row.set("@order", Node::text(order.clone()));
    }
    if let Some(note) = row.get("reference").and_then(Node::as_text).map(|text| mark::unmarked(text).to_owned()) {
        row.set("@note", Node::text(note));
    }
}

fn origin(one: &Node<'_>, model: &str) -> Option<String> {
    one.as_object().and_then(|one| origin_of(one, model))
}

fn origin_of(one: &Object<'_>, model: &str) -> Option<String> {
    one.get("origin").and_then(Node::as_text).and_then(|origin| origin.strip_prefix(model)).map(str::to_owned)
}

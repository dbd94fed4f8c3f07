//! Goods receipts: a supplier shipment takes moves that the purchase waits for, is received, and is put away.
//!
//! Tryton receives into the warehouse's input zone, and makes the moves from there by itself, into the place that the shipment
//! names as its storage. Of a move of which only a part came, the part is taken; the purchase then waits for the rest by a new one.

use trunnion_kit::error::Error;
use trunnion_kit::http::Effect;
use trunnion_kit::json::{Node, Object, parse};
use trunnion_kit::link::Link;
use trunnion_kit::protocol::json_rpc::{self, digits};
use trunnion_model::decimal::{self, Decimal};

use super::mark;
use super::rpc::{self, Next, condition, refused, text};

const MODEL: &str = "stock.shipment.in";
/// How often others may take a move away between our look and our write.
const LOOKS: u32 = 3;

/// Saves a shipment and brings it to its end.
pub(super) async fn create(link: &Link, body: &Node<'static>, write_key: &str) -> Result<String, Error> {
    let mut looks = 0;
    let id = loop {
        let (values, taken) = shipment(link, body, write_key).await?;
        looks += 1;
        match json_rpc::created(link, MODEL, values, Some(&locks(&taken))).await {
            Err(Error::Changed(_)) if looks < LOOKS => {}
            created => break created?,
        }
    };
    match put_away(link, &id).await {
        Ok(()) => Ok(id),
        Err(error @ (Error::Rejected(_) | Error::Permission(_))) => match discard(link, &id).await {
            Ok(true) => Err(error),
            Ok(false) => Err(half_way(&id, &error)),
            Err(left) => {
                Err(Error::OutcomeUnknown(format!("shipment {id} was refused ({error}), and is still there: {left}")))
            }
        },
        Err(error) => Err(half_way(&id, &error)),
    }
}

/// The shipment with that key, brought to its end if it was cut off before.
pub(super) async fn find(link: &Link, write_key: &str) -> Result<Option<String>, Error> {
    let Some(found) = mark::find(link, MODEL, write_key, &["id"]).await? else { return Ok(None) };
    let id = text(&found, "id").to_owned();
    match put_away(link, &id).await {
        Ok(()) => Ok(Some(id)),
        // Sent once more, it is refused once more, and that is then the answer.
        Err(Error::Rejected(_) | Error::Permission(_)) if discard(link, &id).await? => Ok(None),
        Err(error) => Err(half_way(&id, &error)),
    }
}

fn half_way(id: &str, error: &Error) -> Error {
    Error::OutcomeUnknown(format!("shipment {id} was saved, but is not put away yet: {error}"))
}

async fn put_away(link: &Link, id: &str) -> Result<(), Error> {
    rpc::walk(link, MODEL, id, &["state"], |row, _| match text(row, "state") {
        "draft" => Next::Press("receive"),
        "received" => Next::Press("do"),
        _ => Next::Done,
    })
    .await
}

/// Takes a shipment away of which nothing was received: with its moves, for which the purchase makes new ones.
async fn discard(link: &Link, id: &str) -> Result<bool, Error> {
    match rpc::one(link, MODEL, id, &["state"]).await? {
        None => Ok(true),
        Some(row) if text(&row, "state") == "draft" => rpc::press(link, MODEL, "delete", id).await.map(|()| true),
        Some(_) => Ok(false),
    }
}

/// The shipment's values, and the moves that it takes.
async fn shipment(link: &Link, body: &Node<'static>, write_key: &str) -> Result<(Node<'static>, Vec<Taken>), Error> {
    let order = text(body, "purchase");
    let fields = ["party", "warehouse", "company", "state"];
    let purchase = match digits(order) {
        Ok(id) => rpc::one(link, "purchase.purchase", &id, &fields).await?,
        Err(_) => None,
    };
    let purchase = purchase.ok_or_else(|| refused("purchase", format!("there is no purchase {order}")))?;
    if text(&purchase, "state") == "confirmed" {
        let text = "the purchase is confirmed and not processed yet: the server's worker does that";
        return Err(refused("purchase", text));
    }
    let lines = body.get("lines").and_then(Node::items).unwrap_or_default();
    let taken = taken(lines, &awaited(link, order).await?)?;
    let mut values = filled_in(link, &purchase).await?;
    if let Some(place) = place(lines)? {
        values.set("warehouse_storage", Node::number(place));
    }
    if let Some(day) = body.get("effective_date") {
        values.set("effective_date", day.clone());
    }
    values.set("reference", Node::text(mark::marked(text(body, "note"), write_key)));
    let ids = taken.iter().map(|one| Node::number(one.id.clone())).collect();
    let mut moves = vec![Node::Array(vec![Node::text("add"), Node::Array(ids)])];
    let mut parts = vec![Node::text("write")];
    for one in &taken {
        if let Some(part) = one.part {
            let quantity = Object::from_iter([("quantity".into(), Node::number(decimal::text(part)))]);
            parts.extend([Node::Array(vec![Node::number(one.id.clone())]), Node::Object(quantity)]);
        }
    }
    if parts.len() > 1 {
        moves.push(Node::Array(parts));
    }
    values.set("incoming_moves", Node::Array(moves));
    Ok((Node::Object(values), taken))
}

/// The moves are taken only as they were when they were looked at: another shipment may want them too.
fn locks(taken: &[Taken]) -> Object<'static> {
    let lock = |one: &Taken| (format!("stock.move,{}", one.id).into(), Node::text(one.stamp.clone()));
    Object::from_iter([("_timestamp".into(), Node::Object(taken.iter().map(lock).collect()))])
}

/// A move that the purchase waits for.
struct Awaited {
    id: String,
    line: String,
    quantity: Decimal,
    stamp: String,
}

async fn awaited(link: &Link, order: &str) -> Result<Vec<Awaited>, Error> {
    let domain = vec![
        condition("purchase", "=", Node::number(digits(order)?)),
        condition("state", "=", Node::text("draft")),
        condition("shipment", "=", Node::Null),
        condition("from_location.type", "=", Node::text("supplier")),
    ];
    let fields = ["origin", "quantity", "_timestamp"];
    let rows = rpc::search_read(link, "stock.move", domain, None, &fields, None).await?;
    let one = |row: &Node<'_>| {
        Some(Awaited {
            id: text(row, "id").to_owned(),
            line: text(row, "origin").strip_prefix("purchase.line,")?.to_owned(),
            quantity: decimal::parse(text(row, "quantity"))?,
            stamp: text(row, "_timestamp").to_owned(),
        })
    };
    Ok(rows.iter().filter_map(one).collect())
}

/// A move that is taken, whole or in part.
struct Taken {
    id: String,
    stamp: String,
    part: Option<Decimal>,
}

fn taken(lines: &[Node<'static>], awaited: &[Awaited]) -> Result<Vec<Taken>, Error> {
    let mut taken: Vec<Taken> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let at = |member: &str| format!("lines.{place}.{member}");
        let quantity = decimal::parse(text(line, "quantity")).filter(|one| !one.is_zero() && !one.is_sign_negative());
        let mut left = quantity.ok_or_else(|| refused(&at("quantity"), "must be more than zero"))?;
        let is_free = |one: &&Awaited| one.line == text(line, "line") && taken.iter().all(|taken| taken.id != one.id);
        let free: Vec<&Awaited> = awaited.iter().filter(is_free).collect();
        if free.is_empty() {
            return Err(refused(&at("line"), "the purchase does not wait for goods on this line"));
        }
        for one in &free {
            if left.is_zero() {
                break;
            }
            let part = left.min(one.quantity);
            left -= part;
            let part = (part != one.quantity).then_some(part);
            taken.push(Taken { id: one.id.clone(), stamp: one.stamp.clone(), part });
        }
        if !left.is_zero() {
            let sum: Decimal = free.iter().map(|one| one.quantity).sum();
            let text = format!("the purchase waits for {} on this line, not for more", decimal::text(sum));
            return Err(refused(&at("quantity"), text));
        }
    }
    Ok(taken)
}

/// The place that all lines go to, if they name one.
fn place(lines: &[Node<'static>]) -> Result<Option<String>, Error> {
    let place = lines.first().map(|line| text(line, "place")).unwrap_or_default();
    if let Some(other) = lines.iter().position(|line| text(line, "place") != place) {
        let at = format!("lines.{other}.place");
        return Err(refused(&at, "a shipment is put away in one place: make a receipt for each place"));
    }
    if place.is_empty() { Ok(None) } else { digits(place).map(Some) }
}

/// What the client fills in once supplier and warehouse are chosen.
async fn filled_in(link: &Link, purchase: &Node<'_>) -> Result<Object<'static>, Error> {
    let mut values = Object::new();
    for (name, from) in [("supplier", "party"), ("warehouse", "warehouse"), ("company", "company")] {
        if let Some(id) = purchase.get(from).and_then(Node::as_text) {
            values.set(name, Node::number(id.to_owned()));
        }
    }
    let changed = Node::Array(vec![Node::text("supplier"), Node::text("warehouse")]);
    let params = vec![Node::Object(values.clone()), changed];
    let answer = json_rpc::call(link, &format!("model.{MODEL}.on_change"), params, None, Effect::Read).await?;
    let tree = parse(&answer).map_err(|error| Error::Unexpected(error.to_string()))?;
    for name in ["contact_address", "warehouse_input", "warehouse_storage"] {
        if let Some(id) = tree.get("result").and_then(|result| result.get(name)).and_then(Node::as_text) {
            values.set(name, Node::number(id.to_owned()));
        }
    }
    Ok(values)
}

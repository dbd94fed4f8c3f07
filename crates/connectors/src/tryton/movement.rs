//! Stock is changed by internal shipments: from and to the warehouse's lost and found, or from place to place.
//!
//! An inventory sets stock to what was counted, and has no field for a text; an internal shipment moves exactly the difference,
//! and its reference keeps the reason and the write key. Tryton assigns what is moved to the shipment first: what it has promised
//! to another shipment is not taken.

use trunnion_kit::error::Error;
use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::posting::Posting;
use trunnion_kit::protocol::json_rpc::{self, digits};
use trunnion_kit::vendor::Target;
use trunnion_model::decimal;

use super::rpc::{self, Next, condition, number, refused, text};
use super::{mark, stock};

const MODEL: &str = "stock.shipment.internal";
const FIELDS: [&str; 4] = ["state", "from_location", "transit_location", "outgoing_moves.from_location"];

/// Saves the shipment and does it.
pub(super) async fn post(link: &Link, target: Target<'_>, posting: &Posting, write_key: &str) -> Result<(), Error> {
    let (place, product) = stock::place(target.remote_id)?;
    let place = place.to_string();
    let (from, to, quantity) = match posting {
        Posting::Adjust { by, .. } => {
            let lost = lost_and_found(link, &place).await?;
            let (from, to) = if by.is_sign_negative() { (place, lost) } else { (lost, place) };
            (from, to, by.abs())
        }
        Posting::Transfer { to, quantity, .. } => {
            keeps_stock(link, to).await?;
            (place, to.clone(), *quantity)
        }
    };
    let unit = target.row.get("default_uom").and_then(Node::as_text).unwrap_or_default();
    let (from, to) = (Node::number(digits(&from)?), Node::number(digits(&to)?));
    let way = || [("from_location".into(), from.clone()), ("to_location".into(), to.clone())];
    let one = [
        ("product".into(), number(product)),
        ("unit".into(), Node::number(digits(unit)?)),
        ("quantity".into(), Node::number(decimal::text(quantity))),
    ];
    let moved = Node::Array(vec![Node::Object(way().into_iter().chain(one).collect())]);
    let reference = mark::marked(posting.reason().unwrap_or_default(), write_key);
    let own = [
        ("reference".into(), Node::text(reference)),
        ("moves".into(), Node::Array(vec![Node::Array(vec![Node::text("create"), moved])])),
    ];
    let values = Node::Object(way().into_iter().chain(own).collect::<Object<'static>>());
    let id = json_rpc::created(link, MODEL, values, None).await?;
    match carry_out(link, &id).await {
        Ok(()) => Ok(()),
        Err(error @ (Error::Rejected(_) | Error::Permission(_))) => match discard(link, &id).await {
            Ok(()) => Err(error),
            Err(left) => Err(half_way(&id, &left)),
        },
        Err(error) => Err(half_way(&id, &error)),
    }
}

/// Whether the shipment with that key is done, now at the latest.
pub(super) async fn is_posted(link: &Link, write_key: &str) -> Result<bool, Error> {
    let Some(found) = mark::find(link, MODEL, write_key, &["state", "effective_date"]).await? else { return Ok(false) };
    let id = text(&found, "id");
    if text(&found, "state") == "cancelled" {
        // One that was never done was cancelled by us; one that was, by people.
        return Ok(found.get("effective_date").is_some_and(|day| *day != Node::Null));
    }
    match carry_out(link, id).await {
        Ok(()) => Ok(true),
        // Sent once more, it is refused once more, and that is then the answer.
        Err(Error::Rejected(_) | Error::Permission(_)) => discard(link, id).await.map(|()| false),
        Err(error) => Err(half_way(id, &error)),
    }
}

fn half_way(id: &str, error: &Error) -> Error {
    Error::OutcomeUnknown(format!("internal shipment {id} was saved, but is not done yet: {error}"))
}

async fn carry_out(link: &Link, id: &str) -> Result<(), Error> {
    rpc::walk(link, MODEL, id, &FIELDS, |row, pressed| {
        let on_its_way = !matches!(row.get("transit_location"), None | Some(Node::Null));
        match text(row, "state") {
            "draft" => Next::Press("wait"),
            "waiting" if pressed == Some("assign_try") => {
                Next::Refused(refused("quantity", "so much is not free: something else in Tryton has it assigned"))
            }
            "waiting" => Next::Press("assign_try"),
            // Where a place has places in it, the stock of which one is taken is the system's choice.
            "assigned" if !is_from_there(row) => {
                Next::Refused(refused("quantity", "Tryton would take it from a place within this one"))
            }
            "assigned" if on_its_way => Next::Press("pack"),
            "packed" => Next::Press("ship"),
            "assigned" | "shipped" => Next::Press("do"),
            "done" => Next::Done,
            state => Next::Refused(refused("quantity", format!("the internal shipment is {state}"))),
        }
    })
    .await
}

fn is_from_there(row: &Node<'_>) -> bool {
    let moves = row.get("outgoing_moves.").and_then(Node::items).unwrap_or_default();
    moves.iter().all(|one| one.get("from_location") == row.get("from_location"))
}

/// Cancels a shipment that was not done, and takes it away if the user may.
async fn discard(link: &Link, id: &str) -> Result<(), Error> {
    match rpc::one(link, MODEL, id, &["state"]).await? {
        None => return Ok(()),
        Some(row) if text(&row, "state") == "cancelled" => {}
        Some(_) => rpc::press(link, MODEL, "cancel", id).await?,
    }
    match rpc::press(link, MODEL, "delete", id).await {
        Err(Error::Rejected(_) | Error::Permission(_)) => Ok(()),
        deleted => deleted,
    }
}

/// The lost and found of the warehouse that a place is in.
async fn lost_and_found(link: &Link, place: &str) -> Result<String, Error> {
    let above = Node::Array(vec![Node::number(digits(place)?)]);
    let domain = vec![condition("parent", "parent_of", above), condition("type", "=", Node::text("warehouse"))];
    let warehouses = rpc::search_read(link, "stock.location", domain, None, &["lost_found_location"], None).await?;
    // The innermost one, if there are several.
    let lost = warehouses.last().map(|warehouse| text(warehouse, "lost_found_location")).filter(|id| !id.is_empty());
    lost.map(str::to_owned)
        .ok_or_else(|| refused("quantity", "the place's warehouse has no lost and found, from where stock is adjusted"))
}

async fn keeps_stock(link: &Link, place: &str) -> Result<(), Error> {
    let row = rpc::one(link, "stock.location", place, &["type"]).await?;
    match row.as_ref().map(|row| text(row, "type")) {
        Some("storage") => Ok(()),
        _ => Err(refused("to_location_id", "stock is kept in locations of the type storage")),
    }
}

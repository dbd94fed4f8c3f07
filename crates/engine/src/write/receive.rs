//! Goods come for an order: a goods receipt is made from it, by the way of every create. What the caller leaves out is what
//! the order still waits for, by the system's own word of that moment.

use serde_json::{Map, Value, json};
use trunnion_kit::http::Lane;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::Target;
use trunnion_model::catalog::{self, Entity};
use trunnion_model::change::Cause;
use trunnion_model::decimal::{self, Decimal};
use trunnion_model::record::{Incoming, Record};
use trunnion_store::Connection;

use super::begin::{Answer, Ask, earlier, may_write};
use super::create::{make, needs_key};
use super::look::look;
use super::{carry, key};
use crate::Engine;
use crate::error::{FieldError, Result, ServiceError, from_system};
use crate::links::Live;

/// By what a caller names the place of all lines.
const PLACE: [&str; 3] = ["location_id", "location_remote_id", "location_code"];
/// By what a caller names an order's line.
const LINE: [&str; 3] = ["remote_line_id", "purchase_order_remote_line_id", "position"];

/// Makes a goods receipt of `order`.
pub(crate) async fn receive(
    engine: &Engine,
    row: &Connection,
    order: Record,
    body: Value,
    ask: Ask<'_>,
) -> Result<Answer> {
    needs_key(&ask)?;
    let hash = key::body_hash("purchase_order", "receive", &json!({ "id": order.remote_id, "body": body }));
    if let Some(answer) = earlier(engine, row, &ask, &hash).await? {
        return Ok(answer);
    }
    may_write(row)?;
    let Value::Object(given) = body else { return Err(ServiceError::invalid("", "must be an object")) };
    let live = engine.links().get(engine, row).await?.in_lane(Lane::Write);
    let (entity, receipts, orders) = offered(&live)?;
    if order.deleted_at.is_some() {
        return Err(ServiceError::Conflict { message: "The order was deleted in the system.".to_owned() });
    }
    let (receipt, spread) = compose(&live, receipts, orders, &order.remote_id, given).await?;
    let made = make(engine, row, live.clone(), entity, &Value::Object(receipt), hash, &ask).await;
    let answer = made.map_err(|error| as_given(error, spread))?;
    if matches!(&answer, Answer::Done(written) if !written.replayed && written.result.is_ok())
        && let Ok((_, now)) = read(&live, orders, &order.remote_id).await
    {
        // What came shows in the order; its next sync would find it too.
        carry::store(engine, &live, orders, now, Cause::OwnWrite).await;
    }
    Ok(answer)
}

/// Whether goods can be received at all.
fn offered(live: &Live) -> Result<(&'static Entity, &EntitySpec, &EntitySpec)> {
    let receipts = live.entity("goods_receipt").filter(|spec| spec.create.is_some());
    let (Some(entity), Some(receipts), Some(orders)) =
        (catalog::entity("goods_receipt"), receipts, live.entity("purchase_order"))
    else {
        let message = "Goods cannot be received through this system's API: it takes no goods receipts.".to_owned();
        return Err(ServiceError::UnsupportedOperation { message });
    };
    Ok((entity, receipts, orders))
}

/// The order as the system has it now: its row, and mapped.
async fn read(live: &Live, orders: &EntitySpec, remote_id: &str) -> Result<(String, Incoming)> {
    let now = look(live, orders, remote_id).await.map_err(|error| from_system(&error))?;
    let (row, mapped) = now.ok_or_else(|| ServiceError::missing("purchase order"))?;
    Ok((row, mapped.map_err(|error| ServiceError::internal(&error))?))
}

/// The body of the goods receipt, and whether the caller's place for all was written into each line.
async fn compose(
    live: &Live,
    receipts: &EntitySpec,
    orders: &EntitySpec,
    remote_id: &str,
    mut given: Map<String, Value>,
) -> Result<(Map<String, Value>, bool)> {
    let (row, now) = read(live, orders, remote_id).await?;
    let now: Map<String, Value> = serde_json::from_str(&now.data).unwrap_or_default();
    let there = now.get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let asked = match given.remove("lines") {
        None | Some(Value::Null) => None,
        Some(Value::Array(lines)) if !lines.is_empty() => Some(lines),
        Some(_) => return Err(ServiceError::invalid("/lines", "must be a list of one or more lines, or left out")),
    };
    let counts = asked.as_ref().is_none_or(|lines| lines.iter().any(|line| line["quantity"].is_null()));
    let came = if counts { received(live, orders, remote_id, &row).await? } else { Vec::new() };
    let open = |line: &Value| open(line, &came);
    let mut lines = match asked {
        Some(lines) => named(there, lines, &open)?,
        None => all_open(there, &open)?,
    };
    let in_lines = !receipts.fields.iter().any(|row| row.name == "location_id" && row.write.on_create());
    let spread = in_lines && PLACE.iter().any(|name| given.contains_key(*name));
    if spread {
        let place: Vec<(&str, Value)> = PLACE.iter().filter_map(|name| Some((*name, given.remove(*name)?))).collect();
        for line in &mut lines {
            if !PLACE.iter().any(|name| line.contains_key(*name)) {
                line.extend(place.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            }
        }
    }
    given.insert("purchase_order_remote_id".to_owned(), remote_id.into());
    given.insert("lines".to_owned(), lines.into_iter().map(Value::Object).collect());
    Ok((given, spread))
}

/// What came for each line, where the order itself does not say it.
async fn received(live: &Live, orders: &EntitySpec, remote_id: &str, row: &str) -> Result<Vec<(String, Decimal)>> {
    let row = trunnion_kit::json::parse(row).map_err(|error| ServiceError::internal(&error))?;
    let target = Target { remote_id, row: &row };
    live.vendor.received(&live.link, orders, target).await.map_err(|error| from_system(&error))
}

/// How much a line still waits for; nothing if that cannot be known.
fn open(line: &Value, came: &[(String, Decimal)]) -> Option<Decimal> {
    let number = |name: &str| line[name].as_str().and_then(decimal::parse);
    let told = came.iter().find(|(key, _)| line["remote_line_id"] == key.as_str()).map(|(_, quantity)| *quantity);
    let open = number("quantity")? - told.or_else(|| number("quantity_received"))?;
    let over = line["closed"] == true || line["deleted"] == true;
    Some(if over { Decimal::ZERO } else { open.max(Decimal::ZERO) })
}

fn all_open(there: &[Value], open: &dyn Fn(&Value) -> Option<Decimal>) -> Result<Vec<Map<String, Value>>> {
    let mut lines = Vec::new();
    for line in there {
        let Some(quantity) = open(line) else {
            let message = "must be given: the system does not say how much of the order came already";
            return Err(ServiceError::invalid("/lines", message));
        };
        if !quantity.is_zero() {
            lines.push(received_line(line, &decimal::text(quantity).into()));
        }
    }
    if lines.is_empty() {
        return Err(ServiceError::Conflict { message: "The order waits for nothing more.".to_owned() });
    }
    Ok(lines)
}

/// The lines that the caller named, each by its key or number, once.
fn named(
    there: &[Value],
    asked: Vec<Value>,
    open: &dyn Fn(&Value) -> Option<Decimal>,
) -> Result<Vec<Map<String, Value>>> {
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    for (place, line) in asked.into_iter().enumerate() {
        match one_named(there, line, open, &lines) {
            Ok(line) => lines.push(line),
            Err((member, message)) => {
                errors.push(FieldError::new(format!("/lines/{place}/{member}").trim_end_matches('/'), message));
                lines.push(Map::new());
            }
        }
    }
    if errors.is_empty() { Ok(lines) } else { Err(ServiceError::ValidationFailed { errors }) }
}

fn one_named(
    there: &[Value],
    line: Value,
    open: &dyn Fn(&Value) -> Option<Decimal>,
    before: &[Map<String, Value>],
) -> std::result::Result<Map<String, Value>, (&'static str, String)> {
    let Value::Object(mut line) = line else { return Err(("", "must be an object".to_owned())) };
    let names: Vec<(&'static str, Value)> =
        LINE.iter().filter_map(|name| Some((*name, line.remove(*name)?))).filter(|(_, key)| !key.is_null()).collect();
    let Some((member, _)) = names.first().cloned() else {
        return Err(("", "name the order's line by its remote_line_id or its position".to_owned()));
    };
    let is_it = |own: &&Value| {
        names.iter().all(|(name, key)| own[if *name == "position" { "position" } else { "remote_line_id" }] == *key)
    };
    let Some(own) = there.iter().find(is_it) else { return Err((member, "the order has no such line".to_owned())) };
    let quantity = match line.remove("quantity") {
        None | Some(Value::Null) => match open(own) {
            Some(quantity) if !quantity.is_zero() => Value::from(decimal::text(quantity)),
            Some(_) => return Err(("quantity", "the order waits for nothing more on this line".to_owned())),
            None => {
                return Err(("quantity", "must be given: the system does not say how much came already".to_owned()));
            }
        },
        Some(quantity) => quantity,
    };
    let made = received_line(own, &quantity);
    if before
        .iter()
        .any(|other| other.get("purchase_order_remote_line_id") == made.get("purchase_order_remote_line_id"))
    {
        return Err((member, "the line is named twice".to_owned()));
    }
    line.extend(made);
    Ok(line)
}

fn received_line(own: &Value, quantity: &Value) -> Map<String, Value> {
    let line = [("purchase_order_remote_line_id", own["remote_line_id"].clone()), ("quantity", quantity.clone())];
    line.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// Problems of the goods receipt, said of what the caller gave.
fn as_given(error: ServiceError, spread: bool) -> ServiceError {
    let ServiceError::ValidationFailed { errors } = error else { return error };
    let mut told: Vec<FieldError> = Vec::new();
    for mut error in errors {
        let member = error.pointer.rsplit('/').next().unwrap_or_default().to_owned();
        if spread && PLACE.contains(&member.as_str()) {
            error.pointer = format!("/{member}");
        }
        if told.iter().all(|known| known.pointer != error.pointer) {
            told.push(error);
        }
    }
    ServiceError::ValidationFailed { errors: told }
}

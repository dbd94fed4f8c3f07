//! The account's own ids behind ISO currencies, names of units and of employees, looked up before a write.

use std::collections::HashMap;

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::{Node, Object, parse};
use trunnion_kit::link::Link;
use trunnion_kit::protocol::suitetalk;

/// `currency: {"@symbol":"USD"}` becomes `currency: {"id":"1"}`.
pub(super) async fn currency(link: &Link, body: &mut Node<'static>) -> Result<(), Error> {
    let Some(symbol) =
        body.get("currency").and_then(|currency| currency.get("@symbol")).and_then(Node::as_text).map(str::to_owned)
    else {
        return Ok(());
    };
    let answer =
        suitetalk::query(link, "SELECT c.id FROM currency c WHERE c.symbol = ?", vec![Node::text(symbol.clone())])
            .await?;
    let id = first_id(&answer)?.ok_or_else(|| refused("currency", format!("the account has no currency {symbol}")))?;
    set(body, "currency", id);
    Ok(())
}

/// `entity: {"@name":"Dana Whitfield"}` becomes the id of the employee who is called so.
pub(super) async fn requester(link: &Link, body: &mut Node<'static>) -> Result<(), Error> {
    let name = body.get("entity").and_then(|entity| entity.get("@name")).and_then(Node::as_text).map(str::to_owned);
    let Some(name) = name else { return Ok(()) };
    let query = "SELECT e.id FROM employee e WHERE e.entityid = ? AND e.isinactive = 'F'";
    let answer = suitetalk::query(link, query, vec![Node::text(name.clone())]).await?;
    let id = first_id(&answer)?.ok_or_else(|| refused("entity", format!("the account has no employee {name}")))?;
    set(body, "entity", id);
    Ok(())
}

/// Each line's `units: {"@name":"EA"}` becomes the id of the item's purchase unit, if that is its name: NetSuite converts
/// prices and quantities by the unit, so another one must not slip in.
pub(super) async fn units(link: &Link, body: &mut Node<'static>) -> Result<(), Error> {
    let id_of =
        |line: &Node<'_>| line.get("item").and_then(|item| item.get("id")).and_then(Node::as_text).map(str::to_owned);
    let Some(lines) = body.as_object_mut().and_then(|order| order.get_mut("item")).and_then(Node::items_mut) else {
        return Ok(());
    };
    let items: Vec<String> = lines.iter().filter(|line| line.get("units").is_some()).filter_map(id_of).collect();
    if items.is_empty() {
        return Ok(());
    }
    let marks = vec!["?"; items.len()].join(",");
    let question = format!(
        "SELECT i.id, i.purchaseunit, BUILTIN.DF(i.purchaseunit) AS unitname FROM item i WHERE i.id IN ({marks})"
    );
    let answer = suitetalk::query(link, &question, items.into_iter().map(Node::text).collect()).await?;
    let found = purchase_units(&answer)?;
    for (place, line) in lines.iter_mut().enumerate() {
        let Some(wanted) =
            line.get("units").and_then(|units| units.get("@name")).and_then(Node::as_text).map(str::to_owned)
        else {
            continue;
        };
        let item = id_of(line).unwrap_or_default();
        match found.get(&item) {
            Some((id, name)) if name.eq_ignore_ascii_case(&wanted) => set(line, "units", id.clone()),
            Some((_, name)) => {
                return Err(refused(
                    &format!("item.items[{place}].units"),
                    format!("the item is bought in {name}, not in {wanted}"),
                ));
            }
            None => {
                return Err(refused(
                    &format!("item.items[{place}].item"),
                    format!("no item {item} with a purchase unit"),
                ));
            }
        }
    }
    Ok(())
}

fn set(object: &mut Node<'static>, member: &'static str, id: String) {
    if let Some(object) = object.as_object_mut() {
        object.set(member, Node::Object(Object::from_iter([("id".into(), Node::text(id))])));
    }
}

fn first_id(answer: &str) -> Result<Option<String>, Error> {
    let tree = read(answer)?;
    let row = tree.items().and_then(<[_]>::first);
    Ok(row.and_then(|row| row.get("id")).and_then(Node::as_text).map(str::to_owned))
}

fn purchase_units(answer: &str) -> Result<HashMap<String, (String, String)>, Error> {
    let tree = read(answer)?;
    let text = |row: &Node<'_>, name: &str| row.get(name).and_then(Node::as_text).map(str::to_owned);
    let rows = tree.items().unwrap_or_default();
    Ok(rows
        .iter()
        .filter_map(|row| Some((text(row, "id")?, (text(row, "purchaseunit")?, text(row, "unitname")?))))
        .collect())
}

fn read(answer: &str) -> Result<Node<'_>, Error> {
    parse(answer).map_err(|error| Error::Unexpected(format!("the answer is {error}")))
}

fn refused(field: &str, text: String) -> Error {
    Error::Rejected(VendorMessage { status: None, code: None, text, field: Some(field.to_owned()) })
}

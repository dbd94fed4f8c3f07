//! Stock is set to what was counted: by an inventory of one line, which Tryton confirms by a move of the difference.

use trunnion_kit::error::Error;
use trunnion_kit::http::Effect;
use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Change;
use trunnion_kit::protocol::json_rpc;
use trunnion_kit::vendor::Target;
use trunnion_model::decimal;

use super::rpc::{self, Next, condition, number, refused, text};
use super::stock;

const MODEL: &str = "stock.inventory";

/// Saves an inventory and confirms it. One of ours that says the same and was cut off before is taken up.
pub(super) async fn set(link: &Link, target: Target<'_>, change: &Change) -> Result<(), Error> {
    let wanted = change.header.get("@on_hand").and_then(Node::as_text).and_then(decimal::parse);
    let wanted = wanted.filter(|wanted| !wanted.is_sign_negative());
    let wanted = wanted.ok_or_else(|| refused("on_hand", "stock is zero or more"))?;
    let wanted = Node::number(decimal::text(wanted));
    let (place, product) = stock::place(target.remote_id)?;
    let id = match taken_up(link, place, product, &wanted).await? {
        Some(id) => id,
        None => {
            let line = [("product".into(), number(product)), ("quantity".into(), wanted)];
            let line = Node::Array(vec![Node::Object(Object::from_iter(line))]);
            let lines = Node::Array(vec![Node::Array(vec![Node::text("create"), line])]);
            let values = Object::from_iter([("location".into(), number(place)), ("lines".into(), lines)]);
            json_rpc::created(link, MODEL, Node::Object(values), None).await?
        }
    };
    let confirmed = rpc::walk(link, MODEL, &id, &["state"], |row, _| match text(row, "state") {
        "draft" => Next::Press("confirm"),
        "done" => Next::Done,
        state => Next::Refused(refused("on_hand", format!("the inventory is {state}"))),
    });
    match confirmed.await {
        Err(error @ (Error::Rejected(_) | Error::Permission(_))) => {
            match rpc::press(link, MODEL, "delete", &id).await {
                Ok(()) => Err(error),
                Err(left) => Err(Error::OutcomeUnknown(format!(
                    "inventory {id} was refused ({error}), and is still there: {left}"
                ))),
            }
        }
        // Whether it was confirmed, the inventory itself says.
        Err(error @ Error::OutcomeUnknown(_)) => match rpc::one(link, MODEL, &id, &["state"]).await {
            Ok(Some(row)) if text(&row, "state") == "done" => Ok(()),
            _ => Err(error),
        },
        confirmed => confirmed,
    }
}

/// An inventory that this user saved for just this and did not confirm. Its line is written again, by which Tryton computes anew
/// what it expects there.
async fn taken_up(link: &Link, place: u64, product: u64, wanted: &Node<'static>) -> Result<Option<String>, Error> {
    let user = link.setting("username").unwrap_or_default().to_owned();
    let domain = vec![
        condition("state", "=", Node::text("draft")),
        condition("location", "=", number(place)),
        condition("lines.product", "=", number(product)),
        condition("lines.quantity", "=", wanted.clone()),
        condition("create_uid.login", "=", Node::text(user)),
    ];
    let found = rpc::search_read(link, MODEL, domain, None, &["lines"], None).await?;
    let lines = |row: &'_ Node<'static>| row.get("lines").and_then(Node::items).map(<[_]>::to_vec).unwrap_or_default();
    let Some(found) = found.iter().find(|row| lines(row).len() == 1) else { return Ok(None) };
    let again = Object::from_iter([("quantity".into(), wanted.clone())]);
    let again = Node::Array(vec![Node::text("write"), Node::Array(lines(found)), Node::Object(again)]);
    let values = Object::from_iter([("lines".into(), Node::Array(vec![again]))]);
    let id = text(found, "id").to_owned();
    let params = vec![Node::Array(vec![Node::number(id.clone())]), Node::Object(values)];
    json_rpc::call(link, &format!("model.{MODEL}.write"), params, None, Effect::Write).await?;
    Ok(Some(id))
}

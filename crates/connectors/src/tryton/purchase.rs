//! From a saved draft to a confirmed purchase: what creating an order means in systems that have no draft.

use trunnion_kit::error::Error;
use trunnion_kit::http::Effect;
use trunnion_kit::json::{Node, parse};
use trunnion_kit::link::Link;
use trunnion_kit::protocol::json_rpc;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Declared, Vendor as _};

use super::prepare;

/// Saves a purchase and confirms it.
pub(super) async fn create(
    link: &Link,
    entity: &EntitySpec,
    mut body: Node<'static>,
    write_key: &str,
) -> Result<String, Error> {
    prepare::purchase(link, &mut body).await?;
    let id = Declared.create(link, entity, body, write_key).await?;
    match confirm(link, &id).await {
        Ok(()) => Ok(id),
        // Refused means that nothing is there: the saved draft goes too.
        Err(refused @ (Error::Rejected(_) | Error::Permission(_))) => {
            discard(link, &id, &refused).await?;
            Err(refused)
        }
        Err(error) => Err(Error::OutcomeUnknown(format!("purchase {id} was saved, but: {error}"))),
    }
}

/// Moves the purchase on, from wherever it stands, until it is confirmed. Doing it again does nothing, so that a create
/// that was cut off in the middle can be finished.
pub(super) async fn confirm(link: &Link, id: &str) -> Result<(), Error> {
    // Draft, quotation, confirmed: two steps and one look more than that.
    for _ in 0..3 {
        let method = match state(link, id).await?.as_str() {
            "draft" => "model.purchase.purchase.quote",
            "quotation" => "model.purchase.purchase.confirm",
            _ => return Ok(()),
        };
        step(link, method, id).await?;
    }
    Err(Error::Unexpected(format!("purchase {id} could not be confirmed")))
}

/// Takes a purchase away that was saved but refused to be confirmed.
async fn discard(link: &Link, id: &str, refused: &Error) -> Result<(), Error> {
    let gone = async {
        if state(link, id).await? == "quotation" {
            step(link, "model.purchase.purchase.draft", id).await?;
        }
        step(link, "model.purchase.purchase.delete", id).await
    };
    gone.await.map_err(|error: Error| {
        Error::OutcomeUnknown(format!(
            "purchase {id} was saved, then refused ({refused}), and is still there ({error})"
        ))
    })
}

async fn step(link: &Link, method: &str, id: &str) -> Result<(), Error> {
    let ids = Node::Array(vec![Node::number(id.to_owned())]);
    json_rpc::call(link, method, vec![ids], None, Effect::Write).await.map(drop)
}

async fn state(link: &Link, id: &str) -> Result<String, Error> {
    let params = vec![Node::Array(vec![Node::number(id.to_owned())]), Node::Array(vec![Node::text("state")])];
    let answer = json_rpc::call(link, "model.purchase.purchase.read", params, None, Effect::Read).await?;
    let tree = parse(&answer).map_err(|error| Error::Unexpected(error.to_string()))?;
    let state = tree
        .get("result")
        .and_then(Node::items)
        .and_then(<[_]>::first)
        .and_then(|row| row.get("state"))
        .and_then(Node::as_text);
    state.map(str::to_owned).ok_or_else(|| Error::Unexpected(format!("purchase {id} has no state")))
}

//! What the user may do, by the server's own table of access rights (`ir.model.access`).
//!
//! A refusal for lack of a right looks like any other: a `UserError` with a text in the user's language. So whoever is
//! refused asks the table whether that is why.

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::http::Effect;
use trunnion_kit::json::{Node, parse};
use trunnion_kit::link::Link;
use trunnion_kit::protocol::json_rpc;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::Rights;

/// By what stock is changed, and what a product is made of: other models than those that are read.
const LEVEL: [&str; 2] = ["stock.inventory", "stock.shipment.internal"];
const ITEM: [&str; 1] = ["product.template"];

/// One call for all models. Rights on single fields and on buttons are not in that table.
pub(super) async fn ask(link: &Link) -> Result<Vec<(String, Rights)>, Error> {
    let entities = &link.spec().entities;
    let models = entities.iter().map(|entity| entity.source.set.as_str()).chain(LEVEL).chain(ITEM);
    let models = models.map(|model| Node::text(model.to_owned())).collect();
    let answer =
        json_rpc::call(link, "model.ir.model.access.get_access", vec![Node::Array(models)], None, Effect::Read).await?;
    let tree = parse(&answer).map_err(|error| Error::Unexpected(error.to_string()))?;
    // The table has the numbers 0 and 1, or truth; no rule at all is a permission.
    let may = |model: &str, right: &str| match tree.get("result").and_then(|table| table.get(model)?.get(right)) {
        Some(Node::Bool(allowed)) => *allowed,
        Some(other) => other.as_text() != Some("0"),
        None => true,
    };
    let told = |entity: &EntitySpec| {
        let model = entity.source.set.as_str();
        tree.get("result")?.get(model)?;
        // A document is saved, and then moved on.
        let makes = |models: &[&str]| models.iter().all(|model| may(model, "create") && may(model, "write"));
        let (create, update) = match entity.entity.name {
            "inventory_level" => (false, makes(&LEVEL)),
            "item" => (makes(&ITEM) && may(model, "create"), may(model, "write")),
            _ => (may(model, "create"), may(model, "write")),
        };
        let rights = Rights { read: may(model, "read"), create, update, delete: may(model, "delete") };
        Some((entity.entity.name.to_owned(), rights))
    };
    Ok(entities.iter().filter_map(told).collect())
}

/// The same error, or the one that says that a right is missing, if the table says so.
pub(super) async fn explain(link: &Link, entity: &EntitySpec, lacks: fn(Rights) -> bool, error: Error) -> Error {
    let Error::Rejected(message) = error else { return error };
    // What was refused here was never asked there.
    if message.status.is_none() {
        return Error::Rejected(message);
    }
    match ask(link).await {
        Ok(told) if told.iter().any(|(name, rights)| name == entity.entity.name && lacks(*rights)) => {
            Error::Permission(message)
        }
        // What the table does not explain, or could not be asked, stays what the server said.
        _ => Error::Rejected(message),
    }
}

/// Why a probe was refused: with the names of what the user may not see.
pub(super) async fn explain_probe(link: &Link, error: Error) -> Error {
    let Error::Rejected(message) = error else { return error };
    let Ok(told) = ask(link).await else { return Error::Rejected(message) };
    let unseen = |entity: &&EntitySpec| {
        !entity.optional && told.iter().any(|(name, rights)| name == entity.entity.name && !rights.read)
    };
    let models: Vec<&str> =
        link.spec().entities.iter().filter(unseen).map(|entity| entity.source.set.as_str()).collect();
    if models.is_empty() {
        return Error::Rejected(message);
    }
    let text = format!("{} (it may not read: {})", message.text, models.join(", "));
    Error::Permission(VendorMessage { text, ..message })
}

//! From a saved draft to a confirmed purchase: what creating an order means in systems that have no draft.

use trunnion_kit::error::Error;
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Declared, Vendor as _};

use super::prepare;
use super::rpc::{self, Next, text};

const MODEL: &str = "purchase.purchase";

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
    rpc::walk(link, MODEL, id, &["state"], |row, _| match text(row, "state") {
        "draft" => Next::Press("quote"),
        "quotation" => Next::Press("confirm"),
        _ => Next::Done,
    })
    .await
}

/// Takes a purchase away that was saved but refused to be confirmed.
async fn discard(link: &Link, id: &str, refused: &Error) -> Result<(), Error> {
    let gone = async {
        let row = rpc::one(link, MODEL, id, &["state"]).await?;
        if row.is_some_and(|row| text(&row, "state") == "quotation") {
            rpc::press(link, MODEL, "draft", id).await?;
        }
        rpc::press(link, MODEL, "delete", id).await
    };
    gone.await.map_err(|error: Error| {
        Error::OutcomeUnknown(format!(
            "purchase {id} was saved, then refused ({refused}), and is still there ({error})"
        ))
    })
}

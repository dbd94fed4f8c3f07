//! Goods movements that change stock without an order: differences of inventory, and transfers between storage locations.
//!
//! Source: SAP Help, "Movement Types": 701 and 702 post inventory differences in unrestricted stock, as a receipt (code 05) and
//! as an issue (03); 311 and 301 transfer from storage location to storage location in one step, within a plant and between
//! two (code 04).

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Path;
use trunnion_kit::posting::Posting;
use trunnion_kit::protocol::encode;
use trunnion_kit::protocol::odata_v2::{self, literal};
use trunnion_kit::spec::Post;
use trunnion_kit::vendor::Target;
use trunnion_model::decimal::{self, Decimal};

const SERVICE: &str = "API_MATERIAL_DOCUMENT_SRV";
const SET: &str = "A_MaterialDocumentHeader";
const HEADER_TEXT: &str = "MaterialDocumentHeaderText";

/// Posts the movement with the write key in its header's text.
pub(super) async fn post(link: &Link, target: Target<'_>, posting: &Posting, write_key: &str) -> Result<(), Error> {
    let body = match posting {
        Posting::Adjust { by, .. } => difference(target, *by).map_err(|text| refused(&text, "quantity")),
        Posting::Transfer { to, quantity, .. } => {
            transfer(target, to, *quantity).map_err(|text| refused(&text, "to_location_id"))
        }
    };
    let mut body = body?;
    Path::new(HEADER_TEXT).put(&mut body, Node::text(write_key.to_owned()));
    if let Some(reason) = posting.reason() {
        Path::new("to_MaterialDocumentItem/0/MaterialDocumentItemText").put(&mut body, Node::text(reason.to_owned()));
    }
    send(link, &body).await
}

pub(super) async fn is_posted(link: &Link, post: &Post, write_key: &str) -> Result<bool, Error> {
    let filter = encode(&format!("{} eq {}", post.write_key, literal(write_key)));
    let asked = format!("{SERVICE}/{SET}?$top=1&$select=MaterialDocument&$filter={filter}&$format=json");
    Ok(!odata_v2::rows(link, &asked).await?.rows()?.is_empty())
}

pub(super) async fn send(link: &Link, body: &Node<'static>) -> Result<(), Error> {
    odata_v2::post(link, SERVICE, SET, body).await
}

/// As a count of the stock would find it: more or less than was known.
pub(super) fn difference(target: Target<'_>, by: Decimal) -> Result<Node<'static>, String> {
    let (code, kind) = if by.is_sign_negative() { ("03", "702") } else { ("05", "701") };
    document(target, code, kind, by.abs(), &[])
}

fn transfer(target: Target<'_>, to: &str, quantity: Decimal) -> Result<Node<'static>, String> {
    let Some((plant, location)) = storage(to) else {
        return Err("stock is kept in storage locations (their ids begin with S/)".to_owned());
    };
    let kind = if says(target, "Plant") == plant { "311" } else { "301" };
    document(
        target,
        "04",
        kind,
        quantity,
        &[("IssuingOrReceivingPlant", plant), ("IssuingOrReceivingStorageLoc", location)],
    )
}

/// The level of the same material in the storage location of that id.
pub(super) fn level_at(remote_id: &str, location: &str) -> Option<String> {
    let (material, _) = remote_id.rsplit_once('/').and_then(|(rest, _)| rest.rsplit_once('/'))?;
    storage(location).map(|(plant, location)| format!("{material}/{plant}/{location}"))
}

fn document(
    target: Target<'_>,
    code: &str,
    kind: &str,
    quantity: Decimal,
    also: &[(&str, &str)],
) -> Result<Node<'static>, String> {
    if says(target, "StorageLocation").is_empty() {
        return Err("stock outside of storage locations is on its way and cannot be posted".to_owned());
    }
    let own = ["Material", "Plant", "StorageLocation"].map(|name| (name, says(target, name)));
    let quantity = decimal::text(quantity);
    let item = [
        ("GoodsMovementType", kind),
        ("QuantityInEntryUnit", quantity.as_str()),
        ("EntryUnit", says(target, "MaterialBaseUnit")),
    ];
    let mut body = Node::Object(Object::new());
    Path::new("GoodsMovementCode").put(&mut body, Node::text(code.to_owned()));
    for (name, value) in own.iter().chain(&item).chain(also) {
        Path::new(&format!("to_MaterialDocumentItem/0/{name}")).put(&mut body, Node::text((*value).to_owned()));
    }
    Ok(body)
}

fn says<'t>(target: Target<'t>, name: &str) -> &'t str {
    target.row.get(name).and_then(Node::as_text).unwrap_or_default()
}

fn storage(place: &str) -> Option<(&str, &str)> {
    place.strip_prefix("S/")?.split_once('/')
}

fn refused(text: &str, field: &str) -> Error {
    Error::Rejected(VendorMessage { text: text.to_owned(), field: Some(field.to_owned()), ..VendorMessage::default() })
}

//! What a body still holds in our words is put into SAP's before it is sent: places, the order of a receipt, a
//! notification's object, parts under their operation, a product's name, when a meter was read.

use jiff::tz::TimeZone;
use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::Node;
use trunnion_kit::mapping::{Change, Path};
use trunnion_model::decimal;
use trunnion_model::time::parse_instant;

/// How many units of its price one unit of an order's line is.
const RATIO: [&str; 2] = ["OrderPriceUnitToOrderUnitNmrtr", "OrdPriceUnitToOrderUnitDnmntr"];

pub(super) fn create(entity: &str, body: &mut Node<'static>) -> Result<(), Error> {
    match entity {
        "item" => {
            described(body, None);
            Ok(())
        }
        "goods_receipt" => goods_receipt(body),
        "purchase_requisition" => requisition(body),
        "work_order" => work_order(body),
        "service_request" => service_request(body),
        "meter_reading" => {
            meter_reading(body);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A product's name is its description in the language that it is read in: English, or the first of `row`'s.
pub(super) fn described(body: &mut Node<'static>, row: Option<&Node<'_>>) {
    let Some(name) = without(body, "@name") else { return };
    let there = row.and_then(|row| row.get("to_Description")).and_then(Node::items).unwrap_or_default();
    let is_english = |text: &Node<'_>| text.get("Language").and_then(Node::as_text) == Some("EN");
    let place = there.iter().position(is_english).unwrap_or(0);
    let description = Path::new(&format!("to_Description/{place}"));
    if there.is_empty() {
        description.then("Language").put(body, Node::text("EN"));
    }
    description.then("ProductDescription").put(body, name);
}

/// A new price is meant for one unit of the order: of a line that is priced by another unit, it becomes the unit of the price too.
pub(super) fn priced(row: &Node<'_>, change: &mut Change) {
    let lines = row.get("to_PurchaseOrderItem").and_then(Node::items).unwrap_or_default();
    let says = |line: &Node<'_>, name: &str| line.get(name).and_then(Node::as_text).map(str::to_owned);
    for edit in change.lists.iter_mut().flat_map(|list| &mut list.edits) {
        let Some(number) = edit.line.as_deref().filter(|_| edit.body.get("NetPriceAmount").is_some()) else { continue };
        let line = lines.iter().find(|line| says(line, "PurchaseOrderItem").as_deref() == Some(number));
        let Some((line, edit)) = line.zip(edit.body.as_object_mut()) else { continue };
        let [times, by] = RATIO.map(|name| says(line, name).as_deref().and_then(decimal::parse));
        let Some(unit) = says(line, "PurchaseOrderQuantityUnit").filter(|_| times != by) else { continue };
        edit.set("OrderPriceUnit", Node::text(unit));
        for name in RATIO {
            edit.set(name, Node::text("1"));
        }
    }
}

fn goods_receipt(body: &mut Node<'static>) -> Result<(), Error> {
    let order = taken(body, "@order");
    for line in body
        .as_object_mut()
        .and_then(|body| body.get_mut("to_MaterialDocumentItem"))
        .and_then(Node::items_mut)
        .into_iter()
        .flatten()
    {
        if let (Some(line), Some(order)) = (line.as_object_mut(), &order) {
            line.set("PurchaseOrder", Node::text(order.clone()));
        }
        if let Some(place) = taken(line, "@location") {
            let parts: Vec<&str> = place.split('/').collect();
            let ["S", plant, location] = parts.as_slice() else {
                return Err(refused(
                    "goods are received into a storage location (its id begins with S/)",
                    "location_id",
                ));
            };
            Path::new("Plant").put(line, Node::text((*plant).to_owned()));
            Path::new("StorageLocation").put(line, Node::text((*location).to_owned()));
        }
    }
    Ok(())
}

/// For whom it is and in which currency stands in each item.
fn requisition(body: &mut Node<'static>) -> Result<(), Error> {
    let (requester, currency) = (taken(body, "@requester"), taken(body, "@currency"));
    let items = body.as_object_mut().and_then(|body| body.get_mut("to_PurchaseReqnItem")).and_then(Node::items_mut);
    for item in items.into_iter().flatten() {
        requisition_line(item)?;
        let Some(item) = item.as_object_mut() else { continue };
        for (name, value) in [("RequisitionerName", &requester), ("PurReqnItemCurrency", &currency)] {
            if let Some(value) = value {
                item.set(name, Node::text(value.clone()));
            }
        }
    }
    Ok(())
}

/// Where a line is needed: a plant, or one of its storage locations.
pub(super) fn requisition_line(line: &mut Node<'static>) -> Result<(), Error> {
    let Some(place) = taken(line, "@location") else { return Ok(()) };
    let parts: Vec<&str> = place.split('/').collect();
    let (plant, location) = match parts.as_slice() {
        ["P", plant] => (*plant, None),
        ["S", plant, location] => (*plant, Some(*location)),
        _ => {
            let text = "goods are needed in a plant (its id begins with P/) or in a storage location (S/)";
            return Err(refused(text, "location_id"));
        }
    };
    Path::new("Plant").put(line, Node::text(plant.to_owned()));
    if let Some(location) = location {
        Path::new("StorageLocation").put(line, Node::text(location.to_owned()));
    }
    Ok(())
}

fn work_order(body: &mut Node<'static>) -> Result<(), Error> {
    if let Some(label) = functional_location(body)? {
        Path::new("FunctionalLocation").put(body, Node::text(label));
    }
    if let Some(parts) = without(body, "@parts") {
        let title = body.get("MaintenanceOrderDesc").and_then(Node::as_text).unwrap_or_default().to_owned();
        let operation = Path::new("to_MaintenanceOrderOperation/0");
        if operation.find(body).is_none() {
            operation.then("OperationDescription").put(body, Node::text(title));
        }
        operation.then("to_MaintOrderOpComponent_2").put(body, parts);
    }
    Ok(())
}

fn service_request(body: &mut Node<'static>) -> Result<(), Error> {
    let (asset, place) = (taken(body, "@asset"), functional_location(body)?);
    // Where the asset is, the system knows itself.
    let object = asset.map(|asset| ("EAMS_EQUI", asset)).or(place.map(|place| ("EAMS_FL", place)));
    if let Some((kind, object)) = object {
        Path::new("TechObjIsEquipOrFuncnlLoc").put(body, Node::text(kind));
        Path::new("TechnicalObject").put(body, Node::text(object));
    }
    Ok(())
}

/// The instant that SAP shows follows from a date and a time, which are taken for UTC: nothing says what the system's zone is.
fn meter_reading(body: &mut Node<'static>) {
    let read = taken(body, "@read_at").and_then(|text| parse_instant(&text));
    if let Some(at) = read.map(|at| TimeZone::UTC.to_datetime(at)) {
        Path::new("MsmtRdngDate").put(body, Node::text(at.date().to_string()));
        Path::new("MsmtRdngTime").put(body, Node::text(at.strftime("%H:%M:%S").to_string()));
    }
}

fn functional_location(body: &mut Node<'static>) -> Result<Option<String>, Error> {
    let Some(place) = taken(body, "@location") else { return Ok(None) };
    match place.strip_prefix("F/") {
        Some(label) => Ok(Some(label.to_owned())),
        None => Err(refused("maintenance is done at functional locations (their ids begin with F/)", "location_id")),
    }
}

fn refused(text: &str, field: &str) -> Error {
    Error::Rejected(VendorMessage { text: text.to_owned(), field: Some(field.to_owned()), ..VendorMessage::default() })
}

/// Takes a text of ours out of the body.
fn taken(body: &mut Node<'static>, name: &str) -> Option<String> {
    without(body, name)?.as_text().map(str::to_owned)
}

fn without(body: &mut Node<'static>, name: &str) -> Option<Node<'static>> {
    let object = body.as_object_mut()?;
    let (mut found, others): (Vec<_>, Vec<_>) =
        std::mem::take(object).into_members().into_iter().partition(|(member, _)| member == name);
    *object = others.into_iter().collect();
    found.pop().map(|(_, node)| node)
}

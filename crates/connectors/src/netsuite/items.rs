//! Items: each kind is a record type of its own, which stands in the address of a write; and their units are the account's own.

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::{Node, Object, parse};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Path;
use trunnion_kit::protocol::suitetalk;

/// The record type of a row of the table `item`. Nothing for what is no item to buy or to keep.
pub(super) fn record_of(row: &Object<'_>) -> Option<String> {
    let text = |name: &str| row.get(name).and_then(Node::as_text).unwrap_or_default();
    let numbered = match (text("isserialitem"), text("islotitem")) {
        ("T", _) => "serialized",
        (_, "T") => "lotNumbered",
        _ => "",
    };
    // Purchase, Resale or Sale.
    let used_for = if text("subtype").is_empty() { "Purchase" } else { text("subtype") };
    Some(match (text("itemtype"), numbered) {
        ("InvtPart", "") => "inventoryItem".to_owned(),
        ("InvtPart", numbered) => format!("{numbered}InventoryItem"),
        ("Assembly", "") => "assemblyItem".to_owned(),
        ("Assembly", numbered) => format!("{numbered}AssemblyItem"),
        ("Kit", _) => "kitItem".to_owned(),
        ("NonInvtPart", _) => format!("nonInventory{used_for}Item"),
        ("Service", _) => format!("service{used_for}Item"),
        ("OthCharge", _) => format!("otherCharge{used_for}Item"),
        _ => return None,
    })
}

/// Puts type and unit of a new item into NetSuite's words.
pub(super) async fn create(link: &Link, body: &mut Node<'static>) -> Result<(), Error> {
    let kind = take(body, "@type").unwrap_or_default();
    let record = match kind.as_str() {
        "Assembly" => "assemblyItem",
        "NonInvtPart" => "nonInventoryPurchaseItem",
        "Service" => "servicePurchaseItem",
        "OthCharge" => "otherChargePurchaseItem",
        _ => "inventoryItem",
    };
    Path::new("@record").put(body, Node::text(record));
    let Some(wanted) = take(body, "@unit") else { return Ok(()) };
    let (units_type, unit) = unit(link, &wanted).await?;
    Path::new("unitsType/id").put(body, Node::text(units_type));
    Path::new("purchaseUnit/id").put(body, Node::text(unit.clone()));
    if matches!(kind.as_str(), "InvtPart" | "Assembly" | "NonInvtPart") {
        Path::new("stockUnit/id").put(body, Node::text(unit));
    }
    Ok(())
}

/// The item with that external id, of whatever record type: what was sent is known only to whom it was lost.
pub(super) async fn find_written(link: &Link, write_key: &str) -> Result<Option<String>, Error> {
    let query = "SELECT i.id FROM item i WHERE i.externalid = ?";
    let answer = suitetalk::query(link, query, vec![Node::text(write_key.to_owned())]).await?;
    let tree = read(&answer)?;
    let row = tree.items().and_then(<[_]>::first);
    Ok(row.and_then(|row| row.get("id")).and_then(Node::as_text).map(str::to_owned))
}

/// The account's ids of a unit and of its type. Of several that are called so, the one that others are counted in comes first.
async fn unit(link: &Link, wanted: &str) -> Result<(String, String), Error> {
    let query = "SELECT u.unitstype, u.internalid, u.unitname, u.abbreviation, u.baseunit FROM unitstypeuom u \
                 ORDER BY u.unitstype, u.internalid";
    let answer = suitetalk::query(link, query, Vec::new()).await?;
    let tree = read(&answer)?;
    let code = link.spec().units.iter().find(|(_, theirs)| theirs == wanted).map(|(ours, _)| ours);
    let is_called = |name: &str| {
        let known = |(ours, theirs): &(String, String)| Some(ours) == code && theirs.eq_ignore_ascii_case(name);
        name.eq_ignore_ascii_case(wanted) || link.spec().units.iter().any(known)
    };
    let text = |row: &Node<'_>, name: &str| row.get(name).and_then(Node::as_text).map(str::to_owned);
    let fits = |row: &&Node<'_>| {
        ["unitname", "abbreviation"].iter().filter_map(|name| text(row, name)).any(|name| is_called(&name))
    };
    let found: Vec<&Node<'_>> = tree.items().unwrap_or_default().iter().filter(fits).collect();
    let base = found.iter().find(|row| text(row, "baseunit").as_deref() == Some("T")).or_else(|| found.first());
    let ids = base.and_then(|row| Some((text(row, "unitstype")?, text(row, "internalid")?)));
    ids.ok_or_else(|| {
        Error::Rejected(VendorMessage {
            text: format!("the account has no unit {wanted}"),
            field: Some("@unit".to_owned()),
            ..VendorMessage::default()
        })
    })
}

fn read(answer: &str) -> Result<Node<'_>, Error> {
    parse(answer).map_err(|error| Error::Unexpected(format!("the answer is {error}")))
}

/// Takes a text of ours out of the body.
fn take(body: &mut Node<'static>, name: &str) -> Option<String> {
    let object = body.as_object_mut()?;
    let (mut found, others): (Vec<_>, Vec<_>) =
        std::mem::take(object).into_members().into_iter().partition(|(member, _)| member == name);
    *object = others.into_iter().collect();
    found.pop()?.1.as_text().map(str::to_owned)
}

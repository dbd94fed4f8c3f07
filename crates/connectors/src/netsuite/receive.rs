//! Goods receipts: NetSuite makes them from the order, and receives in full whatever line is not named. So every line that the
//! order still waits for is named, with what came or with the word that nothing did.

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::{Node, Object, parse};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Path;
use trunnion_kit::protocol::suitetalk;
use trunnion_model::decimal::{self, Decimal};

/// Transforms the order into a receipt of what the body says; gives the receipt's id.
pub(super) async fn create(link: &Link, mut body: Node<'static>) -> Result<String, Error> {
    let order = body.get("@order").and_then(Node::as_text).unwrap_or_default().to_owned();
    let named = lines(&mut body);
    let mut items = Vec::new();
    let mut used = vec![false; named.len()];
    for (number, key) in waiting(link, &order).await? {
        let place = named.iter().position(|line| line.get("@line").and_then(Node::as_text) == Some(&key));
        let mut item: Object<'static> = match place {
            Some(place) => {
                used[place] = true;
                let line = named[place].as_object().cloned().unwrap_or_default();
                line.into_members().into_iter().filter(|(name, _)| !name.starts_with('@')).collect()
            }
            None => Object::new(),
        };
        item.set("orderLine", Node::number(number));
        item.set("itemReceive", Node::Bool(place.is_some()));
        items.push(Node::Object(item));
    }
    if let Some(place) = used.iter().position(|used| !used) {
        return Err(Error::Rejected(VendorMessage {
            text: "the order does not wait for goods on this line".to_owned(),
            field: Some(format!("lines.{place}.purchase_order_remote_line_id")),
            ..VendorMessage::default()
        }));
    }
    Path::new("item/items").put(&mut body, Node::Array(items));
    suitetalk::transform(link, ("purchaseOrder", &order), "itemReceipt", &body).await
}

/// Takes the lines, and what is ours, out of the body.
fn lines(body: &mut Node<'static>) -> Vec<Node<'static>> {
    let Some(object) = body.as_object_mut() else { return Vec::new() };
    let (lines, others): (Vec<_>, Vec<_>) = std::mem::take(object)
        .into_members()
        .into_iter()
        .filter(|(name, _)| !name.starts_with('@'))
        .partition(|(name, _)| name == "item");
    *object = others.into_iter().collect();
    let items = lines.into_iter().next().map(|(_, node)| node);
    items.and_then(|node| node.get("items").and_then(Node::items).map(<[_]>::to_vec)).unwrap_or_default()
}

/// Number and key of each line of the order on which goods are still expected.
async fn waiting(link: &Link, order: &str) -> Result<Vec<(String, String)>, Error> {
    let query = "SELECT l.id, l.uniquekey, l.quantity, l.quantityshiprecv, l.isclosed FROM transactionline l \
                 WHERE l.transaction = ? AND l.mainline = 'F' AND l.taxline = 'F' ORDER BY l.linesequencenumber";
    let answer = suitetalk::query(link, query, vec![Node::text(order.to_owned())]).await?;
    let tree = parse(&answer).map_err(|error| Error::Unexpected(format!("the answer is {error}")))?;
    let text = |row: &Node<'_>, name: &str| row.get(name).and_then(Node::as_text).map(str::to_owned);
    let number = |row: &Node<'_>, name: &str| text(row, name).and_then(|text| decimal::parse(&text)).map(|n| n.abs());
    let is_open = |row: &&Node<'_>| {
        let received = number(row, "quantityshiprecv").unwrap_or(Decimal::ZERO);
        text(row, "isclosed").as_deref() != Some("T") && number(row, "quantity").is_some_and(|all| all > received)
    };
    let rows = tree.items().unwrap_or_default().iter();
    Ok(rows.filter(is_open).filter_map(|row| Some((text(row, "id")?, text(row, "uniquekey")?))).collect())
}

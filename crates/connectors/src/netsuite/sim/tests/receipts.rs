//! Item receipts by transformation, the stock that they make, and how SuiteQL shows both.

use super::*;

const RECEIPT: &str = "/record/v1/itemReceipt";

async fn receive(sandbox: &Sandbox, order: &str, body: Value) -> Answer {
    sandbox.send("POST", &format!("/record/v1/purchaseOrder/{order}/!transform/itemReceipt"), body).await
}

fn detail(answer: &Answer) -> String {
    answer.body["o:errorDetails"][0]["detail"].as_str().unwrap_or_default().to_owned()
}

async fn read(sandbox: &Sandbox, path: &str) -> Value {
    sandbox.get(&format!("{path}?expandSubResources=true")).await.body
}

async fn on_hand(sandbox: &Sandbox, item: u64) -> f64 {
    let q = "SELECT l.quantityonhand AS n FROM inventoryitemlocations l WHERE l.item = ? AND l.location = 2";
    let rows = sandbox.rows(q, json!([item])).await;
    rows[0]["n"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn lines_that_a_receipt_does_not_name_are_received_in_full() {
    let sandbox = Sandbox::new().await;
    let id = sandbox.create("purchaseOrder", order()).await;
    let before = on_hand(&sandbox, 1002).await;
    let only_first = json!({"item": {"items": [{"orderLine": 1, "quantity": 1}]}});
    let answer = receive(&sandbox, &id, only_first).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let order = read(&sandbox, &format!("/record/v1/purchaseOrder/{id}")).await;
    let received: Vec<_> =
        order["item"]["items"].as_array().unwrap().iter().map(|line| &line["quantityReceived"]).collect();
    assert_eq!(received, [&json!(1.0), &json!(2.5)]);
    assert_eq!(order["status"]["id"], "E");
    assert!((on_hand(&sandbox, 1002).await - before - 2.5).abs() < 1e-9);
}

#[tokio::test]
async fn a_receipt_takes_what_is_named_and_the_rest_stays_open() {
    let sandbox = Sandbox::new().await;
    let id = sandbox.create("purchaseOrder", order()).await;
    let body = json!({"externalId": "gr-1", "memo": "gate 4", "item": {"items": [
        {"orderLine": 1, "itemReceive": false}, {"orderLine": 2, "quantity": 2.5, "itemReceive": true}]}});
    let answer = receive(&sandbox, &id, body).await;
    let receipt = answer.header("location").rsplit('/').next().unwrap().to_owned();
    assert!(answer.header("location").contains("/itemReceipt/"));
    let shown = read(&sandbox, &format!("{RECEIPT}/{receipt}")).await;
    assert_eq!(
        (&shown["createdFrom"]["id"], &shown["memo"], &shown["externalId"]),
        (&json!(id), &json!("gate 4"), &json!("gr-1"))
    );
    assert_eq!((&shown["item"]["count"], &shown["item"]["items"][0]["orderLine"]), (&json!(1), &json!(2)));
    let again = json!({"externalId": "gr-1", "item": {"items": [{"orderLine": 1, "quantity": 1}]}});
    let twice = receive(&sandbox, &id, again).await;
    assert!(detail(&twice).ends_with("This record already exists."), "{}", twice.body);
    let q = "SELECT t.id, t.tranid, l.createdfrom, k.previousline FROM transaction t
        INNER JOIN transactionline l ON l.transaction = t.id
        LEFT JOIN previoustransactionlinelink k ON k.nextdoc = l.transaction AND k.nextline = l.id
        WHERE t.type = 'ItemRcpt' AND l.mainline = 'F' AND t.id = ?";
    let rows = sandbox.rows(q, json!([receipt])).await;
    assert_eq!(rows, [json!({"id": receipt, "tranid": shown["tranId"], "createdfrom": id, "previousline": "2"})]);
    let count = async |condition: &str| -> u64 {
        let rows = sandbox.rows(&format!("SELECT COUNT(*) AS n FROM transaction t {condition}"), json!([])).await;
        rows[0]["n"].as_str().unwrap().parse().unwrap()
    };
    let (orders, receipts) = (count("WHERE t.type = 'PurchOrd'").await, count("WHERE t.type = 'ItemRcpt'").await);
    let others = count("WHERE t.type IN ('PurchReq', 'VendBill')").await;
    assert_eq!(count("").await, orders + receipts + others);
}

#[tokio::test]
async fn too_much_an_unapproved_order_and_a_receipt_without_order_are_refused() {
    let sandbox = Sandbox::new().await;
    let id = sandbox.create("purchaseOrder", order()).await;
    let much = json!({"item": {"items": [{"orderLine": 1, "quantity": 3.5}]}});
    assert!(detail(&receive(&sandbox, &id, much).await).contains("exceeds the 3 that remain"));
    let mut held = order();
    held["approvalStatus"] = json!({"id": "1"});
    let held = sandbox.create("purchaseOrder", held).await;
    let refused = receive(&sandbox, &held, json!({})).await;
    assert!(detail(&refused).ends_with(&format!("You can not initialize itemreceipt: invalid reference {held}.")));
    let alone = sandbox.send("POST", RECEIPT, json!({"memo": "x"})).await;
    assert_eq!(alone.status, 400);
    let closed = json!({"item": {"items": [{"line": 1, "isClosed": true}, {"line": 2, "isClosed": true}]}});
    assert_eq!(sandbox.send("PATCH", &format!("/record/v1/purchaseOrder/{id}"), closed).await.status, 204);
    assert_eq!(receive(&sandbox, &id, json!({})).await.status, 400, "closed lines expect nothing");
}

#[tokio::test]
async fn a_deleted_receipt_gives_back_what_it_took_and_is_listed_as_deleted() {
    let sandbox = Sandbox::new().await;
    let id = sandbox.create("purchaseOrder", order()).await;
    let before = on_hand(&sandbox, 1001).await;
    let made = receive(&sandbox, &id, json!({})).await;
    let receipt = made.header("location").rsplit('/').next().unwrap().to_owned();
    assert_eq!(read(&sandbox, &format!("/record/v1/purchaseOrder/{id}")).await["status"]["id"], "F");
    assert_eq!(sandbox.send("DELETE", &format!("{RECEIPT}/{receipt}"), json!(null)).await.status, 204);
    assert_eq!(read(&sandbox, &format!("/record/v1/purchaseOrder/{id}")).await["status"]["id"], "B");
    assert!((on_hand(&sandbox, 1001).await - before).abs() < 1e-9);
    let gone = sandbox.rows("SELECT d.recordid, d.type FROM deletedrecord d", json!([])).await;
    assert_eq!(gone, [json!({"recordid": receipt, "type": "itemreceipt"})]);
}

#[tokio::test]
async fn stock_has_a_row_for_each_inventory_item_and_stocking_location() {
    let sandbox = Sandbox::new().await;
    let q = "SELECT l.item, l.location, l.quantityonhand, l.quantityavailable, BUILTIN.DF(l.location) AS place
        FROM inventoryitemlocations l INNER JOIN item i ON i.id = l.item
        WHERE l.item > 1001 OR (l.item = 1001 AND l.location > 1) ORDER BY l.item, l.location";
    let rows = sandbox.rows(q, json!([])).await;
    assert_eq!((&rows[0]["item"], &rows[0]["location"]), (&json!("1001"), &json!("2")));
    assert!(rows.iter().all(|row| row["place"].is_string()));
    let assemblies = sandbox.rows("SELECT i.id FROM item i WHERE i.itemtype = 'Assembly'", json!([])).await;
    assert!(!assemblies.is_empty());
}

#[tokio::test]
async fn a_transfer_moves_stock_once_under_its_external_id_and_needs_two_different_places() {
    let sandbox = Sandbox::new().await;
    let before = on_hand(&sandbox, 1002).await;
    let body = |to: u64, quantity: f64| {
        json!({"subsidiary": {"id": "1"}, "location": {"id": "2"}, "transferLocation": {"id": to.to_string()},
            "inventory": {"items": [{"item": {"id": "1002"}, "adjustQtyBy": quantity}]}})
    };
    let path = "/record/v1/inventoryTransfer/eid:move-1";
    let moved = sandbox.send("PUT", path, body(1, 4.0)).await;
    assert_eq!(moved.status, 204, "{}", moved.body);
    assert!((on_hand(&sandbox, 1002).await - before + 4.0).abs() < 1e-9);
    let shown = read(&sandbox, path).await;
    assert_eq!((&shown["transferLocation"]["id"], &shown["inventory"]["count"]), (&json!("1"), &json!(1)));
    for (wrong, word) in
        [(body(2, 4.0), "must be different"), (body(1, -4.0), "Qty. To Transfer"), (json!({}), "To Location")]
    {
        let refused = sandbox.send("POST", "/record/v1/inventoryTransfer", wrong).await;
        assert!(refused.status == 400 && detail(&refused).contains(word), "{word}: {}", refused.body);
    }
    assert!((on_hand(&sandbox, 1002).await - before + 4.0).abs() < 1e-9);
}

//! How records change: merging, clearing, appending lines, upserting, deleting.

use super::*;

const ORDER: &str = "/record/v1/purchaseOrder";

async fn read(sandbox: &Sandbox, id: &str) -> Value {
    sandbox.get(&format!("{ORDER}/{id}?expandSubResources=true")).await.body
}

fn lines(order: &Value) -> Vec<(i64, f64)> {
    let items = order["item"]["items"].as_array().unwrap();
    items.iter().map(|line| (line["line"].as_i64().unwrap(), line["quantity"].as_f64().unwrap())).collect()
}

#[tokio::test]
async fn a_patch_merges_clears_nulls_and_moves_the_modified_time() {
    let sandbox = Sandbox::new().await;
    let id = sandbox.create("purchaseOrder", order()).await;
    sandbox.hands.advance(Duration::from_secs(90));
    let patched = sandbox.send("PATCH", &format!("{ORDER}/{id}"), json!({ "memo": null, "otherRefNum": "Q-9" })).await;
    assert_eq!(patched.status, 204);
    assert!(patched.header("location").ends_with(&format!("{ORDER}/{id}")));
    let now = read(&sandbox, &id).await;
    assert_eq!((now.get("memo"), &now["otherRefNum"], &now["tranDate"]), (None, &json!("Q-9"), &json!("2026-03-01")));
    assert_eq!((&now["createdDate"], &now["lastModifiedDate"]), (&json!(NOW), &json!("2026-03-02T10:01:30Z")));
    assert_eq!(sandbox.send("PATCH", &format!("{ORDER}/1"), json!({})).await.error(), "404 NONEXISTENT_ID -");
}

#[tokio::test]
async fn lines_without_their_key_are_appended_with_it_merged_and_replaced_only_on_request() {
    let sandbox = Sandbox::new().await;
    let id = sandbox.create("purchaseOrder", order()).await;
    let path = format!("{ORDER}/{id}");
    let first = read(&sandbox, &id).await;
    let patch =
        json!({ "item": { "items": [{ "line": 1, "quantity": 10 }, { "item": { "id": "1003" }, "quantity": 7 }] } });
    assert_eq!(sandbox.send("PATCH", &path, patch.clone()).await.status, 204);
    let merged = read(&sandbox, &id).await;
    assert_eq!(lines(&merged), [(1, 10.0), (2, 2.5), (3, 7.0)]);
    assert_eq!(merged["item"]["items"][0]["amount"], 125.05);
    assert_eq!(merged["item"]["items"][0]["lineuniquekey"], first["item"]["items"][0]["lineuniquekey"]);
    // The retry of a PATCH doubles the line that had no key: the trap that clients must know.
    assert_eq!(sandbox.send("PATCH", &path, patch).await.status, 204);
    assert_eq!(lines(&read(&sandbox, &id).await), [(1, 10.0), (2, 2.5), (3, 7.0), (4, 7.0)]);
    let replace = json!({ "item": { "items": [{ "line": 2 }, { "item": { "id": "1004" }, "quantity": 1 }] } });
    assert_eq!(sandbox.send("PATCH", &format!("{path}?replace=item"), replace).await.status, 204);
    let replaced = read(&sandbox, &id).await;
    assert_eq!(lines(&replaced), [(2, 2.5), (5, 1.0)]);
    let unknown = json!({ "item": { "items": [{ "line": 1, "quantity": 1 }] } });
    assert_eq!(sandbox.send("PATCH", &path, unknown).await.error(), "400 INVALID_CONTENT item.items[0].line");
    assert_eq!(sandbox.send("PATCH", &path, json!({ "item": null })).await.error(), "400 USER_ERROR -");
    assert_eq!(
        sandbox.send("PATCH", &format!("{path}?replace=expense"), json!({})).await.error(),
        "400 INVALID_REQUEST replace"
    );
}

#[tokio::test]
async fn a_put_by_external_id_creates_first_and_changes_afterwards() {
    let sandbox = Sandbox::new().await;
    let path = format!("{ORDER}/eid:u-77");
    let created = sandbox.send("PUT", &path, order()).await;
    let changed = sandbox.send("PUT", &path, json!({ "memo": "second" })).await;
    assert_eq!((created.status, changed.status), (204, 204));
    assert_eq!(created.header("location"), changed.header("location"));
    let now = sandbox.get(&path).await.body;
    assert_eq!((&now["memo"], &now["externalId"]), (&json!("second"), &json!("u-77")));
    let mut again = order();
    again["externalId"] = json!("u-77");
    assert_eq!(sandbox.send("POST", ORDER, again).await.error(), "400 USER_ERROR externalId");
    // External ids of the seed are in the same space.
    let legacy = sandbox.get(&format!("{ORDER}/eid:LEGACY-0000010")).await.body;
    assert_eq!(legacy["id"], "20011");
    let mut again = order();
    again["externalId"] = json!("LEGACY-0000010");
    assert_eq!(sandbox.send("POST", ORDER, again).await.error(), "400 USER_ERROR externalId");
    // A reference may be made by external id as well.
    let mut by_external = order();
    by_external["entity"] = json!({ "externalId": "SUP-0004" });
    let id = sandbox.create("purchaseOrder", by_external).await;
    assert_eq!(read(&sandbox, &id).await["entity"]["id"], "105");
}

#[tokio::test]
async fn approval_and_closing_move_the_status() {
    let sandbox = Sandbox::new().await;
    let mut body = order();
    body["approvalStatus"] = json!({ "id": "1" });
    let id = sandbox.create("purchaseOrder", body).await;
    let path = format!("{ORDER}/{id}");
    let status = async || read(&sandbox, &id).await["status"]["id"].as_str().unwrap().to_owned();
    assert_eq!(status().await, "A");
    sandbox.send("PATCH", &path, json!({ "approvalStatus": { "id": "2" } })).await;
    assert_eq!(status().await, "B");
    sandbox.send("PATCH", &path, json!({ "orderStatus": "C" })).await;
    assert_eq!(status().await, "C");
    sandbox.send("PATCH", &path, json!({ "orderStatus": { "id": "B" } })).await;
    let close = json!({ "item": { "items": [{ "line": 1, "isClosed": true }, { "line": 2, "isClosed": true }] } });
    assert_eq!(sandbox.send("PATCH", &path, close).await.status, 204);
    assert_eq!(status().await, "H");
    let letters = sandbox.rows("SELECT status FROM transaction", json!([])).await;
    for letter in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        assert!(letters.contains(&json!({ "status": letter })), "no seeded order is {letter}");
    }
}

#[tokio::test]
async fn received_lines_keep_their_quantity_and_their_place() {
    let sandbox = Sandbox::new().await;
    let q =
        "SELECT transaction, id, quantityshiprecv FROM transactionline WHERE quantityshiprecv > 1 ORDER BY transaction";
    let row = &sandbox.rows(q, json!([])).await[0];
    let path = format!("{ORDER}/{}", row["transaction"].as_str().unwrap());
    let line: i64 = row["id"].as_str().unwrap().parse().unwrap();
    let less = json!({ "item": { "items": [{ "line": line, "quantity": 0.5 }] } });
    assert_eq!(sandbox.send("PATCH", &path, less).await.error(), "400 USER_ERROR -");
    let other = json!({ "item": { "items": [{ "item": { "id": "1001" }, "quantity": 1 }] } });
    assert_eq!(sandbox.send("PATCH", &format!("{path}?replace=item"), other).await.error(), "400 USER_ERROR -");
    assert_eq!(sandbox.send("DELETE", &path, json!({})).await.error(), "400 USER_ERROR -");
}

#[tokio::test]
async fn a_deleted_record_is_gone_and_leaves_a_row_in_the_deleted_records() {
    let sandbox = Sandbox::new().await;
    let order = sandbox.create("purchaseOrder", order()).await;
    let vendor = sandbox.create("vendor", json!({ "companyName": "Short-lived" })).await;
    assert_eq!(sandbox.send("DELETE", &format!("{ORDER}/{order}"), json!({})).await.status, 204);
    assert_eq!(sandbox.send("DELETE", &format!("/record/v1/vendor/{vendor}"), json!({})).await.status, 204);
    assert_eq!(sandbox.send("DELETE", "/record/v1/vendor/101", json!({})).await.error(), "400 USER_ERROR -");
    assert_eq!(sandbox.get(&format!("{ORDER}/{order}")).await.error(), "404 NONEXISTENT_ID -");
    let q = "SELECT recordid, recordtypeid, type, name, TO_CHAR(deleteddate, 'YYYY-MM-DD\"T\"HH24:MI:SS') at FROM deletedrecord \
             WHERE deleteddate >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS') ORDER BY deleteddate";
    let rows = sandbox.rows(q, json!(["2026-03-02 00:00:00"])).await;
    let at = "2026-03-02T10:00:00";
    assert_eq!(
        rows[0],
        json!({ "recordid": order, "recordtypeid": "-30", "type": "purchaseorder", "name": "PO1201", "at": at })
    );
    assert_eq!(rows[1]["recordid"], vendor);
    let left = sandbox.rows("SELECT id FROM transaction WHERE type = 'PurchOrd' AND id >= ?", json!([order])).await;
    assert!(left.is_empty());
    // Ids are not given again.
    let next = sandbox.create("purchaseOrder", super::order()).await;
    assert_ne!(next, order);
}

#[tokio::test]
async fn touching_an_order_changes_its_rate_and_its_modified_time() {
    let sandbox = Sandbox::new().await;
    let before = read(&sandbox, "20050").await;
    assert_eq!(sandbox.control("POST", "touch_purchase_order?id=20050").await.status, 204);
    assert_eq!(sandbox.control("POST", "touch_purchase_order?id=7").await.status, 404);
    let after = read(&sandbox, "20050").await;
    assert_eq!(after["lastModifiedDate"], NOW);
    assert!(after["total"].as_f64().unwrap() > before["total"].as_f64().unwrap());
    let q = "SELECT id FROM transaction WHERE lastmodifieddate >= TO_TIMESTAMP('2026-03-02 10:00:00', 'YYYY-MM-DD HH24:MI:SS')";
    assert_eq!(sandbox.rows(q, json!([])).await, [json!({ "id": "20050" })]);
}

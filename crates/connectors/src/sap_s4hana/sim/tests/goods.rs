//! Goods movements and the stock that they make.

use serde_json::json;

use super::*;

/// An order over ten pieces; gives its number.
async fn order(bench: &Bench) -> String {
    let body = json!({
        "CompanyCode": "1010", "PurchaseOrderType": "NB", "Supplier": bench.supplier().await,
        "PurchasingOrganization": "1010", "PurchasingGroup": "001",
        "to_PurchaseOrderItem": [
            {"Plant": "1010", "StorageLocation": "101A", "Material": "SP-0001", "OrderQuantity": "10", "NetPriceAmount": "8.45",
             "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "/Date(1775001600000)/"}]},
        ],
    });
    bench.post(ORDER, "A_PurchaseOrder", &body).await.d()["PurchaseOrder"].as_str().unwrap().to_owned()
}

fn receipt(order: &str, quantity: &str) -> Json {
    json!({
        "PostingDate": "/Date(1772409600000)/", "GoodsMovementCode": "01", "ReferenceDocument": "dn-1",
        "to_MaterialDocumentItem": [
            {"GoodsMovementType": "101", "GoodsMovementRefDocType": "B", "QuantityInEntryUnit": quantity,
             "PurchaseOrder": order, "PurchaseOrderItem": "10"},
        ],
    })
}

fn movement(code: &str, item: &Json) -> Json {
    json!({"GoodsMovementCode": code, "to_MaterialDocumentItem": {"results": [item]}})
}

/// Unrestricted stock of SP-0001 in a storage location of plant 1010.
async fn stock(bench: &Bench, location: &str) -> String {
    let filter = format!(
        "Material%20eq%20'SP-0001'%20and%20Plant%20eq%20'1010'%20and%20StorageLocation%20eq%20'{location}'%20and%20InventoryStockType%20eq%20'01'"
    );
    let rows = bench.get(STOCK, &format!("A_MatlStkInAcctMod?$filter={filter}")).await.results();
    rows.first().map_or("none".to_owned(), |row| row["MatlWrhsStkQtyInMatlBaseUnit"].as_str().unwrap().to_owned())
}

async fn items(bench: &Bench, order: &str) -> Vec<Json> {
    bench.get(GOODS, &format!("A_MaterialDocumentItem?$filter=PurchaseOrder%20eq%20'{order}'")).await.results()
}

#[tokio::test]
async fn the_answer_to_a_goods_receipt_shows_no_items_although_they_are_posted() {
    let bench = Bench::logged_on(10).await;
    let order = order(&bench).await;
    let (before, posted) =
        (stock(&bench, "101A").await, bench.post(GOODS, "A_MaterialDocumentHeader", &receipt(&order, "4")).await);
    assert_eq!(posted.status, 201, "{}", posted.body);
    let d = posted.d();
    assert_eq!(d["to_MaterialDocumentItem"], json!({"results": []}));
    assert_eq!((&d["MaterialDocumentYear"], &d["ReferenceDocument"]), (&json!("2026"), &json!("DN-1")));
    let rows = items(&bench, &order).await;
    assert_eq!((&rows[0]["Material"], &rows[0]["Plant"]), (&json!("SP-0001"), &json!("1010")));
    assert_eq!((&rows[0]["StorageLocation"], &rows[0]["QuantityInBaseUnit"]), (&json!("101A"), &json!("4.000")));
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    let after = stock(&bench, "101A").await;
    assert!((number(&after) - number(&before) - 4.0).abs() < 1e-9, "{before} {after}");
    assert!(after.ends_with(".00000000000000"), "{after}");
    let key = format!("MaterialDocumentYear='2026',MaterialDocument='{}'", d["MaterialDocument"].as_str().unwrap());
    let read = bench.get(GOODS, &format!("A_MaterialDocumentHeader({key})?$expand=to_MaterialDocumentItem")).await.d();
    assert_eq!(read["to_MaterialDocumentItem"]["results"].as_array().unwrap().len(), 1);
    let changed =
        bench.change("PATCH", GOODS, &format!("A_MaterialDocumentHeader({key})"), None, Some(&json!({}))).await;
    assert_eq!(changed.status, 405);
    let deleted = bench.change("DELETE", GOODS, &format!("A_MaterialDocumentHeader({key})"), None, None).await;
    assert_eq!(deleted.status, 501);
}

#[tokio::test]
async fn a_receipt_without_its_reference_document_type_is_refused() {
    let bench = Bench::logged_on(10).await;
    let order = order(&bench).await;
    let mut body = receipt(&order, "4");
    body["to_MaterialDocumentItem"][0].as_object_mut().unwrap().remove("GoodsMovementRefDocType");
    let refused = bench.post(GOODS, "A_MaterialDocumentHeader", &body).await;
    assert_eq!(refused.details(), ["Property PURCHASEORDER is not supported for GoodsMovementType 101"]);
    assert_eq!(refused.json()["error"]["code"], "MM_IM_ODATA_API_MDOC/011");
}

#[tokio::test]
async fn an_order_takes_no_more_than_was_ordered_and_is_delivered_when_all_came() {
    let bench = Bench::logged_on(10).await;
    let order = order(&bench).await;
    let item = format!("A_PurchaseOrderItem(PurchaseOrder='{order}',PurchaseOrderItem='00010')");
    let delivered = async || bench.get(ORDER, &item).await.d()["IsCompletelyDelivered"].clone();
    assert_eq!(bench.post(GOODS, "A_MaterialDocumentHeader", &receipt(&order, "6")).await.status, 201);
    assert_eq!(delivered().await, json!(false));
    let refused = bench.post(GOODS, "A_MaterialDocumentHeader", &receipt(&order, "5")).await;
    assert_eq!(refused.details(), ["PO quantity exceeded by 1 EA : SP-0001 1010"]);
    let last = bench.post(GOODS, "A_MaterialDocumentHeader", &receipt(&order, "4")).await.d();
    assert_eq!(delivered().await, json!(true));
    let document = last["MaterialDocument"].as_str().unwrap();
    let cancel = format!("Cancel?MaterialDocumentYear='2026'&MaterialDocument='{document}'");
    let reversal = bench.change("POST", GOODS, &cancel, None, None).await.d();
    assert_eq!(reversal["GoodsMovementCode"], "06");
    assert_eq!(delivered().await, json!(false));
    let rows = items(&bench, &order).await;
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row["GoodsMovementType"].as_str().unwrap(), row["GoodsMovementIsCancelled"] == json!(true)))
        .collect();
    assert_eq!(seen, [("101", false), ("101", true), ("102", false)]);
    assert_eq!(rows[2]["ReversedMaterialDocument"], document);
    let twice = bench.change("POST", GOODS, &cancel, None, None).await;
    assert_eq!(twice.details(), [format!("Item 0001 of document {document} was reversed already")]);
}

#[tokio::test]
async fn an_order_that_is_not_released_takes_nothing() {
    let bench = Bench::logged_on(10).await;
    assert_eq!(bench.control("release_strategy?on=true").await, 204);
    let order = order(&bench).await;
    let refused = bench.post(GOODS, "A_MaterialDocumentHeader", &receipt(&order, "1")).await;
    assert_eq!(refused.details(), [format!("Purchasing document {order} not yet released")]);
}

#[tokio::test]
async fn stock_moves_between_places_and_never_falls_below_zero() {
    let bench = Bench::logged_on(10).await;
    let initial = json!({"Material": "SP-0001", "Plant": "1010", "StorageLocation": "101B", "GoodsMovementType": "561",
        "QuantityInEntryUnit": "7"});
    assert_eq!(bench.post(GOODS, "A_MaterialDocumentHeader", &movement("05", &initial)).await.status, 201);
    let number = |text: String| text.parse::<f64>().unwrap_or(0.0);
    let (from, to) = (number(stock(&bench, "101B").await), number(stock(&bench, "101A").await));
    let transfer = json!({"Material": "SP-0001", "Plant": "1010", "StorageLocation": "101B", "GoodsMovementType": "311",
        "IssuingOrReceivingStorageLoc": "101A", "QuantityInEntryUnit": "7"});
    let posted = bench.post(GOODS, "A_MaterialDocumentHeader", &movement("04", &transfer)).await.d();
    let rest = format!(
        "A_MaterialDocumentItem?$filter=MaterialDocument%20eq%20'{}'",
        posted["MaterialDocument"].as_str().unwrap()
    );
    let rows = bench.get(GOODS, &rest).await.results();
    let seen: Vec<_> = rows.iter().map(|row| (&row["StorageLocation"], &row["IsAutomaticallyCreated"])).collect();
    assert_eq!(seen, [(&json!("101B"), &json!("")), (&json!("101A"), &json!("X"))]);
    assert!((number(stock(&bench, "101B").await) - from + 7.0).abs() < 1e-9);
    assert!((number(stock(&bench, "101A").await) - to - 7.0).abs() < 1e-9);
    let mut too_much = initial;
    too_much["GoodsMovementType"] = "702".into();
    too_much["QuantityInEntryUnit"] = "100000".into();
    let refused = bench.post(GOODS, "A_MaterialDocumentHeader", &movement("03", &too_much)).await;
    assert!(refused.details()[0].starts_with("Deficit of SL Unrestricted-use "), "{}", refused.body);
}

#[tokio::test]
async fn a_closed_period_takes_no_posting_and_a_document_is_posted_whole_or_not() {
    let bench = Bench::logged_on(10).await;
    let order = order(&bench).await;
    let mut late = receipt(&order, "1");
    late["PostingDate"] = "/Date(1764547200000)/".into();
    let refused = bench.post(GOODS, "A_MaterialDocumentHeader", &late).await;
    assert_eq!(refused.details(), ["Posting only possible in periods 2026/03 and 2026/02 in company code 1010"]);
    assert_eq!(refused.json()["error"]["code"], "M7/053");
    let before = stock(&bench, "101A").await;
    let mut half = receipt(&order, "1");
    let wrong = json!({"GoodsMovementType": "101", "GoodsMovementRefDocType": "B", "QuantityInEntryUnit": "1",
        "PurchaseOrder": order, "PurchaseOrderItem": "00090"});
    half["to_MaterialDocumentItem"].as_array_mut().unwrap().push(wrong);
    let refused = bench.post(GOODS, "A_MaterialDocumentHeader", &half).await;
    assert_eq!(refused.details(), [format!("Purchase order {order} has no item 00090 for which goods may be posted")]);
    assert_eq!((stock(&bench, "101A").await, items(&bench, &order).await.len()), (before, 0));
}

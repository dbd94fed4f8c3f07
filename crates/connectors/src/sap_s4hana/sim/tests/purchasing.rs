//! Requisitions that are made and changed, and invoices that are posted, released and taken back.

use serde_json::json;

use super::*;

fn requisition(quantity: &str) -> Json {
    json!({
        "PurReqnDescription": "Spare parts",
        "to_PurchaseReqnItem": [
            {"Material": "SP-0001", "Plant": "1010", "PurchasingGroup": "001", "RequestedQuantity": quantity,
             "PurchaseRequisitionPrice": "8.45", "PurReqnPriceQuantity": "1", "DeliveryDate": "/Date(1775001600000)/",
             "PurReqnExternalReference": "ext-1"},
        ],
    })
}

async fn made(bench: &Bench) -> String {
    let made = bench.post(REQUISITION, "A_PurchaseRequisitionHeader", &requisition("10")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.d()["PurchaseRequisition"].as_str().unwrap().to_owned()
}

async fn item(bench: &Bench, number: &str) -> Json {
    let at = format!("A_PurchaseRequisitionItem(PurchaseRequisition='{number}',PurchaseRequisitionItem='00010')");
    bench.get(REQUISITION, &at).await.d()
}

#[tokio::test]
async fn a_requisition_is_completed_from_the_master_data_and_found_by_its_reference_in_capitals() {
    let bench = Bench::logged_on(5).await;
    let number = made(&bench).await;
    let item = item(&bench, &number).await;
    for (name, value) in [
        ("CompanyCode", "1010"),
        ("PurReqnItemCurrency", "EUR"),
        ("BaseUnit", "EA"),
        ("ItemNetAmount", "84.500"),
        ("PurReqnReleaseStatus", "02"),
        ("ProcessingStatus", "N"),
        ("PurReqnExternalReference", "EXT-1"),
    ] {
        assert_eq!(item[name], value, "{name}: {item}");
    }
    let filter = "A_PurchaseRequisitionItem?$filter=PurReqnExternalReference%20eq%20'EXT-1'";
    assert_eq!(bench.get(REQUISITION, filter).await.results().len(), 1);
}

#[tokio::test]
async fn what_a_requisition_lacks_is_told_item_by_item() {
    let bench = Bench::logged_on(5).await;
    let mut body = requisition("0");
    body["to_PurchaseReqnItem"][0].as_object_mut().unwrap().remove("DeliveryDate");
    let refused = bench.post(REQUISITION, "A_PurchaseRequisitionHeader", &body).await.details();
    assert_eq!(
        refused,
        ["Item 00010: Enter Quantity requested (greater than zero)", "Item 00010: Enter Delivery Date"]
    );
    let empty = bench.post(REQUISITION, "A_PurchaseRequisitionHeader", &json!({})).await.details();
    assert_eq!(empty, ["Document contains no items"]);
}

#[tokio::test]
async fn an_item_that_was_ordered_or_deleted_is_fixed_and_its_release_is_the_systems() {
    let bench = Bench::logged_on(5).await;
    bench.control("release_strategy?on=true").await;
    let number = made(&bench).await;
    assert_eq!(item(&bench, &number).await["PurReqnReleaseStatus"], "03");
    let at = format!("A_PurchaseRequisitionItem(PurchaseRequisition='{number}',PurchaseRequisitionItem='10')");
    let patch = async |body: Json| bench.change("PATCH", REQUISITION, &at, None, Some(&body)).await.status;
    // Ignored, not refused.
    assert_eq!(patch(json!({"PurReqnReleaseStatus": "05", "RequestedQuantity": "12"})).await, 204);
    let row = item(&bench, &number).await;
    assert_eq!((&row["PurReqnReleaseStatus"], &row["RequestedQuantity"]), (&json!("03"), &json!("12.000")));
    assert_eq!(bench.control(&format!("release_purchase_requisition?id={number}")).await, 204);
    assert_eq!(item(&bench, &number).await["PurReqnReleaseStatus"], "05");
    assert_eq!(patch(json!({"IsDeleted": "X"})).await, 204);
    assert_eq!(patch(json!({"RequestedQuantity": "13"})).await, 400);
    assert_eq!(patch(json!({"IsDeleted": ""})).await, 204);
    assert_eq!(bench.change("DELETE", REQUISITION, &at, None, None).await.status, 405);
    let ordered = "A_PurchaseRequisitionItem?$filter=PurchasingDocument%20ne%20''&$top=1";
    let ordered =
        bench.get(REQUISITION, ordered).await.results()[0]["PurchaseRequisition"].as_str().unwrap().to_owned();
    let at = format!("A_PurchaseRequisitionItem(PurchaseRequisition='{ordered}',PurchaseRequisitionItem='10')");
    let body = json!({"RequestedQuantity": "1"});
    assert_eq!(bench.change("PATCH", REQUISITION, &at, None, Some(&body)).await.status, 400);
}

async fn invoice(bench: &Bench, filter: &str) -> (String, String) {
    let found = bench.get(INVOICE, &format!("A_SupplierInvoice?$filter={filter}&$top=1")).await.results();
    let text = |name: &str| found[0][name].as_str().unwrap().to_owned();
    (text("SupplierInvoice"), text("FiscalYear"))
}

async fn call(bench: &Bench, function: &str, (number, year): &(String, String), more: &str) -> Answer {
    let at = format!("{function}?SupplierInvoice='{number}'&FiscalYear='{year}'{more}");
    bench.post(INVOICE, &at, &json!({})).await
}

#[tokio::test]
async fn an_invoice_is_posted_once_and_taken_back_once_by_another_document() {
    let bench = Bench::logged_on(60).await;
    let parked = invoice(&bench, "SupplierInvoiceStatus%20eq%20'A'").await;
    let cancel = "&PostingDate=datetime'2026-03-02T00:00:00'&ReversalReason='01'";
    assert_eq!(call(&bench, "Cancel", &parked, cancel).await.status, 400, "it is not posted yet");
    assert_eq!(call(&bench, "Post", &parked, "").await.d()["Post"], json!({"Success": true}));
    assert_eq!(call(&bench, "Post", &parked, "").await.status, 400);
    let back = call(&bench, "Cancel", &parked, cancel).await.d()["Cancel"].clone();
    assert_eq!((&back["Success"], &back["FiscalYear"]), (&json!(true), &json!("2026")));
    assert_eq!(call(&bench, "Cancel", &parked, cancel).await.status, 400);
    let key = |number: &str, year: &str| format!("A_SupplierInvoice(SupplierInvoice='{number}',FiscalYear='{year}')");
    let old = bench.get(INVOICE, &key(&parked.0, &parked.1)).await.d();
    assert_eq!((&old["IsReversed"], &old["ReverseDocument"]), (&json!(true), &back["ReverseDocument"]));
    let new = bench.get(INVOICE, &key(back["ReverseDocument"].as_str().unwrap(), "2026")).await.d();
    assert_eq!((&new["IsReversal"], &new["SupplierInvoiceIsCreditMemo"]), (&json!(true), &json!("X")));
    assert_eq!(new["InvoiceGrossAmount"], old["InvoiceGrossAmount"]);
    let changed = bench.change("PATCH", INVOICE, &key(&parked.0, &parked.1), None, Some(&json!({}))).await;
    assert_eq!(changed.status, 405);
}

#[tokio::test]
async fn a_blocked_invoice_is_released_and_its_items_name_order_and_receipt() {
    let bench = Bench::logged_on(60).await;
    let blocked = invoice(&bench, "PaymentBlockingReason%20eq%20'R'").await;
    let released = call(&bench, "Release", &blocked, "&DiscountDaysHaveToBeShifted=false").await;
    assert_eq!(released.d()["Release"], json!({"Success": true}));
    assert_eq!(call(&bench, "Release", &blocked, "&DiscountDaysHaveToBeShifted=false").await.status, 400);
    let items =
        bench.get(INVOICE, "A_SuplrInvcItemPurOrdRef?$filter=ReferenceDocument%20ne%20''&$top=1").await.results();
    let filter =
        format!("A_PurchaseOrder?$filter=PurchaseOrder%20eq%20'{}'", items[0]["PurchaseOrder"].as_str().unwrap());
    assert_eq!(bench.get(ORDER, &filter).await.results().len(), 1);
}

//! Creating, changing and deleting purchase orders.

use serde_json::json;

use super::*;

fn order(supplier: &str) -> Json {
    json!({
        "CompanyCode": "1010", "PurchaseOrderType": "nb", "Supplier": format!("00{supplier}"), "PurchasingOrganization": "1010",
        "PurchasingGroup": "001", "CorrespncExternalReference": "Ab12",
        "to_PurchaseOrderItem": [
            {"Plant": "1010", "Material": "sp-0001", "OrderQuantity": "10.5", "NetPriceAmount": "8.45",
             "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "/Date(1775001600000)/"}]},
            {"Plant": "1020", "PurchaseOrderItemText": "Alignment of a shaft", "MaterialGroup": "S001", "OrderQuantity": "1",
             "PurchaseOrderQuantityUnit": "AU", "NetPriceAmount": "1200", "NetPriceQuantity": "1", "AccountAssignmentCategory": "K",
             "to_AccountAssignment": {"results": [{"CostCenter": "10101301"}]},
             "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "2026-04-01T00:00:00"}]},
        ],
    })
}

#[tokio::test]
async fn a_deep_insert_creates_an_order_that_later_reads_show() {
    let bench = Bench::logged_on(10).await;
    let supplier = bench.supplier().await;
    let created = bench.post(ORDER, "A_PurchaseOrder", &order(&supplier)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let d = created.d();
    assert_eq!(d["PurchaseOrder"], "4500000010");
    assert!(created.header("location").unwrap().ends_with("/A_PurchaseOrder('4500000010')"));
    assert_eq!(created.header("etag"), d["__metadata"]["etag"].as_str());
    assert_eq!(created.header("sap-message"), None);
    for (name, value) in [
        ("Supplier", supplier.as_str()),
        ("PurchaseOrderType", "NB"),
        ("DocumentCurrency", "EUR"),
        ("PurchasingProcessingStatus", "02"),
        ("CorrespncExternalReference", "Ab12"),
        ("CreatedByUser", "TRUNNION"),
        ("CreationDate", "/Date(1772409600000)/"),
        ("LastChangeDateTime", "/Date(1772443800123+0000)/"),
    ] {
        assert_eq!(d[name], value, "{name}");
    }
    let items = &d["to_PurchaseOrderItem"]["results"];
    assert_eq!((&items[0]["PurchaseOrderItem"], &items[1]["PurchaseOrderItem"]), (&json!("00010"), &json!("00020")));
    assert_eq!((&items[0]["OrderQuantity"], &items[0]["NetPriceAmount"]), (&json!("10.500"), &json!("8.450")));
    assert_eq!((&items[0]["PurchaseOrderQuantityUnit"], &items[0]["NetPriceQuantity"]), (&json!("EA"), &json!("1")));
    assert_eq!(items[0]["to_ScheduleLine"]["results"][0]["ScheduleLineOrderQuantity"], "10.500");
    assert_eq!(items[1]["to_AccountAssignment"]["results"][0]["GLAccount"], "61008000");
    let path = "A_PurchaseOrder('4500000010')?$expand=to_PurchaseOrderItem/to_ScheduleLine,to_PurchaseOrderItem/to_AccountAssignment";
    assert_eq!(bench.get(ORDER, path).await.d(), d);
    let found = bench.numbers("$filter=CorrespncExternalReference%20eq%20'Ab12'").await;
    assert_eq!(found, ["4500000010"]);
    assert_eq!(bench.get(ORDER, "A_PurchaseOrder/$count").await.body, "11");
}

#[tokio::test]
async fn every_wrong_reference_is_named_in_the_error_details() {
    let bench = Bench::logged_on(10).await;
    let supplier = bench.supplier().await;
    let items = "/to_PurchaseOrderItem/0";
    for (pointer, value, part) in [
        ("/Supplier", json!("99999999"), "Supplier 99999999 does not exist"),
        ("/Supplier", json!("17300038"), "Supplier 17300038 is blocked for purchasing"),
        ("/Supplier", json!("17300040"), "Supplier 17300040 is marked for deletion"),
        ("/Supplier", json!(""), "Enter Supplier"),
        ("/CompanyCode", json!("9999"), "Company code 9999 does not exist"),
        ("/PurchasingOrganization", json!("9999"), "Purchasing organization 9999 does not exist"),
        ("/PurchasingOrganization", json!("1710"), "do not match"),
        ("/PurchasingGroup", json!("999"), "Purchasing group 999 does not exist"),
        ("/PurchaseOrderType", json!("XY"), "Document type XY is not allowed"),
        ("/DocumentCurrency", json!("XXX"), "Currency XXX is not defined"),
        ("/PurchaseOrder", json!("4500000099"), "internal"),
        ("/to_PurchaseOrderItem", json!([]), "Document contains no items"),
        (&format!("{items}/Plant"), json!("9999"), "Plant 9999 does not exist"),
        (&format!("{items}/Plant"), json!("1710"), "Plant 1710 is not assigned to company code 1010"),
        (&format!("{items}/StorageLocation"), json!("102A"), "Storage location 102A is not maintained in plant 1010"),
        (&format!("{items}/Material"), json!("SP-9999"), "The material SP-9999 does not exist"),
        (&format!("{items}/Material"), json!(""), "Enter Short Text"),
        (&format!("{items}/MaterialGroup"), json!("Z999"), "Material group Z999 does not exist"),
        (&format!("{items}/OrderQuantity"), json!("0"), "Enter Quantity"),
        (&format!("{items}/OrderQuantity"), json!("-1"), "Enter Quantity"),
        (&format!("{items}/PurchaseOrderQuantityUnit"), json!("XXX"), "Unit XXX is not created"),
        (&format!("{items}/NetPriceAmount"), json!("0"), "Net price must be greater than 0"),
        (&format!("{items}/AccountAssignmentCategory"), json!("K"), "Enter the account assignment data"),
        (&format!("{items}/to_ScheduleLine"), json!([]), "Enter Delivery Date"),
        (&format!("{items}/to_ScheduleLine"), json!([{}]), "Enter Delivery Date"),
        ("/to_PurchaseOrderItem/1/AccountAssignmentCategory", json!(""), "Account assignment is mandatory"),
        ("/to_PurchaseOrderItem/1/PurchaseOrderItem", json!("10"), "Item 00010 already exists"),
    ] {
        let mut body = order(&supplier);
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        let details = bench.post(ORDER, "A_PurchaseOrder", &body).await.details();
        assert!(details.iter().any(|detail| detail.contains(part)), "{pointer}: {details:?}");
    }
    assert_eq!(bench.get(ORDER, "A_PurchaseOrder/$count").await.body, "10", "nothing was stored");
}

#[tokio::test]
async fn the_first_message_is_general_and_the_details_say_what_is_wrong() {
    let bench = Bench::logged_on(10).await;
    let mut body = order(&bench.supplier().await);
    body["PurchasingGroup"] = json!("999");
    body["to_PurchaseOrderItem"][1]["Plant"] = json!("9999");
    let answer = bench.post(ORDER, "A_PurchaseOrder", &body).await;
    assert_eq!(answer.json()["error"]["code"], "MEPO/002");
    assert_eq!(answer.json()["error"]["message"]["value"], "PO header data still faulty");
    let details = answer.details();
    assert_eq!(details.len(), 4, "{details:?}");
    assert!(details[3].contains("Item 00020: Plant 9999"));
}

#[tokio::test]
async fn fields_that_do_not_exist_or_do_not_fit_are_refused() {
    let bench = Bench::logged_on(10).await;
    let supplier = bench.supplier().await;
    for (name, value) in [
        ("Colour", json!("red")),
        ("CorrespncExternalReference", json!("thirteen chars")),
        ("CompanyCode", json!(1010)),
        ("PurchaseOrderDate", json!("2026-01-01")),
        ("CashDiscount1Percent", json!("1.0001")),
        ("CashDiscount1Percent", json!("100.000")),
        ("CashDiscount1Percent", json!(2.5)),
        ("ExchangeRateIsFixed", json!("X")),
    ] {
        let mut body = order(&supplier);
        body[name] = value.clone();
        let answer = bench.post(ORDER, "A_PurchaseOrder", &body).await;
        assert_eq!(answer.status, 400, "{name}={value}");
        assert!(answer.body.contains(name), "{}", answer.body);
    }
    let mut body = order(&supplier);
    body["to_PurchaseOrderItem"][0]["PurchaseOrderItem"] = json!("1A");
    assert!(
        bench.post(ORDER, "A_PurchaseOrder", &body).await.body.contains("Property PurchaseOrderItem has invalid value")
    );
    let text = bench.http.post(format!("{}{}/A_PurchaseOrder", bench.sim.url, service(ORDER))).body("x");
    let text = text.header("authorization", &bench.authorization).header("cookie", &bench.cookies);
    assert_eq!(text.header("x-csrf-token", &bench.token).send().await.unwrap().status().as_u16(), 415);
}

#[tokio::test]
async fn a_warning_does_not_stop_a_create_and_comes_in_a_header() {
    let bench = Bench::logged_on(10).await;
    let mut body = order(&bench.supplier().await);
    body["to_PurchaseOrderItem"][0]["to_ScheduleLine"][0]["ScheduleLineDeliveryDate"] = json!("2026-03-03T00:00:00");
    let created = bench.post(ORDER, "A_PurchaseOrder", &body).await;
    assert_eq!(created.status, 201);
    let message: Json = serde_json::from_str(created.header("sap-message").unwrap()).unwrap();
    assert_eq!((&message["severity"], &message["details"]), (&json!("warning"), &json!([])));
    assert!(message["message"].as_str().unwrap().contains("Item 00010"));
}

#[tokio::test]
async fn a_change_needs_the_version_that_was_read() {
    let bench = Bench::logged_on(30).await;
    let path = "A_PurchaseOrder('4500000003')";
    let read = async || bench.get(ORDER, path).await.d();
    let before = read().await;
    let etag = before["__metadata"]["etag"].as_str().unwrap().to_owned();
    let body = json!({"CorrespncInternalReference": "ours"});
    assert_eq!(bench.change("PATCH", ORDER, path, None, Some(&body)).await.status, 428);
    assert_eq!(bench.change("PATCH", ORDER, path, Some("W/\"x\""), Some(&body)).await.status, 412);
    assert_eq!(bench.change("PATCH", ORDER, path, Some(&etag), Some(&body)).await.status, 204);
    assert_eq!(bench.change("PATCH", ORDER, path, Some(&etag), Some(&body)).await.status, 412, "stale now");
    let after = read().await;
    assert_eq!(after["CorrespncInternalReference"], "ours");
    assert_eq!(after["LastChangeDateTime"], "/Date(1772443800123+0000)/");
    assert_eq!(after["Supplier"], before["Supplier"]);
    assert_eq!(bench.change("MERGE", ORDER, path, Some("*"), Some(&body)).await.status, 204);
    let tunnel = [("x-csrf-token", bench.token.as_str()), ("x-http-method", "MERGE"), ("if-match", "*")];
    let tunnelled =
        bench.send("POST", &format!("{}/{path}", service(ORDER)), &tunnel, Some(&json!({"Language": "DE"}))).await;
    assert_eq!((tunnelled.status, read().await["Language"].as_str()), (204, Some("DE")));
}

#[tokio::test]
async fn what_identifies_an_order_or_an_item_cannot_be_changed() {
    let bench = Bench::logged_on(30).await;
    for name in ["Supplier", "CompanyCode", "DocumentCurrency", "PurchaseOrderType"] {
        let answer =
            bench.change("PATCH", ORDER, "A_PurchaseOrder('4500000003')", Some("*"), Some(&json!({name: "9"}))).await;
        assert!(answer.details()[0].contains(name));
    }
    let item = "A_PurchaseOrderItem(PurchaseOrder='4500000003',PurchaseOrderItem='10')";
    for name in ["Material", "Plant"] {
        let answer = bench.change("PATCH", ORDER, item, None, Some(&json!({name: "9"}))).await;
        assert!(answer.details()[0].contains(name));
    }
    let key = bench.change("PATCH", ORDER, item, None, Some(&json!({"PurchaseOrderItem": "00020"}))).await;
    assert_eq!(key.status, 400);
    let deep = bench
        .change("PATCH", ORDER, "A_PurchaseOrder('4500000003')", Some("*"), Some(&json!({"to_PurchaseOrderItem": []})))
        .await;
    assert_eq!(deep.status, 400);
}

#[tokio::test]
async fn an_item_change_moves_the_orders_change_time_and_its_schedule() {
    let bench = Bench::logged_on(10).await;
    let created = bench.post(ORDER, "A_PurchaseOrder", &order(&bench.supplier().await)).await;
    assert_eq!(created.status, 201);
    bench.sim.control.move_clock_ahead(Duration::from_secs(60));
    let item = "A_PurchaseOrderItem(PurchaseOrder='4500000010',PurchaseOrderItem='00010')";
    let changed =
        bench.change("PATCH", ORDER, item, None, Some(&json!({"OrderQuantity": "20", "NetPriceAmount": "8.40"}))).await;
    assert_eq!(changed.status, 204, "{}", changed.body);
    let d = bench.get(ORDER, &format!("{item}?$expand=to_ScheduleLine,to_PurchaseOrder")).await.d();
    assert_eq!((&d["OrderQuantity"], &d["NetPriceAmount"]), (&json!("20.000"), &json!("8.400")));
    assert_eq!(d["to_ScheduleLine"]["results"][0]["ScheduleLineOrderQuantity"], "20.000");
    assert_eq!(d["to_PurchaseOrder"]["LastChangeDateTime"], "/Date(1772443860123+0000)/");
    let line =
        "A_PurchaseOrderScheduleLine(PurchasingDocument='4500000010',PurchasingDocumentItem='10',ScheduleLine='1')";
    let body = json!({"ScheduleLineOrderQuantity": "25", "ScheduleLineDeliveryDate": "/Date(1775347200000)/"});
    assert_eq!(bench.change("PATCH", ORDER, line, None, Some(&body)).await.status, 204);
    assert_eq!(bench.get(ORDER, item).await.d()["OrderQuantity"], "25.000");
    let wrong = bench.change("PATCH", ORDER, item, None, Some(&json!({"OrderQuantity": "0"}))).await;
    assert!(wrong.details().iter().any(|detail| detail.contains("Enter Quantity")));
    let new = json!({"Plant": "1010", "Material": "SP-0002", "OrderQuantity": "2", "NetPriceAmount": "180",
                     "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "2026-04-01T00:00:00"}]});
    let added = bench.post(ORDER, "A_PurchaseOrder('4500000010')/to_PurchaseOrderItem", &new).await;
    assert_eq!((added.status, &added.d()["PurchaseOrderItem"]), (201, &json!("00030")));
}

#[tokio::test]
async fn a_deleted_item_stays_with_its_code() {
    let bench = Bench::logged_on(10).await;
    let created = bench.post(ORDER, "A_PurchaseOrder", &order(&bench.supplier().await)).await;
    assert_eq!(created.status, 201);
    let item = "A_PurchaseOrderItem(PurchaseOrder='4500000010',PurchaseOrderItem='00020')";
    assert_eq!(bench.change("DELETE", ORDER, item, None, None).await.status, 204);
    let d = bench.get(ORDER, item).await.d();
    assert_eq!(d["PurchasingDocumentDeletionCode"], "L");
    let again = bench.change("PATCH", ORDER, item, None, Some(&json!({"NetPriceAmount": "1"}))).await;
    assert!(again.details()[0].contains("is deleted"));
    let header = bench.change("DELETE", ORDER, "A_PurchaseOrder('4500000010')", Some("*"), None).await;
    assert_eq!(header.status, 501, "a header is deleted only by archiving");
    let delivered =
        bench.get(ORDER, "A_PurchaseOrderItem?$filter=IsCompletelyDelivered&$top=1").await.results()[0].clone();
    let uri = delivered["__metadata"]["uri"].as_str().unwrap();
    let refused = bench.send("DELETE", uri, &[("x-csrf-token", &bench.token)], None).await;
    assert!(refused.details()[0].contains("cannot be deleted"));
}

#[tokio::test]
async fn with_a_release_strategy_orders_wait_and_costly_changes_wait_again() {
    let bench = Bench::logged_on(10).await;
    assert_eq!(bench.control("release_strategy?on=true").await, 204);
    let created = bench.post(ORDER, "A_PurchaseOrder", &order(&bench.supplier().await)).await.d();
    assert_eq!(
        (&created["PurchasingProcessingStatus"], &created["ReleaseIsNotCompleted"]),
        (&json!("03"), &json!(true))
    );
    let state = async || {
        let d = bench.get(ORDER, "A_PurchaseOrder('4500000010')").await.d();
        (d["PurchasingProcessingStatus"].as_str().unwrap().to_owned(), d["ReleaseIsNotCompleted"].as_bool().unwrap())
    };
    assert_eq!(bench.control("release_purchase_order?id=4500000010").await, 204);
    assert_eq!(state().await, ("05".to_owned(), false));
    let item = "A_PurchaseOrderItem(PurchaseOrder='4500000010',PurchaseOrderItem='00010')";
    let text = bench.change("PATCH", ORDER, item, None, Some(&json!({"PurchaseOrderItemText": "Bearing"}))).await;
    assert_eq!((text.status, state().await.0.as_str()), (204, "05"));
    let price = bench.change("PATCH", ORDER, item, None, Some(&json!({"NetPriceAmount": "9"}))).await;
    assert_eq!((price.status, state().await), (204, ("03".to_owned(), true)));
    assert_eq!(bench.control("reject_purchase_order?id=4500000010").await, 204);
    assert_eq!(state().await, ("08".to_owned(), false));
    assert_eq!(bench.control("reject_purchase_order?id=4599999999").await, 404);
}

#[tokio::test]
async fn a_connection_cut_after_the_create_leaves_the_order_behind() {
    let bench = Bench::logged_on(10).await;
    let body = order(&bench.supplier().await);
    bench.sim.control.add_fault("cut-after:next=1,method=POST".parse().unwrap());
    let request = bench.http.post(format!("{}{}/A_PurchaseOrder", bench.sim.url, service(ORDER)));
    let request = request.header("authorization", &bench.authorization).header("cookie", &bench.cookies);
    let request = request.header("x-csrf-token", &bench.token).header("content-type", "application/json");
    assert!(request.body(body.to_string()).send().await.is_err());
    assert_eq!(bench.numbers("$filter=CorrespncExternalReference%20eq%20'Ab12'").await, ["4500000010"]);
}

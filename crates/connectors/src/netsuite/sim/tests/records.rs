//! Records as they are shown, created and refused.

use super::*;

const ORDER: &str = "/record/v1/purchaseOrder";

#[tokio::test]
async fn a_created_order_answers_204_with_an_absolute_location_and_reads_back_exactly() {
    let sandbox = Sandbox::new().await;
    let made = sandbox.send("POST", ORDER, order()).await;
    assert_eq!((made.status, made.body), (204, Value::Null));
    let location = made.headers["location"].to_str().unwrap();
    let id = location.strip_prefix(&format!("{}/services/rest{ORDER}/", sandbox.sim.url)).unwrap();
    let read = sandbox.get(&format!("{ORDER}/{id}?expandSubResources=true")).await;
    assert_eq!(read.header("content-type"), "application/vnd.oracle.resource+json; type=singular");
    let read = read.body;
    assert_eq!(read["id"], id);
    assert_eq!(read["tranId"], "PO1201");
    assert_eq!(read["entity"]["id"], "101");
    assert!(read["entity"]["refName"].as_str().unwrap().starts_with("V10001"));
    assert_eq!(read["status"], json!({ "id": "B", "refName": "Pending Receipt" }));
    assert_eq!(read["tranDate"], "2026-03-01");
    assert_eq!(read["createdDate"], NOW);
    let lines = &read["item"];
    assert_eq!((&lines["count"], &lines["totalResults"], &lines["hasMore"]), (&json!(2), &json!(2), &json!(false)));
    let line = &lines["items"][0];
    assert_eq!(
        (&line["line"], &line["item"]["id"], &line["units"]["refName"]),
        (&json!(1), &json!("1001"), &json!("EA"))
    );
    assert_eq!((&line["isClosed"], &line["quantityReceived"]), (&json!(false), &json!(0.0)));
    assert!(line["links"][0]["href"].as_str().unwrap().ends_with(&format!("/purchaseOrder/{id}/item/1")));
    // 3 x 12.505 is 37.515 and rounds away from zero; a float would have made it 37.51.
    let text = sandbox.request("GET", &format!("{ORDER}/{id}?expandSubResources=true")).send().await.unwrap();
    let text = String::from_utf8(text.bytes_bounded().await).unwrap();
    for exact in
        [r#""rate":12.505,"#, r#""amount":37.52,"#, r#""amount":0.25,"#, r#""subtotal":37.77,"#, r#""total":37.77,"#]
    {
        assert!(text.contains(exact), "{exact} in {text}");
    }
    let one = sandbox.get(&format!("{ORDER}/{id}/item/2")).await.body;
    assert_eq!(one["quantity"], 2.5);
}

trait Bounded {
    async fn bytes_bounded(self) -> Vec<u8>;
}

impl Bounded for reqwest::Response {
    async fn bytes_bounded(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await.unwrap() {
            bytes.extend_from_slice(&chunk);
            assert!(bytes.len() < 1 << 20);
        }
        bytes
    }
}

#[tokio::test]
async fn sublists_stay_collapsed_unless_expanded_and_enums_become_bare_on_request() {
    let sandbox = Sandbox::new().await;
    let path = format!("{ORDER}/20001");
    let collapsed = sandbox.get(&path).await.body;
    let href = format!("{}/services/rest{path}/item", sandbox.sim.url);
    assert_eq!(collapsed["item"], json!({ "links": [{ "rel": "self", "href": href }] }));
    let bare = sandbox.get(&format!("{path}?simpleEnumFormat=true")).await.body;
    assert_eq!(bare["status"], collapsed["status"]["id"]);
    let few = sandbox.get(&format!("{path}?fields=tranId,entity")).await.body;
    let names: Vec<&String> = few.as_object().unwrap().keys().collect();
    assert_eq!(names, ["entity", "id", "links", "tranId"]);
    assert_eq!(sandbox.get(&format!("{path}?fields=nope")).await.error(), "400 INVALID_REQUEST fields");
    assert_eq!(sandbox.get(&format!("{path}?expand=true")).await.error(), "400 INVALID_REQUEST expand");
}

#[tokio::test]
async fn an_order_is_refused_for_what_is_really_wrong_with_it() {
    let sandbox = Sandbox::new().await;
    let inactive = sandbox.rows("SELECT id FROM vendor WHERE isinactive = 'T'", json!([])).await[0]["id"].clone();
    let item = |fields: Value| {
        let mut line = json!({ "item": { "id": "1001" }, "quantity": 1 });
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({ "items": [line] })
    };
    for (name, value, error) in [
        ("entity", json!(null), "400 USER_ERROR -"),
        ("entity", json!({ "id": "9999" }), "400 INVALID_CONTENT entity"),
        ("entity", json!({ "id": inactive }), "400 INVALID_CONTENT entity"),
        ("entity", json!("101"), "400 INVALID_CONTENT entity"),
        ("subsidiary", json!({ "id": "9" }), "400 INVALID_CONTENT subsidiary"),
        ("currency", json!({ "id": "77" }), "400 INVALID_CONTENT currency"),
        ("location", json!({ "id": "55" }), "400 INVALID_CONTENT location"),
        ("tranDate", json!("01/02/2026"), "400 INVALID_CONTENT tranDate"),
        ("memo", json!("x".repeat(1_000)), "400 INVALID_CONTENT memo"),
        ("exchangeRate", json!("1.5"), "400 INVALID_CONTENT exchangeRate"),
        ("orderStatus", json!("G"), "400 INVALID_CONTENT orderStatus"),
        ("mmeo", json!("misspelled"), "400 INVALID_CONTENT mmeo"),
        ("item", json!({ "items": [] }), "400 USER_ERROR -"),
        ("item", item(json!({ "item": { "id": "4711" } })), "400 INVALID_CONTENT item.items[0].item"),
        ("item", item(json!({ "item": null })), "400 INVALID_CONTENT item.items[0].item"),
        ("item", item(json!({ "quantity": 0 })), "400 INVALID_CONTENT item.items[0].quantity"),
        ("item", item(json!({ "quantity": -2 })), "400 INVALID_CONTENT item.items[0].quantity"),
        ("item", item(json!({ "quantity": null })), "400 INVALID_CONTENT item.items[0].quantity"),
        ("item", item(json!({ "rate": -1 })), "400 INVALID_CONTENT item.items[0].rate"),
        ("item", item(json!({ "quantity": 1e20, "rate": 1e20 })), "400 INVALID_CONTENT item.items[0].amount"),
        ("item", item(json!({ "qty": 1 })), "400 INVALID_CONTENT item.items[0].qty"),
    ] {
        let mut body = order();
        body[name] = value.clone();
        let refused = sandbox.send("POST", ORDER, body).await;
        assert_eq!(refused.error(), error, "{name} = {value}: {}", refused.body);
    }
    let detail =
        &sandbox.send("POST", ORDER, json!({ "entity": { "id": "9999" } })).await.body["o:errorDetails"][0]["detail"];
    assert!(detail.as_str().unwrap().contains("Invalid Field Value 9999 for the following field: entity"), "{detail}");
    let count = sandbox.rows("SELECT COUNT(*) AS n FROM transaction WHERE type = 'PurchOrd'", json!([])).await;
    assert_eq!(count, [json!({ "n": "200" })]);
}

#[tokio::test]
async fn misspelled_fields_are_silently_ignored_unless_the_client_asks_for_errors() {
    let sandbox = Sandbox::new().await;
    let mut body = order();
    body["memmo"] = json!("lost");
    let send = |validation: &'static str| {
        let request = sandbox.request("POST", ORDER).header("content-type", "application/json");
        let request = request.body(body.to_string());
        let header = "x-netsuite-propertynamevalidation";
        async move { answer(if validation.is_empty() { request } else { request.header(header, validation) }).await }
    };
    assert_eq!(send("").await.status, 204);
    assert_eq!(send("Warning").await.status, 204);
    assert_eq!(send("error").await.error(), "400 INVALID_CONTENT memmo");
    assert_eq!(send("maybe").await.error(), "400 INVALID_REQUEST X-NetSuite-PropertyNameValidation");
}

#[tokio::test]
async fn a_vendor_needs_a_name_and_a_unique_entity_id() {
    let sandbox = Sandbox::new().await;
    let path = "/record/v1/vendor";
    assert_eq!(sandbox.send("POST", path, json!({ "email": "a@b.example" })).await.error(), "400 USER_ERROR -");
    let person = json!({ "isPerson": true, "firstName": "Ada" });
    assert_eq!(sandbox.send("POST", path, person).await.error(), "400 USER_ERROR -");
    let address = json!({ "items": [{ "defaultBilling": true, "addressBookAddress": { "addr1": "1 Way", "city": "Ulm", "country": { "id": "DE" } } }] });
    let body =
        json!({ "companyName": "Pivot & Sons", "entityId": "PIVOT", "externalId": "p-1", "addressBook": address });
    let id = sandbox.create("vendor", body.clone()).await;
    let read = sandbox.get(&format!("{path}/{id}?expandSubResources=true")).await.body;
    assert_eq!(
        (&read["externalId"], &read["isInactive"], &read["currency"]["refName"]),
        (&json!("p-1"), &json!(false), &json!("US Dollar"))
    );
    let address = &read["addressBook"]["items"][0]["addressBookAddress"];
    assert_eq!(*address, json!({ "addr1": "1 Way", "city": "Ulm", "country": { "id": "DE", "refName": "Germany" } }));
    assert_eq!(sandbox.send("POST", path, body).await.error(), "400 USER_ERROR externalId");
    let same = json!({ "companyName": "Other", "entityId": "pivot" });
    assert_eq!(sandbox.send("POST", path, same).await.error(), "400 USER_ERROR entityId");
    let numbered = sandbox.create("vendor", json!({ "companyName": "Numbered" })).await;
    assert_eq!(sandbox.get(&format!("{path}/{numbered}")).await.body["entityId"], format!("VENDOR{numbered}"));
}

#[tokio::test]
async fn types_paths_methods_and_media_types_that_are_not_there_are_refused_each_in_its_way() {
    let sandbox = Sandbox::new().await;
    for (method, path, error) in [
        ("GET", "/record/v1/purchaseorder/20001", "404 NOT_FOUND -"),
        ("GET", "/record/v1/purchaseOrder/1", "404 NONEXISTENT_ID -"),
        ("GET", "/record/v1/purchaseOrder/abc", "404 NONEXISTENT_ID -"),
        ("GET", "/record/v1/purchaseOrder/eid:nobody", "404 NONEXISTENT_ID -"),
        ("GET", "/record/v1/servicePurchaseItem/1001", "404 NONEXISTENT_ID -"),
        ("GET", "/record/v1/purchaseOrder/20001/expense", "404 NONEXISTENT_ID -"),
        ("POST", "/record/v1/currency", "405 METHOD_NOT_ALLOWED -"),
        ("PUT", "/record/v1/purchaseOrder/20001", "405 METHOD_NOT_ALLOWED -"),
        ("DELETE", "/record/v1/location/1", "405 METHOD_NOT_ALLOWED -"),
        ("GET", "/query/v1/suiteql", "405 METHOD_NOT_ALLOWED -"),
        ("POST", "/record/v1/purchaseOrder/20001/!transform/vendorBill", "501 NOT_SIMULATED -"),
        ("GET", "/async/v1/job/1", "501 NOT_SIMULATED -"),
    ] {
        let refused = sandbox.send(method, path, json!({})).await;
        assert_eq!(refused.error(), error, "{method} {path}");
        assert!(refused.header("content-type").ends_with("type=error"));
        assert_eq!(refused.body["status"], refused.status);
    }
    let text = sandbox.request("POST", "/record/v1/vendor").header("content-type", "text/plain").body("{}");
    assert_eq!(answer(text).await.error(), "415 INVALID_CONTENT_TYPE -");
    let json = sandbox.request("POST", "/record/v1/vendor").header("content-type", "application/json").body("{");
    assert_eq!(answer(json).await.error(), "400 INVALID_REQUEST -");
}

#[tokio::test]
async fn the_metadata_catalog_lists_the_types_and_gives_each_ones_json_schema() {
    let sandbox = Sandbox::new().await;
    let list = sandbox.get("/record/v1/metadata-catalog").await.body;
    let names: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    for name in ["vendor", "inventoryItem", "purchaseOrder", "location", "subsidiary", "currency"] {
        assert!(names.contains(&name), "{name}");
    }
    let request =
        sandbox.request("GET", "/record/v1/metadata-catalog/purchaseOrder").header("accept", "application/schema+json");
    let schema = answer(request).await;
    assert_eq!(schema.header("content-type"), "application/schema+json");
    let properties = &schema.body["properties"];
    assert_eq!(properties["tranDate"]["format"], "date");
    assert_eq!(properties["total"]["readOnly"], true);
    assert_eq!(properties["custbody_requisition_no"]["type"], "string");
    assert_eq!(properties["item"]["properties"]["items"]["items"]["properties"]["quantity"]["type"], "number");
}

#[tokio::test]
async fn a_fault_after_the_commit_leaves_the_record_and_a_repeated_upsert_does_not_double_it() {
    let sandbox = Sandbox::new().await;
    sandbox.sim.control.add_fault("cut-after:next=1,method=PUT".parse().unwrap());
    let path = format!("{ORDER}/eid:cut-1?replace=item");
    let request = sandbox.request("PUT", &path).header("content-type", "application/json").body(order().to_string());
    assert!(request.send().await.is_err());
    assert_eq!(sandbox.send("PUT", &path, order()).await.status, 204);
    let read = sandbox.get(&format!("{ORDER}/eid:cut-1?expandSubResources=true")).await.body;
    assert_eq!((&read["externalId"], &read["item"]["count"]), (&json!("cut-1"), &json!(2)));
    assert_eq!(
        sandbox.rows("SELECT COUNT(*) AS n FROM transaction WHERE type = 'PurchOrd'", json!([])).await,
        [json!({ "n": "201" })]
    );
}

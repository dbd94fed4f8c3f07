//! Vendors and products: creating and changing them.

use serde_json::json;

use super::*;

fn vendor() -> Json {
    json!({
        "BusinessPartnerCategory": "2", "OrganizationBPName1": "Testbau GmbH", "SearchTerm1": "testbau",
        "BusinessPartnerIDByExtSystem": "ext-1",
        "to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLVN00"}, {"BusinessPartnerRole": "FLVN01"}],
        "to_BusinessPartnerAddress": [{"Country": "DE", "CityName": "Ulm", "to_EmailAddress": [{"EmailAddress": "a@b.example"}]}],
        "to_BusinessPartnerTax": [{"BPTaxType": "DE0", "BPTaxNumber": "DE123456789"}],
        "to_Supplier": {"to_SupplierCompany": [{"CompanyCode": "1010", "ReconciliationAccount": "21100000"}],
                        "to_SupplierPurchasingOrg": [{"PurchasingOrganization": "1010", "PurchaseOrderCurrency": "EUR"}]},
    })
}

#[tokio::test]
async fn a_vendor_is_created_in_one_deep_insert_and_can_be_ordered_from() {
    let bench = Bench::logged_on(5).await;
    let created = bench.post(BUSINESS_PARTNER, "A_BusinessPartner", &vendor()).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let d = created.d();
    assert_eq!((&d["BusinessPartner"], &d["Supplier"]), (&json!("1000043"), &json!("17300041")));
    assert_eq!((&d["SearchTerm1"], &d["BusinessPartnerName"]), (&json!("TESTBAU"), &json!("Testbau GmbH")));
    assert_eq!((&d["LastChangeDate"], &d["CreationTime"]), (&Json::Null, &json!("PT09H30M00S")));
    let supplier = bench.get(BUSINESS_PARTNER, "A_Supplier('17300041')?$expand=to_SupplierPurchasingOrg").await.d();
    assert_eq!(
        (&supplier["SupplierName"], &supplier["VATRegistration"]),
        (&json!("Testbau GmbH"), &json!("DE123456789"))
    );
    assert_eq!(supplier["to_SupplierPurchasingOrg"]["results"][0]["Supplier"], "17300041");
    let email = &d["to_BusinessPartnerAddress"]["results"][0]["to_EmailAddress"]["results"][0];
    assert_eq!(
        (&email["OrdinalNumber"], &email["AddressID"]),
        (&json!("001"), &d["to_BusinessPartnerAddress"]["results"][0]["AddressID"])
    );
    let order = json!({"CompanyCode": "1010", "PurchaseOrderType": "NB", "Supplier": "17300041", "PurchasingOrganization": "1010",
        "PurchasingGroup": "001", "to_PurchaseOrderItem": [{"Plant": "1010", "Material": "SP-0001", "OrderQuantity": "1",
        "NetPriceAmount": "8", "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "2026-04-01T00:00:00"}]}]});
    assert_eq!(bench.post(ORDER, "A_PurchaseOrder", &order).await.status, 201);
}

#[tokio::test]
async fn a_vendor_that_is_not_complete_is_refused() {
    let bench = Bench::logged_on(5).await;
    for (pointer, value, part) in [
        ("/BusinessPartnerCategory", json!(""), "Enter a business partner category"),
        ("/OrganizationBPName1", json!(""), "Enter Name 1"),
        ("/BusinessPartner", json!("1"), "internal"),
        ("/to_BusinessPartnerRole", json!([]), "needs the role"),
        (
            "/to_BusinessPartnerRole",
            json!([{"BusinessPartnerRole": "FLVN00"}]),
            "Purchasing data needs the role FLVN01",
        ),
        ("/to_BusinessPartnerAddress/0/Country", json!("Germany".get(..3).unwrap()), "Country 'GER' is not defined"),
        ("/to_Supplier/to_SupplierCompany/0/CompanyCode", json!("9999"), "Company code 9999 does not exist"),
        (
            "/to_Supplier/to_SupplierPurchasingOrg/0/PurchaseOrderCurrency",
            json!("XXX"),
            "Currency 'XXX' is not defined",
        ),
    ] {
        let mut body = vendor();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match body.pointer_mut(parent).unwrap() {
            Json::Array(rows) => rows[0][name] = value,
            other => other[name] = value,
        }
        let details = bench.post(BUSINESS_PARTNER, "A_BusinessPartner", &body).await.details();
        assert!(details.iter().any(|detail| detail.contains(part)), "{pointer}: {details:?}");
    }
    assert_eq!(bench.post(BUSINESS_PARTNER, "A_BusinessPartner", &vendor()).await.status, 201);
    let twice = bench.post(BUSINESS_PARTNER, "A_BusinessPartner", &vendor()).await.details();
    assert!(twice[0].contains("EXT-1 is already assigned"), "{twice:?}");
    let direct = bench.post(BUSINESS_PARTNER, "A_Supplier", &json!({"Supplier": "1"})).await;
    assert_eq!(direct.status, 405, "a supplier is created only below its partner");
}

#[tokio::test]
async fn a_change_gives_a_partner_its_change_date_and_a_new_version() {
    let bench = Bench::logged_on(5).await;
    let path = "A_BusinessPartner('1000000')";
    let before = bench.get(BUSINESS_PARTNER, path).await.d();
    assert_eq!(before["LastChangeDate"], Json::Null);
    let etag = before["__metadata"]["etag"].as_str().unwrap().to_owned();
    assert_eq!(bench.change("PATCH", BUSINESS_PARTNER, path, None, Some(&json!({}))).await.status, 428);
    let body = json!({"OrganizationBPName1": "Neuer Name GmbH"});
    assert_eq!(bench.change("PATCH", BUSINESS_PARTNER, path, Some(&etag), Some(&body)).await.status, 204);
    let after = bench.get(BUSINESS_PARTNER, &format!("{path}?$expand=to_Supplier")).await.d();
    assert_eq!(
        (&after["LastChangeDate"], &after["LastChangeTime"]),
        (&json!("/Date(1772409600000)/"), &json!("PT09H30M00S"))
    );
    assert_eq!(after["to_Supplier"]["SupplierName"], "Neuer Name GmbH");
    assert_eq!(bench.change("PATCH", BUSINESS_PARTNER, path, Some(&etag), Some(&body)).await.status, 412);
    let number = after["Supplier"].as_str().unwrap();
    let block = bench
        .change(
            "PATCH",
            BUSINESS_PARTNER,
            &format!("A_Supplier('{number}')"),
            None,
            Some(&json!({"PurchasingIsBlocked": true})),
        )
        .await;
    assert_eq!(block.status, 204);
    let blocked =
        bench.get(BUSINESS_PARTNER, "A_Supplier?$filter=PurchasingIsBlocked&$select=Supplier").await.results();
    assert!(blocked.iter().any(|row| row["Supplier"] == number));
    let organization = json!({"Supplier": number, "PurchasingOrganization": "1710", "PurchaseOrderCurrency": "USD"});
    let added = bench.post(BUSINESS_PARTNER, "A_SupplierPurchasingOrg", &organization).await;
    assert!(added.status == 201 || added.details()[0].contains("already exists"));
    let address = format!("{path}/to_BusinessPartnerAddress");
    let second = bench.post(BUSINESS_PARTNER, &address, &json!({"Country": "AT", "CityName": "Linz"})).await;
    assert_eq!(second.status, 201, "{}", second.body);
    let uri = second.header("location").unwrap().to_owned();
    assert_eq!(bench.send("DELETE", &uri, &[("x-csrf-token", &bench.token)], None).await.status, 204);
    assert_eq!(bench.send("GET", &uri, &[], None).await.status, 404);
    assert_eq!(
        bench.change("DELETE", BUSINESS_PARTNER, &format!("A_Supplier('{number}')"), None, None).await.status,
        405
    );
}

#[tokio::test]
async fn a_product_is_created_with_a_number_from_outside_and_changed() {
    let bench = Bench::logged_on(5).await;
    let body = json!({"Product": "np-1", "ProductType": "ERSA", "BaseUnit": "EA", "ProductGroup": "L001",
        "to_Description": [{"Language": "EN", "ProductDescription": "New part"}], "to_Plant": [{"Plant": "1010"}]});
    let created = bench.post(PRODUCT, "A_Product", &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(created.d()["to_Plant"]["results"][0]["BaseUnit"], "EA");
    assert!(bench.post(PRODUCT, "A_Product", &body).await.details()[0].contains("already exists"));
    bench.sim.control.move_clock_ahead(Duration::from_secs(1));
    let text = "A_ProductDescription(Product='NP-1',Language='EN')";
    assert_eq!(
        bench.change("PATCH", PRODUCT, text, None, Some(&json!({"ProductDescription": "Renamed"}))).await.status,
        204
    );
    let changed = bench
        .get(
            PRODUCT,
            "A_Product?$filter=LastChangeDateTime%20gt%20datetimeoffset'2026-03-02T09:30:01Z'&$expand=to_Description",
        )
        .await;
    assert_eq!(changed.results().len(), 1);
    assert_eq!(changed.results()[0]["to_Description"]["results"][0]["ProductDescription"], "Renamed");
    assert_eq!(bench.get(PRODUCT, "A_Product/$count").await.body, "61");
}

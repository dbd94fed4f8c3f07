//! Envelopes, formats, paging, keys, navigations and errors of reads.

use super::*;

#[tokio::test]
async fn a_service_shows_its_sets_and_its_metadata() {
    let bench = Bench::start(5).await;
    for (name, set) in [(ORDER, "A_PurchaseOrderItem"), (PRODUCT, "A_ProductPlant"), (BUSINESS_PARTNER, "A_Supplier")] {
        let sets = bench.get(name, "").await.d();
        assert!(sets["EntitySets"].as_array().unwrap().contains(&Json::from(set)));
        let metadata = bench.get(name, "$metadata").await;
        assert!(metadata.header("content-type").unwrap().starts_with("application/xml"));
        assert!(metadata.body.contains(&format!("<EntityType Name=\"{set}Type\">")));
    }
    let versioned = bench.send("GET", "/sap/opu/odata/SAP/API_PRODUCT_SRV;v=0001/A_Product/$count", &[], None).await;
    assert_eq!(versioned.body, "60");
}

#[tokio::test]
async fn values_are_shown_as_the_vendor_shows_them() {
    let bench = Bench::start(50).await;
    let order = bench.get(ORDER, "A_PurchaseOrder('4500000007')?$expand=to_PurchaseOrderItem/to_ScheduleLine").await;
    assert_eq!(order.header("dataserviceversion"), Some("2.0"));
    let d = order.d();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let digits = |value: &Json| text(value).trim_start_matches("/Date(").chars().filter(char::is_ascii_digit).count();
    assert!(text(&d["CreationDate"]).ends_with("00000)/"), "{}", d["CreationDate"]);
    assert!(text(&d["LastChangeDateTime"]).ends_with("+0000)/") && digits(&d["LastChangeDateTime"]) == 17);
    assert_eq!(d["ReleaseIsNotCompleted"], Json::Bool(false));
    assert_eq!(d["ValidityStartDate"], Json::Null);
    assert_eq!(d["AddressCityName"], "");
    assert_eq!(d["CashDiscount1Percent"], "0.000");
    let etag = text(&d["__metadata"]["etag"]);
    assert!(
        etag.starts_with("W/\"datetimeoffset'")
            && etag.len() == "W/\"datetimeoffset'2025-01-10T08:00:00.1234567Z'\"".len()
    );
    assert_eq!(order.header("etag"), Some(etag.as_str()));
    assert!(
        text(&d["to_PurchaseOrderNote"]["__deferred"]["uri"])
            .ends_with("A_PurchaseOrder('4500000007')/to_PurchaseOrderNote")
    );
    let item = &d["to_PurchaseOrderItem"]["results"][0];
    assert_eq!(item["PurchaseOrderItem"], "00010");
    assert_eq!(item["PurchaseContractItem"], "00000");
    for (name, decimals) in [("OrderQuantity", 3), ("NetPriceAmount", 3)] {
        assert_eq!(text(&item[name]).split_once('.').unwrap().1.len(), decimals);
    }
    let line = &item["to_ScheduleLine"]["results"][0];
    assert_eq!(line["ScheduleLine"], "0001");
    assert_eq!(line["ScheduleLineDeliveryTime"], "PT00H00M00S");
    assert_eq!(line["PurchasingDocument"], "4500000007");
    assert_eq!(line["__metadata"]["type"], "API_PURCHASEORDER_PROCESS_SRV.A_PurchaseOrderScheduleLineType");
}

#[tokio::test]
async fn the_seed_is_repeatable_and_shows_every_state() {
    let (one, two) = (Bench::start(60).await, Bench::start(60).await);
    let path = "A_PurchaseOrder?$expand=to_PurchaseOrderItem/to_ScheduleLine,to_PurchaseOrderItem/to_AccountAssignment";
    let (first, second) = (one.get(ORDER, path).await, two.get(ORDER, path).await);
    assert_eq!(first.body.replace(&one.sim.url, ""), second.body.replace(&two.sim.url, ""));
    let orders = first.results();
    for status in ["01", "02", "03", "05", "08"] {
        assert!(orders.iter().any(|order| order["PurchasingProcessingStatus"] == status), "{status}");
    }
    let items: Vec<&Json> =
        orders.iter().flat_map(|order| order["to_PurchaseOrderItem"]["results"].as_array().unwrap()).collect();
    assert!(items.iter().any(|item| item["PurchasingDocumentDeletionCode"] == "L"));
    assert!(items.iter().any(|item| item["IsFinallyInvoiced"] == true));
    assert!(items.iter().any(|item| item["IsCompletelyDelivered"] == true && item["IsFinallyInvoiced"] == false));
    assert!(items.iter().any(|item| item["NetPriceQuantity"] == "100"));
    assert!(items.iter().any(|item| item["Material"] == ""
        && item["AccountAssignmentCategory"] == "K"
        && !item["to_AccountAssignment"]["results"].as_array().unwrap().is_empty()));
    for item in items {
        let lines = item["to_ScheduleLine"]["results"].as_array().unwrap();
        let thousandths = |value: &Json| value.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        let sum: i64 = lines.iter().map(|line| thousandths(&line["ScheduleLineOrderQuantity"])).sum();
        assert_eq!(sum, thousandths(&item["OrderQuantity"]));
    }
    let oldest = (now().as_millisecond() - 181 * 86_400_000).max(0);
    for order in &orders {
        let changed = order["LastChangeDateTime"].as_str().unwrap();
        let millis: i64 = changed[6..19].parse().unwrap();
        assert!((oldest..=now().as_millisecond()).contains(&millis));
    }
}

#[tokio::test]
async fn a_partner_that_was_never_changed_has_no_change_date() {
    let bench = Bench::start(5).await;
    let rows =
        bench.get(BUSINESS_PARTNER, "A_BusinessPartner?$filter=LastChangeDate%20eq%20null&$inlinecount=allpages").await;
    assert_eq!(rows.d()["__count"], "22");
    assert!(rows.results().iter().all(|row| row["LastChangeDate"].is_null() && row["LastChangeTime"].is_null()));
    let changed =
        bench.get(BUSINESS_PARTNER, "A_BusinessPartner?$filter=LastChangeTime%20gt%20time'PT00H00M00S'&$top=1").await;
    assert!(changed.results()[0]["LastChangeTime"].as_str().unwrap().starts_with("PT"));
    let suppliers = bench.get(BUSINESS_PARTNER, "A_Supplier/$count").await;
    assert_eq!(suppliers.body, "40");
}

#[tokio::test]
async fn keys_are_lenient_about_zeros_and_case() {
    let bench = Bench::start(5).await;
    let item = bench.get(ORDER, "A_PurchaseOrderItem(PurchaseOrder='4500000001',PurchaseOrderItem='10')").await.d();
    assert_eq!(item["PurchaseOrderItem"], "00010");
    assert_eq!(bench.get(PRODUCT, "A_Product('sp-0001')").await.d()["Product"], "SP-0001");
    assert_eq!(bench.get(BUSINESS_PARTNER, "A_Supplier('0017300001')").await.d()["Supplier"], "17300001");
    let same = bench
        .get(
            ORDER,
            "A_PurchaseOrder('4500000001')/to_PurchaseOrderItem(PurchaseOrder='4500000001',PurchaseOrderItem='00010')",
        )
        .await;
    assert_eq!(same.d(), item);
}

#[tokio::test]
async fn navigations_lead_down_and_up_and_to_single_properties() {
    let bench = Bench::start(5).await;
    let items = bench
        .get(ORDER, "A_PurchaseOrder('4500000002')/to_PurchaseOrderItem?$orderby=PurchaseOrderItem%20desc")
        .await
        .results();
    assert_eq!(items.last().unwrap()["PurchaseOrderItem"], "00010");
    let count = bench.get(ORDER, "A_PurchaseOrder('4500000002')/to_PurchaseOrderItem/$count").await.body;
    assert_eq!(count, items.len().to_string());
    let up = bench
        .get(ORDER, "A_PurchaseOrderItem(PurchaseOrder='4500000002',PurchaseOrderItem='00010')/to_PurchaseOrder")
        .await;
    assert_eq!(up.d()["PurchaseOrder"], "4500000002");
    let company = bench.get(ORDER, "A_PurchaseOrder('4500000002')/CompanyCode").await.d();
    assert_eq!(company, serde_json::json!({"CompanyCode": up.d()["CompanyCode"]}));
    assert_eq!(bench.get(ORDER, "A_PurchaseOrder('4500000002')/PurchaseOrderType/$value").await.body, "NB");
    let path =
        "A_BusinessPartner('1000003')?$expand=to_Supplier/to_SupplierCompany,to_BusinessPartnerAddress/to_EmailAddress";
    let partner = bench.get(BUSINESS_PARTNER, path).await.d();
    assert_eq!(partner["to_Supplier"]["Supplier"], partner["Supplier"]);
    assert!(partner["to_Supplier"]["to_SupplierCompany"]["results"][0]["CompanyCode"].is_string());
    let email = &partner["to_BusinessPartnerAddress"]["results"][0]["to_EmailAddress"]["results"][0];
    assert!(email["EmailAddress"].as_str().unwrap().contains('@'));
    let no_supplier = bench.get(BUSINESS_PARTNER, "A_BusinessPartner('1000041')?$expand=to_Supplier").await.d();
    assert_eq!(no_supplier["to_Supplier"], Json::Null);
    assert_eq!(bench.get(BUSINESS_PARTNER, "A_BusinessPartner('1000041')/to_Supplier").await.status, 404);
}

#[tokio::test]
async fn the_server_cuts_pages_and_next_links_lead_through_all_rows_once() {
    let bench = Bench::start(53).await;
    assert_eq!(bench.control("page_cap?rows=7").await, 204);
    for (set, order) in [
        ("A_PurchaseOrder", ""),
        ("A_PurchaseOrder", "&$orderby=PurchaseOrder%20desc"),
        ("A_PurchaseOrder", "&$orderby=LastChangeDateTime,PurchaseOrder"),
        ("A_PurchaseOrder", "&$orderby=Supplier,LastChangeDateTime%20desc"),
        ("A_PurchaseOrderItem", ""),
    ] {
        let expected: usize = bench.get(ORDER, &format!("{set}/$count")).await.body.parse().unwrap();
        let mut next = Some(format!("{}{}/{set}?$inlinecount=allpages{order}", bench.sim.url, service(ORDER)));
        let mut seen = std::collections::BTreeSet::new();
        let mut pages = 0;
        while let Some(url) = next {
            let page = bench.send("GET", &url, &[], None).await;
            assert_eq!(page.d()["__count"], expected.to_string());
            for row in page.results() {
                assert!(
                    seen.insert(row["__metadata"]["uri"].as_str().unwrap().to_owned()),
                    "twice: {}",
                    row["__metadata"]
                );
            }
            pages += 1;
            next = page.d()["__next"].as_str().map(str::to_owned);
        }
        assert_eq!((seen.len(), pages), (expected, expected.div_ceil(7)), "{set} {order}");
    }
    let top = bench.get(ORDER, "A_PurchaseOrder?$top=10&$skip=3").await.d();
    let rest = bench.send("GET", top["__next"].as_str().unwrap(), &[], None).await;
    assert_eq!(rest.results().len(), 3, "the window goes on over the pages");
    assert_eq!(rest.results()[2]["PurchaseOrder"], "4500000012");
    assert!(rest.d()["__next"].is_null());
}

#[tokio::test]
async fn a_selection_shows_what_was_asked_for_and_nothing_else() {
    let bench = Bench::start(5).await;
    let path = "A_PurchaseOrder?$top=1&$select=Supplier,to_PurchaseOrderItem/Material&$expand=to_PurchaseOrderItem";
    let row = bench.get(ORDER, path).await.results().remove(0);
    let names = |row: &Json| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&row), ["Supplier", "__metadata", "to_PurchaseOrderItem"]);
    assert_eq!(names(&row["to_PurchaseOrderItem"]["results"][0]), ["Material", "__metadata"]);
    let hidden = bench.get(ORDER, "A_PurchaseOrder?$top=1&$select=Supplier&$expand=to_PurchaseOrderItem").await;
    assert_eq!(names(&hidden.results()[0]), ["Supplier", "__metadata"]);
}

#[tokio::test]
async fn errors_come_in_the_envelope_of_version_two() {
    let bench = Bench::start(5).await;
    let missing = bench.get(ORDER, "A_PurchaseOrder('4599999999')").await;
    let error = missing.json()["error"].clone();
    assert_eq!((missing.status, &error["code"]), (404, &Json::from("/IWBEP/CM_MGW_RT/020")));
    assert_eq!(
        error["message"],
        serde_json::json!({"lang": "en", "value": "Resource not found for segment 'A_PurchaseOrder'"})
    );
    assert_eq!(error["innererror"]["application"]["service_id"], ORDER);
    assert_eq!(error["innererror"]["timestamp"], "20260302093000.1234560");
    let nowhere = bench.get("API_NOTHING_SRV", "A_Thing").await;
    assert_eq!((nowhere.status, &nowhere.json()["error"]["code"]), (404, &Json::from("/IWBEP/CM_MGW_RT/026")));
    for wrong in [
        "A_PurchaseOrder?$filter=Colour%20eq%20'red'",
        "A_PurchaseOrder?$filter=PurchaseOrder%20eq%204500000001",
        "A_PurchaseOrder?$filter=LastChangeDateTime%20ge%20datetime'2026-01-01T00:00:00'",
        "A_PurchaseOrder?$filter=CreationDate%20ge%20datetimeoffset'2026-01-01T00:00:00Z'",
        "A_PurchaseOrder?$filter=(Supplier%20eq%20'1'",
        "A_PurchaseOrderNote?$filter=PlainLongText%20eq%20'x'",
        "A_PurchaseOrder?$select=Colour",
        "A_PurchaseOrder?$expand=to_Nothing",
        "A_PurchaseOrder?$orderby=Colour",
        "A_PurchaseOrder?$top=-1",
        "A_PurchaseOrder?$skiptoken=x",
        "A_PurchaseOrder?$fields=Supplier",
        "A_PurchaseOrder(4500000001)",
        "A_PurchaseOrderItem('4500000001')",
    ] {
        assert_eq!(bench.get(ORDER, wrong).await.status, 400, "{wrong}");
    }
}

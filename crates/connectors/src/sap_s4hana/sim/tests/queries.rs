//! `$filter` and `$orderby` against a plain reading of all rows.

use super::*;

fn encoded(text: &str) -> String {
    text.replace(' ', "%20").replace('+', "%2B").replace('&', "%26").replace('\u{f6}', "%C3%B6")
}

/// The rows that a filter gives, and the rows of the whole set that `keep` keeps.
async fn same(bench: &Bench, service: &str, set: &str, filter: &str, keep: impl Fn(&Json) -> bool) -> usize {
    let uri = |row: &Json| row["__metadata"]["uri"].clone();
    let all = bench.get(service, set).await.results();
    let expected: Vec<Json> = all.iter().filter(|row| keep(row)).map(uri).collect();
    let found = bench.get(service, &format!("{set}?$filter={}", encoded(filter))).await;
    let found: Vec<Json> = found.results().iter().map(uri).collect();
    assert_eq!(found, expected, "{filter}");
    let count = bench.get(service, &format!("{set}/$count?$filter={}", encoded(filter))).await.body;
    assert_eq!(count, expected.len().to_string(), "{filter}");
    found.len()
}

#[tokio::test]
async fn texts_numbers_and_truth_values_are_compared() {
    let bench = Bench::start(40).await;
    let text = |row: &Json, name: &str| row[name].as_str().unwrap().to_owned();
    let number = |row: &Json, name: &str| row[name].as_str().unwrap().parse::<f64>().unwrap();
    let set = "A_PurchaseOrderItem";
    for (filter, keep) in [
        ("Plant eq '1010'", (&|row: &Json| text(row, "Plant") == "1010") as &dyn Fn(&Json) -> bool),
        ("Plant ne '1010' and PurchaseOrderItem eq '10'", &|row| {
            text(row, "Plant") != "1010" && text(row, "PurchaseOrderItem") == "00010"
        }),
        ("Material eq 'sp-0003' or Material eq 'SP-0004'", &|row| {
            ["SP-0003", "SP-0004"].contains(&text(row, "Material").as_str())
        }),
        ("OrderQuantity gt 100.5M", &|row| number(row, "OrderQuantity") > 100.5),
        ("OrderQuantity le 20", &|row| number(row, "OrderQuantity") <= 20.0),
        ("20d ge OrderQuantity", &|row| number(row, "OrderQuantity") <= 20.0),
        ("IsCompletelyDelivered eq true", &|row| row["IsCompletelyDelivered"] == true),
        ("not IsCompletelyDelivered and NetPriceQuantity eq 1L", &|row| {
            row["IsCompletelyDelivered"] == false && number(row, "NetPriceQuantity") == 1.0
        }),
        ("not (Plant eq '1010' or Plant eq '1020')", &|row| text(row, "Plant") == "1710"),
        ("PurchasingDocumentDeletionCode eq ''", &|row| text(row, "PurchasingDocumentDeletionCode").is_empty()),
        ("substringof('bearing',PurchaseOrderItemText)", &|row| text(row, "PurchaseOrderItemText").contains("bearing")),
        ("substringof('sp-',Material) eq true", &|row| text(row, "Material").contains("SP-")),
        ("startswith(Material,'SP-000') and Plant eq '1710' or endswith(Material,'12')", &|row| {
            text(row, "Material").starts_with("SP-000") && text(row, "Plant") == "1710"
                || text(row, "Material").ends_with("12")
        }),
        ("tolower(Plant) eq '1020'", &|row| text(row, "Plant") == "1020"),
        ("PurchaseOrder ge '4500000010' and PurchaseOrder lt '4500000012'", &|row| {
            ["4500000010", "4500000011"].contains(&text(row, "PurchaseOrder").as_str())
        }),
        ("'4500000036' lt PurchaseOrder", &|row| text(row, "PurchaseOrder").as_str() > "4500000036"),
        ("PurchaseOrder eq 'X'", &|_| false),
        ("TaxDeterminationDate eq null and Plant eq '1020'", &|row| text(row, "Plant") == "1020"),
    ] {
        same(&bench, ORDER, set, filter, keep).await;
    }
    let found = same(
        &bench,
        BUSINESS_PARTNER,
        "A_BusinessPartner",
        "OrganizationBPName1 eq 'O''Brien & Sons Machine Shop'",
        |row| text(row, "OrganizationBPName1").starts_with("O'Brien"),
    );
    assert_eq!(found.await, 1);
    let guid = bench.get(BUSINESS_PARTNER, "A_BusinessPartner('1000005')").await.d()["BusinessPartnerUUID"]
        .as_str()
        .unwrap()
        .to_uppercase();
    let filter = format!("BusinessPartnerUUID eq guid'{guid}'");
    assert_eq!(
        same(&bench, BUSINESS_PARTNER, "A_BusinessPartner", &filter, |row| row["BusinessPartner"] == "1000005").await,
        1
    );
}

#[tokio::test]
async fn dates_and_times_are_compared_to_the_last_digit() {
    let bench = Bench::start(40).await;
    let etag =
        bench.get(ORDER, "A_PurchaseOrder('4500000020')").await.d()["__metadata"]["etag"].as_str().unwrap().to_owned();
    let exact = etag.split('\'').nth(1).unwrap();
    let changed: Timestamp = exact.parse().unwrap();
    let shown = |row: &Json, name: &str| row[name].as_str().unwrap()[6..19].parse::<i64>().unwrap();
    let millis = changed.as_millisecond();
    let set = "A_PurchaseOrder";
    let ge = same(&bench, ORDER, set, &format!("LastChangeDateTime ge datetimeoffset'{exact}'"), |row| {
        shown(row, "LastChangeDateTime") >= millis
    })
    .await;
    let gt = same(&bench, ORDER, set, &format!("LastChangeDateTime gt datetimeoffset'{exact}'"), |row| {
        shown(row, "LastChangeDateTime") > millis
    })
    .await;
    assert_eq!(ge, gt + 1);
    let cut = changed.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let since_cut = same(&bench, ORDER, set, &format!("LastChangeDateTime gt datetimeoffset'{cut}'"), |row| {
        shown(row, "LastChangeDateTime") >= millis
    })
    .await;
    assert!(since_cut > 0, "more digits are kept than shown, so that the row itself comes again");
    let lower =
        format!("LastChangeDateTime le datetimeoffset'{exact}' and CreationDate ge datetime'2026-01-05T00:00:00'");
    let monday: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
    same(&bench, ORDER, set, &lower, |row| {
        shown(row, "LastChangeDateTime") <= millis && shown(row, "CreationDate") >= monday.as_millisecond()
    })
    .await;
    let noon = "CreationTime lt time'PT12H00M00S'";
    let some = same(&bench, BUSINESS_PARTNER, "A_BusinessPartner", noon, |row| {
        row["CreationTime"].as_str().unwrap() < "PT12H"
    })
    .await;
    assert!((1..43).contains(&some));
}

#[tokio::test]
async fn the_documented_partner_watermark_finds_changed_and_new_partners() {
    let bench = Bench::start(5).await;
    let filter = "(LastChangeDate gt datetime'2026-01-01T00:00:00' or (LastChangeDate eq datetime'2026-01-01T00:00:00' \
                  and LastChangeTime ge time'PT08H00M00S')) or (LastChangeDate eq null and CreationDate ge datetime'2024-01-01T00:00:00')";
    let millis =
        |row: &Json, name: &str| row[name].as_str().map_or(0, |text| text[6..text.len() - 2].parse::<i64>().unwrap());
    let day: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let old: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let found =
        same(&bench, BUSINESS_PARTNER, "A_BusinessPartner", filter, |row| match row["LastChangeDate"].is_null() {
            true => millis(row, "CreationDate") >= old.as_millisecond(),
            false => millis(row, "LastChangeDate") > day.as_millisecond(),
        });
    assert!((2..43).contains(&found.await));
}

#[tokio::test]
async fn rows_are_ordered_by_several_properties() {
    let bench = Bench::start(60).await;
    let rows =
        bench.get(ORDER, "A_PurchaseOrder?$orderby=CompanyCode%20desc,Supplier,PurchaseOrder%20desc").await.results();
    let key = |row: &Json| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (std::cmp::Reverse(text("CompanyCode")), text("Supplier"), std::cmp::Reverse(text("PurchaseOrder")))
    };
    assert!(rows.is_sorted_by_key(key) && rows.len() == 60);
    let by_change = bench.numbers("$orderby=LastChangeDateTime,PurchaseOrder").await;
    let mut descending = bench.numbers("$orderby=LastChangeDateTime%20desc,PurchaseOrder%20desc").await;
    assert_ne!(by_change, descending);
    descending.reverse();
    assert_eq!(by_change, descending);
    assert_eq!(bench.control(&format!("touch_purchase_order?id={}", by_change[3])).await, 204);
    let after = bench.numbers("$orderby=LastChangeDateTime,PurchaseOrder").await;
    assert_eq!(after.last(), Some(&by_change[3]));
    assert_eq!(after.len(), 60);
    let newest = bench.numbers("$orderby=LastChangeDateTime%20desc&$top=1").await;
    assert_eq!(newest, [by_change[3].clone()]);
}

#[tokio::test]
async fn a_page_after_a_key_starts_there_among_a_million_orders() {
    let bench = Bench::start(1_000_000).await;
    let filter =
        encoded("LastChangeDateTime ge datetimeoffset'2020-01-01T00:00:00Z' and PurchaseOrder gt '4500987654'");
    let rows = bench.numbers(&format!("$filter={filter}&$orderby=PurchaseOrder&$top=2")).await;
    assert_eq!(rows, ["4500987655", "4500987656"]);
    assert_eq!(bench.get(ORDER, "A_PurchaseOrder/$count").await.body, "1000000");
    let last = encoded("LastChangeDateTime ge datetimeoffset'2026-03-02T09:29:00Z'");
    assert!(!bench.numbers(&format!("$filter={last}&$top=5")).await.is_empty());
}

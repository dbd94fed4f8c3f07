//! Meters and their readings: services that SAP has in version 4 of OData only, and not in every system.

use std::time::Duration;

use serde_json::json;
use trunnion_kit::error::Error;
use trunnion_model::record::Incoming;

use super::client::{Client, asked, control, data, newest};
use super::systems::{simulated, simulated_without};

const SAP: &str = "sap-s4hana";

fn found<'r>(records: &'r [Incoming], id: &str) -> &'r Incoming {
    records.iter().find(|record| record.remote_id == id).unwrap_or_else(|| panic!("no {id}"))
}

#[tokio::test]
async fn a_meter_says_what_it_measures_where_in_which_unit_and_whether_it_counts() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    let meters = client.read("meter", None, 7).await;
    assert_eq!(meters.len(), 18, "all pages, and no question which version is offered: {:?}", asked(&system));
    assert_eq!(asked(&system), ["200 GET MeasuringPoint"; 4]);
    let hours = data(found(&meters, "101"));
    assert_eq!((&hours["name"], &hours["code"]), (&json!("Operating hours"), &json!("101")));
    assert_eq!((&hours["asset_remote_id"], &hours["asset_code"]), (&json!("10000001"), &json!("10000001")));
    assert_eq!((&hours["unit"], &hours["remote_unit"]), (&json!("HUR"), &json!("H")));
    assert_eq!(
        (&hours["counter"], &hours["counts_down"], &hours["active"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert_eq!(data(found(&meters, "115"))["active"], false);
    let at_a_place = data(found(&meters, "118"));
    assert_eq!(
        (&at_a_place["location_remote_id"], at_a_place.get("asset_remote_id")),
        (&json!("F/1010-UTL-AIR"), None)
    );
    let day = |id: &str| found(&meters, id).remote_modified_at.unwrap();
    let created = found(&meters, "101").remote_created_at.unwrap();
    assert_eq!(day("101"), created, "what was never changed was last changed when it was created");
    assert!(day("102") > created);
}

#[tokio::test]
async fn a_reading_is_a_decimal_as_it_was_written_and_its_difference_has_the_unit_that_sap_reckons_in() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    let readings = client.read("meter_reading", None, 40).await;
    assert_eq!(readings.len(), 6 * 17);
    let later =
        readings.iter().map(data).find(|one| one["meter_code"] == "101" && one["memo"] == "Weekly round").unwrap();
    assert_eq!((&later["value"], &later["unit"]), (&json!("4368"), &json!("HUR")));
    assert_eq!((&later["difference"], &later["difference_unit"]), (&json!("604800"), &json!("SEC")));
    assert_eq!((&later["read_by"], &later["reversed"]), (&json!("OPERATOR"), &json!(false)));
    assert!(later["read_at"].as_str().unwrap().ends_with("Z"));
    // No float could hold both of these, and none was asked to.
    let raw = &readings.iter().find(|one| data(one)["number"] == later["number"]).unwrap().raw;
    assert!(raw.contains("\"MsmtCounterReadingDifference\":604800,"), "{raw}");
}

#[tokio::test]
async fn what_was_read_lately_is_asked_for_and_so_is_what_was_taken_back_since() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    let all = client.read("meter_reading", None, 500).await;
    let reversed = |records: &[Incoming]| -> Vec<String> {
        records.iter().filter(|one| data(one)["reversed"] == true).map(|one| one.remote_id.clone()).collect()
    };
    let before = reversed(&all);
    assert_eq!(before.len(), 1);
    let since = newest(&all).checked_add(Duration::from_secs(1)).unwrap();
    assert_eq!(reversed(&client.read("meter_reading", Some(since), 500).await), before, "and nothing else");
    control(&system, "reverse_measurement?id=10003").await;
    let changed = client.read("meter_reading", Some(since), 500).await;
    assert_eq!(reversed(&changed), [String::from("10003"), before[0].clone()]);
    let meters = client.read("meter", None, 500).await;
    let since = newest(&meters);
    let lately = client.read("meter", Some(since), 500).await;
    assert!(lately.len() == 1 && lately[0].remote_modified_at == Some(since.as_microsecond()), "{}", lately.len());
}

#[tokio::test]
async fn a_reading_is_created_with_its_digits_its_time_and_the_write_key_by_which_it_is_found() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    let before = client.read("meter_reading", None, 500).await.len();
    // As a float it would have other digits.
    let body = json!({
        "meter_remote_id": "103", "value": "61.300001", "unit": "CEL", "read_at": "2024-03-01T22:15:59.75Z", "read_by": "MILLER",
    });
    let sent = client.sent("meter_reading", &body, "READING01");
    assert!(sent.to_json().contains("\"MeasurementReadingInEntryUoM\":61.300001"), "{}", sent.to_json());
    let id = client.create("meter_reading", &body, "READING01").await.unwrap();
    let vendor = &client.connector().vendor;
    let found = vendor.find_written(&client.link, client.entity("meter_reading"), "READING01").await.unwrap();
    assert_eq!(found.as_deref(), Some(id.as_str()));
    let made = client.one("meter_reading", &id).await;
    for (member, value) in [
        ("value", "61.300001"),
        ("unit", "CEL"),
        ("read_at", "2024-03-01T22:15:59.000000Z"),
        ("read_by", "MILLER"),
        ("memo", "READING01"),
    ] {
        assert_eq!(made[member], value, "{made}");
    }
    let now = client.link.source_now().to_string();
    let whole = json!({"meter_remote_id": "101", "value": "9000", "read_at": now});
    let counted = client.create("meter_reading", &whole, "READING02").await.unwrap();
    let counted = client.one("meter_reading", &counted).await;
    assert_eq!(
        (&counted["value"], &counted["unit"]),
        (&json!("9000"), &json!("HUR")),
        "in the meter's own unit: {counted}"
    );
    assert_ne!(counted["difference"], "0");
    assert_eq!(client.read("meter_reading", None, 500).await.len(), before + 2);
}

#[tokio::test]
async fn what_sap_says_against_a_reading_is_told() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    for (meter, value, unit, told) in [
        ("101", "1", "HUR", "does not go on from the one before"),
        ("103", "1", "BAR", "cannot be converted into K"),
        ("115", "1", "CEL", "is inactive"),
    ] {
        let now = client.link.source_now().to_string();
        let body = json!({"meter_remote_id": meter, "value": value, "unit": unit, "read_at": now});
        match client.create("meter_reading", &body, "REFUSED").await {
            Err(Error::Rejected(message)) => assert!(message.text.contains(told), "{message:?}"),
            other => panic!("{meter}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_system_without_these_services_connects_and_reads_all_else() {
    let system = simulated_without(SAP, 5, &["meters"]).await;
    let client = Client::new(SAP, &system);
    client.probe().await;
    assert_eq!(client.read("purchase_order", None, 50).await.len(), 5);
    let window = trunnion_kit::vendor::Window { limit: 20, ..Default::default() };
    for entity in ["meter", "meter_reading"] {
        let refused = client.connector().vendor.page(&client.link, client.entity(entity), &window).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{entity}: {refused:?}");
    }
}

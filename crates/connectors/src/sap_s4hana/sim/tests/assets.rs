//! Equipment with its validity rows, and functional locations.

use serde_json::json;

use super::*;

const NOW_VALID: &str = "ValidityEndDate=datetime'9999-12-31T00:00:00'";

#[tokio::test]
async fn a_piece_of_equipment_that_was_moved_has_several_rows_and_one_that_holds() {
    let bench = Bench::logged_on(1).await;
    let rows = async || bench.get(EQUIPMENT, "Equipment?$filter=Equipment%20eq%20'10000001'").await.results();
    assert_eq!(rows().await.len(), 1);
    assert_eq!(bench.control("reassign_equipment?id=10000001").await, 204);
    let both = rows().await;
    let ends: Vec<_> = both.iter().map(|row| row["ValidityEndDate"].as_str().unwrap()).collect();
    assert_eq!(ends, ["/Date(1772323200000)/", "/Date(253402214400000)/"]);
    assert_ne!(both[0]["CostCenter"], both[1]["CostCenter"]);
    let path = format!("Equipment(Equipment='10000001',{NOW_VALID})");
    let holds = bench.get(EQUIPMENT, &path).await.d();
    assert_eq!(holds["CostCenter"], both[1]["CostCenter"]);
    assert!(holds["__metadata"]["uri"].as_str().unwrap().contains("datetime'9999-12-31T00%3A00%3A00'"));
    let filtered =
        "Equipment?$filter=ValidityEndDate%20eq%20datetime'9999-12-31T00:00:00'&$inlinecount=allpages&$top=1";
    assert_eq!(bench.get(EQUIPMENT, filtered).await.d()["__count"], "30");
}

#[tokio::test]
async fn equipment_is_created_installed_changed_with_its_version_and_set_inactive() {
    let bench = Bench::logged_on(1).await;
    let body = json!({"EquipmentName": "Spare pump", "MaintenancePlant": "1710", "FunctionalLocationLabelName": "1710-UTL-BLR"});
    let made = bench.post(EQUIPMENT, "Equipment", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let d = made.d();
    assert_eq!((&d["Equipment"], &d["EquipmentIsInstalled"]), (&json!("10000031"), &json!(true)));
    let path = format!("Equipment(Equipment='10000031',{NOW_VALID})");
    let name = json!({"EquipmentName": "Boiler feed pump"});
    assert_eq!(bench.change("PATCH", EQUIPMENT, &path, None, Some(&name)).await.status, 428);
    let etag = made.header("etag").unwrap();
    assert_eq!(bench.change("PATCH", EQUIPMENT, &path, Some(etag), Some(&name)).await.status, 204);
    assert_eq!(bench.change("PATCH", EQUIPMENT, &path, Some(etag), Some(&name)).await.status, 412);
    let etag = bench.get(EQUIPMENT, &path).await.header("etag").unwrap().to_owned();
    let call = "SetEquipmentToInactive?Equipment='10000031'&ValidityEndDate=datetime'9999-12-31T00:00:00'";
    assert_eq!(bench.change("POST", EQUIPMENT, call, Some(&etag), None).await.status, 200);
    assert_eq!(bench.get(EQUIPMENT, &path).await.d()["EquipmentIsInactive"], true);
    let wrong =
        json!({"EquipmentName": "Nowhere", "MaintenancePlant": "9999", "FunctionalLocationLabelName": "NOWHERE"});
    let refused = bench.post(EQUIPMENT, "Equipment", &wrong).await;
    assert_eq!(
        refused.details(),
        ["Maintenance plant 9999 does not exist", "Functional location NOWHERE does not exist"]
    );
}

#[tokio::test]
async fn functional_locations_form_a_tree() {
    let bench = Bench::start(1).await;
    let rows = bench.get("API_FUNCTIONALLOCATION", "FunctionalLocation").await.results();
    let keys: Vec<_> = rows.iter().map(|row| row["FunctionalLocation"].as_str().unwrap()).collect();
    for row in &rows {
        let above = row["SuperiorFunctionalLocation"].as_str().unwrap();
        assert!(above.is_empty() || keys.contains(&above), "{above}");
    }
    assert_eq!(rows.len(), 12);
}

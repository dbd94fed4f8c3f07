//! Maintenance orders and notifications: created, and moved by functions only.

use serde_json::json;

use super::*;

async fn created(bench: &Bench) -> String {
    let body = json!({
        "MaintenanceOrderType": "YA01", "Equipment": "10000003", "MaintPriority": "2", "MaintenanceOrderDesc": "Replace the bearing",
        "to_MaintenanceOrderOperation": [
            {"OperationDescription": "Isolate", "MaintOrdOperationWorkDuration": "1.5",
             "to_MaintOrderOpComponent_2": [{"Product": "SP-0001", "MaintOrdOpCompRequiredQuantity": "2"}]},
            {"OperationDescription": "Replace"},
        ],
    });
    let answer = bench.post(MAINTENANCE, "MaintenanceOrder", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.d()["MaintenanceOrder"].as_str().unwrap().to_owned()
}

async fn read(bench: &Bench, number: &str) -> Json {
    bench
        .get(
            MAINTENANCE,
            &format!("MaintenanceOrder('{number}')?$expand=to_MaintenanceOrderOperation/to_MaintOrderOpComponent_2"),
        )
        .await
        .d()
}

/// Calls a function with the order's version of now.
async fn call(bench: &Bench, function: &str, number: &str) -> Answer {
    let etag = read(bench, number).await["__metadata"]["etag"].as_str().unwrap().to_owned();
    bench.change("POST", MAINTENANCE, &format!("{function}?MaintenanceOrder='{number}'"), Some(&etag), None).await
}

#[tokio::test]
async fn an_order_takes_its_defaults_from_the_equipment_and_its_operations_are_numbered() {
    let bench = Bench::logged_on(1).await;
    let number = created(&bench).await;
    let order = read(&bench, &number).await;
    assert_eq!(order["MaintOrdProcessPhaseCode"], "03");
    assert!(order["SystemStatusText"].as_str().unwrap().starts_with("CRTD "));
    assert_ne!(order["FunctionalLocation"], "");
    let operations = order["to_MaintenanceOrderOperation"]["results"].as_array().unwrap();
    let numbers: Vec<_> = operations.iter().map(|row| row["MaintenanceOrderOperation"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["0010", "0020"]);
    let component = &operations[0]["to_MaintOrderOpComponent_2"]["results"][0];
    assert_eq!((&component["BaseUnit"], &component["MaintOrdOpCompRequiredQuantity"]), (&json!("EA"), &json!("2.000")));
}

#[tokio::test]
async fn an_order_goes_from_release_over_completion_to_closing_and_refuses_what_is_not_next() {
    let bench = Bench::logged_on(1).await;
    let number = created(&bench).await;
    let refused = call(&bench, "SetMaintOrderStatusToClosed", &number).await;
    let text = format!("Business transaction \"Close\" is not allowed: system status CRTD is active (ORD {number})");
    assert_eq!(refused.details(), [text]);
    for (function, phase, status) in [
        ("ReleaseMaintenanceOrder", "07", "REL"),
        ("SetMaintOrdToMainWorkComplete", "08", "CNF"),
        ("SetMaintOrdToTechCompleted", "08", "TECO"),
        ("SetMaintOrderStatusToClosed", "09", "CLSD"),
    ] {
        let done = call(&bench, function, &number).await;
        assert_eq!(done.d(), json!({function: {"IsInvalid": false}}));
        let order = read(&bench, &number).await;
        assert_eq!(order["MaintOrdProcessPhaseCode"], phase, "{function}");
        assert!(order["SystemStatusText"].as_str().unwrap().starts_with(status), "{}", order["SystemStatusText"]);
        assert_eq!(call(&bench, function, &number).await.status, 400);
    }
    let etag = read(&bench, &number).await["__metadata"]["etag"].as_str().unwrap().to_owned();
    let path = format!("MaintenanceOrder('{number}')");
    let body = json!({"MaintenanceOrderDesc": "Too late"});
    let changed = bench.change("PATCH", MAINTENANCE, &path, Some(&etag), Some(&body)).await;
    assert_eq!(changed.details(), [format!("Order {number} cannot be changed: system status CLSD")]);
}

#[tokio::test]
async fn a_function_wants_the_version_and_its_parameters() {
    let bench = Bench::logged_on(1).await;
    let number = created(&bench).await;
    let release = format!("ReleaseMaintenanceOrder?MaintenanceOrder='{number}'");
    assert_eq!(bench.change("POST", MAINTENANCE, &release, None, None).await.status, 428);
    let stale = Some("W/\"datetimeoffset'2020-01-01T00:00:00.0000000Z'\"");
    assert_eq!(bench.change("POST", MAINTENANCE, &release, stale, None).await.status, 412);
    let missing = bench.change("POST", MAINTENANCE, "ReleaseMaintenanceOrder", Some("*"), None).await;
    assert_eq!(missing.status, 400, "{}", missing.body);
    let unknown = bench.change("POST", MAINTENANCE, "ReleaseMaintenanceOrder?Order='1'", Some("*"), None).await;
    assert_eq!(unknown.status, 400, "{}", unknown.body);
    let body = json!({"MaintOrdProcessPhaseCode": "09", "MaintenanceOrderDesc": "Status is not a field"});
    let etag = read(&bench, &number).await["__metadata"]["etag"].as_str().unwrap().to_owned();
    let changed =
        bench.change("PATCH", MAINTENANCE, &format!("MaintenanceOrder('{number}')"), Some(&etag), Some(&body)).await;
    assert_eq!(changed.status, 204);
    assert_eq!(read(&bench, &number).await["MaintOrdProcessPhaseCode"], "03");
}

#[tokio::test]
async fn only_the_second_version_of_the_service_is_served() {
    let bench = Bench::logged_on(1).await;
    assert_eq!(bench.get("API_MAINTENANCEORDER", "MaintenanceOrder").await.status, 404);
    assert_eq!(bench.get("API_MAINTENANCEORDER;v=0002", "MaintenanceOrder/$count").await.body, "40");
}

#[tokio::test]
async fn completing_an_order_may_close_its_notification() {
    let bench = Bench::logged_on(1).await;
    let report = json!({"NotificationText": "Runs hot", "NotificationType": "M1", "TechObjIsEquipOrFuncnlLoc": "EAMS_EQUI",
        "TechnicalObject": "10000003", "MaintPriority": "1"});
    let notification = bench.post(NOTIFICATION, "MaintenanceNotification", &report).await.d();
    let id = notification["MaintenanceNotification"].as_str().unwrap();
    assert_eq!(
        (&notification["NotifProcessingPhase"], &notification["ReportedByUser"]),
        (&json!("1"), &json!("TRUNNION"))
    );
    let start = format!("SetMaintNotifToInProcess?MaintenanceNotification='{id}'");
    let started = bench.change("POST", NOTIFICATION, &start, None, None).await;
    assert_eq!(started.d()["NotifProcessingPhase"], "3");
    let body =
        json!({"MaintenanceOrderType": "YA01", "MaintenanceOrderDesc": "Cool it", "MaintenanceNotification": id});
    let order = bench.post(MAINTENANCE, "MaintenanceOrder", &body).await.d();
    let number = order["MaintenanceOrder"].as_str().unwrap();
    assert_eq!(call(&bench, "ReleaseMaintenanceOrder", number).await.status, 200);
    let etag = read(&bench, number).await["__metadata"]["etag"].as_str().unwrap().to_owned();
    let teco = format!("SetMaintOrdToTechCompleted?MaintenanceOrder='{number}'&AssignedMaintNotifIsToBeClosed=true");
    assert_eq!(bench.change("POST", MAINTENANCE, &teco, Some(&etag), None).await.status, 200);
    let closed = bench.get(NOTIFICATION, &format!("MaintenanceNotification('{id}')")).await.d();
    assert_eq!(closed["NotifProcessingPhase"], "4");
}

#[tokio::test]
async fn a_created_order_can_be_left_undone_and_taken_up_again() {
    let bench = Bench::logged_on(1).await;
    let number = created(&bench).await;
    assert_eq!(call(&bench, "SetMaintOrderToDoNotExecute", &number).await.status, 200);
    assert_eq!(call(&bench, "ReleaseMaintenanceOrder", &number).await.status, 400);
    assert_eq!(call(&bench, "ResetStatusFromDoNotExecute", &number).await.status, 200);
    assert_eq!(call(&bench, "SubmitMaintOrderForApproval", &number).await.status, 200);
    assert_eq!(call(&bench, "ReleaseMaintenanceOrder", &number).await.status, 400, "it waits for approval");
    assert_eq!(call(&bench, "ApproveMaintenanceOrder", &number).await.status, 200);
    assert_eq!(call(&bench, "ReleaseMaintenanceOrder", &number).await.status, 200);
}

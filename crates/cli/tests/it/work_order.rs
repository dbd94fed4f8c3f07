//! The life of a work order, through the API: each status by the system's own functions, illegal moves refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Reply, Server, Simulator};
use crate::tryton::sandbox;

async fn moved(api: &Api, id: &str, status: &str) -> Reply {
    api.send(Method::PATCH, &format!("/work-orders/{id}"), Some(&json!({"status": status})), None).await
}

/// The functions that the simulator was asked for since it was asked last.
async fn functions(simulator: &Simulator) -> Vec<String> {
    let asked = simulator.requests().await;
    let called = asked.iter().filter(|asked| asked.method == "POST" && asked.status == 200);
    called.filter_map(|asked| asked.path.rsplit('/').next().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_order_goes_from_open_to_closed_by_release_and_technical_completion() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let (simulator, api) = sandbox(&server, data.path(), "sap-s4hana", 5).await;
    let body = json!({
        "title": "Replace the bearing", "type": "YA01", "priority": "high", "asset_code": "10000003",
        "tasks": [{"title": "Isolate and open", "planned_hours": "1.5"}, {"title": "Replace", "planned_hours": "2"}],
        "parts": [{"item_sku": "SP-0001", "quantity": "2", "unit": "EA"}],
    });
    let made = api.send(Method::POST, "/work-orders", Some(&body), Some("work")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let order = made.body;
    assert_eq!((&order["status"], &order["estimated_hours"]), (&json!("open"), &json!("3.5")));
    assert_eq!((&order["priority"], &order["parts"][0]["item_sku"]), (&json!("high"), &json!("SP-0001")));
    let id = order["id"].as_str().unwrap();
    // Not everything is next to everything: closed is three calls away, and all of them are made.
    let steps = [
        ("in_progress", vec!["ReleaseMaintenanceOrder"]),
        ("completed", vec!["SetMaintOrdToTechCompleted"]),
        ("closed", vec!["SetMaintOrderStatusToClosed"]),
    ];
    let mut called = functions(&simulator).await.len();
    for (status, expected) in steps {
        let reply = moved(&api, id, status).await;
        assert_eq!((reply.status, &reply.body["status"]), (200, &json!(status)), "{}", reply.body);
        let functions = functions(&simulator).await;
        assert_eq!(functions[called..], expected, "{status}");
        called = functions.len();
    }
    let refused = moved(&api, id, "scheduled").await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let told = refused.body.to_string();
    assert!(told.contains("completed") && told.contains("in_progress"), "the legal ones are named: {told}");
    let read: Value = api.get(&format!("/work-orders/{id}")).await;
    assert_eq!(read["status"], "closed");
    let other = api.send(Method::POST, "/work-orders", Some(&body), Some("other")).await;
    let other = other.body["id"].as_str().unwrap().to_owned();
    let reply = moved(&api, &other, "completed").await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("completed")), "{}", reply.body);
    assert_eq!(functions(&simulator).await[called..], ["ReleaseMaintenanceOrder", "SetMaintOrdToTechCompleted"]);
    // Locked fields are refused before anything is sent.
    let title = json!({"title": "Too late"});
    let locked = api.send(Method::PATCH, &format!("/work-orders/{id}"), Some(&title), None).await;
    assert_eq!((locked.status, &locked.body["errors"][0]["pointer"]), (422, &json!("/title")), "{}", locked.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_refused_half_way_tells_what_was_done() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let (simulator, api) = sandbox(&server, data.path(), "sap-s4hana", 5).await;
    let body = json!({"title": "Replace the bearing", "type": "YA01", "asset_code": "10000003",
        "tasks": [{"title": "Replace", "planned_hours": "2"}]});
    let made = api.send(Method::POST, "/work-orders", Some(&body), Some("work")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["id"].as_str().unwrap();
    simulator.fault("403:next=1,path=SetMaintOrdToTechCompleted").await;
    let change = json!({"title": "Replace both bearings", "status": "completed"});
    let send = async || api.send(Method::PATCH, &format!("/work-orders/{id}"), Some(&change), Some("both")).await;
    let refused = send().await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("PERMISSION_DENIED")), "{}", refused.body);
    assert_eq!(refused.body["vendor"]["done"], json!(["fields", "release"]), "{}", refused.body);
    let read: Value = api.get(&format!("/work-orders/{id}")).await;
    assert_eq!((&read["title"], &read["status"]), (&json!("Replace both bearings"), &json!("in_progress")));
    let again = send().await;
    assert_eq!((again.status, &again.body["vendor"]), (403, &refused.body["vendor"]), "a repeat is answered the same");
    // Another key does the rest.
    let reply = moved(&api, id, "completed").await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("completed")), "{}", reply.body);
}

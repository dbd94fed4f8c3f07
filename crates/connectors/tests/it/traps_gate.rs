//! Traps at SAP's gate: logins, sessions, rights, and the many ways in which it says no. Each test is named after one.

use serde_json::json;
use trunnion_kit::error::Error;

use super::client::{Client, asked, control, raw};
use super::systems::{simulated, simulated_without};

const SAP: &str = "sap-s4hana";
const ORDERS: &str = "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV";

#[tokio::test]
async fn sap_the_client_stands_in_every_address_or_another_ones_data_would_come() {
    let system = simulated_without(SAP, 20, &["odata-v4"]).await;
    let mut credentials = system.credentials.clone();
    credentials["client"] = "200".into();
    let client = Client::with(SAP, &credentials);
    client.probe().await;
    let id = client.create("purchase_order", &client.order().await, "CLIENT").await.unwrap();
    client.update("purchase_order", &id, &json!({"reference": "ours"})).await.unwrap();
    client.act("purchase_order", &id, "cancel").await.unwrap();
    client.read("location", None, 10).await;
    client.read("purchase_requisition", None, 50).await;
    let requests = system.sim.control.requests();
    let without: Vec<_> = requests.iter().filter(|logged| !logged.query.contains("sap-client=200")).collect();
    assert!(requests.len() > 10 && without.is_empty(), "{without:?}");
}

#[tokio::test]
async fn sap_a_wrong_password_is_tried_once_because_five_lock_the_user() {
    let system = simulated(SAP, 20).await;
    let mistyped = Client::with(SAP, &system.wrong);
    for _ in 0..6 {
        let refused = mistyped.first_page("vendor").await;
        assert!(matches!(refused, Err(Error::Authentication(_))), "{refused:?}");
    }
    assert_eq!(asked(&system), ["401 GET A_BusinessPartner"]);
    assert_eq!(Client::new(SAP, &system).first_page("vendor").await.unwrap(), 10, "the user is locked");
}

#[tokio::test]
async fn sap_a_locked_user_gets_the_same_page_as_a_wrong_password_and_is_not_asked_for_again_and_again() {
    let system = simulated(SAP, 20).await;
    let url = format!("{}{ORDERS}/A_PurchaseOrder", system.sim.url);
    let user = system.credentials["username"].as_str().unwrap();
    for _ in 0..5 {
        let refused = reqwest::Client::new().get(&url).basic_auth(user, Some("mistyped")).send().await.unwrap();
        assert_eq!(refused.status(), 401);
    }
    system.sim.control.clear_requests();
    let client = Client::new(SAP, &system);
    for _ in 0..3 {
        let Err(Error::Authentication(message)) = client.first_page("vendor").await else { panic!("let in") };
        assert!(message.text.contains("Logon failed") && !message.text.contains('<'), "{}", message.text);
    }
    assert_eq!(asked(&system).len(), 1, "{:?}", asked(&system));
    control(&system, "unlock").await;
    assert_eq!(Client::new(SAP, &system).first_page("vendor").await.unwrap(), 10);
}

#[tokio::test]
async fn sap_a_refused_token_is_known_by_its_header_whatever_stands_in_the_body() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    let order = client.order().await;
    client.create("purchase_order", &order, "FIRST").await.unwrap();
    control(&system, "wrapped_token_refusal?on=true").await;
    system.sim.control.move_clock_ahead(std::time::Duration::from_secs(31 * 60));
    system.sim.control.clear_requests();
    client.create("purchase_order", &order, "SECOND").await.unwrap();
    assert_eq!(asked(&system), ["403 POST PurchaseOrder", "200 GET 0001", "201 POST PurchaseOrder"]);
}

#[tokio::test]
async fn sap_a_403_without_that_header_is_a_missing_right_and_no_token_is_fetched_for_it() {
    let system = simulated_without(SAP, 20, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let order = client.order().await;
    client.create("purchase_order", &order, "FIRST").await.unwrap();
    control(&system, "forbid?set=A_PurchaseOrder").await;
    system.sim.control.clear_requests();
    for refused in [
        client.create("purchase_order", &order, "SECOND").await.map(drop),
        client.first_page("purchase_order").await.map(drop),
    ] {
        let Err(Error::Permission(message)) = refused else { panic!("{refused:?}") };
        assert_eq!(message.code.as_deref(), Some("/IWBEP/CM_MGW_RT/000"));
        assert!(message.text.contains("sufficient authorizations"), "{}", message.text);
    }
    assert_eq!(asked(&system), ["403 POST A_PurchaseOrder", "403 GET A_PurchaseOrder"]);
    assert_eq!(client.first_page("vendor").await.unwrap(), 10, "what is allowed still comes");
}

#[tokio::test]
async fn sap_a_service_that_nobody_released_answers_403_or_404_and_only_its_own_objects_are_missing() {
    for status in [403, 404] {
        let system = simulated(SAP, 20).await;
        control(&system, &format!("withdraw?service=API_EQUIPMENT&status={status}")).await;
        let client = Client::new(SAP, &system);
        client.probe().await;
        let missing = client.first_page("asset").await.unwrap_err();
        let is_told = matches!(&missing, Error::Permission(_) | Error::NotFound(_));
        let message = missing.vendor().unwrap();
        assert!(is_told && message.code.as_deref() == Some("/IWBEP/CM_MGW_RT/026"), "{missing:?}");
        assert!(message.text.contains("name API_EQUIPMENT"), "{}", message.text);
        assert_eq!(client.first_page("vendor").await.unwrap(), 10);
    }
}

#[tokio::test]
async fn sap_what_its_checks_refuse_may_come_as_500_and_is_a_refusal_all_the_same() {
    for without in [&["odata-v4"][..], &[]] {
        let system = simulated_without(SAP, 20, without).await;
        let client = Client::new(SAP, &system);
        control(&system, "business_errors_as_500?on=true").await;
        let mut order = client.order().await;
        order["vendor_remote_id"] = "99999999".into();
        let refused = client.create("purchase_order", &order, "REFUSED").await.unwrap_err();
        let Error::Rejected(message) = &refused else { panic!("{refused:?}") };
        assert_eq!(message.status, Some(500));
        assert!(message.text.contains("99999999 does not exist"), "{}", message.text);
    }
}

#[tokio::test]
async fn sap_what_helps_stands_in_the_details_and_neither_the_first_line_nor_the_wrapper_is_all_that_is_told() {
    let system = simulated_without(SAP, 20, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let mut order = client.order().await;
    order["payment_terms"] = "ZZZZ".into();
    order["vendor_remote_id"] = "99999999".into();
    let Err(Error::Rejected(message)) = client.create("purchase_order", &order, "REFUSED").await else { panic!() };
    let told: Vec<&str> = message.text.split("; ").collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!((message.code.as_deref(), told[0]), (Some("MEPO/002"), "PO header data still faulty"));
    assert!(told[1].contains("ZZZZ") && told[2].contains("99999999"), "{told:?}");
}

#[tokio::test]
async fn sap_a_page_of_html_where_the_data_should_be_is_told_in_words_and_changes_nothing() {
    let system = simulated_without(SAP, 20, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let order = client.order().await;
    system.sim.control.add_fault("500:next=1,method=POST".parse().unwrap());
    let unclear = client.create("purchase_order", &order, "HTML").await.unwrap_err();
    assert!(matches!(unclear, Error::OutcomeUnknown(_)), "a 500 without an envelope says nothing: {unclear:?}");
    let vendor = &client.connector().vendor;
    let found = vendor.find_written(&client.link, client.entity("purchase_order"), "HTML").await.unwrap();
    assert_eq!(found, None);
}

#[tokio::test]
async fn sap_a_warning_comes_with_success_and_is_no_refusal() {
    for without in [&["odata-v4"][..], &[]] {
        let system = simulated_without(SAP, 20, without).await;
        let client = Client::new(SAP, &system);
        let mut order = client.order().await;
        order["lines"][0]["required_on"] =
            jiff::tz::TimeZone::UTC.to_datetime(client.link.source_now()).date().to_string().into();
        let id = client.create("purchase_order", &order, "WARNED").await.unwrap();
        assert_eq!(
            client.one("purchase_order", &id).await["lines"][0]["required_on"],
            order["lines"][0]["required_on"]
        );
    }
}

#[tokio::test]
async fn sap_an_object_that_a_colleague_has_open_is_tried_again_until_he_is_done() {
    for without in [&["odata-v4"][..], &[]] {
        let system = simulated_without(SAP, 20, without).await;
        let client = Client::new(SAP, &system);
        let id = client.create("purchase_order", &client.order().await, "OPEN").await.unwrap();
        control(&system, &format!("hold_open?key={id}&times=2")).await;
        system.sim.control.clear_requests();
        client.update("purchase_order", &id, &json!({"reference": "ours"})).await.unwrap();
        assert_eq!(client.one("purchase_order", &id).await["reference"], "ours");
        let tries = system.sim.control.requests().iter().filter(|logged| logged.method == "PATCH").count();
        assert_eq!(tries, 3, "{:?}", asked(&system));
    }
}

#[tokio::test]
async fn sap_an_object_that_stays_open_elsewhere_is_left_alone_and_it_is_said_who_has_it() {
    let system = simulated_without(SAP, 20, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let id = client.create("purchase_order", &client.order().await, "OPEN").await.unwrap();
    let line = client.one("purchase_order", &id).await["lines"][0]["remote_line_id"].clone();
    control(&system, &format!("hold_open?key={id}&times=1000")).await;
    let receipt = json!({"purchase_order_remote_id": id,
        "lines": [{"purchase_order_remote_line_id": line, "quantity": "1"}]});
    let refused = client.create("goods_receipt", &receipt, "OPENRECEIPT").await.unwrap_err();
    let Error::Rejected(message) = &refused else { panic!("{refused:?}") };
    assert_eq!(
        (message.code.as_deref(), message.text.as_str()),
        (Some("ME/006"), &*format!("Document {id} is locked by user MILLER"))
    );
    let vendor = &client.connector().vendor;
    assert_eq!(vendor.find_written(&client.link, client.entity("goods_receipt"), "OPENRECEIPT").await.unwrap(), None);
}

#[tokio::test]
async fn sap_a_change_of_what_somebody_else_saved_meanwhile_is_refused_over_version_2_too() {
    let system = simulated_without(SAP, 20, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let (vendor, spec) = (&client.connector().vendor, client.entity("purchase_order"));
    let page = vendor.one(&client.link, spec, "4500000007").await.unwrap();
    let rows = page.rows().unwrap();
    control(&system, "touch_purchase_order?id=4500000007").await;
    let setting = |name: &str| client.link.setting(name).map(str::to_owned);
    let cx = trunnion_kit::mapping::WriteContext { setting: &setting, write_key: "" };
    let body = json!({"reference": "late"});
    let change = trunnion_kit::mapping::to_change(spec, body.as_object().unwrap(), Default::default(), &cx).unwrap();
    let target = trunnion_kit::vendor::Target { remote_id: "4500000007", row: &rows[0] };
    let refused = vendor.update(&client.link, spec, target, change).await;
    assert!(matches!(refused, Err(Error::Changed(_))), "{refused:?}");
    assert_ne!(client.one("purchase_order", "4500000007").await.get("reference"), Some(&json!("late")));
    // A change that names no version would be taken by no one.
    let path = format!("{ORDERS}/A_PurchaseOrder('4500000007')");
    let (status, _) = client.said("PATCH", &path, &[], Some(json!({"CorrespncInternalReference": "blind"}))).await;
    assert_eq!(status, 428);
}

#[tokio::test]
async fn sap_decimals_of_version_4_are_asked_for_and_sent_as_texts_so_that_none_becomes_a_float() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    let mut order = client.order().await;
    (order["lines"][0]["quantity"], order["lines"][0]["unit_price"]) = ("1234567890.123".into(), "99999.99".into());
    let id = client.create("purchase_order", &order, "DIGITS").await.unwrap();
    let sent = system.sim.control.requests().into_iter().find(|logged| logged.status == 201).unwrap();
    assert!(
        sent.path.contains("/odata4/") && sent.body.contains("\"OrderQuantity\":\"1234567890.123\""),
        "{}",
        sent.body
    );
    let orders = client.read("purchase_order", None, 50).await;
    let order = orders.iter().find(|order| order.remote_id == id).unwrap();
    assert_eq!(raw(order)["_PurchaseOrderItem"][0]["OrderQuantity"], json!("1234567890.123"));
    let line = client.one("purchase_order", &id).await["lines"][0].clone();
    assert_eq!((&line["quantity"], &line["unit_price"]), (&json!("1234567890.123"), &json!("99999.99")));
    assert_eq!(line["amount"], "123456776666621.099", "rounded to three places");
}

//! What is peculiar to one system, and once cost somebody a wrong record: tried on its own, beside the conformance suite.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_connectors::netsuite::sim::Options;
use trunnion_kit::error::Error;
use trunnion_kit::http::Request;

use super::client::{Client, asked, control, data, newest, raw};
use super::systems::{simulated, tryton};

const SAP: &str = "sap-s4hana";
const NETSUITE: &str = "netsuite";

#[tokio::test]
async fn sap_pages_that_are_shorter_than_asked_for_are_not_the_end() {
    let system = simulated(SAP, 60).await;
    let client = Client::new(SAP, &system);
    control(&system, "page_cap?rows=5").await;
    let orders = client.read("purchase_order", None, 50).await;
    assert_eq!(orders.len(), 60);
}

#[tokio::test]
async fn sap_a_session_that_the_system_forgot_costs_one_more_fetch_and_no_second_order() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    let order = client.order().await;
    client.create("purchase_order", &order, "FIRST").await.unwrap();
    system.sim.control.move_clock_ahead(Duration::from_secs(31 * 60));
    system.sim.control.clear_requests();
    client.create("purchase_order", &order, "SECOND").await.unwrap();
    let (set, service) = ("PurchaseOrder", "0001");
    assert_eq!(asked(&system), [format!("403 POST {set}"), format!("200 GET {service}"), format!("201 POST {set}")]);
    assert_eq!(client.read("purchase_order", None, 50).await.len(), 22);
}

#[tokio::test]
async fn sap_an_order_waits_for_its_release_and_each_step_arrives_as_a_change() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    control(&system, "release_strategy?on=true").await;
    let order = client.order().await;
    for (step, status) in [("release", "approved"), ("reject", "rejected")] {
        let id = client.create("purchase_order", &order, step).await.unwrap();
        assert_eq!(client.one("purchase_order", &id).await["status"], "pending_approval");
        let before = newest(&client.read("purchase_order", None, 500).await);
        system.sim.control.move_clock_ahead(Duration::from_secs(60));
        control(&system, &format!("{step}_purchase_order?id={id}")).await;
        let since = before.checked_add(Duration::from_secs(30)).unwrap();
        let changed = client.read("purchase_order", Some(since), 500).await;
        assert_eq!(changed.iter().map(|order| order.remote_id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
        assert_eq!(client.one("purchase_order", &id).await["status"], status);
    }
}

#[tokio::test]
async fn sap_a_price_for_many_units_is_shown_for_one_and_the_amounts_add_up() {
    let system = simulated(SAP, 40).await;
    let client = Client::new(SAP, &system);
    let number = |value: &Value| trunnion_model::decimal::parse(value.as_str().unwrap()).unwrap();
    let mut lines_seen = 0;
    for order in client.read("purchase_order", None, 500).await {
        let (data, raw) = (data(&order), raw(&order));
        for (line, raw) in data["lines"].as_array().unwrap().iter().zip(raw["_PurchaseOrderItem"].as_array().unwrap()) {
            let per = number(&raw["NetPriceQuantity"]);
            assert_eq!(number(&line["unit_price"]) * per, number(&raw["NetPriceAmount"]), "{line} {raw}");
            lines_seen += usize::from(per > trunnion_model::decimal::Decimal::ONE);
        }
    }
    assert!(lines_seen > 0, "no line has a price for more than one unit");
}

#[tokio::test]
async fn netsuite_both_ways_to_log_in_open_the_same_account() {
    let system = simulated(NETSUITE, 20).await;
    let mut signed = system.wrong.clone();
    signed["token_secret"] = Options::default().tba.token_secret.into();
    let by_token = Client::with(NETSUITE, &signed).read("purchase_order", None, 50).await;
    let by_certificate = Client::new(NETSUITE, &system).read("purchase_order", None, 50).await;
    assert_eq!(by_token.len(), 20);
    assert_eq!(by_token, by_certificate);
}

#[tokio::test]
async fn netsuite_quantities_have_no_sign_whatever_the_account_shows() {
    let system = simulated(NETSUITE, 30).await;
    let client = Client::new(NETSUITE, &system);
    let positive = client.read("purchase_order", None, 50).await;
    control(&system, "negative_quantities?on=true").await;
    let negative = client.read("purchase_order", None, 50).await;
    let data = |orders: &[trunnion_model::record::Incoming]| -> Vec<String> {
        orders.iter().map(|order| order.data.clone()).collect()
    };
    assert_eq!(data(&positive), data(&negative));
    assert_ne!(positive[0].raw, negative[0].raw, "the simulator shows no sign");
}

#[tokio::test]
async fn netsuite_a_create_that_is_sent_twice_is_one_order_with_its_lines_once() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let order = client.order().await;
    let first = client.create("purchase_order", &order, "once0001").await.unwrap();
    let second = client.create("purchase_order", &order, "once0001").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(client.one("purchase_order", &first).await["lines"].as_array().unwrap().len(), 1);
    assert_eq!(client.read("purchase_order", None, 50).await.len(), 21);
}

#[tokio::test]
async fn netsuite_a_unit_or_currency_that_is_not_the_accounts_is_refused_and_nothing_is_written() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let order = client.order().await;
    let (mut other_unit, mut other_currency) = (order.clone(), order);
    other_unit["lines"][0]["unit"] = "MTR".into();
    other_currency["currency"] = "XTS".into();
    for (body, field) in [(other_unit, "item.items[0].units"), (other_currency, "currency")] {
        let refused = client.create("purchase_order", &body, "refused1").await.unwrap_err();
        let Error::Rejected(message) = refused else { panic!("{refused:?}") };
        assert_eq!(message.field.as_deref(), Some(field), "{}", message.text);
    }
    assert!(!asked(&system).iter().any(|request| request.contains("PUT")), "{:?}", asked(&system));
}

#[tokio::test]
async fn netsuite_the_address_of_a_new_vendor_arrives_although_queries_do_not_show_it() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let address =
        json!({"line1": "Große Straße 1", "city": "Köln", "region": "NW", "postal_code": "50667", "country": "DE"});
    let vendor = json!({"name": "Conformance", "currency": "USD", "address": address});
    let id = client.create("vendor", &vendor, "vendor01").await.unwrap();
    let url = client.link.url(&format!("/services/rest/record/v1/vendor/{id}?expandSubResources=true")).unwrap();
    let answer = client.link.call(Request::get(url)).await.unwrap();
    let record: Value = serde_json::from_str(answer.text().unwrap()).unwrap();
    let stored = &record["addressBook"]["items"][0]["addressBookAddress"];
    let seen = [&stored["addr1"], &stored["city"], &stored["state"], &stored["zip"], &stored["country"]["id"]];
    assert_eq!(
        seen,
        [&json!("Große Straße 1"), &json!("Köln"), &json!("NW"), &json!("50667"), &json!("DE")],
        "{record}"
    );
}

#[tokio::test]
async fn netsuite_changes_arrive_whatever_the_time_zone_of_the_user() {
    let system = simulated(NETSUITE, 30).await;
    let client = Client::new(NETSUITE, &system);
    let id = client.read("purchase_order", None, 50).await[3].remote_id.clone();
    for minutes in [-480, 0, 345] {
        control(&system, &format!("user_time_zone?minutes={minutes}")).await;
        let before = client.read("purchase_order", None, 50).await;
        // As an engine does: from the newest change, but not from later than now.
        let since = newest(&before).min(client.link.source_now());
        system.sim.control.move_clock_ahead(Duration::from_secs(60));
        control(&system, &format!("touch_purchase_order?id={id}")).await;
        let changed = client.read("purchase_order", Some(since), 50).await;
        assert!(changed.iter().any(|order| order.remote_id == id), "{minutes}: {since}");
    }
}

#[tokio::test]
async fn tryton_a_session_that_ended_costs_one_login() {
    let Some(system) = tryton().await else { return };
    let client = Client::new("tryton", &system);
    client.read("location", None, 500).await;
    system.sim.control.clear_requests();
    system.sim.control.add_fault("401:next=1".parse().unwrap());
    assert!(!client.read("location", None, 500).await.is_empty());
    // Refused, login, preferences, the same page again, the empty page.
    let statuses: Vec<u16> = system.sim.control.requests().iter().map(|logged| logged.status).collect();
    assert_eq!(statuses, [401, 200, 200, 200, 200]);
}

#[tokio::test]
async fn tryton_an_order_in_another_unit_than_the_products_is_refused_and_not_saved() {
    let Some(system) = tryton().await else { return };
    let client = Client::new("tryton", &system);
    let orders = client.read("purchase_order", None, 500).await.len();
    let mut order = client.order().await;
    order["lines"][0]["unit"] = "MTR".into();
    let refused = client.create("purchase_order", &order, "REFUSED0001").await.unwrap_err();
    let Error::Rejected(message) = refused else { panic!("{refused:?}") };
    assert_eq!(message.field.as_deref(), Some("lines.0.unit"), "{}", message.text);
    assert_eq!(client.read("purchase_order", None, 500).await.len(), orders);
}

#[tokio::test]
async fn tryton_a_change_of_an_address_is_a_change_of_its_vendor() {
    let Some(system) = tryton().await else { return };
    let client = Client::new("tryton", &system);
    let vendor = json!({"name": "Conformance address", "address": {"city": "Cleveland"}});
    let id = client
        .create(
            "vendor",
            &vendor,
            &format!("addr-{}", newest(&client.read("vendor", None, 500).await).as_microsecond()),
        )
        .await
        .unwrap();
    let before = newest(&client.read("vendor", None, 500).await);
    // Tryton's times have microseconds, the filter whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    edit_address(&client, &id, "Toledo").await;
    let since = before.checked_add(Duration::from_millis(1_000)).unwrap();
    let changed = client.read("vendor", Some(since), 500).await;
    assert_eq!(changed.iter().map(|vendor| vendor.remote_id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    assert_eq!(client.one("vendor", &id).await["address"]["city"], "Toledo");
}

async fn edit_address(client: &Client, party: &str, city: &'static str) {
    use trunnion_kit::http::Effect;
    use trunnion_kit::json::{Node, Object, parse};
    use trunnion_kit::protocol::json_rpc::call;
    let list = |items: Vec<Node<'static>>| Node::Array(items);
    let domain = list(vec![list(vec![Node::text("party"), Node::text("="), Node::number(party.to_owned())])]);
    let found = call(&client.link, "model.party.address.search", vec![domain], None, Effect::Read).await.unwrap();
    let address = parse(&found).unwrap().get("result").and_then(Node::items).unwrap()[0].as_text().unwrap().to_owned();
    let values = Node::Object(Object::from_iter([("city".into(), Node::text(city))]));
    let params = vec![list(vec![Node::number(address)]), values];
    call(&client.link, "model.party.address.write", params, None, Effect::Write).await.unwrap();
}

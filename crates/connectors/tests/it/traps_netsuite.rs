//! Traps of NetSuite's records, queries and refusals. Each test is named after one.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use trunnion_connectors::netsuite::sim::Options;
use trunnion_kit::error::Error;
use trunnion_kit::protocol::suitetalk;
use trunnion_model::record::Incoming;

use super::client::{Client, asked, control, data, raw};
use super::systems::{System, simulated};

const NETSUITE: &str = "netsuite";
const RECORDS: &str = "/services/rest/record/v1";

async fn account(records: usize) -> (System, Client) {
    let system = simulated(NETSUITE, records).await;
    let client = Client::new(NETSUITE, &system);
    (system, client)
}

/// With a token, as older integrations log in.
fn by_token(system: &System) -> Client {
    let mut signed = system.wrong.clone();
    signed["token_secret"] = Options::default().tba.token_secret.into();
    Client::with(NETSUITE, &signed)
}

#[tokio::test]
async fn netsuite_a_refused_token_is_tried_once_because_five_lock_it_for_half_an_hour() {
    let system = simulated(NETSUITE, 20).await;
    let mistyped = Client::with(NETSUITE, &system.wrong);
    for _ in 0..6 {
        let refused = mistyped.first_page("vendor").await;
        assert!(matches!(refused, Err(Error::Authentication(_))), "{refused:?}");
    }
    assert_eq!(asked(&system), ["401 POST suiteql"]);
    assert_eq!(by_token(&system).first_page("vendor").await.unwrap(), 10, "the token is locked");
}

#[tokio::test]
async fn netsuite_a_clock_that_is_wrong_looks_like_a_wrong_token_and_is_told_as_what_it_is() {
    let system = simulated(NETSUITE, 20).await;
    system.sim.control.move_clock_ahead(Duration::from_secs(900));
    let Err(Error::Authentication(message)) = by_token(&system).first_page("vendor").await else { panic!("let in") };
    let apart = message.text.split_once("our clock and the system's are ").map(|(_, rest)| rest.to_owned());
    let seconds: i64 = apart.unwrap_or_default().split(' ').next().unwrap().parse().expect(&message.text);
    assert!((880..=920).contains(&seconds), "{}", message.text);
}

#[tokio::test]
async fn netsuite_a_role_without_a_permission_is_refused_with_403_and_the_login_stays_good() {
    let (system, client) = account(20).await;
    let order = client.order().await;
    control(&system, "forbid?record=purchaseOrder").await;
    let refused = client.create("purchase_order", &order, "forbidden1").await.unwrap_err();
    let Error::Permission(message) = &refused else { panic!("{refused:?}") };
    assert_eq!(message.code.as_deref(), Some("INSUFFICIENT_PERMISSION"));
    assert_eq!(client.first_page("vendor").await.unwrap(), 10);
}

#[tokio::test]
async fn netsuite_an_unexpected_error_leaves_a_write_open_and_its_id_is_kept_for_support() {
    let (system, client) = account(20).await;
    let vendors = client.read("vendor", None, 500).await.len();
    control(&system, "unexpected_error?next=1").await;
    let passing = client.first_page("vendor").await.unwrap_err();
    assert!(matches!(&passing, Error::Unreachable { reason, .. } if reason.contains("m3t8q0wzkx2")), "{passing:?}");
    control(&system, "unexpected_error?next=1").await;
    let unclear = client.create("vendor", &json!({"name": "Unexpected Ltd"}), "unexpected1").await.unwrap_err();
    assert!(matches!(&unclear, Error::OutcomeUnknown(text) if text.contains("m3t8q0wzkx2")), "{unclear:?}");
    assert_eq!(client.read("vendor", None, 500).await.len(), vendors);
}

#[tokio::test]
async fn netsuite_a_query_ends_after_a_hundred_thousand_rows_and_pages_by_key_go_on() {
    let (system, client) = account(60).await;
    // As many as Oracle shows take minutes; the rule is the same with fewer.
    control(&system, "most_rows?rows=40").await;
    let (vendor, spec) = (&client.connector().vendor, client.entity("purchase_order"));
    let (mut after, mut rows) = (None::<String>, 0);
    loop {
        let keys = vendor.keys(&client.link, spec, after.as_deref(), 10).await.unwrap();
        let keys = keys.rows().unwrap();
        let Some(last) = keys.last() else { break };
        rows += keys.len();
        after = last.get("id").and_then(trunnion_kit::json::Node::as_text).map(str::to_owned);
    }
    assert_eq!(rows, 60);
    let whole = suitetalk::query(&client.link, "SELECT t.id FROM transaction t WHERE t.type = 'PurchOrd'", Vec::new());
    let whole: Value = serde_json::from_str(&whole.await.unwrap()).unwrap();
    assert_eq!(whole["items"].as_array().unwrap().len(), 40, "a query shows all of them");
}

#[tokio::test]
async fn netsuite_a_person_has_no_company_name_and_is_called_by_first_and_last_name() {
    let (_system, client) = account(20).await;
    let person = json!({"isPerson": true, "firstName": "Ada", "lastName": "Lovelace", "subsidiary": {"id": "1"}});
    let (status, answer) = client.said("POST", &format!("{RECORDS}/vendor"), &[], Some(person)).await;
    assert_eq!(status, 204, "{answer}");
    let vendors = client.read("vendor", None, 500).await;
    assert!(vendors.iter().any(|vendor| data(vendor)["name"] == "Ada Lovelace"));
}

/// Oracle's letters; several lists in circulation are shifted by one.
fn told_by_letter(order: &Value) -> &'static str {
    let came = |line: &Value| {
        line["quantityshiprecv"].as_str().is_some_and(|came| !came.trim_matches(['0', '.', '-']).is_empty())
    };
    match order["status"].as_str().unwrap() {
        "P" => "draft",
        "A" => "pending_approval",
        "B" => "approved",
        "C" => "rejected",
        "D" | "E" => "partially_received",
        "F" => "received",
        "G" => "closed",
        "H" if order["lines"].as_array().unwrap().iter().any(came) => "closed",
        "H" => "cancelled",
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn netsuite_the_letters_of_a_status_mean_what_oracle_says_and_not_what_shifted_lists_say() {
    let (_system, client) = account(300).await;
    let mut seen = BTreeSet::new();
    for order in client.read("purchase_order", None, 500).await {
        let raw = raw(&order);
        assert_eq!(data(&order)["status"], told_by_letter(&raw), "{raw}");
        seen.insert(raw["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen.iter().map(String::as_str).collect::<String>(), "ABCDEFGHP");
}

#[tokio::test]
async fn netsuite_an_order_that_was_closed_before_anything_came_is_cancelled_and_one_of_which_something_came_is_closed()
{
    for (receives, status) in [(false, "cancelled"), (true, "closed")] {
        let (_system, client) = account(20).await;
        let id = client.create("purchase_order", &client.order().await, "closed01").await.unwrap();
        if receives {
            let line = client.one("purchase_order", &id).await["lines"][0]["remote_line_id"].clone();
            let line = json!({"purchase_order_remote_line_id": line, "quantity": "1", "location_remote_id": "2"});
            let body = json!({"purchase_order_remote_id": id, "lines": [line]});
            client.create("goods_receipt", &body, "closed02").await.unwrap();
        }
        client.act("purchase_order", &id, if receives { "close" } else { "cancel" }).await.unwrap();
        assert_eq!(client.one("purchase_order", &id).await["status"], status);
    }
}

#[tokio::test]
async fn netsuite_a_line_can_vanish_without_a_mark_and_is_gone_from_the_order() {
    let (system, client) = account(20).await;
    let mut order = client.order().await;
    order["lines"] = vec![order["lines"][0].clone(); 3].into();
    let id = client.create("purchase_order", &order, "vanish01").await.unwrap();
    let before = client.one("purchase_order", &id).await["lines"].clone();
    let (_, record) =
        client.said("GET", &format!("{RECORDS}/purchaseOrder/{id}"), &[("expandSubResources", "true")], None).await;
    let items = record["item"]["items"].as_array().unwrap();
    let kept: Vec<Value> = [&items[0], &items[2]].map(|item| json!({"line": item["line"]})).to_vec();
    system.sim.control.move_clock_ahead(Duration::from_secs(60));
    let (status, answer) = client
        .said(
            "PATCH",
            &format!("{RECORDS}/purchaseOrder/{id}"),
            &[("replace", "item")],
            Some(json!({"item": {"items": kept}})),
        )
        .await;
    assert_eq!(status, 204, "{answer}");
    let after = client.one("purchase_order", &id).await["lines"].clone();
    let keys =
        |lines: &Value| lines.as_array().unwrap().iter().map(|line| line["remote_line_id"].clone()).collect::<Vec<_>>();
    assert_eq!(keys(&after), [keys(&before)[0].clone(), keys(&before)[2].clone()], "{after}");
}

#[tokio::test]
async fn netsuite_a_day_has_no_zone_and_stays_the_day_whatever_the_users_zone() {
    let (system, client) = account(20).await;
    let days = async || {
        let orders = client.read("purchase_order", None, 50).await;
        let day =
            |order: &Incoming| (data(order)["ordered_on"].clone(), data(order)["lines"][0]["required_on"].clone());
        orders.iter().map(day).collect::<Vec<_>>()
    };
    let before = days().await;
    for minutes in [-720, 840] {
        control(&system, &format!("user_time_zone?minutes={minutes}")).await;
        assert_eq!(days().await, before, "{minutes}");
    }
}

#[tokio::test]
async fn netsuite_the_number_of_a_bill_is_the_vendors_and_the_accounts_own_stands_elsewhere() {
    let (_system, client) = account(60).await;
    let bills = client.read("invoice", None, 100).await;
    assert!(!bills.is_empty());
    for bill in bills {
        let (data, raw) = (data(&bill), raw(&bill));
        assert_eq!(data["vendor_invoice_number"], raw["tranid"]);
        assert_eq!((&data["number"], &json!(bill.remote_id)), (&raw["transactionnumber"], &raw["id"]));
        assert_ne!(raw["tranid"], raw["transactionnumber"]);
    }
}

#[tokio::test]
async fn netsuite_what_people_call_an_order_by_is_its_number_and_what_it_is_known_by_is_another() {
    let (_system, client) = account(20).await;
    let id = client.create("purchase_order", &client.order().await, "numbers1").await.unwrap();
    let orders = client.read("purchase_order", None, 50).await;
    for order in &orders {
        let raw = raw(order);
        assert_eq!((&json!(order.remote_id), &data(order)["number"]), (&raw["id"], &raw["tranid"]));
        assert_ne!(raw["id"], raw["tranid"]);
    }
    assert!(orders.iter().any(|order| order.remote_id == id));
}

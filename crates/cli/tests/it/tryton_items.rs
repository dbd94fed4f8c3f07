//! Products of the real ERP are made, renamed and taken out of use, and never twice. Its own client says what is there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::matrix::cutter::{Cut, Cutter};
use crate::process::{Api, Server};
use crate::proxy::Proxy;
use crate::same_change::foretold;
use crate::same_receipt::calls;
use crate::same_stock::own_part;
use crate::tryton::{Tryton, connect, skipped, sync_now, synced};

fn body(sku: &str, kind: &str) -> Value {
    json!({"sku": sku, "name": "Cartridge seal 45 mm", "type": kind, "unit": "EA"})
}

fn pick(from: &Value, like: &Value) -> Value {
    like.as_object().expect("an object").keys().map(|name| (name.clone(), from[name].clone())).collect()
}

/// The one product with that number, as its own client sees it.
fn product(tryton: &Tryton, sku: &str) -> Value {
    let found = tryton.client("products", &json!({"sku": sku}));
    let [found] = found.as_array().expect("a list").as_slice() else { panic!("{sku}: {found}") };
    found.clone()
}

/// An item of each kind is made, made again with the same key, renamed, and taken out of use.
async fn life(tryton: &Tryton, api: &Api, kind: &str, theirs: &str) {
    let sku = own_part(kind);
    let wanted = body(&sku, kind);
    let made = api.send(Method::POST, "/items", Some(&wanted), Some(&sku)).await;
    assert_eq!(made.status, 201, "{kind}: {}", made.body);
    assert_eq!(pick(&made.body, &wanted), wanted);
    let again = api.send(Method::POST, "/items", Some(&wanted), Some(&sku)).await;
    assert_eq!((&again.body, &again.headers["idempotency-replayed"]), (&made.body, &"true".parse().unwrap()));
    let at = format!("/items/{}", made.body["id"].as_str().expect("an id"));
    let stored: Value = api.get(&at).await;
    assert_eq!(stored, made.body, "the answer is the record as it is read later");
    // A number is an item's own.
    let double = api.send(Method::POST, "/items", Some(&wanted), Some(&format!("{sku}-double"))).await;
    assert_eq!((double.status, &double.body["code"]), (502, &json!("SYSTEM_REJECTED")), "{}", double.body);
    assert_eq!(double.body["errors"][0]["pointer"], "/sku", "{}", double.body);

    let name = json!({"name": "Cartridge seal 45 mm, pair"});
    let renamed = api.send(Method::PATCH, &at, Some(&name), None).await;
    assert_eq!((renamed.status, &renamed.body["name"]), (200, &name["name"]), "{kind}: {}", renamed.body);
    assert_eq!(renamed.body["version"].as_i64(), made.body["version"].as_i64().map(|version| version + 1));
    let found = product(tryton, &sku);
    assert_eq!(
        (&found["name"], &found["type"], &found["unit"], &found["order_unit"]),
        (&name["name"], &json!(theirs), &json!("u"), &json!("u")),
        "{found}"
    );
    let run = sync_now(api, "item").await;
    assert_eq!((&run["created"], &run["updated"]), (&json!(0), &json!(0)), "{run}");
    let off = api.send(Method::DELETE, &format!("{at}?mode=inactivate"), None, None).await;
    assert_eq!((off.status, &off.body["active"]), (200, &json!(false)), "{}", off.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tryton_item_of_each_kind_is_made_renamed_and_taken_out_of_use() {
    let Some(tryton) = Tryton::find() else { return skipped("an item's life") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    for (kind, theirs) in [("inventory", "goods"), ("non_inventory", "goods"), ("service", "service")] {
        life(&tryton, &api, kind, theirs).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tryton_item_is_made_once_without_an_answer_and_can_be_ordered() {
    let Some(tryton) = Tryton::find() else { return skipped("an item without an answer") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let proxy = Proxy::start(&tryton.url).await;
    let cutter = Cutter::start(&proxy.url).await;
    let mut credentials = tryton.right_credentials();
    credentials["url"] = json!(cutter.url);
    let api = connect(&server, "tryton", credentials).await;
    synced(&api).await;
    foretold(&api, &proxy, Method::POST, "/items", Some(&body(&own_part("F"), "inventory"))).await;
    for cut in [Cut::Answer, Cut::Request] {
        let sku = own_part("I");
        let wanted = json!({
            "sku": sku, "name": "Kupplungsstern Ø 55", "description": "for the\npump", "type": "inventory", "unit": "KGM",
            "order_unit": "GRM", "cost": "7.425", "list_price": "14.99", "group": "Spare parts",
        });
        cutter.plan(cut, (0, 1), |asked| calls(asked, "model.product.template.create"));
        proxy.forget();
        let made = api.send(Method::POST, "/items", Some(&wanted), Some(&sku)).await;
        assert_eq!(made.status, 201, "{cut:?}: {}", made.body);
        assert_eq!(pick(&made.body, &wanted), wanted, "{cut:?}");
        assert_eq!(proxy.calls("product.template.create").len(), 1, "{cut:?}");
        let expected = json!({"id": made.body["remote_id"], "sku": sku, "name": wanted["name"], "unit": "kg", "order_unit": "g",
            "cost": "7.425", "list_price": "14.99", "type": "goods", "description": wanted["description"],
            "purchasable": true, "category": "Spare parts"});
        assert_eq!(product(&tryton, &sku), expected, "{cut:?}");
        let line = json!({"item_id": made.body["id"], "quantity": "250", "unit": "GRM", "unit_price": "0.0085"});
        let order = json!({"vendor_code": "V-1001", "currency": "USD", "lines": [line]});
        let ordered = api.send(Method::POST, "/purchase-orders", Some(&order), Some(&format!("order-{sku}"))).await;
        assert_eq!(ordered.status, 201, "{}", ordered.body);
    }
    assert_eq!(cutter.fired(), 2);
    let wrong = json!({"sku": own_part("W"), "name": "x", "unit": "XYZ"});
    let refused = api.send(Method::POST, "/items", Some(&wrong), Some("wrong")).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (502, &json!("/unit")), "{}", refused.body);
}

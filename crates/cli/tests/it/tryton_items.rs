//! Products of the real ERP are made with all that they can have, and never twice; its own client says what is there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::matrix::cutter::{Cut, Cutter};
use crate::process::Server;
use crate::proxy::Proxy;
use crate::same_change::foretold;
use crate::same_receipt::calls;
use crate::same_stock::own_part;
use crate::tryton::{Tryton, connect, skipped, synced};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_tryton_item_is_made_once_without_an_answer_and_can_be_ordered() {
    let Some(tryton) = Tryton::find() else { return skipped("an item without an answer") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let proxy = Proxy::start(&tryton.url).await;
    let cutter = Cutter::start(&proxy.url).await;
    let api = connect(&server, "tryton", tryton.credentials_at(&cutter.url)).await;
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

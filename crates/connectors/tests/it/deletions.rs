//! How vanished rows are noticed: by the list of deleted records, or by listing the keys.

use trunnion_kit::vendor::Window;

use super::client::Client;
use super::systems::{simulated, tryton};

/// All keys of an entity, in pages of that many.
async fn keys(client: &Client, entity: &str, limit: usize) -> Vec<String> {
    let (spec, mut all) = (client.entity(entity), Vec::<String>::new());
    loop {
        let after = all.last().cloned();
        let page = client.connector().vendor.keys(&client.link, spec, after.as_deref(), limit).await.unwrap();
        let rows = page.rows().unwrap();
        if rows.is_empty() {
            return all;
        }
        all.extend(rows.iter().map(|row| client.key(entity, row)));
    }
}

async fn keys_are_those_of_the_rows(client: &Client, entities: &[&str]) {
    for entity in entities {
        let rows: Vec<String> =
            client.read(entity, None, 500).await.into_iter().map(|record| record.remote_id).collect();
        assert!(!rows.is_empty());
        assert_eq!(keys(client, entity, 7).await, rows, "{entity}");
    }
}

#[tokio::test]
async fn netsuite_lists_what_was_deleted_since() {
    let system = simulated("netsuite", 20).await;
    let client = Client::new("netsuite", &system);
    let order = client.order().await;
    let mut ids = Vec::new();
    for key in ["FIRST", "SECOND", "THIRD"] {
        ids.push(client.create("purchase_order", &order, key).await.unwrap());
    }
    let before = client.link.source_now();
    for id in &ids[..2] {
        let url = client.link.url(&format!("/services/rest/record/v1/purchaseOrder/{id}")).unwrap();
        let request = trunnion_kit::http::Request::new(http::Method::DELETE, url, trunnion_kit::http::Effect::Write);
        assert!(client.link.call(request).await.unwrap().is_success());
    }
    let spec = client.entity("purchase_order");
    let window = |after_key: Option<&str>, limit| Window {
        since: Some(before),
        after_key: after_key.map(str::to_owned),
        limit,
        ..Window::default()
    };
    let all = client.connector().vendor.deleted(&client.link, spec, &window(None, 500)).await.unwrap();
    let told: Vec<&str> = all.iter().map(|deleted| deleted.remote_id.as_str()).collect();
    assert_eq!(told, &ids[..2]);
    assert!(all.iter().all(|deleted| deleted.at.is_some_and(|at| at.as_second() >= before.as_second())));
    let rest = client.connector().vendor.deleted(&client.link, spec, &window(Some(&ids[0]), 1)).await.unwrap();
    assert_eq!(rest.len(), 1);
    for entity in ["vendor", "item"] {
        let none = client.connector().vendor.deleted(&client.link, client.entity(entity), &window(None, 500)).await;
        assert!(none.unwrap().is_empty(), "{entity}");
    }
}

#[tokio::test]
async fn keys_alone_are_listed_as_the_rows_are() {
    let system = simulated("netsuite", 20).await;
    keys_are_those_of_the_rows(&Client::new("netsuite", &system), &["vendor", "item", "purchase_order"]).await;
    let system = simulated("sap-s4hana", 20).await;
    keys_are_those_of_the_rows(&Client::new("sap-s4hana", &system), &["vendor", "item", "purchase_order"]).await;
}

#[tokio::test]
async fn tryton_keys_alone_are_listed_as_the_rows_are() {
    let Some(system) = tryton().await else { return };
    let entities = ["vendor", "item", "location", "purchase_order", "goods_receipt"];
    keys_are_those_of_the_rows(&Client::new("tryton", &system), &entities).await;
}

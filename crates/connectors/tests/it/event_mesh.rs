//! Webhook subscriptions at the simulated Event Mesh, as the connector makes, renews and removes them.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::json;
use trunnion_connectors::sap_s4hana::sim::{CLIENT_ID, CLIENT_SECRET, QUEUE};
use trunnion_kit::error::Error;
use trunnion_kit::spec::ProtocolKind;
use trunnion_kit::subscription::Wanted;
use trunnion_kit::vendor::Vendor;

use super::client::Client;
use super::systems::{System, simulated};

const SAP: &str = "sap-s4hana";

/// A receiver that agrees to every handshake; its address.
async fn receiver() -> String {
    let agree =
        |headers: HeaderMap| async move { [("webhook-allowed-origin", headers["webhook-request-origin"].clone())] };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/con/the-secret-part", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(agree);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

fn client(system: &System, changes: &[(&str, &str)]) -> Client {
    let mut credentials = system.credentials.clone();
    let url = credentials["url"].as_str().unwrap().to_owned();
    credentials["event_mesh_url"] = url.as_str().into();
    credentials["event_mesh_token_url"] = format!("{url}/oauth/token").into();
    credentials["event_mesh_client_id"] = CLIENT_ID.into();
    credentials["event_mesh_client_secret"] = CLIENT_SECRET.into();
    credentials["event_mesh_queue"] = QUEUE.into();
    for (name, value) in changes {
        credentials[*name] = json!(value);
    }
    Client::with(SAP, &credentials)
}

fn wanted(url: &str) -> Wanted {
    Wanted {
        name: "trunnion-1".to_owned(),
        url: url.to_owned().into(),
        secret: "trunnion:the-password".to_owned().into(),
        entities: vec!["purchase_order".to_owned()],
        remake: false,
    }
}

fn vendor(client: &Client) -> Arc<dyn Vendor> {
    assert_eq!(client.connector().spec.protocol.kind, ProtocolKind::ODataV2);
    client.connector().vendor.clone()
}

/// What was sent to Event Mesh beside the reading, since the last call.
fn sent(system: &System) -> Vec<String> {
    let all = system.sim.control.requests();
    system.sim.control.clear_requests();
    let writes = all.iter().filter(|one| one.method != "GET" && !one.path.contains("token"));
    writes.map(|one| format!("{} {}", one.method, one.path.rsplit('/').next().unwrap())).collect()
}

#[tokio::test]
async fn a_repeat_makes_no_second_one_and_what_is_not_as_wanted_is_replaced() {
    let (system, address) = (simulated(SAP, 5).await, receiver().await);
    let client = client(&system, &[]);
    let (vendor, link, wanted) = (vendor(&client), &client.link, wanted(&address));
    assert_eq!(vendor.renew(link, &wanted, "trunnion-1").await.unwrap(), None);
    let made = vendor.subscribe(link, &wanted).await.unwrap();
    assert_eq!((made.id.as_str(), made.expires_at), ("trunnion-1", None));
    assert_eq!(sent(&system), ["POST subscriptions", "POST handshake"]);
    assert_eq!(vendor.subscribe(link, &wanted).await.unwrap(), made);
    assert_eq!(sent(&system), ["POST handshake"]);
    assert_eq!(vendor.renew(link, &wanted, "trunnion-1").await.unwrap(), Some(made.clone()));
    assert_eq!(sent(&system), [""; 0]);

    let elsewhere = Wanted { url: format!("{address}-too").into(), ..wanted.clone() };
    assert_eq!(vendor.renew(link, &elsewhere, "trunnion-1").await.unwrap(), None);
    let replaced = ["DELETE trunnion-1", "POST subscriptions", "POST handshake"];
    for changed in [elsewhere.clone(), Wanted { remake: true, ..elsewhere }] {
        assert_eq!(vendor.subscribe(link, &changed).await.unwrap(), made);
        assert_eq!(sent(&system), replaced);
    }
    for _gone_is_no_error in 0..2 {
        vendor.unsubscribe(link, "trunnion-1", Some("trunnion-1")).await.unwrap();
    }
    assert_eq!(vendor.renew(link, &wanted, "trunnion-1").await.unwrap(), None);
}

#[tokio::test]
async fn refusals_say_what_to_mend_and_leave_the_link_alone() {
    let (system, address) = (simulated(SAP, 5).await, receiver().await);
    let nobody = "http://127.0.0.1:1/hooks/con/the-secret-part";
    let of = async |changes: &[(&str, &str)], url: &str| {
        let client = client(&system, changes);
        let error = vendor(&client).subscribe(&client.link, &wanted(url)).await.unwrap_err();
        // The system itself is asked as before.
        vendor(&client).probe(&client.link).await.unwrap();
        error
    };
    let text = |error: &Error| {
        let text = error.to_string();
        for secret in ["the-secret-part", "the-password", CLIENT_SECRET, "wrong-one"] {
            assert!(!text.contains(secret), "{text}");
        }
        text
    };
    let refused = of(&[("event_mesh_client_secret", "wrong-one")], &address).await;
    assert!(matches!(refused, Error::Authentication(_)) && text(&refused).contains("oa2"), "{refused}");
    let no_queue = of(&[("event_mesh_queue", "other")], &address).await;
    assert!(matches!(no_queue, Error::NotFound(_)) && text(&no_queue).contains("queue:other"), "{no_queue}");
    let url = system.credentials["url"].as_str().unwrap();
    let no_token = of(&[("event_mesh_token_url", &format!("{url}/nothing"))], &address).await;
    assert!(matches!(no_token, Error::NotThatProduct(_)), "{no_token}");
    text(&no_token);
    let silent = of(&[], nobody).await;
    assert!(matches!(silent, Error::Rejected(_)) && text(&silent).contains("handshake"), "{silent}");
}

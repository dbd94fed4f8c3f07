//! OAuth 2.0 with a provider that others wrote: PKCE enforced, refresh tokens that work once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::database::Database;
use crate::process::{Api, Server};
use crate::provider::{CLIENT_SECRET, Provider};

/// A dead server's turn, and a renewal after it, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_consents_and_data_comes_and_a_revoked_grant_asks_for_consent_again() {
    let directory = tempfile::tempdir().unwrap();
    let Some(provider) = Provider::start(directory.path()) else { return };
    let server = Server::start(directory.path(), None);
    let manager = server.api(server.key.as_deref().unwrap());
    let direct = json!({"system": "netsuite", "customer": {"id": "c", "name": "C"},
        "credentials": {"auth": "oauth2_code", "url": provider.url, "account": "1"}});
    let refused = manager.post("/connections", &direct).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (422, &json!("/credentials/auth")));

    let (id, token) = provider.connect(&server, None).await;
    let orders = some_orders(&server.api(&token)).await;
    assert_eq!(provider.seen().await, json!({"codes": 1, "renewals": 0, "refused": 0}));
    // A token that was taken back before its time is renewed without anybody's help.
    provider.set("expire=1").await;
    assert!(check(&manager, &id).await["ok"].as_bool().unwrap());
    assert_eq!(provider.seen().await, json!({"codes": 1, "renewals": 1, "refused": 0}));
    // A revoked grant is not knocked at: one renewal is refused, one more confirms it.
    provider.set("revoke=1").await;
    let told = check(&manager, &id).await;
    assert_eq!(told["connection"]["status"], "reauthorization_required", "{told}");
    for _ in 0..3 {
        check(&manager, &id).await;
    }
    let refused = provider.seen().await["refused"].as_i64().unwrap();
    assert!((1..=2).contains(&refused), "{refused}");
    let (again, new_token) = provider.connect(&server, Some(&id)).await;
    assert_eq!(again, id);
    assert_eq!(server.api(&token).send(reqwest::Method::GET, "/connection", None, None).await.status, 401);
    assert_eq!(some_orders(&server.api(&new_token)).await.len(), orders.len());
    assert!(check(&manager, &id).await["ok"].as_bool().unwrap());
    let secrets = manager.send(reqwest::Method::GET, "/systems/netsuite/oauth-client", None, None).await;
    assert!(!secrets.body.to_string().contains(CLIENT_SECRET), "{}", secrets.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_on_two_servers_with_an_expired_token_renew_it_once() {
    let Some(database) = Database::create("consent") else {
        eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let Some(provider) = Provider::start(directory.path()) else { return };
    let one = Server::start(directory.path(), Some(&database.url()));
    let other = Server::start(directory.path(), Some(&database.url()));
    let key = one.key.clone().unwrap();
    let (id, token) = provider.connect(&one, None).await;
    some_orders(&one.api(&token)).await;
    for server in [&one, &other] {
        assert!(check(&server.api(&key), &id).await["ok"].as_bool().unwrap());
    }
    provider.set("expire=1&delay=1").await;
    let call = |number: usize| {
        let (api, id) = (if number.is_multiple_of(2) { one.api(&key) } else { other.api(&key) }, id.clone());
        tokio::spawn(async move { check(&api, &id).await })
    };
    let calls: Vec<_> = (0..50).map(call).collect();
    for call in calls {
        let told = call.await.unwrap();
        assert!(told["ok"].as_bool().unwrap(), "{told}");
    }
    assert_eq!(provider.seen().await, json!({"codes": 1, "renewals": 1, "refused": 0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_between_the_renewal_and_its_commit_leaves_a_working_connection_where_the_provider_has_patience()
 {
    let told = killed_while_renewing("grace=1").await;
    if let Some(told) = told {
        assert!(told["ok"].as_bool().unwrap(), "{told}");
        assert_ne!(told["connection"]["status"], "reauthorization_required", "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_between_the_renewal_and_its_commit_asks_for_consent_where_it_has_none() {
    let told = killed_while_renewing("grace=0").await;
    if let Some(told) = told {
        assert_eq!(told["connection"]["status"], "reauthorization_required", "{told}");
    }
}

/// What a check says after that, on a server that came after.
async fn killed_while_renewing(grace: &str) -> Option<Value> {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::start(directory.path())?;
    let mut server = Server::start(directory.path(), None);
    let key = server.key.clone().unwrap();
    let (id, token) = provider.connect(&server, None).await;
    some_orders(&server.api(&token)).await;
    // The provider has rotated its token and takes its time to say so.
    provider.set(&format!("{grace}&expire=1&delay=8")).await;
    let (api, call) = (server.api(&key), format!("/connections/{id}/check"));
    let asking = tokio::spawn(async move { api.try_post(&call).await });
    until_renewals(&provider, 1).await;
    server.process.kill();
    assert!(asking.await.unwrap().is_none(), "the call died with its server");
    provider.set("delay=0").await;
    let server = Server::start(directory.path(), None);
    let mut told = check(&server.api(&key), &id).await;
    // A sync that was refused at the same moment may be the one that parks the connection: whoever comes second does not wait.
    let end = std::time::Instant::now() + PATIENCE;
    while told["ok"] == false && told["connection"]["status"] == "syncing" && std::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(100)).await;
        told["connection"] = server.api(&key).get(&format!("/connections/{id}")).await;
    }
    Some(told)
}

async fn until_renewals(provider: &Provider, wanted: i64) {
    for _ in 0..200 {
        if provider.seen().await["renewals"].as_i64().unwrap() >= wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no renewal reached the provider");
}

async fn check(api: &Api, id: &str) -> Value {
    let answer = api.send(reqwest::Method::POST, &format!("/connections/{id}/check"), None, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

async fn some_orders(api: &Api) -> Vec<Value> {
    let end = std::time::Instant::now() + PATIENCE;
    while std::time::Instant::now() < end {
        let list: Value = api.get("/purchase-orders").await;
        let orders = list["data"].as_array().unwrap().clone();
        if orders.len() == 20 {
            return orders;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("no orders came");
}

//! Link sessions: single use, one submit at a time, and codes that are redeemed once.

use std::time::Duration;

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, ConnectionId};
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{ConnectionStatus, Error, Link, LinkUse, NewCredentials, NewLink, Redeemed, StatusChange};

use crate::harness::{World, on_both, vendor};

const MINUTE: Duration = Duration::from_secs(60);
const MICROS: i64 = 1_000_000;

async fn invite(
    world: &World,
    application: ApplicationId,
    connection: Option<ConnectionId>,
    secret: &NewToken,
) -> Link {
    let new = NewLink {
        tags: Vec::new(),
        prefill: "{}".to_owned(),
        connection,
        system: None,
        customer_id: "c1".into(),
        customer_name: "Customer One".into(),
        metadata: "{}".into(),
        sync: "{}".into(),
        choices: "{}".into(),
        language: None,
        redirect_uri: "https://app.example/done".into(),
        state: Some("s".into()),
        code_challenge: None,
        expires_at: world.clock.now_micros() + 3_600 * MICROS,
        secret_hash: secret.hash(),
    };
    let id = world.store.create_link(application, new).await.unwrap();
    let found = world.store.link_by_secret(&secret.hash()).await.unwrap().unwrap();
    assert_eq!(found.id, id);
    found
}

/// The link is used to give `connection` new credentials; its code is good for ten minutes.
async fn reconnect(
    world: &World,
    application: ApplicationId,
    connection: ConnectionId,
    link: &Link,
    code: &NewToken,
) -> Result<(), Error> {
    let used = LinkUse {
        link: link.id,
        code_hash: code.hash(),
        code_expires_at: world.clock.now_micros() + 600 * MICROS,
        grant: None,
    };
    let change = StatusChange { status: ConnectionStatus::Online, reason: None, event: None };
    let token = NewToken::new(TokenKind::Connection).hash();
    let credentials = SecretString::from("{}");
    let new = NewCredentials { credentials: &credentials, token_hash: &token, address: None };
    world.store.replace_credentials_by(application, connection, &new, &change, Some(&used)).await?;
    Ok(())
}

on_both! {
    async fn a_link_is_submitted_one_at_a_time_and_not_for_ever(world: World) {
        let application = world.application().await;
        let link = invite(&world, application, None, &NewToken::one_time("l")).await;
        let begin = async || world.store.begin_link_attempt(link.id, 3, MINUTE).await.unwrap();
        assert!(begin().await);
        assert!(!begin().await, "another is going on");
        world.store.end_link_attempt(link.id).await.unwrap();
        assert!(begin().await);
        world.pass(61);
        assert!(begin().await, "the one that hung is over");
        world.pass(61);
        assert!(!begin().await, "three are enough");
        assert_eq!(world.store.link_by_secret(&[1; 32]).await.unwrap(), None);
    }
}

on_both! {
    async fn an_expired_link_is_neither_submitted_nor_used(world: World) {
        let application = world.application().await;
        let old = world.connect(application, &[vendor()]).await;
        let link = invite(&world, application, Some(old.id), &NewToken::one_time("l")).await;
        world.pass(3_600);
        assert!(!world.store.begin_link_attempt(link.id, 3, MINUTE).await.unwrap());
        let error = reconnect(&world, application, old.id, &link, &NewToken::one_time("c")).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{error}");
    }
}

on_both! {
    async fn a_link_is_used_once_and_its_code_is_redeemed_once(world: World) {
        let application = world.application().await;
        let first = NewToken::new(TokenKind::Connection);
        let made = world.connect_with(application, &[vendor()], &first).await;
        let link = invite(&world, application, Some(made.id), &NewToken::one_time("l")).await;
        let ask = async |token: &NewToken| world.store.authenticate(TokenKind::Connection, &token.hash()).await.unwrap();
        assert!(ask(&first).await.is_some());
        let code = NewToken::one_time("c");
        reconnect(&world, application, made.id, &link, &code).await.unwrap();
        assert!(ask(&first).await.is_none(), "the old token is dead before the code is redeemed");
        let events = world.log(made.id).await.len();
        let again = reconnect(&world, application, made.id, &link, &NewToken::one_time("c")).await.unwrap_err();
        assert!(matches!(again, Error::Conflict { .. }), "{again}");
        assert_eq!(world.log(made.id).await.len(), events, "nothing of the second use stayed");

        let token = NewToken::new(TokenKind::Connection);
        let redeem = async |code: &NewToken, token: &NewToken| {
            world.store.redeem_code(&code.hash(), &token.hash()).await.unwrap()
        };
        assert_eq!(redeem(&NewToken::one_time("c"), &token).await, Redeemed::Refused);
        assert_eq!(redeem(&code, &token).await, Redeemed::Token(made.id));
        let late = NewToken::new(TokenKind::Connection);
        assert_eq!(redeem(&code, &late).await, Redeemed::Refused);
        assert!(ask(&token).await.is_some() && ask(&late).await.is_none());
    }
}

on_both! {
    async fn a_code_dies_with_its_time_and_with_its_connection(world: World) {
        let application = world.application().await;
        let made = world.connect(application, &[vendor()]).await;
        let token = NewToken::new(TokenKind::Connection).hash();
        for late in [true, false] {
            let link = invite(&world, application, Some(made.id), &NewToken::one_time("l")).await;
            let code = NewToken::one_time("c");
            reconnect(&world, application, made.id, &link, &code).await.unwrap();
            if late { world.pass(600) } else { world.store.disconnect(application, made.id).await.unwrap() }
            assert_eq!(world.store.redeem_code(&code.hash(), &token).await.unwrap(), Redeemed::Refused, "late: {late}");
        }
        world.store.erase(application, made.id).await.unwrap();
        assert_eq!(world.store.link_by_code(&[0; 32]).await.unwrap(), None);
    }
}

on_both! {
    async fn an_application_has_its_own_list_of_addresses(world: World) {
        let (one, other) = (world.application().await, world.application().await);
        let uris = ["https://b.example/x".to_owned(), "https://a.example/".to_owned(), "https://a.example/".to_owned()];
        world.store.set_redirect_uris(one, &uris).await.unwrap();
        assert_eq!(world.store.redirect_uris(one).await.unwrap(), ["https://a.example/", "https://b.example/x"]);
        assert!(world.store.redirect_uris(other).await.unwrap().is_empty());
        world.store.set_redirect_uris(one, &uris[..1]).await.unwrap();
        assert_eq!(world.store.redirect_uris(one).await.unwrap(), uris[..1]);
    }
}

//! Applications, keys, tokens.

use std::time::Duration;

use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{Branding, Error, Logo, Principal};

use crate::harness::{World, on_both, vendor};

on_both! {
    async fn a_key_authenticates_until_it_is_revoked(world: World) {
        let (one, other) = (world.application().await, world.application().await);
        let token = NewToken::new(TokenKind::Application);
        let key = world.store.create_key(one, "ci", &["read", "write"], &token, None).await.unwrap();
        let found = world.store.authenticate(TokenKind::Application, &token.hash()).await.unwrap();
        let scopes = vec!["read".to_owned(), "write".to_owned()];
        assert_eq!(found, Some(Principal::Application { application: one, key: key.id, scopes }));
        assert_eq!(world.store.authenticate(TokenKind::Connection, &token.hash()).await.unwrap(), None);
        assert_eq!(world.store.authenticate(TokenKind::Application, &[7; 32]).await.unwrap(), None);

        let error = world.store.revoke_key(other, key.id).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "another application's key: {error}");
        world.store.revoke_key(one, key.id).await.unwrap();
        assert_eq!(world.store.authenticate(TokenKind::Application, &token.hash()).await.unwrap(), None);
        assert!(world.store.list_keys(one).await.unwrap()[0].revoked_at.is_some());
        assert_eq!(world.store.list_keys(other).await.unwrap(), vec![]);
    }
}

on_both! {
    async fn a_key_that_expires_is_taken_until_then_and_no_expiry_makes_it_live_longer(world: World) {
        let application = world.application().await;
        let token = NewToken::new(TokenKind::Application);
        let end = world.clock.now_micros() + 60_000_000;
        let key = world.store.create_key(application, "ci", &["read"], &token, Some(end)).await.unwrap();
        let good = async || world.store.authenticate(TokenKind::Application, &token.hash()).await.unwrap().is_some();
        world.store.expire_key(application, key.id, end + 1).await.unwrap();
        assert_eq!(world.store.list_keys(application).await.unwrap()[0].expires_at, Some(end));
        world.pass(59);
        assert!(good().await);
        world.pass(1);
        assert!(!good().await);
        let other = world.application().await;
        let error = world.store.expire_key(other, key.id, 0).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "another application's key: {error}");
    }
}

on_both! {
    async fn the_last_use_of_a_key_is_noted_once_a_minute(world: World) {
        let application = world.application().await;
        let token = NewToken::new(TokenKind::Application);
        world.store.create_key(application, "ci", &[], &token, None).await.unwrap();
        let start = world.clock.now_micros();
        for (wait, noted) in [(0, start), (59, start), (1, start + 60_000_000)] {
            world.pass(wait);
            world.store.authenticate(TokenKind::Application, &token.hash()).await.unwrap();
            // It is written beside the call.
            let mut last = None;
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                last = world.store.list_keys(application).await.unwrap()[0].last_used_at;
                if last == Some(noted) && wait != 59 {
                    break;
                }
            }
            assert_eq!(last, Some(noted), "after {wait} s");
        }
    }
}

on_both! {
    async fn a_connection_token_dies_with_rotation_and_with_disconnection(world: World) {
        let application = world.application().await;
        let (first, second) = (NewToken::new(TokenKind::Connection), NewToken::new(TokenKind::Connection));
        let made = world.connect_with(application, &[vendor()], &first).await;
        let who = Principal::Connection { application, connection: made.id };
        let ask = async |token: &NewToken| world.store.authenticate(TokenKind::Connection, &token.hash()).await.unwrap();
        assert_eq!(ask(&first).await, Some(who.clone()));
        world.store.rotate_token(application, made.id, &second.hash()).await.unwrap();
        assert_eq!((ask(&first).await, ask(&second).await), (None, Some(who)));
        world.store.disconnect(application, made.id).await.unwrap();
        assert_eq!(ask(&second).await, None);
        let error = world.store.rotate_token(application, made.id, &first.hash()).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{error}");
    }
}

on_both! {
    async fn branding_is_replaced_as_a_whole_and_a_logo_is_found_by_its_hash(world: World) {
        let (one, other) = (world.application().await, world.application().await);
        let given = Branding { name: Some("One".into()), accent: Some("#0b5a9c".into()), ..Branding::default() };
        world.store.set_branding(one, &given).await.unwrap();
        let logo = |byte| Logo { media_type: "image/png".into(), image: vec![byte, 0, 255] };
        for (hash, byte) in [("first", 1), ("second", 2)] {
            world.store.set_logo(one, hash, logo(byte)).await.unwrap();
        }
        assert_eq!(world.store.logo("first").await.unwrap(), None);
        assert_eq!(world.store.logo("second").await.unwrap(), Some(logo(2)));
        let less = Branding { privacy_url: Some("https://one.example/".into()), ..Branding::default() };
        world.store.set_branding(one, &less).await.unwrap();
        let found = world.store.branding(one).await.unwrap().1;
        assert_eq!(found, Branding { logo: Some("second".into()), ..less });
        assert_eq!(world.store.branding(other).await.unwrap().1, Branding::default());
        assert!(!world.store.delete_logo(other).await.unwrap() && world.store.delete_logo(one).await.unwrap());
        assert_eq!(world.store.logo("second").await.unwrap(), None);
    }
}

on_both! {
    async fn frame_origins_are_replaced_as_a_whole_and_each_applications_own(world: World) {
        let (one, other) = (world.application().await, world.application().await);
        let both = ["https://b.example".to_owned(), "https://a.example".to_owned()];
        for list in [&both[..1], &both[..], &both[1..]] {
            world.store.set_frame_origins(one, list).await.unwrap();
        }
        assert_eq!(world.store.frame_origins(one).await.unwrap(), ["https://a.example"]);
        assert!(world.store.frame_origins(other).await.unwrap().is_empty());
    }
}

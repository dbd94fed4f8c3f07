//! Sealed credentials.

use secrecy::{ExposeSecret as _, SecretString};
use trunnion_store::{Error, Keyring, Store};

use crate::harness::{World, on_both};

on_both! {
    async fn credentials_open_only_with_the_key_ring_and_in_their_own_row(world: World) {
        let application = world.application().await;
        let (one, two) = (world.connect(application, &[]).await.id, world.connect(application, &[]).await.id);
        assert_eq!(world.store.credentials(one).await.unwrap().expose_secret(), r#"{"password":"correct horse battery"}"#);
        world.store.update_credentials(two, &SecretString::from("two's")).await.unwrap();

        let stranger = Store::open(&world.url, Keyring::generate().unwrap(), world.clock.clone()).await.unwrap();
        assert!(matches!(stranger.credentials(one).await, Err(Error::Corrupt { .. })));
        stranger.close().await;

        // Somebody who can write to the database gives the second connection the first one's credentials.
        let copy = "update credential set
                data_key = (select data_key from credential order by connection_id limit 1),
                sealed = (select sealed from credential order by connection_id limit 1)
            where connection_id <> (select connection_id from credential order by connection_id limit 1)
            returning 'done'";
        assert_eq!(world.texts(copy).await, ["done"]);
        let (first, second) = if one < two { (one, two) } else { (two, one) };
        world.store.credentials(first).await.unwrap();
        assert!(matches!(world.store.credentials(second).await, Err(Error::Corrupt { .. })));
    }
}

on_both! {
    async fn the_plain_secret_and_the_plain_token_are_nowhere_in_the_database(world: World) {
        let application = world.application().await;
        let token = trunnion_model::token::NewToken::new(trunnion_model::token::TokenKind::Connection);
        let made = world.connect_with(application, &[], &token).await;
        assert!(!format!("{:?} {:?}", world.store, world.keyring).contains("horse"));
        if world.is_postgres() {
            let all = "select to_jsonb(t)::text from (select c.*, encode(c.data_key, 'escape') a, encode(c.sealed, 'escape') b
                from credential c) t union all select to_jsonb(c)::text from connection c
                union all select to_jsonb(e)::text from event e";
            let rows = world.texts(all).await;
            assert_eq!(rows.len(), 3);
            assert!(rows.iter().any(|row| row.contains(&made.id.0.to_string())), "the rows are read as text");
            assert!(!rows.iter().any(|row| row.contains("horse") || row.contains(token.reveal())));
        } else {
            let path = world.url.strip_prefix("sqlite:").unwrap();
            let mut bytes = std::fs::read(path).unwrap();
            bytes.extend(std::fs::read(format!("{path}-wal")).unwrap());
            let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(has("Customer One"), "what is no secret is found this way");
            assert!(!has("horse") && !has(token.reveal()));
        }
    }
}

#[test]
fn a_key_file_is_made_once_for_its_owner_and_refused_when_others_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    Keyring::load_or_create(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    Keyring::load_or_create(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Keyring::load_or_create(&path), Err(Error::Configuration(_))));
    for bad in ["", "not base64!", "AAAA"] {
        assert!(matches!(Keyring::from_base64(bad), Err(Error::Configuration(_))), "{bad:?}");
    }
}

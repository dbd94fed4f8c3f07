//! Both databases have the same tables.

use crate::harness::{World, on_both};

const SQLITE: &str = "select m.name || '.' || c.name from sqlite_master m, pragma_table_info(m.name) c
    where m.type = 'table' and m.name not like 'sqlite%' and m.name not like '%sqlx%' order by 1";

const POSTGRES: &str = "select (table_name || '.' || column_name)::text from information_schema.columns
    where table_schema = 'public' and table_name not like '%sqlx%' order by (table_name || '.' || column_name) collate \"C\"";

const COLUMNS: &str = include_str!("columns.txt");

on_both! {
    /// The list beside this file is what both are compared with, so that either run tells.
    async fn both_databases_have_the_tables_and_columns_that_are_listed(world: World) {
        let found = world.texts(if world.is_postgres() { POSTGRES } else { SQLITE }).await;
        let listed: Vec<&str> = COLUMNS.lines().collect();
        assert_eq!(found, listed);
    }
}

on_both! {
    async fn a_database_that_is_there_already_is_opened_as_it_is(world: World) {
        let application = world.application().await;
        let again = trunnion_store::Store::open(&world.url, world.keyring.clone(), world.clock.clone()).await.unwrap();
        assert_eq!(again.list_applications().await.unwrap()[0].id, application);
        again.ping(std::time::Duration::from_secs(5)).await.unwrap();
        again.close().await;
        let error = again.ping(std::time::Duration::from_secs(5)).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_or_understood_is_told_apart() {
    use trunnion_model::time::Clock;
    use trunnion_store::{Error, Keyring, Store};
    let open = |url: &'static str| Store::open(url, Keyring::generate().unwrap(), Clock::system());
    assert!(matches!(open("mysql://x/y").await, Err(Error::Configuration(_))));
    assert!(matches!(open("sqlite::memory:").await, Err(Error::Configuration(_))));
    assert!(matches!(open("postgres://nobody@127.0.0.1:1/none").await, Err(Error::Unavailable(_))));
}

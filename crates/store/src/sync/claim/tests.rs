//! Due work is found by the index, whatever else there is.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use trunnion_model::time::Clock;

use super::super::rows::plan_columns;
use super::*;
use crate::Keyring;

/// Twenty thousand connections: plans that wait for a later time, plans that rest, and one in a thousand that is due.
fn fill(id: &str, yes: &str, no: &str) -> String {
    format!(
        "insert into application (id, name, created_at) values ({id}, 'acme', 1);
         insert into connection (id, application_id, system, customer_id, customer_name, metadata, settings, status,
             status_since, last_sequence, created_at, modified_at)
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
         select {id}, a.id, 'x', 'c', 'C', '', '', 'online', i, 0, 1, 1 from n, application a;
         insert into sync_plan (connection_id, entity, priority, state, paused, mode, due_at, attempt, initial_done,
             records, resting, lane)
         select id, 'vendor', 1, 'idle', {no}, 'incremental',
             case when status_since % 1000 = 0 then 1 else 4000000000000000 end, 0, {yes}, 0,
             case when status_since % 3 = 0 then {yes} else {no} end, 0 from connection"
    )
}

async fn plan_of(store: &Store, explain: &str) -> String {
    let sql = format!("{explain} {}", select_due!(""));
    let bound = args![store.now(), 2_i64, 8_i64, Lane::Usual.number(), Uuid::nil()];
    let rows: Vec<String> = match store.inner.db.dialect().name() {
        "sqlite" => {
            let rows = store.inner.db.rows::<(i64, i64, i64, String)>(AssertSqlSafe(sql), bound).await.unwrap();
            rows.into_iter().map(|row| row.3).collect()
        }
        _ => {
            let rows = store.inner.db.rows::<(String,)>(AssertSqlSafe(sql), bound).await.unwrap();
            rows.into_iter().map(|row| row.0).collect()
        }
    };
    rows.join("\n")
}

#[tokio::test]
async fn sqlite_reads_due_work_off_its_index() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.db").display());
    let store = Store::open(&url, Keyring::generate().unwrap(), Clock::system()).await.unwrap();
    let mut beside = sqlx::SqliteConnection::connect(&url).await.unwrap();
    beside.execute(AssertSqlSafe(fill("randomblob(16)", "1", "0"))).await.unwrap();
    let plan = plan_of(&store, "explain query plan").await;
    assert!(plan.contains("SEARCH p USING INDEX sync_plan_due (lane=? AND due_at<?)"), "{plan}");
    assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    store.close().await;
}

#[tokio::test]
async fn postgres_reads_due_work_off_its_index() {
    let Ok(server) = std::env::var("TRUNNION_TEST_POSTGRES") else {
        eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
        return;
    };
    let name = format!("explain_{}", Uuid::from_bytes(random().unwrap()).simple());
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    let store = Store::open(&url, Keyring::generate().unwrap(), Clock::system()).await.unwrap();
    let mut beside = sqlx::PgConnection::connect(&url).await.unwrap();
    beside.execute(AssertSqlSafe(fill("gen_random_uuid()", "true", "false"))).await.unwrap();
    beside.execute("analyze").await.unwrap();
    let plan = plan_of(&store, "explain").await;
    beside.close().await.unwrap();
    store.close().await;
    admin.execute(AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
    assert!(plan.contains("Index Scan using sync_plan_due on sync_plan p"), "{plan}");
    assert!(!plan.contains("Seq Scan on sync_plan"), "{plan}");
}

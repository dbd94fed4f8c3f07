//! Due work is found by the index, whatever else there is.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use trunnion_model::time::Clock;

use super::super::rows::plan_columns;
use super::*;
use crate::Keyring;
use crate::db::explain::Planner;

/// Twenty thousand connections: plans that wait for a later time, plans that rest, and one in a thousand that is due.
fn fill(id: &str, yes: &str, no: &str) -> String {
    format!(
        "insert into application (id, name, created_at) values ({id}, 'acme', 1);
         insert into connection (id, application_id, system, customer_id, customer_name, metadata, settings, status,
             status_since, last_sequence, created_at, modified_at)
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
         select {id}, a.id, 'x', 'c', 'C', '', '', 'online', i, 0, 1, 1 from n, application a;
         insert into sync_plan (application_id, connection_id, entity, priority, state, paused, mode, due_at, attempt, initial_done,
             records, resting, lane)
         select application_id, id, 'vendor', 1, 'idle', {no}, 'incremental',
             case when status_since % 1000 = 0 then 1 else 4000000000000000 end, 0, {yes}, 0,
             case when status_since % 3 = 0 then {yes} else {no} end, 0 from connection"
    )
}

/// Each statement that looks for due work, and how many parameters it has.
const LOOKS: [(&str, usize); 3] = [(due_of_all!(""), 4), (due_of_one!(""), 5), (OTHERS, 5)];

async fn sqlite_plan(store: &Store, (sql, parameters): (&str, usize)) -> String {
    let mut bound = args![store.now(), 2_i64, 8_i64, Lane::Usual.number(), Uuid::nil()];
    bound.truncate(parameters);
    let sql = AssertSqlSafe(format!("explain query plan {sql}"));
    let rows = store.inner.db.rows::<(i64, i64, i64, String)>(sql, bound).await.unwrap();
    rows.into_iter().map(|row| row.3).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn sqlite_reads_due_work_off_its_index() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.db").display());
    let store = Store::open(&url, Keyring::generate().unwrap(), Clock::system()).await.unwrap();
    let mut beside = sqlx::SqliteConnection::connect(&url).await.unwrap();
    beside.execute(AssertSqlSafe(fill("randomblob(16)", "1", "0"))).await.unwrap();
    let indexed = [
        "SEARCH p USING INDEX sync_plan_due (lane=? AND due_at<?)",
        "SEARCH p USING INDEX sync_plan_due_of_application (application_id=? AND lane=? AND due_at<?)",
        "SEARCH p USING INDEX sync_plan_due_of_application (application_id=? AND lane=? AND due_at<?)",
    ];
    for (look, indexed) in LOOKS.into_iter().zip(indexed) {
        let plan = sqlite_plan(&store, look).await;
        assert!(plan.contains(indexed), "{plan}");
        let others = look.0 == OTHERS;
        assert!(others || !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
    store.close().await;
}

#[tokio::test]
async fn postgres_reads_due_work_off_its_index() {
    let Some(mut planner) = Planner::start(fill("gen_random_uuid()", "true", "false")).await else { return };
    let mut plans = Vec::new();
    for (sql, parameters) in LOOKS {
        let (types, values) = match parameters {
            4 => ("bigint, bigint, bigint, bigint", "1000, 2, 8, 0"),
            _ => ("bigint, bigint, bigint, bigint, uuid", "1000, 2, 8, 0, gen_random_uuid()"),
        };
        plans.push(planner.plan(sql, types, values).await);
    }
    planner.stop().await;
    let indexed = [
        "Index Scan using sync_plan_due on sync_plan p",
        "Index Scan using sync_plan_due_of_application on sync_plan p",
        "Index Only Scan using sync_plan_due_of_application on sync_plan p",
    ];
    for (plan, indexed) in plans.iter().zip(indexed) {
        assert!(plan.contains(indexed), "{plan}");
        assert!(!plan.contains("Seq Scan on sync_plan") && !plan.contains("Seq Scan on connection"), "{plan}");
    }
}

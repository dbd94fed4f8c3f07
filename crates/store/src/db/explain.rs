//! What PostgreSQL makes of a statement once it does not plan it anew for each value. For tests.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use trunnion_model::time::Clock;
use uuid::Uuid;

use crate::sync::random;
use crate::{Keyring, Store};

/// A database of its own.
pub(crate) struct Planner {
    admin: PgConnection,
    name: String,
    connection: PgConnection,
}

impl Planner {
    /// With what the statements `fill` write. `None` where no server is named.
    pub(crate) async fn start(fill: String) -> Option<Self> {
        let Ok(server) = std::env::var("TRUNNION_TEST_POSTGRES") else {
            eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
            return None;
        };
        let name = format!("explain_{}", Uuid::from_bytes(random().unwrap()).simple());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let store = Store::open(&url, Keyring::generate().unwrap(), Clock::system()).await.unwrap();
        store.close().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(fill)).await.unwrap();
        let settings = "analyze; set enable_bitmapscan = off; set plan_cache_mode = force_generic_plan";
        connection.execute(settings).await.unwrap();
        Some(Self { admin, name, connection })
    }

    /// The plan of a statement whose parameters have these types and values.
    pub(crate) async fn plan(&mut self, sql: &str, types: &str, values: &str) -> String {
        let prepare = AssertSqlSafe(format!("deallocate all; prepare statement ({types}) as {sql}"));
        self.connection.execute(prepare).await.unwrap();
        let explain = AssertSqlSafe(format!("explain execute statement ({values})"));
        let rows: Vec<(String,)> =
            sqlx::query_as(explain).persistent(false).fetch_all(&mut self.connection).await.unwrap();
        rows.into_iter().map(|row| row.0).collect::<Vec<_>>().join("\n")
    }

    pub(crate) async fn stop(mut self) {
        self.connection.close().await.unwrap();
        self.admin.execute(AssertSqlSafe(format!("drop database {} with (force)", self.name))).await.unwrap();
    }
}

//! A fresh store per test, and short ways to fill it.

use std::future::Future;
use std::time::Duration;

use secrecy::SecretString;
use sqlx::{Connection as _, Executor as _};
use trunnion_model::catalog::{self, Entity};
use trunnion_model::change::Cause;
use trunnion_model::ids::{ApplicationId, ConnectionId, RecordId};
use trunnion_model::record::{Incoming, Volatile};
use trunnion_model::schedule::Schedule;
use trunnion_model::time::{Clock, Hands};
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{
    Applied, Claim, ClaimRequest, Commit, Connection, ConnectionStatus, Event, Keyring, NewConnection, NewPlan,
    PageProgress, Store,
};

pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const START: &str = "2026-01-01T00:00:00Z";

/// A store on a database of its own, with a clock that stands still.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) hands: Hands,
    pub(crate) keyring: Keyring,
    pub(crate) url: String,
}

/// Declares a test that runs on both databases.
macro_rules! on_both {
    ($(#[$doc:meta])* async fn $name:ident($world:ident: $type:ty) $body:block) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn test($world: $type) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::harness::on_sqlite(test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::harness::on_postgres(test).await;
            }
        }
    };
}

pub(crate) use on_both;

pub(crate) async fn on_sqlite<F: Future<Output = ()> + Send + 'static>(test: fn(World) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.db").display());
    let world = World::open(&url).await;
    let store = world.store.clone();
    test(world).await;
    store.close().await;
}

pub(crate) async fn on_postgres<F: Future<Output = ()> + Send + 'static>(test: fn(World) -> F) {
    let Ok(server) = std::env::var("TRUNNION_TEST_POSTGRES") else {
        eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
        return;
    };
    let name = format!("store_test_{}", uuid::Uuid::from_u128(rand()).simple());
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    admin.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
    let url = format!("{base}/{name}");
    // As a task, so that the database is dropped also after a test that fails.
    let result = tokio::spawn(async move {
        let world = World::open(&url).await;
        let store = world.store.clone();
        test(world).await;
        store.close().await;
    })
    .await;
    admin.execute(sqlx::AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
    if let Err(panicked) = result {
        std::panic::resume_unwind(panicked.into_panic());
    }
}

fn rand() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    u128::from_le_bytes(bytes)
}

pub(crate) fn vendor() -> &'static Entity {
    catalog::entity("vendor").unwrap()
}

pub(crate) fn item() -> &'static Entity {
    catalog::entity("item").unwrap()
}

/// A vendor as a sync brings it.
pub(crate) fn row(connection: ConnectionId, remote_id: &str, name: &str) -> Incoming {
    row_of(connection, vendor(), remote_id, name)
}

pub(crate) fn row_of(connection: ConnectionId, entity: &Entity, remote_id: &str, name: &str) -> Incoming {
    Incoming {
        id: RecordId::of(connection, entity, remote_id),
        remote_id: remote_id.to_owned(),
        display: name.to_owned(),
        natural_key: Some(format!("C{remote_id}")),
        remote_url: None,
        remote_created_at: Some(1),
        remote_modified_at: Some(2),
        deleted: false,
        data: format!(r#"{{"code":"C{remote_id}","name":"{name}"}}"#),
        raw: format!(r#"{{"Supplier":"{remote_id}","SupplierName":"{name}"}}"#),
        volatile: Volatile::default(),
    }
}

pub(crate) fn page(connection: ConnectionId, rows: Vec<Incoming>) -> Commit {
    Commit::new(connection, vendor(), rows, Cause::Incremental)
}

impl World {
    async fn open(url: &str) -> Self {
        let (clock, hands) = Clock::manual(START.parse().unwrap());
        let keyring = Keyring::generate().unwrap();
        let store = Store::open(url, keyring.clone(), clock.clone()).await.unwrap();
        Self { store, clock, hands, keyring, url: url.to_owned() }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.hands.advance(Duration::from_secs(seconds));
    }

    /// Moves the clock to that instant.
    pub(crate) fn until(&self, micros: i64) {
        self.hands.set(trunnion_model::time::from_micros(micros));
    }

    pub(crate) async fn application(&self) -> ApplicationId {
        self.store.create_application("acme").await.unwrap().id
    }

    /// A connection with plans for these entities, every 15 minutes.
    pub(crate) async fn connect(&self, application: ApplicationId, entities: &[&'static Entity]) -> Connection {
        self.connect_with(application, entities, &NewToken::new(TokenKind::Connection)).await
    }

    pub(crate) async fn connect_with(
        &self,
        application: ApplicationId,
        entities: &[&'static Entity],
        token: &NewToken,
    ) -> Connection {
        let plans = entities.iter().zip(1..).map(|(&entity, priority)| NewPlan {
            entity,
            schedule: Schedule::every(Some(900)),
            real_time: false,
            history_days: Some(90),
            strict: false,
            priority,
        });
        let new = NewConnection {
            tags: Vec::new(),
            system: "example".into(),
            customer_id: "c1".into(),
            customer_name: "Customer One".into(),
            metadata: r#"{"plan":"gold"}"#.into(),
            settings: r#"{"url":"https://erp.example"}"#.into(),
            account: Some("admin".into()),
            status: ConnectionStatus::Syncing,
            credentials: SecretString::from(r#"{"password":"correct horse battery"}"#),
            token_hash: token.hash(),
            plans: plans.collect(),
            address: None,
        };
        self.store.create_connection(application, new).await.unwrap()
    }

    pub(crate) async fn connection(&self) -> ConnectionId {
        let application = self.application().await;
        self.connect(application, &[vendor()]).await.id
    }

    pub(crate) async fn apply(&self, connection: ConnectionId, rows: Vec<Incoming>) -> Applied {
        self.store.apply(page(connection, rows)).await.unwrap()
    }

    pub(crate) async fn claim(&self) -> Vec<Claim> {
        let request = ClaimRequest { node: "test", lease_for: LEASE, limit: 10, per_connection: 10 };
        self.store.claim_due(&request).await.unwrap()
    }

    pub(crate) async fn claim_one(&self) -> Claim {
        let mut claims = self.claim().await;
        assert_eq!(claims.len(), 1, "{claims:?}");
        claims.remove(0)
    }

    /// All events of the connection, in order.
    pub(crate) async fn log(&self, connection: ConnectionId) -> Vec<Event> {
        let (mut events, mut after) = (Vec::new(), 0);
        loop {
            let page = self.store.events(connection, after, &[], 500).await.unwrap();
            events.extend(page.events);
            after = page.next_after;
            if after >= page.last_sequence {
                return events;
            }
        }
    }

    pub(crate) async fn kinds(&self, connection: ConnectionId) -> Vec<String> {
        self.log(connection).await.into_iter().map(|event| event.kind).collect()
    }

    /// Asks the database itself, past the store.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        self.texts(sql).await.first().map_or(0, |text| text.parse().unwrap())
    }

    /// The only column of all rows, which must be a text.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        if self.is_postgres() {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
        } else {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }
}

/// A page of a sync under the claim's lease.
pub(crate) fn sync_page(claim: &Claim, rows: Vec<Incoming>, cursor: &str) -> Commit {
    Commit {
        progress: Some(PageProgress {
            lease: claim.lease.clone(),
            lease_for: LEASE,
            cursor: Some(cursor.to_owned()),
            cursor_at: Some(5),
            initial_done: None,
            total_known: None,
            settled_before: None,
        }),
        ..Commit::new(claim.plan.connection, claim.entity, rows, Cause::Initial)
    }
}

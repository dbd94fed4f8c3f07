//! A fresh inbox per test, and a handler that notes what it was given.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::{Connection as _, Executor as _};
use trunnion_receiver::inbox::{Handler, Inbox, Message, New, Options, Outcome, Time};

/// Declares a test that runs on both databases.
macro_rules! on_both {
    ($(#[$doc:meta])* async fn $name:ident($url:ident: String) $body:block) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn test($url: String) $body

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

pub(crate) async fn on_sqlite<F: Future<Output = ()> + Send + 'static>(test: fn(String) -> F) {
    let directory = tempfile::tempdir().unwrap();
    test(format!("sqlite:{}", directory.path().join("inbox.db").display())).await;
}

pub(crate) async fn on_postgres<F: Future<Output = ()> + Send + 'static>(test: fn(String) -> F) {
    let Ok(server) = std::env::var("TRUNNION_TEST_POSTGRES") else {
        eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
        return;
    };
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    let name = format!("inbox_test_{}", u64::from_le_bytes(bytes));
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    admin.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
    // As a task, so that the database is dropped also after a test that fails.
    let result = tokio::spawn(test(format!("{base}/{name}"))).await;
    admin.execute(sqlx::AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
    if let Err(panicked) = result {
        std::panic::resume_unwind(panicked.into_panic());
    }
}

/// As in production, but impatient.
pub(crate) fn options() -> Options {
    Options {
        first_pause: Duration::from_millis(20),
        tries: 3,
        poll: Duration::from_millis(20),
        gap_wait: Duration::from_millis(100),
        handler_limit: Duration::from_millis(400),
        ..Options::default()
    }
}

pub(crate) async fn open(url: &str) -> Inbox {
    open_with(url, options()).await
}

pub(crate) async fn open_with(url: &str, options: Options) -> Inbox {
    Inbox::open(url, options, Time::system()).await.unwrap()
}

pub(crate) fn new(source: &str, id: &str, key: &str) -> New {
    New {
        source: source.to_owned(),
        dedupe: id.to_owned(),
        key: key.to_owned(),
        kind: "thing.updated".to_owned(),
        place: None,
        headers: "[]".to_owned(),
        body: format!(r#"{{"id":"{id}"}}"#).into_bytes().into(),
        received_at: Time::system().micros(),
    }
}

/// What was handled, in order: key and id.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<(String, String)>>>);

impl Notes {
    pub(crate) fn add(&self, message: &Message) {
        self.0.lock().unwrap().push((message.key.clone(), message.id.clone()));
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, id)| id.clone()).collect()
    }

    pub(crate) fn by_key(&self) -> HashMap<String, Vec<String>> {
        let mut keys: HashMap<String, Vec<String>> = HashMap::new();
        for (key, id) in self.0.lock().unwrap().iter() {
            keys.entry(key.clone()).or_default().push(id.clone());
        }
        keys
    }

    pub(crate) async fn reach(&self, count: usize) {
        until(|| async { self.ids().len() >= count }).await;
    }
}

/// Notes each message, then says what `outcome` says.
pub(crate) struct Noting<F> {
    pub(crate) notes: Notes,
    pub(crate) outcome: F,
}

impl<F: Fn(&Message) -> Outcome + Send + Sync + 'static> Handler for Noting<F> {
    async fn handle(&self, message: &Message) -> Outcome {
        self.notes.add(message);
        (self.outcome)(message)
    }
}

pub(crate) fn noting(notes: &Notes) -> Noting<fn(&Message) -> Outcome> {
    Noting { notes: notes.clone(), outcome: |_| Outcome::done() }
}

/// Waits for something that is to become true; a test that waits in vain fails.
pub(crate) async fn until<F: Future<Output = bool>>(what: impl Fn() -> F) {
    for _ in 0..1_500 {
        if what().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("this did not come true");
}

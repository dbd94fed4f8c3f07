//! What a handler writes takes place once, and a node that dies leaves its messages to others.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _};
use trunnion_receiver::inbox::{
    Effect, Filter, Handler, Inbox, Message, NoCatchUp, Options, Outcome, State, Time, Value,
};

use crate::harness::{Notes, new, noting, on_both, open, open_with, options, until};

async fn sql(url: &str, text: &'static str) -> Vec<String> {
    if url.starts_with("sqlite") {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        if text.starts_with("create") {
            connection.execute(text).await.unwrap();
            return Vec::new();
        }
        return sqlx::query_scalar(text).fetch_all(&mut connection).await.unwrap();
    }
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    if text.starts_with("create") {
        connection.execute(text).await.unwrap();
        return Vec::new();
    }
    sqlx::query_scalar(text).fetch_all(&mut connection).await.unwrap()
}

/// Writes each event's id into a table that refuses one of them.
struct Writing;

impl Handler for Writing {
    async fn handle(&self, message: &Message) -> Outcome {
        let first = Effect { sql: "insert into seen (id) values ($1)", values: vec![Value::from(message.id.as_str())] };
        let second = Effect { sql: "update seen set times = times + 1 where id = $1", values: first.values.clone() };
        Outcome::Done(vec![first, second])
    }
}

on_both! {
    async fn effects_commit_with_the_mark_and_one_that_is_refused_takes_no_other_with_it(url: String) {
        let inbox = open(&url).await;
        sql(&url, "create table seen (id text not null primary key check (id <> 'bad'), times integer not null default 0)").await;
        for id in ["1", "bad", "2", "1"] {
            inbox.put(new("a", id, id)).await.unwrap();
        }
        let workers = inbox.start(Writing, NoCatchUp);
        until(|| async { inbox.metrics().await.unwrap()[0].waiting == 0 }).await;
        workers.stop(Duration::from_secs(5)).await;
        let seen = sql(&url, "select id || '=' || times from seen order by id").await;
        assert_eq!(seen, ["1=1", "2=1"]);
        let dead = inbox.list(&Filter { source: "a".into(), state: State::Dead, after: 0, limit: 10 }).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert!(dead[0].error.as_deref().unwrap_or_default().contains("refused"), "{:?}", dead[0].error);
        inbox.close().await;
    }
}

/// Begins, and never ends.
struct Hanging(Notes);

impl Handler for Hanging {
    async fn handle(&self, message: &Message) -> Outcome {
        self.0.add(message);
        std::future::pending().await
    }
}

on_both! {
    async fn what_a_dead_node_had_in_work_is_taken_over_when_its_lease_ends(url: String) {
        // A clock that runs ahead stands for the waiting.
        let ahead = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0));
        let shift = ahead.clone();
        let time = Time::new(move || {
            Time::system().micros() + shift.load(std::sync::atomic::Ordering::Relaxed)
        });
        let inbox = Inbox::open(&url, Options { handler_limit: Duration::from_secs(20), ..options() }, time).await.unwrap();
        let (dead, alive) = (Notes::default(), Notes::default());
        inbox.put(new("a", "1", "k")).await.unwrap();
        inbox.put(new("a", "2", "k")).await.unwrap();
        let workers = inbox.start(Hanging(dead.clone()), NoCatchUp);
        dead.reach(1).await;
        drop(workers);
        let workers = inbox.start(noting(&alive), NoCatchUp);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(alive.ids().is_empty(), "it is leased");
        ahead.store(40_000_000, std::sync::atomic::Ordering::Relaxed);
        alive.reach(2).await;
        assert_eq!(alive.ids(), ["1", "2"]);
        workers.stop(Duration::from_secs(5)).await;
        inbox.close().await;
    }
}

/// At work for a second; notes when it began, and counts when it was given up.
struct Slow {
    began: Notes,
    ended: Notes,
}

impl Handler for Slow {
    async fn handle(&self, message: &Message) -> Outcome {
        self.began.add(message);
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.ended.add(message);
        Outcome::done()
    }
}

fn slow() -> (Slow, Notes, Notes) {
    let (began, ended) = (Notes::default(), Notes::default());
    (Slow { began: began.clone(), ended: ended.clone() }, began, ended)
}

on_both! {
    async fn a_handler_that_takes_longer_than_its_lease_keeps_it(url: String) {
        let patient = Options { handler_limit: Duration::from_secs(20), lease: Duration::from_millis(450), ..options() };
        let (first, second) = (open_with(&url, patient.clone()).await, open_with(&url, patient).await);
        let (slow, began, ended) = slow();
        first.put(new("a", "1", "k")).await.unwrap();
        let at_work = first.start(slow, NoCatchUp);
        began.reach(1).await;
        let other = Notes::default();
        let idle = second.start(noting(&other), NoCatchUp);
        ended.reach(1).await;
        until(|| async { second.metrics().await.unwrap()[0].waiting == 0 }).await;
        assert_eq!((began.ids().len(), other.ids().len()), (1, 0));
        idle.stop(Duration::from_secs(5)).await;
        at_work.stop(Duration::from_secs(5)).await;
    }
}

on_both! {
    async fn a_handler_whose_lease_is_another_nodes_is_given_up(url: String) {
        let patient = Options { handler_limit: Duration::from_secs(20), lease: Duration::from_millis(450), ..options() };
        let first = open_with(&url, patient.clone()).await;
        let (slow, began, ended) = slow();
        first.put(new("a", "1", "k")).await.unwrap();
        let at_work = first.start(slow, NoCatchUp);
        began.reach(1).await;
        // By this node's clock the lease is over.
        let ahead = Time::new(|| Time::system().micros() + 60_000_000);
        let second = Inbox::open(&url, patient, ahead).await.unwrap();
        let other = Notes::default();
        let thief = second.start(noting(&other), NoCatchUp);
        other.reach(1).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(ended.ids().len(), 0, "two were at work on one key to the end");
        thief.stop(Duration::from_secs(5)).await;
        at_work.stop(Duration::from_secs(5)).await;
    }
}

on_both! {
    async fn a_message_that_ends_its_node_each_time_is_dead_in_the_end(url: String) {
        let inbox = open_with(&url, Options { handler_limit: Duration::from_millis(50), ..options() }).await;
        let notes = Notes::default();
        inbox.put(new("a", "1", "k")).await.unwrap();
        let workers = inbox.start(Hanging(notes.clone()), NoCatchUp);
        until(|| async { inbox.metrics().await.unwrap()[0].dead == 1 }).await;
        workers.stop(Duration::from_secs(5)).await;
        assert_eq!(notes.ids().len(), 3);
        inbox.close().await;
    }
}

/// Takes all of a key at once.
struct AtOnce(Notes);

impl Handler for AtOnce {
    async fn handle(&self, _message: &Message) -> Outcome {
        Outcome::Dead { reason: "one by one was not asked for".into() }
    }

    async fn handle_all(&self, messages: &[Message]) -> Option<Outcome> {
        self.0.add(&messages[0]);
        Some(Outcome::done())
    }
}

on_both! {
    async fn a_burst_on_one_key_can_be_handled_as_one(url: String) {
        let inbox = open_with(&url, Options { batch: 100, ..options() }).await;
        let notes = Notes::default();
        for number in 0..50 {
            inbox.put(new("a", &number.to_string(), "one object")).await.unwrap();
        }
        let workers = inbox.start(AtOnce(notes.clone()), NoCatchUp);
        until(|| async { inbox.metrics().await.unwrap()[0].waiting == 0 }).await;
        workers.stop(Duration::from_secs(5)).await;
        assert_eq!((notes.ids().len(), inbox.metrics().await.unwrap()[0].done), (1, 50));
        inbox.close().await;
    }
}

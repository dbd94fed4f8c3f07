//! Stored once, handed out in order per key.

use std::time::Duration;

use trunnion_receiver::inbox::{Filter, NoCatchUp, Options, Outcome, Put, State};

use crate::harness::{Notes, Noting, new, noting, on_both, open, open_with, options, until};

on_both! {
    async fn a_copy_is_stored_once_and_handled_once(url: String) {
        let inbox = open(&url).await;
        let notes = Notes::default();
        for _ in 0..3 {
            assert_eq!(inbox.put(new("a", "1", "k")).await.unwrap(), Put::Stored);
        }
        // The same id of another source is another event.
        inbox.put(new("b", "1", "k")).await.unwrap();
        let workers = inbox.start(noting(&notes), NoCatchUp);
        notes.reach(2).await;
        inbox.put(new("a", "1", "k")).await.unwrap();
        inbox.put(new("a", "2", "k")).await.unwrap();
        notes.reach(3).await;
        workers.stop(Duration::from_secs(5)).await;
        assert_eq!(notes.ids().len(), 3, "{:?}", notes.ids());
        let metrics = inbox.metrics().await.unwrap();
        assert_eq!((metrics[0].stored, metrics[0].duplicates, metrics[0].done, metrics[0].waiting), (2, 3, 2, 0));
        inbox.close().await;
    }
}

on_both! {
    async fn many_at_once_stay_in_order_for_each_key_whoever_works_on_them(url: String) {
        let (one, other) = (open(&url).await, open(&url).await);
        let notes = Notes::default();
        let workers = [one.start(noting(&notes), NoCatchUp), other.start(noting(&notes), NoCatchUp)];
        for number in 0..60 {
            let puts = (0..8).map(|key| one.put(new("a", &format!("{key}-{number:03}"), &format!("k{key}"))));
            for put in futures_util::future::join_all(puts).await {
                assert_eq!(put.unwrap(), Put::Stored);
            }
        }
        notes.reach(480).await;
        for workers in workers {
            workers.stop(Duration::from_secs(5)).await;
        }
        for (key, ids) in notes.by_key() {
            let mut sorted = ids.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(ids, sorted, "{key}");
            assert_eq!(ids.len(), 60, "{key}");
        }
        one.close().await;
        other.close().await;
    }
}

on_both! {
    async fn a_message_that_cannot_be_handled_holds_up_its_key_only_and_ends_as_dead(url: String) {
        let inbox = open(&url).await;
        let notes = Notes::default();
        for (id, key) in [("p1", "bad"), ("p2", "bad"), ("q1", "good"), ("q2", "good")] {
            inbox.put(new("a", id, key)).await.unwrap();
        }
        let outcome = |message: &trunnion_receiver::inbox::Message| match message.id.as_str() {
            "p1" => Outcome::retry("it is poison"),
            "q1" => panic!("a defect is an outcome like another"),
            _ => Outcome::done(),
        };
        let workers = inbox.start(Noting { notes: notes.clone(), outcome }, NoCatchUp);
        notes.reach(8).await;
        workers.stop(Duration::from_secs(5)).await;
        let by_key = notes.by_key();
        assert_eq!(by_key["bad"], ["p1", "p1", "p1", "p2"]);
        assert_eq!(by_key["good"], ["q1", "q1", "q1", "q2"]);
        let dead = inbox.list(&Filter { source: "a".into(), state: State::Dead, after: 0, limit: 10 }).await.unwrap();
        let why: Vec<_> = dead.iter().map(|one| (one.id.as_str(), one.error.clone().unwrap_or_default())).collect();
        assert_eq!(why, [("p1", "it is poison".to_owned()), ("q1", "the handler panicked".to_owned())]);
        assert_eq!(dead[0].attempts, 3);
        inbox.close().await;
    }
}

on_both! {
    async fn dead_messages_are_handled_again_when_somebody_says_so(url: String) {
        let inbox = open(&url).await;
        let (before, after) = (Notes::default(), Notes::default());
        for id in ["1", "2", "3"] {
            inbox.put(new("a", id, id)).await.unwrap();
        }
        let outcome = |_: &trunnion_receiver::inbox::Message| Outcome::Dead { reason: "no mapping".into() };
        let workers = inbox.start(Noting { notes: before.clone(), outcome }, NoCatchUp);
        before.reach(3).await;
        workers.stop(Duration::from_secs(5)).await;
        let dead = Filter { source: "a".into(), state: State::Dead, after: 0, limit: 10 };
        let first = inbox.list(&dead).await.unwrap()[0].seq;
        assert!(inbox.replay("a", first).await.unwrap());
        assert!(!inbox.replay("other", first).await.unwrap());
        assert_eq!(inbox.replay_dead("a").await.unwrap(), 2);
        let workers = inbox.start(noting(&after), NoCatchUp);
        after.reach(3).await;
        workers.stop(Duration::from_secs(5)).await;
        assert!(inbox.list(&dead).await.unwrap().is_empty());
        assert_eq!(inbox.get("a", first).await.unwrap().unwrap().state(), State::Done);
        inbox.close().await;
    }
}

on_both! {
    async fn a_source_that_floods_us_is_told_to_come_again_and_delays_no_other(url: String) {
        let bounds = Options { max_pending: 50, slots: 4, slots_per_source: 2, ..options() };
        let inbox = open_with(&url, bounds).await;
        let notes = Notes::default();
        let mut full = 0;
        for number in 0..80 {
            match inbox.put(new("noisy", &format!("n{number}"), "one object")).await.unwrap() {
                Put::Stored => {}
                Put::Full { retry_after } => {
                    assert!(retry_after >= Duration::from_secs(1));
                    full += 1;
                }
            }
        }
        assert_eq!(full, 30);
        assert_eq!(inbox.put(new("quiet", "q", "k")).await.unwrap(), Put::Stored);
        // The noisy one's handler never ends by itself.
        struct Slow(Notes);
        impl trunnion_receiver::inbox::Handler for Slow {
            async fn handle(&self, message: &trunnion_receiver::inbox::Message) -> Outcome {
                if message.source == "noisy" {
                    std::future::pending::<()>().await;
                }
                self.0.add(message);
                Outcome::done()
            }
        }
        let workers = inbox.start(Slow(notes.clone()), NoCatchUp);
        notes.reach(1).await;
        assert_eq!(notes.ids(), ["q"]);
        workers.stop(Duration::ZERO).await;
        inbox.close().await;
    }
}

on_both! {
    async fn what_was_finished_long_ago_is_forgotten_and_what_waits_is_not(url: String) {
        let inbox = open_with(&url, Options { keep: Duration::ZERO, ..options() }).await;
        let notes = Notes::default();
        inbox.put(new("a", "1", "k")).await.unwrap();
        let workers = inbox.start(noting(&notes), NoCatchUp);
        until(|| async { inbox.metrics().await.unwrap()[0].waiting == 0 }).await;
        workers.stop(Duration::from_secs(5)).await;
        inbox.put(new("a", "2", "k")).await.unwrap();
        assert_eq!(inbox.purge(100).await.unwrap(), 1);
        let pending = Filter { source: "a".into(), state: State::Pending, after: 0, limit: 10 };
        assert_eq!(inbox.list(&pending).await.unwrap().len(), 1);
        inbox.erase("a").await.unwrap();
        assert!(inbox.list(&pending).await.unwrap().is_empty());
        inbox.close().await;
    }
}

//! Logs without holes: handed out in the order of their numbers, and completed from the log.

use std::time::Duration;

use trunnion_receiver::inbox::{CatchUp, Caught, LogEvent, New, NoCatchUp, Options};

use crate::harness::{Notes, new, noting, on_both, open, open_with, options, until};

fn numbered(number: i64) -> New {
    New { place: Some(("log".to_owned(), number)), ..new("a", &format!("e{number:03}"), &format!("k{}", number % 3)) }
}

/// A sender's log that begins with `first` and ends with `last`.
struct Log {
    first: i64,
    last: i64,
}

impl CatchUp for Log {
    fn streams(&self) -> Vec<(String, String)> {
        vec![("a".to_owned(), "log".to_owned())]
    }

    async fn after(&self, _source: &str, _stream: &str, after: i64) -> Result<Caught, String> {
        let from = self.first.max(after + 1);
        let to = self.last.min(from + 9);
        let event = |number| {
            let new = numbered(number);
            LogEvent { number, id: new.dedupe, kind: new.kind, key: new.key, body: new.body.to_vec() }
        };
        Ok(Caught { events: (from..=to).map(event).collect(), more: to < self.last })
    }
}

fn in_order(notes: &Notes, from: i64, to: i64) {
    for (key, ids) in notes.by_key() {
        let key: i64 = key[1..].parse().unwrap();
        let expected: Vec<String> =
            (from..=to).filter(|number| number % 3 == key).map(|number| format!("e{number:03}")).collect();
        assert_eq!(ids, expected);
    }
}

on_both! {
    async fn whatever_order_they_come_in_they_are_handled_in_theirs(url: String) {
        let inbox = open(&url).await;
        let notes = Notes::default();
        let workers = inbox.start(noting(&notes), NoCatchUp);
        // 17 and 60 have no common divisor, so this is every number once, in a wild order.
        let wild = (0..60).map(|step| 1 + (step * 17) % 60);
        futures_util::future::join_all(wild.map(|number| inbox.put(numbered(number)))).await;
        notes.reach(60).await;
        in_order(&notes, 1, 60);
        workers.stop(Duration::from_secs(5)).await;
        inbox.close().await;
    }
}

on_both! {
    async fn what_never_came_is_fetched_from_the_log_and_counted(url: String) {
        let inbox = open_with(&url, Options { reconcile: Duration::from_millis(300), ..options() }).await;
        let notes = Notes::default();
        let workers = inbox.start(noting(&notes), Log { first: 1, last: 40 });
        // The tenth of all webhooks, and the last five, are lost.
        for number in (1..=35).filter(|number| number % 10 != 0) {
            inbox.put(numbered(number)).await.unwrap();
        }
        notes.reach(40).await;
        in_order(&notes, 1, 40);
        workers.stop(Duration::from_secs(5)).await;
        let metrics = inbox.metrics().await.unwrap();
        assert!((8..=40).contains(&metrics[0].missed), "{metrics:?}");
        assert_eq!((metrics[0].stored, metrics[0].done), (40, 40));
        inbox.close().await;
    }
}

on_both! {
    async fn without_a_log_a_gap_is_given_up_after_its_time_and_counted(url: String) {
        let inbox = open(&url).await;
        let notes = Notes::default();
        let workers = inbox.start(noting(&notes), NoCatchUp);
        for number in [1, 2, 5, 6] {
            inbox.put(numbered(number)).await.unwrap();
        }
        notes.reach(4).await;
        until(|| async { inbox.metrics().await.unwrap()[0].missed == 2 }).await;
        // What comes after all is not lost.
        inbox.put(numbered(3)).await.unwrap();
        notes.reach(5).await;
        workers.stop(Duration::from_secs(5)).await;
        inbox.close().await;
    }
}

on_both! {
    async fn a_log_that_no_longer_has_its_beginning_is_followed_from_where_it_begins(url: String) {
        let inbox = open_with(&url, Options { reconcile: Duration::from_millis(200), ..options() }).await;
        let notes = Notes::default();
        let workers = inbox.start(noting(&notes), Log { first: 11, last: 20 });
        notes.reach(10).await;
        in_order(&notes, 11, 20);
        workers.stop(Duration::from_secs(5)).await;
        inbox.close().await;
    }
}

//! Messages for those who fetch them.

use std::time::Duration;

use trunnion_receiver::inbox::{Options, Outcome};

use crate::harness::{new, on_both, open_with, options};

on_both! {
    async fn what_is_fetched_is_leased_and_done_when_it_is_acknowledged(url: String) {
        let inbox = open_with(&url, Options { batch: 1, handler_limit: Duration::from_secs(30), ..options() }).await;
        for (id, key) in [("1", "k"), ("2", "k"), ("3", "other")] {
            inbox.put(new("a", id, key)).await.unwrap();
        }
        let first = inbox.pull("a", 10).await.unwrap();
        let ids = |pulled: &[trunnion_receiver::inbox::Pulled]| {
            let mut ids: Vec<String> = pulled.iter().map(|one| one.message.id.clone()).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&first), ["1", "3"], "the second of a key waits for the first");
        assert!(inbox.pull("a", 10).await.unwrap().is_empty());
        for one in &first {
            assert!(inbox.settle("a", &one.receipt, Outcome::done()).await.unwrap());
            assert!(!inbox.settle("a", &one.receipt, Outcome::done()).await.unwrap(), "once is enough");
        }
        let second = inbox.pull("a", 10).await.unwrap();
        assert_eq!(ids(&second), ["2"]);
        for wrong in ["", "1", "1.x", "999.1"] {
            assert!(!inbox.settle("a", wrong, Outcome::done()).await.unwrap(), "{wrong}");
        }
        assert!(inbox.settle("a", &second[0].receipt, Outcome::retry("not now")).await.unwrap());
        tokio::time::sleep(Duration::from_millis(60)).await;
        let again = inbox.pull("a", 10).await.unwrap();
        assert_eq!((ids(&again), again[0].message.attempts), (vec!["2".to_owned()], 1));
        inbox.close().await;
    }
}

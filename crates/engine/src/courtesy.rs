//! Syncs give way to writes.
//!
//! Somebody waits for a write, and nobody for a page of a sync; but a database may have one writer, or one row that both
//! must lock. So while a write is in hand on this node, a sync stores little at a time and, before each time, waits a moment
//! for the write to be over. It is a courtesy, not a lock: what is right does not depend on it, and a sync always goes on.

use std::time::Duration;

use tokio::sync::watch;

/// A sync waits so long at most before it stores a part: a write that waits for its system holds nothing up.
const PATIENCE: Duration = Duration::from_millis(50);
/// So much smaller are the parts while somebody waits.
const SMALLER: usize = 4;

/// How many writes are in hand.
#[derive(Default)]
pub(crate) struct Courtesy(watch::Sender<usize>);

/// A write in hand, until it is dropped.
pub(crate) struct InHand<'c>(&'c Courtesy);

impl Courtesy {
    pub(crate) fn enter(&self) -> InHand<'_> {
        self.0.send_modify(|count| *count += 1);
        InHand(self)
    }

    /// Waits a moment if a write is in hand. How much may be stored then, if it is `bytes` otherwise.
    pub(crate) async fn give_way(&self, bytes: usize) -> usize {
        let mut counts = self.0.subscribe();
        if *counts.borrow_and_update() == 0 {
            return bytes;
        }
        let _over_or_patience_is = tokio::time::timeout(PATIENCE, counts.wait_for(|count| *count == 0)).await;
        bytes / SMALLER
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_sync_waits_for_a_write_that_is_in_hand_and_not_for_ever() {
        let courtesy = Courtesy::default();
        assert_eq!(courtesy.give_way(1_000).await, 1_000);
        let (one, other) = (courtesy.enter(), courtesy.enter());
        drop(one);
        let began = Instant::now();
        assert_eq!(courtesy.give_way(1_000).await, 250);
        assert!(began.elapsed() >= PATIENCE, "one write was in hand all the time");
        let (waited, ()) = tokio::join!(courtesy.give_way(1_000), async { drop(other) });
        assert_eq!(waited, 250);
        assert_eq!(courtesy.give_way(1_000).await, 1_000, "nobody is there any more");
    }
}

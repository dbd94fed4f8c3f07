//! Gathers what is asked for at the same time, so that one commit serves many.

use std::time::Duration;

use tokio::sync::mpsc;

/// A database that does not come back to us within this time has failed.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// Everything that waits, up to `most`; empty once nobody can ask any more.
pub(super) async fn next<T>(from: &mut mpsc::Receiver<T>, most: usize) -> Vec<T> {
    let mut jobs = Vec::new();
    from.recv_many(&mut jobs, most).await;
    jobs
}

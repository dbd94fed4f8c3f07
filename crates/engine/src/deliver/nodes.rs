//! Being alive, and noticing who is not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use trunnion_store::Error;
use uuid::Uuid;

use crate::Engine;

const EVERY: Duration = Duration::from_secs(1);

/// What this node knows of itself and of the others.
#[derive(Default)]
pub(super) struct Nodes {
    beaten: Option<Instant>,
    watched: Option<Instant>,
    /// Of each other node: its count, and since when it is that.
    seen: HashMap<Uuid, (i64, Instant)>,
}

impl Nodes {
    /// To be called before anything is taken up: from then on the others know that this node has something in hand.
    pub(super) async fn show_life(&mut self, engine: &Engine) -> Result<(), Error> {
        if self.beaten.is_none_or(|at| at.elapsed() >= EVERY) {
            engine.store().beat(engine.boot(), &engine.options().node).await?;
            self.beaten = Some(Instant::now());
        }
        Ok(())
    }

    /// Frees what those had in hand whose count stood still for too long, by this node's own watch. `true`: it did.
    pub(super) async fn watch(&mut self, engine: &Engine) -> Result<bool, Error> {
        let dead_after = engine.options().webhooks.dead_after;
        if self.watched.is_some_and(|at| at.elapsed() < EVERY.min(dead_after / 4)) {
            return Ok(false);
        }
        self.watched = Some(Instant::now());
        let now = Instant::now();
        let mut freed = false;
        let others = engine.store().nodes().await?;
        self.seen.retain(|node, _| others.iter().any(|(other, _)| other == node));
        for (node, beats) in others.into_iter().filter(|(node, _)| *node != engine.boot()) {
            let seen = self.seen.entry(node).or_insert((beats, now));
            if seen.0 != beats {
                *seen = (beats, now);
            } else if now.duration_since(seen.1) >= dead_after {
                let count = engine.store().bury_node(node).await?;
                freed |= count > 0;
                if count > 0 {
                    tracing::info!(count, "another node is gone; what it was sending is sent again");
                }
            }
        }
        Ok(freed)
    }

    /// This node has nothing in hand any more.
    pub(super) async fn leave(&self, engine: &Engine) {
        if self.beaten.is_some()
            && let Err(error) = engine.store().bury_node(engine.boot()).await
        {
            tracing::debug!(%error, "the others will notice by themselves that this node is gone");
        }
    }
}

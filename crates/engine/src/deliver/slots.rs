//! Who may send how much at once.
//!
//! An endpoint has a few slots, of which half are for what was not tried before; one that fails has one. An application has
//! half of all slots, and those endpoints that fail have half of all slots together. So an endpoint that never answers, or a
//! thousand of them, leave the others room.

use std::collections::HashMap;

use tokio::task::{Id, JoinError, JoinSet};
use trunnion_model::ids::{ApplicationId, WebhookEndpointId};
use trunnion_store::{FinishedAttempt, WebhookEndpoint};

/// One that is being sent.
#[derive(Clone, Copy)]
struct Sending {
    endpoint: WebhookEndpointId,
    application: ApplicationId,
    fails: bool,
    again: bool,
}

/// How much more may be sent to an endpoint, and how much of it that was tried before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) limit: usize,
    pub(super) again: usize,
}

/// What is being sent.
#[derive(Default)]
pub(super) struct Busy {
    pub(super) tasks: JoinSet<FinishedAttempt>,
    sending: HashMap<Id, Sending>,
}

pub(super) type Ended = Result<(Id, FinishedAttempt), JoinError>;

impl Busy {
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is room for endpoints that fail at all.
    pub(super) fn has_room_for_failing(&self, slots: usize) -> bool {
        self.count(|one| one.fails) < slots / 2
    }

    pub(super) fn room(&self, endpoint: &WebhookEndpoint, slots: usize, per_endpoint: usize) -> Room {
        let fails = endpoint.failing_since.is_some();
        let mine = |one: &Sending| one.endpoint == endpoint.id;
        let own = if fails { 1 } else { per_endpoint };
        let mut limit = own.saturating_sub(self.count(mine));
        limit = limit.min(self.room_in(endpoint.application, slots));
        if fails {
            limit = limit.min((slots / 2).saturating_sub(self.count(|one| one.fails)));
        }
        limit = limit.min(slots.saturating_sub(self.len()));
        let again =
            if fails { limit } else { own.div_ceil(2).saturating_sub(self.count(|one| mine(one) && one.again)) };
        Room { limit, again: again.min(limit) }
    }

    /// How much more may be sent to an application's endpoints together.
    pub(super) fn room_in(&self, application: ApplicationId, slots: usize) -> usize {
        (slots / 2).saturating_sub(self.count(|one| one.application == application))
    }

    pub(super) fn send(
        &mut self,
        endpoint: &WebhookEndpoint,
        again: bool,
        send: impl Future<Output = FinishedAttempt> + Send + 'static,
    ) {
        let task = self.tasks.spawn(send);
        let fails = endpoint.failing_since.is_some();
        let sending = Sending { endpoint: endpoint.id, application: endpoint.application, fails, again };
        self.sending.insert(task.id(), sending);
    }

    /// What a task gave, if it did not end in a defect.
    pub(super) fn ended(&mut self, ended: Ended) -> Option<FinishedAttempt> {
        match ended {
            Ok((task, attempt)) => {
                self.sending.remove(&task);
                Some(attempt)
            }
            Err(error) => {
                self.sending.remove(&error.id());
                tracing::error!(%error, "a webhook ended in a defect; it is sent again after its lease");
                None
            }
        }
    }

    fn count(&self, which: impl Fn(&Sending) -> bool) -> usize {
        self.sending.values().filter(|one| which(one)).count()
    }
}

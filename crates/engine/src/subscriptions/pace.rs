//! Why a look came to nothing, and when the next one is due.

use std::time::Duration;

use trunnion_kit::error::Error as SystemError;
use trunnion_store::{DueSubscription, Reason};

use crate::Engine;
use crate::error::ServiceError;
use crate::sync::pause;

/// One that ends sooner than this cannot be kept alive by asking more often.
const SHORTEST: Duration = Duration::from_secs(30);

/// Why a look came to nothing.
pub(super) struct Failed {
    pub(super) reason: Reason,
    /// It may pass by itself.
    pub(super) passing: bool,
    /// The system asks for so long a pause.
    pub(super) pause: Duration,
}

impl Failed {
    pub(super) fn of(error: &ServiceError) -> Self {
        let reason = Reason { code: error.code().to_owned(), message: error.detail() };
        Self { reason, passing: false, pause: Duration::ZERO }
    }
}

impl From<SystemError> for Failed {
    fn from(error: SystemError) -> Self {
        let pause = match &error {
            SystemError::RateLimited { after } | SystemError::Unreachable { after, .. } => after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let passing = error.is_passing() || matches!(error, SystemError::OutcomeUnknown(_));
        Self { reason: said(&error), passing, pause }
    }
}

/// Half of what is left of its life, and once a day whether it ends or not: systems drop subscriptions.
pub(super) fn until_next(engine: &Engine, expires_at: Option<i64>) -> Duration {
    let every = engine.options().subscriptions.every;
    let left = expires_at.map(|at| at.saturating_sub(engine.clock().now_micros()).max(0));
    let half = left.map(|left| Duration::from_micros(left.unsigned_abs() / 2).max(SHORTEST));
    // The upper quarter is left to chance, so that many that were made together are not looked at together.
    let whole = half.unwrap_or(every).min(every);
    let span = u64::try_from((whole / 4).as_micros()).unwrap_or(u64::MAX).saturating_add(1);
    whole.saturating_sub(Duration::from_micros(engine.random().next() % span))
}

pub(super) fn after_failure(engine: &Engine, due: &DueSubscription, asked: Duration) -> Duration {
    let options = &engine.options().subscriptions;
    let tries = due.tries.saturating_add(1);
    pause(options.first, options.most, tries, engine.random().next()).max(asked.min(options.most))
}

/// In the words of whoever refused, where there are some: what a person has to mend is told there.
pub(super) fn said(error: &SystemError) -> Reason {
    let message = error.vendor().map_or_else(|| error.to_string(), |message| message.text.clone());
    Reason { code: error.cause().code().to_owned(), message }
}

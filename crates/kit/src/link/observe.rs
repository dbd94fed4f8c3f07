//! What calls come to, for whoever keeps count: of every call of a link, whoever makes it.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Cause, Error};
use crate::http::Answer;

/// One call, all its tries together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called {
    pub took: Duration,
    /// Why the system did not do its part. A refusal that it understood is an answer.
    pub failed: Option<Cause>,
}

pub type Observer = Arc<dyn Fn(Called) + Send + Sync>;

pub(super) fn called(took: Duration, outcome: &Result<Answer, Error>) -> Called {
    let failed = match outcome {
        Ok(answer) if answer.status >= 500 => Some(Cause::Unexpected),
        Ok(_) => None,
        Err(error) => Some(error.cause()),
    };
    Called { took, failed }
}

//! What went wrong with a vendor system, said as what to do next.

mod cause;

use std::time::Duration;

pub use cause::Cause;

/// The vendor's own words about a refusal, kept beside ours. Never holds a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendorMessage {
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The vendor's error code (`MEPO/002`, `INVALID_LOGIN`, `UserError`), if it gave one.
    pub code: Option<String>,
    /// The vendor's text, cut to a kilobyte.
    pub text: String,
    /// The vendor's name of the field at fault, if it named one.
    pub field: Option<String>,
}

/// An error of a call to a vendor system. The variant says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The credentials are wrong, expired or revoked. Ask the customer; do not try again.
    #[error("the system refused the credentials: {}", .0.text)]
    Authentication(VendorMessage),
    /// The credentials are right, but may not do this. Ask the customer; do not try again.
    #[error("the system's user may not do this: {}", .0.text)]
    Permission(VendorMessage),
    /// The address does not lead to the product that was chosen. Ask the customer.
    #[error("{0}")]
    NotThatProduct(String),
    /// The address is in a network that this server must not call. Nothing was sent.
    #[error("{0}")]
    NotAllowed(String),
    /// The system's certificate is not trusted. Nothing was sent; it may be mended there without anybody's help here.
    #[error("{0}")]
    Untrusted(String),
    /// No such record (or no such service) there.
    #[error("not found in the system: {}", .0.text)]
    NotFound(VendorMessage),
    /// The system understood and said no; sending the same again will be refused again.
    #[error("the system rejected the request: {}", .0.text)]
    Rejected(VendorMessage),
    /// The record was changed there since it was read: read it again before anything else. Nothing was done.
    #[error("the record was changed in the system meanwhile: {}", .0.text)]
    Changed(VendorMessage),
    /// Too many requests; try again, but not before `after`.
    #[error("the system asks to slow down")]
    RateLimited { after: Option<Duration> },
    /// The system is down, broke or did not answer in time. Nothing was changed there: try again later.
    #[error("the system cannot be reached: {reason}")]
    Unreachable { reason: String, after: Option<Duration> },
    /// A write was sent and no answer came: it may or may not have happened. Search before sending again.
    #[error("the outcome of the write is unknown: {0}")]
    OutcomeUnknown(String),
    /// The answer was not what the protocol promises, or we have a defect. Look at it.
    #[error("unexpected answer from the system: {0}")]
    Unexpected(String),
}

impl Error {
    /// Trying the same call again later can succeed without anybody's help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unreachable { .. } | Self::Untrusted(_))
    }

    /// What is the matter, as told apart for people.
    pub fn cause(&self) -> Cause {
        cause::of(self)
    }

    /// The vendor's own words, if it said any.
    pub fn vendor(&self) -> Option<&VendorMessage> {
        match self {
            Self::Authentication(message)
            | Self::Permission(message)
            | Self::NotFound(message)
            | Self::Changed(message)
            | Self::Rejected(message) => Some(message),
            _ => None,
        }
    }
}

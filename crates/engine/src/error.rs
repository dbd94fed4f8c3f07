//! The one error of all services: each variant is one code of the contract, and says all that its answer needs.
//!
//! The status numbers stand here too, because the outcome of a write is stored with the status that a repeat is answered;
//! everything else about HTTP is the server's.

mod from;
mod stored;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use trunnion_model::ids::OperationId;

pub(crate) use from::{connecting, from_system};
pub(crate) use stored::{from_stored, to_stored};

pub type Result<T> = std::result::Result<T, ServiceError>;

/// What is wrong with one place of what was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body; of a query parameter its name behind a slash.
    pub pointer: String,
    pub message: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// The system's own words. Never holds a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vendor {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What of the write was done before, and stays: `fields`, then the moves by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<String>,
}

/// Why a service did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.detail())]
pub enum ServiceError {
    /// The bearer token is missing, unknown or revoked.
    Unauthenticated,
    /// The system refused the credentials that were given.
    AuthenticationFailed {
        vendor: Box<Vendor>,
    },
    /// The key's scopes, or the system's user, do not reach that far.
    PermissionDenied {
        message: String,
        vendor: Option<Box<Vendor>>,
    },
    /// The connection waits for new credentials; nothing was asked of the system.
    ReauthorizationRequired {
        message: String,
    },
    NotFound {
        what: String,
    },
    ValidationFailed {
        errors: Vec<FieldError>,
    },
    UnsupportedOperation {
        message: String,
    },
    Conflict {
        message: String,
    },
    /// What came after the cursor is no longer there.
    CursorExpired {
        message: String,
    },
    /// The idempotency key was used for another request.
    IdempotencyConflict,
    /// The record does not have the version that `If-Match` names.
    VersionMismatch {
        given: i64,
        current: i64,
    },
    RateLimited {
        after: Option<Duration>,
    },
    /// The system understood and said no, or broke.
    SystemRejected {
        vendor: Box<Vendor>,
        errors: Vec<FieldError>,
    },
    SystemUnreachable {
        message: String,
        after: Option<Duration>,
    },
    /// A write was sent, and nobody knows yet whether it took effect; the operation tells once it is known.
    OutcomeUnknown {
        operation: OperationId,
        message: String,
    },
    /// The same of a request of which no operation is kept.
    Unanswered {
        message: String,
    },
    /// `message` is for the log; [`ServiceError::detail`] does not show it.
    Internal {
        message: String,
    },
}

impl ServiceError {
    /// The contract's stable code.
    pub fn code(&self) -> &'static str {
        self.facts().0
    }

    pub fn status(&self) -> u16 {
        self.facts().1
    }

    pub fn title(&self) -> &'static str {
        self.facts().2
    }

    /// What happened, for people.
    pub fn detail(&self) -> String {
        match self {
            Self::Unauthenticated => "The bearer token is missing, unknown or revoked.".to_owned(),
            Self::AuthenticationFailed { vendor } => format!("The system refused the credentials: {}", vendor.message),
            Self::PermissionDenied { message, .. }
            | Self::ReauthorizationRequired { message }
            | Self::UnsupportedOperation { message }
            | Self::Conflict { message }
            | Self::CursorExpired { message }
            | Self::SystemUnreachable { message, .. }
            | Self::Unanswered { message }
            | Self::OutcomeUnknown { message, .. } => message.clone(),
            Self::NotFound { what } => format!("There is no such {what}."),
            Self::ValidationFailed { errors } => match errors.as_slice() {
                [only] => format!("{}: {}", only.pointer, only.message),
                errors => format!("{} problems were found.", errors.len()),
            },
            Self::IdempotencyConflict => "This Idempotency-Key was used with another request.".to_owned(),
            Self::VersionMismatch { given, current } => {
                format!("The record has version {current}, not {given}.")
            }
            Self::RateLimited { .. } => "The system asks to slow down.".to_owned(),
            Self::SystemRejected { vendor, .. } => match vendor.done.as_slice() {
                [] => format!("The system refused: {}", vendor.message),
                done => format!("The system refused, after {} was done: {}", done.join(", "), vendor.message),
            },
            Self::Internal { .. } => "Something went wrong here; it was logged under the request's id.".to_owned(),
        }
    }

    pub fn errors(&self) -> &[FieldError] {
        match self {
            Self::ValidationFailed { errors } | Self::SystemRejected { errors, .. } => errors,
            _ => &[],
        }
    }

    pub fn vendor(&self) -> Option<&Vendor> {
        match self {
            Self::AuthenticationFailed { vendor } | Self::SystemRejected { vendor, .. } => Some(vendor),
            Self::PermissionDenied { vendor, .. } => vendor.as_deref(),
            _ => None,
        }
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { after } | Self::SystemUnreachable { after, .. } => *after,
            _ => None,
        }
    }

    pub fn operation(&self) -> Option<OperationId> {
        match self {
            Self::OutcomeUnknown { operation, .. } => Some(*operation),
            _ => None,
        }
    }

    pub(crate) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::ValidationFailed { errors: vec![FieldError::new(pointer, message)] }
    }

    pub(crate) fn missing(what: &str) -> Self {
        Self::NotFound { what: what.to_owned() }
    }

    pub(crate) fn internal(message: &(impl ToString + ?Sized)) -> Self {
        Self::Internal { message: message.to_string() }
    }

    fn facts(&self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Unauthenticated => ("AUTHENTICATION_FAILED", 401, "Not authenticated"),
            Self::AuthenticationFailed { .. } => ("AUTHENTICATION_FAILED", 422, "The system refused the credentials"),
            Self::PermissionDenied { .. } => ("PERMISSION_DENIED", 403, "Not permitted"),
            Self::ReauthorizationRequired { .. } => ("REAUTHORIZATION_REQUIRED", 409, "New credentials are needed"),
            Self::NotFound { .. } => ("NOT_FOUND", 404, "Not found"),
            Self::ValidationFailed { .. } => ("VALIDATION_FAILED", 422, "The request is not valid"),
            Self::UnsupportedOperation { .. } => ("UNSUPPORTED_OPERATION", 422, "Not supported"),
            Self::Conflict { .. } => ("CONFLICT", 409, "Conflict"),
            Self::CursorExpired { .. } => ("CURSOR_EXPIRED", 410, "The cursor is too old"),
            Self::IdempotencyConflict => ("IDEMPOTENCY_CONFLICT", 422, "The idempotency key was used before"),
            Self::VersionMismatch { .. } => ("VERSION_MISMATCH", 412, "Another version"),
            Self::RateLimited { .. } => ("RATE_LIMIT_EXCEEDED", 429, "Too many requests"),
            Self::SystemRejected { .. } => ("SYSTEM_REJECTED", 502, "The system refused"),
            Self::SystemUnreachable { .. } => ("SYSTEM_UNREACHABLE", 503, "The system cannot be reached"),
            Self::OutcomeUnknown { .. } => ("OUTCOME_UNKNOWN", 502, "The outcome is not known yet"),
            Self::Unanswered { .. } => ("OUTCOME_UNKNOWN", 502, "The outcome is not known"),
            Self::Internal { .. } => ("INTERNAL", 500, "Internal error"),
        }
    }
}

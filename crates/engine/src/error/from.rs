//! The store's and the kit's errors, said as a service says them.

use std::time::Duration;

use trunnion_kit::error::{Error as SystemError, VendorMessage};
use trunnion_store::Error as StoreError;

use super::{ServiceError, Vendor};

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what } => Self::missing(what),
            StoreError::Conflict { what } => Self::Conflict { message: what.to_owned() },
            StoreError::LeaseLost => Self::Conflict { message: "Another node is working on this.".to_owned() },
            error => Self::internal(&error),
        }
    }
}

impl From<&VendorMessage> for Box<Vendor> {
    fn from(message: &VendorMessage) -> Self {
        let VendorMessage { status, code, text, field } = message.clone();
        Self::new(Vendor { status, code, message: text, field, done: Vec::new() })
    }
}

/// Of a call with credentials that were accepted before.
pub(crate) fn from_system(error: &SystemError) -> ServiceError {
    match error {
        SystemError::Authentication(message) => ServiceError::ReauthorizationRequired {
            message: format!("The system no longer accepts the credentials: {}", message.text),
        },
        SystemError::Permission(message) => ServiceError::PermissionDenied {
            message: format!("The system's user may not do this: {}", message.text),
            vendor: Some(message.into()),
        },
        SystemError::NotFound(message) | SystemError::Changed(message) | SystemError::Rejected(message) => {
            ServiceError::SystemRejected { vendor: message.into(), errors: Vec::new() }
        }
        SystemError::RateLimited { after } => ServiceError::RateLimited { after: *after },
        SystemError::Unreachable { reason, after } => unreachable(reason, *after),
        SystemError::Untrusted(reason) => unreachable(reason, None),
        SystemError::NotAllowed(text)
        | SystemError::NotThatProduct(text)
        | SystemError::OutcomeUnknown(text)
        | SystemError::Unexpected(text) => ServiceError::SystemRejected {
            vendor: Box::new(Vendor { message: text.clone(), ..Vendor::default() }),
            errors: Vec::new(),
        },
    }
}

/// Of the first call with credentials that were just given: what is wrong is wrong with them.
pub(crate) fn connecting(error: &SystemError) -> ServiceError {
    match error {
        SystemError::Authentication(message) => ServiceError::AuthenticationFailed { vendor: message.into() },
        SystemError::NotThatProduct(text) | SystemError::NotAllowed(text) => {
            ServiceError::invalid("/credentials/url", text.clone())
        }
        SystemError::NotFound(message) => {
            ServiceError::invalid("/credentials/url", format!("nothing was found there: {}", message.text))
        }
        error => from_system(error),
    }
}

fn unreachable(reason: &str, after: Option<Duration>) -> ServiceError {
    ServiceError::SystemUnreachable { message: format!("The system cannot be reached: {reason}"), after }
}

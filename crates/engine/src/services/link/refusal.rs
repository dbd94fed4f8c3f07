//! Why a submit did not work. The words are the page's, in the reader's language.

use crate::error::{FieldError, ServiceError};

/// Why it did not work. What to do about it, the page says in its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: Why,
    /// The system's own words, or the network's.
    pub said: Option<String>,
    /// Name of the field and what is wrong with it.
    pub fields: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    NoSystem,
    /// Another value was chosen than those on offer.
    NotOnOffer,
    /// The application has no client for this way to log in.
    NotSetUp,
    Values,
    Credentials,
    Permission,
    Unreachable,
    SlowDown,
    Unexpected,
    /// The customer did not consent.
    Denied,
    NotGranted,
    /// Another attempt is going on.
    Busy,
    Other(String),
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        Self { why, said: None, fields: Vec::new() }
    }
}

/// Why, with what is known about it.
pub(super) fn refusal(error: &ServiceError) -> Refusal {
    let mut refusal = Refusal::from(match error {
        ServiceError::ValidationFailed { .. } => Why::Values,
        ServiceError::AuthenticationFailed { .. } => Why::Credentials,
        ServiceError::PermissionDenied { .. } => Why::Permission,
        ServiceError::SystemUnreachable { .. } => Why::Unreachable,
        ServiceError::RateLimited { .. } => Why::SlowDown,
        ServiceError::SystemRejected { .. } => Why::Unexpected,
        error => Why::Other(error.detail()),
    });
    if let ServiceError::ValidationFailed { errors } = error {
        refusal.fields = errors.iter().map(field).collect();
    }
    let said = error.vendor().map(|vendor| vendor.message.clone()).filter(|message| !message.is_empty());
    refusal.said = match error {
        ServiceError::SystemUnreachable { message, .. } => Some(message.clone()),
        _ => said,
    };
    refusal
}

fn field(error: &FieldError) -> (String, String) {
    let name = error.pointer.strip_prefix("/credentials/").unwrap_or_default();
    (name.replace("~1", "/").replace("~0", "~"), error.message.clone())
}

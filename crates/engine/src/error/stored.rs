//! How a failed write is kept with its operation, so that a repeat with the same key is answered the same.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use trunnion_model::ids::OperationId;

use super::{FieldError, ServiceError, Vendor};

#[derive(Serialize, Deserialize)]
struct Stored {
    code: String,
    status: u16,
    title: String,
    detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vendor: Option<Box<Vendor>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// The version that was given, and the record's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    versions: Option<(i64, i64)>,
}

/// The error as JSON, in the members of a problem document (RFC 9457).
pub(crate) fn to_stored(error: &ServiceError) -> String {
    let stored = Stored {
        code: error.code().to_owned(),
        status: error.status(),
        title: error.title().to_owned(),
        detail: error.detail(),
        vendor: error.vendor().cloned().map(Box::new),
        errors: error.errors().to_vec(),
        retry_after: error.retry_after().map(|after| after.as_secs()),
        versions: match error {
            ServiceError::VersionMismatch { given, current } => Some((*given, *current)),
            _ => None,
        },
    };
    // A struct of texts and numbers has a JSON form.
    serde_json::to_string(&stored).unwrap_or_else(|_| "{}".to_owned())
}

/// The error that [`to_stored`] wrote.
pub(crate) fn from_stored(text: &str, operation: OperationId) -> ServiceError {
    let Ok(Stored { code, detail, vendor, errors, retry_after, versions, .. }) = serde_json::from_str(text) else {
        return ServiceError::internal(&format!("the stored outcome of {operation} cannot be read"));
    };
    let after = retry_after.map(Duration::from_secs);
    match code.as_str() {
        "PERMISSION_DENIED" => ServiceError::PermissionDenied { message: detail, vendor },
        "REAUTHORIZATION_REQUIRED" => ServiceError::ReauthorizationRequired { message: detail },
        "VALIDATION_FAILED" => ServiceError::ValidationFailed { errors },
        "NOT_FOUND" => {
            let what = detail.strip_prefix("There is no such ").map_or("record", |what| what.trim_end_matches('.'));
            ServiceError::missing(what)
        }
        "UNSUPPORTED_OPERATION" => ServiceError::UnsupportedOperation { message: detail },
        "VERSION_MISMATCH" => {
            let (given, current) = versions.unwrap_or_default();
            ServiceError::VersionMismatch { given, current }
        }
        "CONFLICT" => ServiceError::Conflict { message: detail },
        "RATE_LIMIT_EXCEEDED" => ServiceError::RateLimited { after },
        "SYSTEM_REJECTED" => ServiceError::SystemRejected { vendor: vendor.unwrap_or_default(), errors },
        "SYSTEM_UNREACHABLE" => ServiceError::SystemUnreachable { message: detail, after },
        "OUTCOME_UNKNOWN" => ServiceError::OutcomeUnknown { operation, message: detail },
        _ => ServiceError::internal(&format!("operation {operation} failed with {code}")),
    }
}

#[cfg(test)]
mod tests {
    use trunnion_model::time::Clock;

    use super::*;

    #[test]
    fn a_failed_write_is_answered_the_same_again() {
        let operation = OperationId::new(&Clock::system());
        let vendor = Box::new(Vendor {
            status: Some(400),
            code: Some("X/1".into()),
            message: "closed".into(),
            field: None,
            done: vec!["fields".into()],
        });
        for error in [
            ServiceError::SystemRejected { vendor: vendor.clone(), errors: vec![FieldError::new("/a", "b")] },
            ServiceError::PermissionDenied { message: "no".into(), vendor: Some(vendor) },
            ServiceError::RateLimited { after: Some(Duration::from_secs(7)) },
            ServiceError::VersionMismatch { given: 7, current: 8 },
            ServiceError::missing("purchase order"),
            ServiceError::SystemUnreachable { message: "down".into(), after: None },
            ServiceError::ReauthorizationRequired { message: "expired".into() },
            ServiceError::OutcomeUnknown { operation, message: "cut".into() },
        ] {
            assert_eq!(from_stored(&to_stored(&error), operation), error);
        }
    }
}

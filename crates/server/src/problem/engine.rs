//! The engine's errors as problems. The engine decides the code and the status; the words for callers are its `detail`.

use http::{HeaderValue, StatusCode, header};
use trunnion_engine::ServiceError;

use super::{Code, FieldError, Problem, VendorError};

/// What to tell a caller to wait if nobody said.
const PATIENCE_SECONDS: u64 = 10;

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        if let ServiceError::Internal { message } = &error {
            return Self::internal(message.clone());
        }
        let code = Code::parse(error.code()).unwrap_or(Code::Internal);
        let status = StatusCode::from_u16(error.status()).unwrap_or(code.status());
        let errors = error.errors().iter().map(|error| FieldError::body(&error.pointer, &error.message)).collect();
        let vendor = error.vendor().map(|vendor| VendorError {
            status: vendor.status,
            code: vendor.code.clone(),
            message: Some(vendor.message.clone()).filter(|message| !message.is_empty()),
            field: vendor.field.clone(),
            done: vendor.done.clone(),
        });
        let mut problem = Self::new(code, error.detail()).with_status(status).with_errors(errors).with_vendor(vendor);
        if status == StatusCode::UNAUTHORIZED {
            problem = problem.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
            // Rounded up: who comes back early is refused again.
            let seconds = error.retry_after().map(|after| after.as_millis().div_ceil(1000));
            problem = problem.retry_after(seconds.map_or(PATIENCE_SECONDS, |seconds| (seconds as u64).max(1)));
        }
        problem.with_operation(error.operation())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::response::IntoResponse;
    use http::Method;

    use super::*;

    #[test]
    fn a_limit_tells_how_long_to_wait_in_whole_seconds() {
        for (after, expected) in [(None, "10"), (Some(Duration::from_millis(2_100)), "3"), (Some(Duration::ZERO), "1")]
        {
            let problem = Problem::from(ServiceError::RateLimited { after });
            let response = super::super::render(problem.into_response(), &Method::GET, "req_1");
            assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(response.headers()[header::RETRY_AFTER], expected);
        }
    }
}

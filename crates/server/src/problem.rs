//! Problems: every answer from 400 up is one, as `application/problem+json` (RFC 9457). This module and those below it are
//! the only place where an error becomes HTTP.
//!
//! A handler returns `Err(Problem)`. The problem travels in the extensions of an empty answer until [`crate::observe`],
//! the outermost layer, which knows the request's id, has it rendered by [`render`].

mod code;
mod engine;
mod render;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use trunnion_model::ids::OperationId;

pub(crate) use code::Code;
pub(crate) use code::page;
pub(crate) use render::{Document, Finished, from_panic, render};

/// What went wrong, for programs (`code`, `errors`) and for people (`detail`).
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    status: StatusCode,
    detail: Box<str>,
    errors: Vec<FieldError>,
    vendor: Option<Box<VendorError>>,
    operation: Option<OperationId>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For our log only: what the caller must not or need not see.
    cause: Option<Box<str>>,
}

/// One thing that is wrong with the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct FieldError {
    /// JSON Pointer (RFC 6901) into the request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/lines/0/quantity")]
    pub(crate) pointer: Option<String>,
    /// The query parameter or header, if it is not the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<String>,
    #[schema(example = "must be a decimal number as a string, like \"12.5\"")]
    pub(crate) message: String,
}

/// What the connected system itself said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct VendorError {
    /// Its HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Its own error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// Its message, secrets removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The field that it complained about, by its own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// What of a change of several calls was done before it refused, and stays: `fields`, then the moves by their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["fields", "release"]))]
    pub(crate) done: Vec<String>,
}

impl Problem {
    /// A problem with the status that its code usually has.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            status: code.status(),
            detail: detail.into().into(),
            errors: Vec::new(),
            vendor: None,
            operation: None,
            headers: Vec::new(),
            cause: None,
        }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The request cannot be read: 400.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Code::ValidationFailed, detail).with_status(StatusCode::BAD_REQUEST)
    }

    /// A query parameter or header has a value that it cannot have: 400.
    pub(crate) fn parameter(name: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = FieldError { pointer: None, parameter: Some(name.to_owned()), message: message.clone() };
        Self::malformed(format!("{name}: {message}")).with_errors(vec![error])
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// Something is wrong on our side; `cause` goes to the log only.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let detail = "Something went wrong on our side; the log has more under this request_id.";
        Self { cause: Some(cause.into().into()), ..Self::new(Code::Internal, detail) }
    }

    /// No token, or one that nobody knows: 401 with the scheme to use.
    pub(crate) fn unauthenticated(detail: &str) -> Self {
        let bearer = HeaderValue::from_static("Bearer");
        Self::new(Code::AuthenticationFailed, detail).with_header(header::WWW_AUTHENTICATE, bearer)
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    pub(crate) fn with_vendor(self, vendor: Option<VendorError>) -> Self {
        Self { vendor: vendor.map(Box::new), ..self }
    }

    /// The write that it is about, for the caller to follow.
    pub(crate) fn with_operation(self, operation: Option<OperationId>) -> Self {
        Self { operation, ..self }
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// How many seconds to wait before another try.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

impl FieldError {
    pub(crate) fn body(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), parameter: None, message: message.into() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

//! Turns an answer with a [`Problem`] in it, or a bare error from a library, into `application/problem+json`.

use std::any::Any;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use super::{Code, FieldError, Problem, VendorError};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What went wrong, by RFC 9457: `code` and `errors` for programs, `detail` for people.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document<'a> {
    /// A page of this server that explains the code.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation-failed")]
    kind: String,
    /// The same for every problem with this code.
    #[schema(example = "The request is not valid")]
    title: &'a str,
    #[schema(example = 422)]
    status: u16,
    /// What happened this time, for people.
    detail: &'a str,
    /// A stable word for programs.
    #[schema(example = "VALIDATION_FAILED")]
    code: &'a str,
    /// Also in the header `X-Request-Id` and in the server's log.
    #[schema(example = "req_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    request_id: &'a str,
    /// What exactly is wrong with the request.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a VendorError>,
    /// The write that it is about: see `GET /operations/{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<String>,
}

/// Put into the extensions of an error that has its own form already: a page for people, an answer of OAuth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished;

/// Renders what went wrong, if anything did; every answer of the server passes here.
pub(crate) fn render(mut response: Response, method: &Method, request_id: &str) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if response.extensions_mut().remove::<Finished>().is_some() => return response,
        None if is_bare_error(&response) => from_status(response.status(), method),
        None => return response,
    };
    if let Some(cause) = &problem.cause {
        tracing::error!(request_id, code = problem.code.as_str(), cause, "a request failed on our side");
    }
    let (mut parts, _) = response.into_parts();
    let body = problem.json(request_id);
    parts.status = problem.status;
    parts.headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(problem.headers);
    Response::from_parts(parts, Body::from(body))
}

/// What a caught panic is answered with.
#[expect(clippy::needless_pass_by_value, reason = "the form that the panic layer asks for")]
pub(crate) fn from_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    Problem::internal(format!("panic: {}", text.unwrap_or_else(|| "without a text".to_owned()))).into_response()
}

impl Problem {
    fn json(&self, request_id: &str) -> Vec<u8> {
        let document = Document {
            kind: self.code.type_uri(),
            title: self.code.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            request_id,
            errors: &self.errors,
            vendor: self.vendor.as_deref(),
            operation_id: self.operation.map(|id| id.to_string()),
        };
        // Strings and numbers only: it cannot fail, and an empty body would still carry the right status.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

fn is_bare_error(response: &Response) -> bool {
    let status = response.status();
    let rendered = response.headers().get(header::CONTENT_TYPE) == Some(&MEDIA_TYPE);
    (status.is_client_error() || status.is_server_error()) && !rendered
}

/// For errors that a library answered by itself, of which only the status is known.
fn from_status(status: StatusCode, method: &Method) -> Problem {
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::not_found("route"),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(Code::UnsupportedOperation, "This route has no such method."),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::ValidationFailed, "The request's body is too large."),
        StatusCode::GATEWAY_TIMEOUT if method.is_safe() => {
            Problem::new(Code::Internal, "The answer took too long. Try again.")
        }
        StatusCode::GATEWAY_TIMEOUT => Problem::new(
            Code::OutcomeUnknown,
            "The answer took too long. Repeat the request with the same Idempotency-Key to learn how it ended.",
        ),
        StatusCode::UNAUTHORIZED => Problem::new(Code::AuthenticationFailed, "The request does not prove its sender."),
        StatusCode::TOO_MANY_REQUESTS => Problem::new(Code::RateLimitExceeded, "Too many requests. Try again later."),
        // Said on purpose, by who knows why and has logged it: no defect.
        StatusCode::SERVICE_UNAVAILABLE => Problem::new(Code::Internal, "This cannot be taken now. Try again later."),
        status if status.is_client_error() => Problem::malformed("The request cannot be understood."),
        status => Problem::internal(format!("a bare answer with status {status}")),
    };
    problem.with_status(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rendered(response: Response) -> (StatusCode, serde_json::Value) {
        let response = render(response, &Method::POST, "req_1");
        let status = response.status();
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_problem_is_rendered_whole_and_its_cause_stays_inside() {
        let problem = Problem::internal("the password was hunter2").retry_after(3);
        let (status, body) = rendered(problem.into_response()).await;
        assert_eq!(status, 500);
        assert_eq!((&body["code"], &body["request_id"]), (&"INTERNAL".into(), &"req_1".into()));
        assert!(!body.to_string().contains("hunter2"));
    }

    #[tokio::test]
    async fn a_bare_error_becomes_a_problem_and_success_stays_as_it_is() {
        for (status, code) in [
            (404, "NOT_FOUND"),
            (413, "VALIDATION_FAILED"),
            (504, "OUTCOME_UNKNOWN"),
            (503, "INTERNAL"),
            (401, "AUTHENTICATION_FAILED"),
            (429, "RATE_LIMIT_EXCEEDED"),
        ] {
            let (seen, body) = rendered(StatusCode::from_u16(status).unwrap().into_response()).await;
            assert_eq!((seen.as_u16(), &body["code"]), (status, &code.into()));
        }
        let fine = render("fine".into_response(), &Method::GET, "req_1");
        assert_eq!(fine.status(), 200);
    }
}

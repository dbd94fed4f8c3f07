//! Answers in NetSuite's own shape: the error envelope, collections, created records.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::node::Node;

const ERROR_TYPE: &str = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html";
const INVALID_LOGIN: &str = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at \
                             Setup > Users/Roles > User Management > View Login Audit Trail.";

/// One refusal: status, error code, what went wrong and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: String,
    /// The member that says where (`o:errorPath`, `o:errorQueryParam`, `o:errorHeader`) and what it says.
    pub at: Option<(&'static str, String)>,
}

pub(super) type Outcome = Result<Response, Failure>;

impl Failure {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), at: None }
    }

    /// A value or a field that the record does not take.
    pub(super) fn content(path: impl Into<String>, detail: impl Into<String>) -> Self {
        let failure = Self::new(StatusCode::BAD_REQUEST, "INVALID_CONTENT", detail);
        Self { at: Some(("o:errorPath", path.into())), ..failure }
    }

    pub(super) fn value(path: impl Into<String>, value: &str, field: &str) -> Self {
        let detail = format!(
            "Error while accessing resource: You have entered an Invalid Field Value {value} for the following field: {field}"
        );
        Self::content(path, detail)
    }

    /// What business rules object to.
    pub(super) fn user(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "USER_ERROR", format!("Error while accessing a resource. {}", detail.into()))
    }

    pub(super) fn request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", detail)
    }

    pub(super) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { at: Some(("o:errorQueryParam", name.to_owned())), ..Self::request(detail) }
    }

    pub(super) fn header(name: &str, detail: impl Into<String>) -> Self {
        Self { at: Some(("o:errorHeader", name.to_owned())), ..Self::request(detail) }
    }

    pub(super) fn missing() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NONEXISTENT_ID",
            "The record instance does not exist. Provide a valid record instance ID. Record does not exist.",
        )
    }

    pub(super) fn unknown_type(name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("Record type '{name}' does not exist."))
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "The method is not allowed for this resource.")
    }

    pub(super) fn media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "INVALID_CONTENT_TYPE",
            "The request's content type is not supported; use application/json.",
        )
    }

    pub(super) fn not_acceptable(detail: &str) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", detail)
    }

    /// The role lacks the permission.
    pub(super) fn forbidden(name: &str) -> Self {
        let detail = format!("Permission Violation: the role has no permission for the record type {name}.");
        Self::new(StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSION", detail)
    }

    /// A fault of the system's own; only its support can tell by the id what it was.
    pub(super) fn unexpected() -> Self {
        let detail = "An unexpected error occurred. Error ID: m3t8q0wzkx2";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNEXPECTED_ERROR", detail)
    }

    /// Parts of the vendor's surface that this simulator does not have; honest, where silence would pretend.
    pub(super) fn not_simulated(what: &str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_SIMULATED", format!("This sandbox does not simulate {what}."))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut entry =
            vec![("detail".to_owned(), Node::text(self.detail)), ("o:errorCode".to_owned(), Node::text(self.code))];
        if let Some((member, place)) = self.at {
            entry.push((member.to_owned(), Node::text(place)));
        }
        let title = self.status.canonical_reason().unwrap_or("Error");
        envelope(self.status, title, None, Node::Map(entry))
    }
}

/// The one answer to every failed login, whatever the reason.
pub(super) fn invalid_login() -> Response {
    let entry = Node::map([("detail", Node::text(INVALID_LOGIN)), ("o:errorCode", Node::text("INVALID_LOGIN"))]);
    envelope(StatusCode::UNAUTHORIZED, "Unauthorized", None, entry)
}

/// Too many requests at once. The title really is "Bad Request".
pub(super) fn concurrency_exceeded() -> Response {
    let entry = Node::map([
        ("detail", Node::text("Concurrent request limit exceeded. Request blocked.")),
        ("o:errorCode", Node::text("CONCURRENCY_LIMIT_EXCEEDED")),
    ]);
    envelope(StatusCode::TOO_MANY_REQUESTS, "Bad Request", Some("USER_ERROR"), entry)
}

fn envelope(status: StatusCode, title: &str, top_code: Option<&str>, entry: Node) -> Response {
    let mut members = vec![
        ("type".to_owned(), Node::text(ERROR_TYPE)),
        ("title".to_owned(), Node::text(title)),
        ("status".to_owned(), Node::number(status.as_u16())),
    ];
    members.extend(top_code.map(|code| ("o:errorCode".to_owned(), Node::text(code))));
    members.push(("o:errorDetails".to_owned(), Node::List(vec![entry])));
    resource(status, "error", Node::Map(members).to_json())
}

/// A body of one of Oracle's resource types: `singular`, `collection` or `error`.
pub(super) fn resource(status: StatusCode, kind: &str, json: String) -> Response {
    let content_type = format!("application/vnd.oracle.resource+json; type={kind}");
    (status, [(header::CONTENT_TYPE, content_type)], json).into_response()
}

pub(super) fn singular(node: &Node) -> Response {
    resource(StatusCode::OK, "singular", node.to_json())
}

/// 204 with the record's absolute address, which is the only place where a new id appears.
pub(super) fn saved(location: &str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

pub(super) fn no_content() -> Response {
    (StatusCode::NO_CONTENT, Body::empty()).into_response()
}

/// The paging links of a collection; `address` is the list's own, with every parameter except `limit` and `offset`.
pub(super) fn page_links(address: &str, limit: usize, offset: usize, total: usize) -> Node {
    let at = |rel: &str, offset: usize| {
        let joint = if address.contains('?') { '&' } else { '?' };
        let href = format!("{address}{joint}limit={limit}&offset={offset}");
        Node::map([("rel", Node::text(rel)), ("href", Node::text(href))])
    };
    let last = if total == 0 { 0 } else { (total - 1) / limit * limit };
    let mut links = Vec::new();
    if offset > 0 {
        links.extend([at("first", 0), at("prev", offset.saturating_sub(limit))]);
    }
    if offset + limit < total {
        links.extend([at("next", offset + limit), at("last", last)]);
    }
    links.push(at("self", offset));
    Node::List(links)
}

pub(super) fn self_link(href: &str) -> Node {
    Node::List(vec![Node::map([("rel", Node::text("self")), ("href", Node::text(href))])])
}

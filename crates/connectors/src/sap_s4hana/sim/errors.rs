//! Refusals: the v2 error envelope with its `errordetails`.
//!
//! `code` is a message class and number; what helps a reader stands in `errordetails`, whose last entry is the wrapper
//! of the exception.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::json;
use trunnion_model::time::Timestamp;

use super::schema::Service;
use super::stamp;

/// One message of the backend, in the form `CLASS/NUMBER` and a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) code: &'static str,
    pub(super) text: String,
    /// The property that it is about, as a path from the request's root; may be empty.
    pub(super) target: String,
}

/// An answer other than success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    code: &'static str,
    text: String,
    details: Vec<Message>,
}

const SYNTAX: &str = "/IWCOR/CX_DS_EXPR_SYNTAX_ERROR";
const PROPERTY: &str = "/IWCOR/CX_DS_EP_PROPERTY_ERROR";
const BUSINESS_WRAPPER: &str = "/IWBEP/CX_MGW_BUSI_EXCEPTION";

impl Message {
    pub(super) fn new(code: &'static str, text: impl Into<String>, target: impl Into<String>) -> Self {
        Self { code, text: text.into(), target: target.into() }
    }
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into(), details: Vec::new() }
    }

    /// A query option or a URL that cannot be read.
    pub(super) fn syntax(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, SYNTAX, text)
    }

    /// A property in a body that does not exist or does not hold such a value.
    pub(super) fn property(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, PROPERTY, text)
    }

    pub(super) fn not_found(segment: &str) -> Self {
        let text = format!("Resource not found for segment '{segment}'");
        Self::new(StatusCode::NOT_FOUND, "/IWBEP/CM_MGW_RT/020", text)
    }

    pub(super) fn not_implemented(method: &str, set: &str) -> Self {
        let text = format!("Method '{method}' of entity set '{set}' is not implemented in the data provider class");
        Self::new(StatusCode::NOT_IMPLEMENTED, "/IWBEP/CM_MGW_RT/021", text)
    }

    pub(super) fn not_allowed(method: &str, set: &str) -> Self {
        let text = format!("Method {method} is not allowed for entity set {set}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "/IWFND/CM_MGW/096", text)
    }

    /// The backend's own checks failed; the first message speaks for all.
    pub(super) fn business(messages: Vec<Message>) -> Self {
        let (code, text) = match messages.first() {
            Some(first) => (first.code, first.text.clone()),
            None => ("/IWBEP/CM_MGW_RT/022", "Business exception".to_owned()),
        };
        Self { status: StatusCode::BAD_REQUEST, code, text, details: messages }
    }

    /// Whether the backend's own checks refused, rather than the gateway.
    pub(super) fn is_business(&self) -> bool {
        !self.details.is_empty()
    }

    pub(super) fn into_response(self, service: &Service, now: Timestamp, transaction: u64) -> Response {
        let detail = |code: &str, text: &str, target: &str| {
            json!({"ContentID": "", "code": code, "message": text, "propertyref": target, "severity": "error",
                   "transition": false, "target": target})
        };
        let mut details: Vec<_> = self.details.iter().map(|m| detail(m.code, &m.text, &m.target)).collect();
        if !details.is_empty() {
            details.push(detail(BUSINESS_WRAPPER, &self.text, ""));
        }
        let body = json!({"error": {
            "code": self.code,
            "message": {"lang": "en", "value": self.text},
            "innererror": {
                "application": {"component_id": service.component, "service_namespace": "/SAP/",
                                "service_id": service.name, "service_version": "0001"},
                "transactionid": format!("{transaction:032X}"),
                "timestamp": stamp::abap(now),
                "Error_Resolution": {
                    "SAP_Transaction": "The simulator keeps no error log; the details below are all there is",
                    "SAP_Note": "",
                },
                "errordetails": details,
            },
        }});
        answer(self.status, "application/json", body.to_string())
    }
}

impl Refusal {
    /// In the envelope of version 4: the message is a text, and the details stand beside it.
    pub(super) fn into_v4_response(self, service: (&Service, &str), now: Timestamp, transaction: u64) -> Response {
        let (service, id) = service;
        let detail = |message: &Message| {
            json!({"code": message.code, "message": message.text, "target": message.target,
                   "@SAP__common.Severity": "error", "@SAP__common.numericSeverity": 4})
        };
        let details: Vec<_> = self.details.iter().map(detail).collect();
        let category = if details.is_empty() { "Client_Error" } else { "Provider_Application_Error" };
        let body = json!({"error": {
            "code": self.code,
            "message": self.text,
            "@SAP__common.ExceptionCategory": category,
            "details": details,
            "innererror": {"ErrorDetails": {
                "@SAP__common.Application": {"ComponentId": service.component, "ServiceRepository": "SRVD_A2X",
                                             "ServiceId": id, "ServiceVersion": "0001"},
                "@SAP__common.TransactionId": format!("{transaction:032X}"),
                "@SAP__common.Timestamp": stamp::abap(now),
                "@SAP__common.ErrorResolution": {"Analysis": "The simulator keeps no error log", "Note": ""},
            }},
        }});
        let mut response = answer(self.status, "application/json", body.to_string());
        super::v4::mark(&mut response);
        response
    }
}

/// An answer with the headers that every OData v2 answer has.
pub(super) fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    headers.insert("dataserviceversion", header::HeaderValue::from_static("2.0"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store, no-cache"));
    response
}

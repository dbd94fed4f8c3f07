//! Of requests that are passed through.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use std::collections::HashMap;

use serde_json::Value;
use utoipa::ToSchema;

/// A request in the system's own words.
#[derive(ToSchema)]
#[schema(example = json!({"method": "GET", "path": "/rest/v1/products", "query": {"limit": "1"}}))]
pub(crate) struct Passthrough {
    method: PassedMethod,
    /// The path at the connection's own address, percent-encoded, without a query. It must begin with one of the paths that the
    /// connector opens; a wrong one is refused with them.
    path: String,
    /// Parameters by name, not encoded: a text, or a list of texts. What the connection sets itself is refused.
    query: Option<HashMap<String, Value>>,
    /// Headers by name. Those that say who sends, where to, or how it is carried are refused.
    headers: Option<HashMap<String, Value>>,
    /// JSON, or a text that is sent as it is (name its `content-type`, then).
    #[schema(value_type = Option<Value>)]
    body: Option<Value>,
}

#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(crate) enum PassedMethod {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

/// What the system answered. Its own status is a member: ours is 200 whatever the system thought of the request.
#[derive(ToSchema)]
pub(crate) struct PassedThrough {
    #[schema(example = 200)]
    status: u16,
    /// By name, in lower case. Cookies, challenges and what belongs to the way are left out.
    headers: HashMap<String, String>,
    /// JSON where it is JSON, else text; null if there is none, or if it is no text. Secrets of the connection are replaced.
    #[schema(value_type = Option<Value>, required = true)]
    body: Option<Value>,
    /// What is no text, in base64.
    body_base64: Option<String>,
}

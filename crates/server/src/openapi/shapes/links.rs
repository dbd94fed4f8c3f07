//! Of link sessions and the exchange of their codes.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{Customer, SyncSettings};

#[derive(ToSchema)]
#[schema(example = json!({
    "system": "acme-erp",
    "customer": {"id": "cust-17", "name": "Widgets Ltd"},
    "redirect_uri": "https://app.example.com/connected",
    "state": "af0ifjsldkj",
    "expires_in": 3600,
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
}))]
pub(crate) struct NewLinkSession {
    /// From `GET /systems`; without it the customer chooses.
    system: Option<String>,
    /// Required, unless `connection_id` is given.
    customer: Option<Customer>,
    /// Your own, for the connection.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Words of your own, for the connection: webhook endpoints choose by them.
    #[schema(max_items = 20)]
    tags: Option<Vec<String>>,
    /// Values of the system's form that the customer finds filled in, and may change: `auth` and what is no secret. Needs `system`.
    prefill: Option<BTreeMap<String, String>>,
    /// One of your redirect addresses, letter by letter.
    redirect_uri: String,
    /// Given back to you in the redirect.
    state: Option<String>,
    /// Seconds: 60 to 7776000 (90 days), 3600 if not given.
    #[schema(minimum = 60, maximum = 7_776_000)]
    expires_in: Option<i64>,
    sync: Option<SyncSettings>,
    choices: Option<Choices>,
    /// Of the page, whatever the browser asks for: `en` or `de`. The customer can switch.
    language: Option<String>,
    /// The connection to give new credentials; then neither customer, metadata, tags, prefill, sync nor choices may be given.
    connection_id: Option<String>,
    /// PKCE: BASE64URL(SHA256(code_verifier)).
    code_challenge: Option<String>,
    /// `S256`, which is also assumed.
    code_challenge_method: Option<String>,
}

/// What your customer may choose on the page, instead of what `sync` says for all entities. Of each list, the value that `sync` says
/// is the suggested one, or else the first. What is not in the list cannot be chosen.
#[derive(ToSchema)]
#[schema(example = json!({"history_days": [30, 90, null], "interval_seconds": [900, 3600, 86400]}))]
pub(crate) struct Choices {
    /// How far back the first sync reads: 2 to 8 different numbers of days; null: everything.
    #[schema(value_type = Vec<Option<i64>>, required = false)]
    history_days: Option<Vec<Option<i64>>>,
    /// Seconds between syncs: 2 to 8 different values; null: only when asked. Not together with `sync.cron`.
    #[schema(value_type = Vec<Option<i64>>, required = false)]
    interval_seconds: Option<Vec<Option<i64>>>,
}

#[derive(ToSchema)]
pub(crate) struct LinkSession {
    #[schema(example = "link_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    /// The page for your customer. It holds the session's secret: shown this once.
    url: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// For the exchange of the code.
    #[schema(example = "app_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    client_id: String,
}

#[derive(ToSchema)]
pub(crate) struct LinkSessionList {
    data: Vec<LinkSessionView>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A link session, without its address.
#[derive(ToSchema)]
pub(crate) struct LinkSessionView {
    #[schema(example = "link_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    state: LinkState,
    /// Null: the customer chooses.
    #[schema(required = true)]
    system: Option<String>,
    customer: Customer,
    /// The connection to reconnect, or the one that was made.
    #[schema(required = true)]
    connection_id: Option<String>,
    reconnects: bool,
    redirect_uri: String,
    choices: Choices,
    /// Of the page; null: as the browser asks for.
    #[schema(required = true)]
    language: Option<String>,
    /// How often it was submitted.
    attempts: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(required = true, format = DateTime)]
    used_at: Option<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum LinkState {
    Open,
    Used,
    /// Also: withdrawn.
    Expired,
    /// Submitted too often.
    Exhausted,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct LinkSessionPath {
    /// The link session's id.
    #[param(example = "link_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

#[derive(ToSchema)]
#[schema(example = json!({"redirect_uris": ["https://app.example.com/connected"]}))]
pub(crate) struct RedirectUris {
    /// `https://…`, or `http://` to this very machine; at most 50.
    redirect_uris: Vec<String>,
}

#[derive(ToSchema)]
#[schema(example = json!({"frame_origins": ["https://app.example.com"]}))]
pub(crate) struct FrameOrigins {
    /// Scheme, host and port, as browsers write them: `https://…`, or `http://` to this very machine; at most 20.
    frame_origins: Vec<String>,
}

#[derive(ToSchema)]
#[schema(example = json!({"client_id": "9f2c", "client_secret": "as the system showed it"}))]
pub(crate) struct NewOAuthClient {
    client_id: String,
    #[schema(write_only)]
    client_secret: String,
}

#[derive(ToSchema)]
pub(crate) struct OAuthClient {
    #[schema(example = "acme-erp")]
    system: String,
    /// Null: none was given yet.
    #[schema(required = true)]
    client_id: Option<String>,
    /// To register at the system.
    #[schema(example = "https://connect.example.com/link/callback")]
    redirect_uri: String,
}

#[derive(ToSchema)]
pub(crate) struct TokenRequest {
    /// `authorization_code`
    grant_type: String,
    code: String,
    /// The link session's.
    redirect_uri: String,
    /// If the link session had a `code_challenge`.
    code_verifier: Option<String>,
    client_id: Option<String>,
    /// An application key with the scope `manage`.
    client_secret: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct TokenAnswer {
    /// The connection's token: shown this once, stored only as a hash.
    #[schema(example = "tc_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk")]
    access_token: String,
    /// `Bearer`
    token_type: String,
    #[schema(example = "con_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    connection_id: String,
    scope: String,
}

/// RFC 6749, 5.2.
#[derive(ToSchema)]
pub(crate) struct TokenError {
    /// `invalid_request`, `invalid_client`, `invalid_grant` or `unsupported_grant_type`
    #[schema(example = "invalid_grant")]
    error: String,
    error_description: String,
}

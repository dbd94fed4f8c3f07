//! Of the address for a system's hooks, and of what came there.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

#[derive(ToSchema)]
#[schema(example = json!({}))]
pub(crate) struct NewInboundHook {
    /// For so long an address that is there already stays good; a day if it is not said, a week at most.
    #[schema(minimum = 0, maximum = 604_800)]
    overlap_seconds: Option<u64>,
}

#[derive(ToSchema)]
pub(crate) struct MadeInboundHook {
    /// Where the system sends its hooks. It holds a secret: shown this once.
    url: String,
    /// What the system proves itself with. Shown this once.
    secret: String,
    /// `standard_webhooks`: a key to sign with. `basic`: user and password.
    #[schema(example = "standard_webhooks")]
    secret_kind: String,
    /// For the system's administrator.
    help: String,
    #[schema(format = DateTime)]
    created_at: String,
}

#[derive(ToSchema)]
pub(crate) struct InboundHook {
    /// Whether there is an address.
    active: bool,
    /// The entities whose hooks are understood.
    entities: Vec<String>,
    addresses: Vec<InboundAddress>,
    inbox: InboundInbox,
    /// Changes that hooks told of, in the last day or since the first address.
    told_24h: i64,
    /// Changes in the same time that a sync found before any hook told of them.
    missed_24h: i64,
}

#[derive(ToSchema)]
pub(crate) struct InboundAddress {
    #[schema(format = DateTime)]
    created_at: String,
    /// Until when it is good beside its successor.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// What became of hooks. All but `waiting` and `oldest_received_at` are counts of the node that answers, since it started.
#[derive(ToSchema)]
pub(crate) struct InboundInbox {
    waiting: i64,
    #[schema(format = DateTime)]
    oldest_received_at: Option<String>,
    stored: u64,
    duplicates: u64,
    unverifiable: u64,
    done: u64,
    dead: u64,
}

#[derive(ToSchema)]
#[schema(example = json!({"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}))]
pub(crate) struct NewInboundSecret {
    /// `whsec_…`, or `user:password` where that proves the system.
    secret: String,
}

/// A request that was not believed.
#[derive(ToSchema)]
pub(crate) struct UnverifiableHook {
    #[schema(example = "17")]
    id: String,
    #[schema(example = "no signature or token matches a secret")]
    reason: String,
    #[schema(format = DateTime)]
    received_at: String,
    /// Pairs of name and value, without credentials.
    headers: Vec<Vec<String>>,
    body: String,
}

#[derive(ToSchema)]
pub(crate) struct UnverifiableList {
    data: Vec<UnverifiableHook>,
    /// Null behind the last.
    next_cursor: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct HooksJudged {
    /// Of those that were kept: how many are believed now, and are no longer among them.
    believed: u64,
    refused: u64,
}

#[derive(ToSchema)]
pub(crate) struct InboundMessage {
    #[schema(example = "17")]
    id: String,
    /// The same for each copy.
    event_id: String,
    /// `pending`, `held`, `done` or `dead`.
    state: String,
    kind: String,
    /// Entity and remote id, if it names a record that is synced.
    #[schema(example = "purchase_order 4500000178")]
    object: Option<String>,
    #[schema(format = DateTime)]
    received_at: String,
    attempts: i64,
    error: Option<String>,
    /// Pairs of name and value, without credentials.
    headers: Vec<Vec<String>>,
    body: String,
}

#[derive(ToSchema)]
pub(crate) struct InboundMessageList {
    data: Vec<InboundMessage>,
    next_cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InboundMessageFilter {
    /// `dead` if it is not said; `pending`, `held` or `done`.
    state: Option<String>,
}

#[derive(ToSchema)]
#[schema(example = json!({}))]
pub(crate) struct InboundReplay {
    /// Without it: all that are dead.
    message_id: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct InboundReplayed {
    replayed: u64,
}

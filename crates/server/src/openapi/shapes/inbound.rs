//! Of the address for a system's hooks, and of what came there.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::connections::Failure;

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
    /// If its state is not `by_hand`, nobody has to enter anything at the system.
    subscription: HookSubscription,
}

#[derive(ToSchema)]
pub(crate) struct InboundHook {
    /// Whether there is an address.
    active: bool,
    /// The entities whose hooks are understood.
    entities: Vec<String>,
    addresses: Vec<InboundAddress>,
    subscription: HookSubscription,
    inbox: InboundInbox,
    /// Changes that hooks told of, in the last day or since the first address.
    told_24h: i64,
    /// Changes in the same time that a sync found before any hook told of them.
    missed_24h: i64,
}

/// How the system is told where its hooks go.
#[derive(ToSchema)]
pub(crate) struct HookSubscription {
    state: SubscriptionState,
    /// Of `by_hand`: why, and what would change it.
    #[schema(required = true)]
    why: Option<String>,
    #[schema(required = true, format = DateTime)]
    since: Option<String>,
    /// When it ends by itself; it is renewed before.
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
    /// When the system was asked last.
    #[schema(required = true, format = DateTime)]
    checked_at: Option<String>,
    /// Why the last try came to nothing, and what to mend. Syncs go on at their intervals.
    #[schema(required = true)]
    last_error: Option<Failure>,
}

/// `by_hand`: an administrator enters address and secret. The others are kept alive by this server: `pending` (not made yet),
/// `active`, `failing` (the last try came to nothing; it is tried again), `removing`.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum SubscriptionState {
    ByHand,
    Pending,
    Active,
    Failing,
    Removing,
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

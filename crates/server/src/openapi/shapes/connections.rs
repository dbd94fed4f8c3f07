//! Of connections.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

#[derive(ToSchema)]
#[schema(example = json!({
    "system": "acme-erp",
    "credentials": {"auth": "basic", "url": "https://erp.customer.example", "username": "trunnion", "password": "secret"},
    "customer": {"id": "cust-17", "name": "Widgets Ltd"},
    "metadata": {"plan": "pro"},
    "tags": ["eu"],
    "sync": {"interval_seconds": 900, "history_days": 90}
}))]
pub(crate) struct NewConnection {
    /// From `GET /systems`.
    system: String,
    /// What one of the system's `auth_methods` asks for; `auth` names it.
    #[schema(value_type = Object)]
    credentials: Value,
    customer: Customer,
    /// Your own, at will.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// At most 20 words, by which webhook endpoints and lists choose connections.
    tags: Option<Vec<String>>,
    sync: Option<SyncSettings>,
}

/// Whose system it is.
#[derive(ToSchema)]
pub(crate) struct Customer {
    /// Your own id of the customer.
    #[schema(example = "cust-17")]
    id: String,
    #[schema(example = "Widgets Ltd")]
    name: String,
}

/// What is synced, and how often. What is left out stays as it is, or as usual for the connector.
#[derive(ToSchema)]
pub(crate) struct SyncSettings {
    /// Seconds between syncs; null: only when asked. Each connection has its own place in the interval.
    #[schema(example = 900)]
    interval_seconds: Option<i64>,
    /// Instead of an interval: minute, hour, day of the month, month, day of the week. A run begins within the minute.
    #[schema(example = "30 5 * * mon-fri")]
    cron: Option<String>,
    /// In which `cron` and `quiet_hours` are meant: a name of the time zone database. UTC if it was never given.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// No sync begins by itself in these hours; one that was asked for does.
    quiet_hours: Option<Vec<QuietHours>>,
    /// Take changes as the system tells them, where the connector can; the schedule then catches what was missed.
    real_time: Option<bool>,
    /// How far back the first sync reads, by the documents' own date; null: everything. What has no such date is read whole.
    #[schema(example = 90)]
    history_days: Option<i64>,
    /// Set aside, and do not store, rows with something in them that nobody expected, until it is acknowledged: see
    /// `GET /schema-drift`.
    strict: Option<bool>,
    paused: Option<bool>,
    /// The same for single entities, by name or path.
    entities: Option<BTreeMap<String, EntitySync>>,
}

/// From one time of day to just before the other, over midnight if the end is earlier.
#[derive(ToSchema)]
pub(crate) struct QuietHours {
    #[schema(example = "22:00")]
    from: String,
    #[schema(example = "06:00")]
    to: String,
}

/// How one entity is synced.
#[derive(ToSchema)]
pub(crate) struct EntitySync {
    interval_seconds: Option<i64>,
    cron: Option<String>,
    time_zone: Option<String>,
    quiet_hours: Option<Vec<QuietHours>>,
    real_time: Option<bool>,
    history_days: Option<i64>,
    strict: Option<bool>,
    paused: Option<bool>,
}

/// What a connection syncs when, by entity.
#[derive(ToSchema)]
pub(crate) struct SyncView {
    /// The whole connection rests.
    paused: bool,
    entities: BTreeMap<String, SyncPlan>,
}

/// When one entity is synced.
#[derive(ToSchema)]
pub(crate) struct SyncPlan {
    #[schema(required = true)]
    interval_seconds: Option<i64>,
    #[schema(required = true)]
    cron: Option<String>,
    time_zone: String,
    quiet_hours: Vec<QuietHours>,
    real_time: bool,
    #[schema(required = true)]
    history_days: Option<i64>,
    strict: bool,
    paused: bool,
}

#[derive(ToSchema)]
#[schema(example = json!({"metadata": {"plan": "enterprise"}, "sync": {"interval_seconds": 3600}}))]
pub(crate) struct ConnectionPatch {
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// All of them: they replace those that are there.
    tags: Option<Vec<String>>,
    customer: Option<CustomerPatch>,
    sync: Option<SyncSettings>,
}

#[derive(ToSchema)]
pub(crate) struct CustomerPatch {
    name: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "credentials": {"auth": "basic", "url": "https://erp.customer.example", "username": "trunnion", "password": "secret"}
}))]
pub(crate) struct Reconnect {
    /// As for `POST /connections`.
    #[schema(value_type = Object)]
    pub(crate) credentials: Value,
}

/// A connection and its token.
#[derive(ToSchema)]
pub(crate) struct Connected {
    connection: Connection,
    /// The connection's token: shown this once, stored only as a hash.
    #[schema(example = "tc_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk")]
    token: String,
}

#[derive(ToSchema)]
pub(crate) struct Connection {
    #[schema(example = "con_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    #[schema(example = "acme-erp")]
    system: String,
    customer: Customer,
    #[schema(value_type = Object)]
    metadata: Value,
    tags: Vec<String>,
    /// What the connector was told and is no secret: its address, its company.
    #[schema(value_type = Object)]
    settings: Value,
    /// As whom Trunnion is logged in.
    #[schema(required = true)]
    account: Option<String>,
    status: ConnectionStatus,
    /// Why, if it is not well.
    #[schema(required = true)]
    status_reason: Option<Failure>,
    #[schema(format = DateTime)]
    status_since: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
    /// The sequence of its newest event.
    last_sequence: i64,
    /// What is synced when. Only where one connection is asked for or changed, not in lists.
    sync: Option<SyncView>,
}

/// How a connection is doing.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ConnectionStatus {
    Pending,
    /// Its first sync is going on.
    Syncing,
    Online,
    Degraded,
    Offline,
    /// The system no longer takes its credentials: give new ones.
    ReauthorizationRequired,
    Paused,
    Disconnected,
}

/// Why something is not well: a stable code, and a sentence for people.
#[derive(ToSchema)]
pub(crate) struct Failure {
    #[schema(example = "AUTHENTICATION_FAILED")]
    code: String,
    message: String,
}

#[derive(ToSchema)]
pub(crate) struct ConnectionList {
    data: Vec<Connection>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// What the system said when it was asked just now.
#[derive(ToSchema)]
pub(crate) struct Check {
    ok: bool,
    #[schema(required = true)]
    account: Option<String>,
    #[schema(format = DateTime)]
    checked_at: String,
    #[schema(required = true)]
    error: Option<Failure>,
    connection: Connection,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ConnectionPath {
    /// The connection's id.
    #[param(example = "con_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Erase {
    /// Delete the connection and all its data for good.
    #[param(example = false)]
    pub(crate) erase: Option<bool>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConnectionFilter {
    /// Only connections to this system.
    #[param(example = "acme-erp")]
    system: Option<String>,
    /// Only connections with this status.
    #[param(inline, example = "online")]
    status: Option<ConnectionStatus>,
    /// Only connections of this customer (your own id).
    #[param(example = "cust-17")]
    customer_id: Option<String>,
    /// Only connections that have this tag.
    #[param(example = "eu")]
    tag: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many at most: 1 to 500, 100 if not given.
    #[param(minimum = 1, maximum = 500, default = 100, example = 50)]
    limit: Option<u16>,
    /// Where to go on: the `next_cursor` of the page before.
    cursor: Option<String>,
}

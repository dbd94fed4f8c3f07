//! Of events and operations.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Only events after this place: the `next_cursor` of the answer before, in a connection's log also a `sequence`, or
    /// `latest` for what comes from now on. With the oldest event that is kept, if not given.
    #[param(example = "0")]
    after: Option<String>,
    /// Only these types, separated by commas; `purchase_order.*` means all of that entity.
    #[param(example = "vendor.*,sync.completed")]
    types: Option<String>,
    /// Seconds to wait for an event if there is none yet: 0 to 60.
    #[param(minimum = 0, maximum = 60, example = 1)]
    wait: Option<u8>,
    /// How many at most: 1 to 500, 100 if not given.
    #[param(minimum = 1, maximum = 500, default = 100, example = 50)]
    limit: Option<u16>,
    /// With an application key: the log of this connection alone. As the header `Trunnion-Connection`.
    connection_id: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// As of `GET /events`; the header `Last-Event-ID` goes before it.
    #[param(example = "0")]
    after: Option<String>,
    /// As of `GET /events`.
    #[param(example = "vendor.*,sync.completed")]
    types: Option<String>,
    /// End after so many seconds: 1 to 900, which is also what it is if not given.
    #[param(minimum = 1, maximum = 900, default = 900, example = 1)]
    seconds: Option<u16>,
    /// As of `GET /events`.
    connection_id: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct EventTypeList {
    data: Vec<EventType>,
}

#[derive(ToSchema)]
pub(crate) struct EventType {
    #[schema(example = "purchase_order.updated")]
    name: String,
    description: String,
    /// JSON Schema 2020-12 of the whole event.
    #[schema(value_type = Object)]
    schema: Value,
    /// An event of this type, made up.
    #[schema(value_type = Object)]
    example: Value,
}

#[derive(ToSchema)]
pub(crate) struct EventList {
    data: Vec<Event>,
    /// Give it as `after` to go on, also if there are no events.
    #[schema(example = "17")]
    next_cursor: String,
    /// The sequence of the connection's newest event; only of a connection's log.
    last_sequence: Option<i64>,
    /// Whether there are more already.
    has_more: bool,
}

/// One entry of the log; also the body of a webhook.
#[derive(ToSchema)]
pub(crate) struct Event {
    #[schema(example = "evt_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    #[schema(example = "purchase_order.updated")]
    r#type: String,
    #[schema(format = DateTime)]
    timestamp: String,
    /// 1, 2, 3 … per connection, without holes.
    sequence: i64,
    connection_id: String,
    /// Of a record's event: the record.
    #[schema(value_type = Object)]
    data: Value,
    /// Of an update: the old values of what changed.
    #[schema(value_type = Option<Object>)]
    previous: Option<Value>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OperationPath {
    /// The operation's id, from a problem or an event.
    #[param(example = "op_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OperationFilter {
    /// Only operations in this state.
    #[param(inline)]
    state: Option<OperationState>,
}

/// The newest first.
#[derive(ToSchema)]
pub(crate) struct OperationList {
    data: Vec<Operation>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// One write to a system.
#[derive(ToSchema)]
pub(crate) struct Operation {
    id: String,
    connection_id: String,
    #[schema(example = "purchase_order")]
    entity: String,
    #[schema(example = "create")]
    action: String,
    state: OperationState,
    #[schema(required = true)]
    idempotency_key: Option<String>,
    /// The system's own id of what it made.
    #[schema(required = true)]
    remote_id: Option<String>,
    #[schema(required = true)]
    record_id: Option<String>,
    /// What was or would have been answered.
    #[schema(required = true)]
    outcome: Option<Outcome>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

#[derive(ToSchema)]
pub(crate) struct Outcome {
    status: u16,
    body: Value,
}

/// How far a write got.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum OperationState {
    /// Written down; nothing was sent.
    Accepted,
    /// It may have reached the system.
    Sending,
    Succeeded,
    Failed,
    /// It was sent and nobody knows yet whether it took effect.
    Unknown,
}

//! How endpoints, deliveries and attempts lie in the database.

use trunnion_model::ids::{ApplicationId, ConnectionId, DeliveryId, EventId, RecordId, WebhookEndpointId};
use uuid::Uuid;

use super::{
    Attempt, AttemptOutcome, Delivery, DeliveryState, EndpointSettings, Ordering, PayloadForm, RetryPolicy,
    WebhookEndpoint,
};
use crate::db::{Tx, args, columns, locking};
use crate::events::Event;
use crate::{Error, Result};

pub(super) const NO_ENDPOINT: Error = Error::NotFound { what: "webhook endpoint" };
pub(super) const NO_DELIVERY: Error = Error::NotFound { what: "delivery" };

columns! {
    pub(super) struct EndpointRow {
        id: Uuid,
        application_id: Uuid,
        url: String,
        description: String,
        types: String,
        connections: Option<String>,
        ordering: String,
        payload: String,
        rate_per_second: Option<i64>,
        timeout_seconds: i64,
        disable_after_seconds: Option<i64>,
        connection_tags: String,
        retry_first_seconds: i64,
        retry_longest_seconds: i64,
        retry_for_seconds: i64,
        header_names: String,
        disabled_at: Option<i64>,
        disabled_reason: Option<String>,
        failing_since: Option<i64>,
        failures: i64,
        told: i64,
        held_until: Option<i64>,
        version: i64,
        created_at: i64,
        modified_at: i64,
    }
}

/// `select` with the columns of [`EndpointRow`], then the rest of the statement.
macro_rules! select_endpoint {
    ($rest:literal) => {
        concat!(
            "select e.id, e.application_id, e.url, e.description, e.types, e.connections, e.ordering, e.payload,
             e.rate_per_second, e.timeout_seconds, e.disable_after_seconds, e.connection_tags, e.retry_first_seconds,
             e.retry_longest_seconds, e.retry_for_seconds, e.header_names, e.disabled_at,
             e.disabled_reason, e.failing_since, e.failures, e.told, e.held_until, e.version, e.created_at, e.modified_at
             from webhook_endpoint e ",
            $rest
        )
    };
}

pub(super) use select_endpoint;

impl EndpointRow {
    pub(super) fn endpoint(self) -> Result<WebhookEndpoint> {
        let connections = self.connections.as_deref().map(|text| {
            let parse = |id: &str| ConnectionId::parse(id).ok_or_else(|| Error::corrupt("connections", id));
            text.split_whitespace().map(parse).collect::<Result<Vec<_>>>()
        });
        let split = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Ok(WebhookEndpoint {
            id: WebhookEndpointId(self.id),
            application: ApplicationId(self.application_id),
            url: self.url,
            description: self.description,
            types: split(&self.types),
            connections: connections.transpose()?,
            connection_tags: split(&self.connection_tags),
            settings: EndpointSettings {
                ordering: Ordering::stored(&self.ordering)?,
                payload: PayloadForm::stored(&self.payload)?,
                rate_per_second: self.rate_per_second,
                timeout_seconds: self.timeout_seconds,
                disable_after_seconds: self.disable_after_seconds,
                retry: RetryPolicy {
                    first_seconds: self.retry_first_seconds,
                    longest_seconds: self.retry_longest_seconds,
                    total_seconds: self.retry_for_seconds,
                },
            },
            header_names: split(&self.header_names),
            disabled_at: self.disabled_at,
            disabled_reason: self.disabled_reason,
            failing_since: self.failing_since,
            failures: self.failures,
            told: self.told,
            held_until: self.held_until,
            version: self.version,
            created_at: self.created_at,
            modified_at: self.modified_at,
        })
    }
}

/// Words apart by spaces, as types and connections are stored.
pub(super) fn words(all: impl IntoIterator<Item = impl ToString>) -> String {
    all.into_iter().map(|word| word.to_string()).collect::<Vec<_>>().join(" ")
}

/// The endpoint, locked until the end of the transaction, if it is the application's.
pub(super) async fn lock_own(
    tx: &mut Tx,
    application: ApplicationId,
    id: WebhookEndpointId,
) -> Result<WebhookEndpoint> {
    let sql = locking!(tx.dialect(), select_endpoint!("where e.id = $1 and e.application_id = $2"));
    tx.row::<EndpointRow>(sql, args![id, application]).await?.ok_or(NO_ENDPOINT)?.endpoint()
}

columns! {
    pub(super) struct DeliveryRow {
        id: Uuid,
        endpoint_id: Uuid,
        connection_id: Uuid,
        sequence: i64,
        event_id: Uuid,
        kind: String as "type",
        state: String,
        attempts: i64,
        tries: i64,
        due_at: Option<i64>,
        order_key: Option<Uuid>,
        last_status: Option<i64>,
        last_error: Option<String>,
        created_at: i64,
        modified_at: i64,
    }
}

/// `select` with the columns of [`DeliveryRow`], then the rest of the statement.
macro_rules! select_delivery {
    ($rest:literal) => {
        concat!(
            "select d.id, d.endpoint_id, d.connection_id, d.sequence, d.event_id, d.type, d.state, d.attempts, d.tries,
             d.due_at, d.order_key, d.last_status, d.last_error, d.created_at, d.modified_at from delivery d ",
            $rest
        )
    };
}

pub(super) use select_delivery;

impl DeliveryRow {
    pub(super) fn delivery(self) -> Result<Delivery> {
        Ok(Delivery {
            id: DeliveryId(self.id),
            endpoint: WebhookEndpointId(self.endpoint_id),
            connection: ConnectionId(self.connection_id),
            sequence: self.sequence,
            event: EventId(self.event_id),
            kind: self.kind,
            state: DeliveryState::stored(&self.state)?,
            attempts: self.attempts,
            tries: self.tries,
            due_at: self.due_at,
            order_key: self.order_key,
            last_status: self.last_status,
            last_error: self.last_error,
            created_at: self.created_at,
            modified_at: self.modified_at,
        })
    }
}

columns! {
    pub(super) struct AttemptRow {
        delivery_id: Uuid,
        number: i64,
        at: i64,
        micros: i64,
        url: String,
        request_headers: String,
        status: Option<i64>,
        response_headers: String,
        response_body: String,
        error: Option<String>,
    }
}

impl AttemptRow {
    pub(super) fn attempt(self) -> Attempt {
        Attempt {
            delivery: DeliveryId(self.delivery_id),
            number: self.number,
            outcome: AttemptOutcome {
                at: self.at,
                micros: self.micros,
                url: self.url,
                request_headers: self.request_headers,
                response_headers: self.response_headers,
                status: self.status,
                response_body: self.response_body,
                error: self.error,
            },
        }
    }
}

columns! {
    /// A delivery with its event, whose members are null if the event is gone.
    pub(super) struct WorkRow {
        delivery: DeliveryRow = flat,
        at: Option<i64>,
        record_id: Option<Uuid>,
        entity: Option<String>,
        cause: Option<String>,
        data: Option<String>,
        previous: Option<String>,
    }
}

/// `select` with the columns of [`WorkRow`], then the rest of the statement.
macro_rules! select_work {
    ($rest:literal) => {
        concat!(
            "select d.id, d.endpoint_id, d.connection_id, d.sequence, d.event_id, d.type, d.state, d.attempts, d.tries,
             d.due_at, d.order_key, d.last_status, d.last_error, d.created_at, d.modified_at,
             v.at, v.record_id, v.entity, v.cause, v.data, v.previous
             from delivery d left join event v on v.connection_id = d.connection_id and v.sequence = d.sequence ",
            $rest
        )
    };
}

pub(super) use select_work;

impl WorkRow {
    pub(super) fn work(self) -> Result<(Delivery, Option<Event>)> {
        let delivery = self.delivery.delivery()?;
        let event = self.at.zip(self.data).map(|(at, data)| Event {
            id: delivery.event,
            connection: delivery.connection,
            sequence: delivery.sequence,
            kind: delivery.kind.clone(),
            at,
            record: self.record_id.map(RecordId),
            entity: self.entity,
            cause: self.cause,
            data,
            previous: self.previous,
        });
        Ok((delivery, event))
    }
}

//! What a finding is.

use trunnion_model::drift::{DriftKind, Finding};
use trunnion_model::ids::{ConnectionId, SchemaDriftId};
use trunnion_model::time::rfc3339_micros;
use uuid::Uuid;

use crate::db::columns;
use crate::words::words;
use crate::{Error, Result};

words! {
    /// What became of a finding.
    pub enum DriftState {
        Open = "open",
        /// Somebody saw it and lets it be.
        Acknowledged = "acknowledged",
    }
}

/// A finding, since it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaDrift {
    pub id: SchemaDriftId,
    pub connection: ConnectionId,
    /// The entity's name.
    pub entity: String,
    pub finding: Finding,
    /// In how many records it was seen, as far as runs came to their end.
    pub records: i64,
    pub state: DriftState,
    pub first_at: i64,
    pub last_at: i64,
    pub acknowledged_at: Option<i64>,
}

/// Which findings to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DriftFilter<'f> {
    pub entity: Option<&'f str>,
    pub kind: Option<DriftKind>,
    pub state: Option<DriftState>,
}

/// What is needed to watch the rows of an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowShape {
    /// What the last run left.
    pub known: Option<String>,
    /// What nobody acknowledged is not stored.
    pub strict: bool,
    /// Something was found, which is seldom.
    pub has_drift: bool,
}

columns! {
    pub(super) struct DriftRow {
        id: Uuid,
        connection_id: Uuid,
        entity: String,
        kind: String,
        field: String,
        value: String,
        type_before: String,
        type_now: String,
        remote_id: Option<String>,
        records: i64,
        state: String,
        first_at: i64,
        last_at: i64,
        acknowledged_at: Option<i64>,
    }
}

/// The columns of [`DriftRow`].
macro_rules! drift_columns {
    () => {
        "id, connection_id, entity, kind, field, value, type_before, type_now, remote_id, records, state, first_at, last_at,
         acknowledged_at"
    };
}

pub(super) use drift_columns;

impl DriftRow {
    pub(super) fn drift(self) -> Result<SchemaDrift> {
        Ok(SchemaDrift {
            id: SchemaDriftId(self.id),
            connection: ConnectionId(self.connection_id),
            entity: self.entity,
            finding: Finding {
                kind: DriftKind::parse(&self.kind).ok_or_else(|| Error::corrupt("kind of drift", &self.kind))?,
                field: self.field,
                value: self.value,
                type_before: self.type_before,
                type_now: self.type_now,
                remote_id: self.remote_id,
            },
            records: self.records,
            state: DriftState::stored(&self.state)?,
            first_at: self.first_at,
            last_at: self.last_at,
            acknowledged_at: self.acknowledged_at,
        })
    }
}

impl SchemaDrift {
    /// As the API and the event `schema.drift_detected` show it.
    pub fn to_json(&self) -> serde_json::Value {
        let Finding { kind, field, value, type_before, type_now, remote_id } = &self.finding;
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        serde_json::json!({
            "id": self.id.to_string(),
            "connection_id": self.connection.to_string(),
            "entity": self.entity,
            "kind": kind.as_str(),
            "field": field,
            "value": (*kind == DriftKind::UnmappedValue).then_some(value),
            "type_before": some(type_before),
            "type_now": some(type_now),
            "remote_id": remote_id,
            "records": self.records,
            "state": self.state.as_str(),
            "first_at": rfc3339_micros(self.first_at),
            "last_at": rfc3339_micros(self.last_at),
            "acknowledged_at": self.acknowledged_at.map(rfc3339_micros),
        })
    }
}

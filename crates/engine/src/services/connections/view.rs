//! A connection as the API shows it: never with a secret.

use serde::Serialize;
use serde_json::Value;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::Connection;

#[derive(Clone, Debug, Serialize)]
pub struct ConnectionView {
    pub id: String,
    pub system: String,
    pub customer: CustomerView,
    /// The integrator's own.
    pub metadata: Value,
    /// What was given in the connection form and is no secret.
    pub settings: Value,
    /// As whom we are logged in.
    pub account: Option<String>,
    pub status: String,
    pub status_reason: Option<ReasonView>,
    pub status_since: String,
    /// Of the newest event.
    pub last_sequence: i64,
    pub created_at: String,
    pub modified_at: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct CustomerView {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ReasonView {
    pub code: String,
    pub message: String,
}

impl ConnectionView {
    pub(crate) fn of(row: &Connection) -> Self {
        // What is stored was JSON when it was stored; a damaged text shows as null rather than hiding the connection.
        let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        Self {
            id: row.id.to_string(),
            system: row.system.clone(),
            customer: CustomerView { id: row.customer_id.clone(), name: row.customer_name.clone() },
            metadata: json(&row.metadata),
            settings: json(&row.settings),
            account: row.account.clone(),
            status: row.status.as_str().to_owned(),
            status_reason: row
                .status_reason
                .as_ref()
                .map(|reason| ReasonView { code: reason.code.clone(), message: reason.message.clone() }),
            status_since: rfc3339_micros(row.status_since),
            last_sequence: row.last_sequence,
            created_at: rfc3339_micros(row.created_at),
            modified_at: rfc3339_micros(row.modified_at),
        }
    }
}

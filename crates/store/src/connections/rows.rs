//! How connections lie in the database.

use trunnion_model::ids::{ApplicationId, ConnectionId};
use trunnion_model::time::rfc3339_micros;
use uuid::Uuid;

use super::{Connection, ConnectionStatus, Reason};
use crate::db::{Tx, args, columns, locking};
use crate::events::NewEvent;
use crate::{Error, Result};

pub(crate) const NO_CONNECTION: Error = Error::NotFound { what: "connection" };

/// `select` with the columns of [`ConnectionRow`], then the rest of the statement.
macro_rules! select_connection {
    ($rest:literal) => {
        concat!(
            "select id, application_id, system, customer_id, customer_name, metadata, tags, settings, account, status,
             status_code, status_message, status_since, last_sequence, created_at, modified_at from connection ",
            $rest
        )
    };
}

pub(super) use select_connection;

columns! {
    pub(super) struct ConnectionRow {
        id: Uuid,
        application_id: Uuid,
        system: String,
        customer_id: String,
        customer_name: String,
        metadata: String,
        tags: String,
        settings: String,
        account: Option<String>,
        status: String,
        status_code: Option<String>,
        status_message: Option<String>,
        status_since: i64,
        last_sequence: i64,
        created_at: i64,
        modified_at: i64,
    }
}

impl ConnectionRow {
    pub(super) fn connection(self) -> Result<Connection> {
        let status_reason =
            self.status_code.map(|code| Reason { code, message: self.status_message.unwrap_or_default() });
        Ok(Connection {
            id: ConnectionId(self.id),
            application: ApplicationId(self.application_id),
            system: self.system,
            customer_id: self.customer_id,
            customer_name: self.customer_name,
            metadata: self.metadata,
            tags: self.tags.split_whitespace().map(str::to_owned).collect(),
            settings: self.settings,
            account: self.account,
            status: ConnectionStatus::stored(&self.status)?,
            status_reason,
            status_since: self.status_since,
            last_sequence: self.last_sequence,
            created_at: self.created_at,
            modified_at: self.modified_at,
        })
    }
}

/// The connection, locked until the end of the transaction.
pub(crate) async fn lock(tx: &mut Tx, id: ConnectionId) -> Result<Connection> {
    let sql = locking!(tx.dialect(), select_connection!("where id = $1"));
    tx.row::<ConnectionRow>(sql, args![id]).await?.ok_or(NO_CONNECTION)?.connection()
}

/// As [`lock`], if the connection is the application's.
pub(crate) async fn lock_own(tx: &mut Tx, application: ApplicationId, id: ConnectionId) -> Result<Connection> {
    let found = lock(tx, id).await?;
    if found.application == application { Ok(found) } else { Err(NO_CONNECTION) }
}

impl Connection {
    /// As events show it: without settings, which are the connector's business.
    pub fn to_json(&self) -> serde_json::Value {
        let reason = self.status_reason.as_ref();
        serde_json::json!({
            "id": self.id.to_string(),
            "system": self.system,
            "customer": { "id": self.customer_id, "name": self.customer_name },
            "account": self.account,
            "metadata": serde_json::from_str::<serde_json::Value>(&self.metadata).unwrap_or_default(),
            "tags": self.tags,
            "status": self.status.as_str(),
            "status_reason": reason.map(|reason| serde_json::json!({ "code": reason.code, "message": reason.message })),
            "status_since": rfc3339_micros(self.status_since),
            "created_at": rfc3339_micros(self.created_at),
            "modified_at": rfc3339_micros(self.modified_at),
        })
    }

    pub(crate) fn event(&self, kind: &str) -> NewEvent {
        NewEvent { kind: kind.to_owned(), data: self.to_json().to_string() }
    }
}

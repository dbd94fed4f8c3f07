//! Making a connection.

use secrecy::ExposeSecret as _;
use trunnion_model::ids::{ApplicationId, ConnectionId};

use super::{Connection, NewConnection, credentials};
use crate::db::args;
use crate::events::append;
use crate::grants;
use crate::health;
use crate::inbound;
use crate::links::{self, LinkUse};
use crate::sync::insert_plan;
use crate::{Error, Result, Store};

impl Store {
    /// Stores the connection, its sealed credentials, its plans (due at once, or after the quiet hours) and the event `connection.created`, in one
    /// transaction.
    pub async fn create_connection(&self, application: ApplicationId, new: NewConnection) -> Result<Connection> {
        self.create_connection_by(application, new, None).await
    }

    /// As [`Store::create_connection`]; a link that it is made through is used up in the same transaction.
    pub async fn create_connection_by(
        &self,
        application: ApplicationId,
        new: NewConnection,
        link: Option<&LinkUse>,
    ) -> Result<Connection> {
        if new.credentials.expose_secret().is_empty() {
            return Err(Error::Conflict { what: "a connection needs credentials" });
        }
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let made = Connection {
            id: ConnectionId::new(&self.inner.clock),
            application,
            system: new.system,
            customer_id: new.customer_id,
            customer_name: new.customer_name,
            metadata: new.metadata,
            tags: new.tags,
            settings: new.settings,
            account: new.account,
            status: new.status,
            status_reason: None,
            status_since: now,
            last_sequence: 1,
            created_at: now,
            modified_at: now,
        };
        let inserted = tx
            .execute(
                "insert into connection (id, application_id, system, customer_id, customer_name, metadata, settings,
                     account, status, status_since, token_hash, tags, last_sequence, created_at, modified_at)
                 select $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $10, $10 from application where id = $2",
                args![
                    made.id,
                    application,
                    &made.system,
                    &made.customer_id,
                    &made.customer_name,
                    &made.metadata,
                    &made.settings,
                    made.account.clone(),
                    made.status.as_str(),
                    now,
                    &new.token_hash,
                    made.tags.join(" "),
                ],
            )
            .await?;
        if inserted == 0 {
            return Err(Error::NotFound { what: "application" });
        }
        credentials::store(&mut tx, &self.inner.keyring, made.id, &new.credentials, now).await?;
        health::begin(&mut tx, made.id, now).await?;
        for plan in &new.plans {
            insert_plan(&mut tx, made.id, made.status, plan, now).await?;
        }
        if let Some(address) = &new.address {
            inbound::open(&mut tx, &self.inner.keyring, made.id, address, now).await?;
        }
        grants::put(&mut tx, &self.inner.keyring, made.id, link.and_then(|link| link.grant.as_ref())).await?;
        if let Some(link) = link {
            links::use_up(&mut tx, link, made.id, now).await?;
        }
        append(&mut tx, &self.inner.clock, made.id, &[made.event("connection.created")]).await?;
        tx.commit().await?;
        self.tell_events();
        self.tell_work();
        Ok(made)
    }
}

//! Link sessions as they are made, found by their secret, and tried.

use std::time::Duration;

use trunnion_model::ids::{ApplicationId, ConnectionId, LinkId};
use uuid::Uuid;

use crate::db::{args, columns, locking};
use crate::{Error, Result, Store};

/// A page of links holds at most this many.
const MOST: usize = 500;

/// An invitation to connect a system, or to give a connection new credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub id: LinkId,
    pub application: ApplicationId,
    /// The connection to reconnect; after its use, the one that was made or reconnected.
    pub connection: Option<ConnectionId>,
    /// Whether it is for a connection that is there already.
    pub reconnects: bool,
    /// Chosen by the application; `None`: the customer chooses.
    pub system: Option<String>,
    pub customer_id: String,
    pub customer_name: String,
    /// A JSON object.
    pub metadata: String,
    /// Of the connection.
    pub tags: Vec<String>,
    /// What of the form is filled in already: a JSON object.
    pub prefill: String,
    /// How to sync, as the application gave it: a JSON object.
    pub sync: String,
    /// What the customer may choose: a JSON object.
    pub choices: String,
    /// Of the page.
    pub language: Option<String>,
    pub redirect_uri: String,
    pub state: Option<String>,
    /// PKCE's S256 challenge (RFC 7636).
    pub code_challenge: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
    /// How often somebody submitted it.
    pub attempts: i64,
    pub used_at: Option<i64>,
}

/// A link to be.
#[derive(Debug)]
pub struct NewLink {
    /// The connection to reconnect.
    pub connection: Option<ConnectionId>,
    pub system: Option<String>,
    pub customer_id: String,
    pub customer_name: String,
    /// A JSON object.
    pub metadata: String,
    /// Of the connection.
    pub tags: Vec<String>,
    /// What of the form is filled in already: a JSON object.
    pub prefill: String,
    /// A JSON object.
    pub sync: String,
    /// A JSON object.
    pub choices: String,
    /// Of the page.
    pub language: Option<String>,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub code_challenge: Option<String>,
    pub expires_at: i64,
    /// Of the secret in its address.
    pub secret_hash: [u8; 32],
}

/// `select` with the columns of [`LinkRow`], then the rest of the statement.
macro_rules! select_link {
    ($rest:literal) => {
        concat!(
            "select id, application_id, connection_id, reconnects, system, customer_id, customer_name, metadata, tags, prefill, sync,
             choices, language, redirect_uri, state, code_challenge, created_at, expires_at, attempts, used_at from link_session ",
            $rest
        )
    };
}

pub(super) use select_link;

columns! {
    pub(super) struct LinkRow {
        id: Uuid,
        application_id: Uuid,
        connection_id: Option<Uuid>,
        reconnects: bool,
        system: Option<String>,
        customer_id: String,
        customer_name: String,
        metadata: String,
        tags: String,
        prefill: String,
        sync: String,
        choices: String,
        language: Option<String>,
        redirect_uri: String,
        state: Option<String>,
        code_challenge: Option<String>,
        created_at: i64,
        expires_at: i64,
        attempts: i64,
        used_at: Option<i64>,
    }
}

impl LinkRow {
    pub(super) fn link(self) -> Link {
        Link {
            id: LinkId(self.id),
            application: ApplicationId(self.application_id),
            connection: self.connection_id.map(ConnectionId),
            reconnects: self.reconnects,
            system: self.system,
            customer_id: self.customer_id,
            customer_name: self.customer_name,
            metadata: self.metadata,
            tags: self.tags.split_whitespace().map(str::to_owned).collect(),
            prefill: self.prefill,
            sync: self.sync,
            choices: self.choices,
            language: self.language,
            redirect_uri: self.redirect_uri,
            state: self.state,
            code_challenge: self.code_challenge,
            created_at: self.created_at,
            expires_at: self.expires_at,
            attempts: self.attempts,
            used_at: self.used_at,
        }
    }
}

impl Store {
    pub async fn create_link(&self, application: ApplicationId, new: NewLink) -> Result<LinkId> {
        let id = LinkId::new(&self.inner.clock);
        let inserted = self
            .inner
            .db
            .execute(
                "insert into link_session (id, application_id, secret_hash, connection_id, reconnects, system,
                     customer_id, customer_name, metadata, sync, redirect_uri, state, code_challenge, created_at,
                     expires_at, choices, language, tags, prefill, attempts)
                 select $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0 from application where id = $2",
                args![
                    id,
                    application,
                    &new.secret_hash,
                    new.connection,
                    new.connection.is_some(),
                    new.system,
                    new.customer_id,
                    new.customer_name,
                    new.metadata,
                    new.sync,
                    new.redirect_uri,
                    new.state,
                    new.code_challenge,
                    self.now(),
                    new.expires_at,
                    new.choices,
                    new.language,
                    new.tags.join(" "),
                    new.prefill,
                ],
            )
            .await?;
        if inserted == 0 { Err(Error::NotFound { what: "application" }) } else { Ok(id) }
    }

    /// The link with this secret, also if it was used or has expired.
    pub async fn link_by_secret(&self, secret_hash: &[u8; 32]) -> Result<Option<Link>> {
        let sql = select_link!("where secret_hash = $1");
        Ok(self.inner.db.row::<LinkRow>(sql, args![secret_hash]).await?.map(LinkRow::link))
    }

    /// The application's links made before the link `before`, the newest first, at most `limit` (at most 500).
    pub async fn list_links(
        &self,
        application: ApplicationId,
        before: Option<LinkId>,
        limit: usize,
    ) -> Result<Vec<Link>> {
        let sql = select_link!("where application_id = $1 and id < $2 order by id desc limit $3");
        let before = before.unwrap_or(LinkId(Uuid::max()));
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let rows = self.inner.db.rows::<LinkRow>(sql, args![application, before, limit]).await?;
        Ok(rows.into_iter().map(LinkRow::link).collect())
    }

    /// The link expires now. One that was used is a `Conflict`.
    pub async fn withdraw_link(&self, application: ApplicationId, id: LinkId) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let sql = locking!(tx.dialect(), select_link!("where id = $1 and application_id = $2"));
        let link = tx.row::<LinkRow>(sql, args![id, application]).await?;
        let link = link.ok_or(Error::NotFound { what: "link session" })?.link();
        if link.used_at.is_some() {
            return Err(Error::Conflict { what: "the link was used already" });
        }
        let sql = "update link_session set expires_at = $2 where id = $1 and expires_at > $2";
        tx.execute(sql, args![id, now]).await?;
        tx.commit().await
    }

    /// Takes the link for one submit, for at most `time`. False if it cannot be submitted now: it was used, has expired, was
    /// submitted `most` times, or another submit is going on.
    pub async fn begin_link_attempt(&self, id: LinkId, most: i64, time: Duration) -> Result<bool> {
        let now = self.now();
        let until = now.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
        let sql = "update link_session set attempts = attempts + 1, busy_until = $3
                   where id = $1 and used_at is null and expires_at > $2 and attempts < $4
                     and (busy_until is null or busy_until <= $2)";
        Ok(self.inner.db.execute(sql, args![id, now, until, most]).await? == 1)
    }

    /// The submit is over without success; another may begin.
    pub async fn end_link_attempt(&self, id: LinkId) -> Result<()> {
        self.inner.db.execute("update link_session set busy_until = null where id = $1", args![id]).await?;
        Ok(())
    }
}

//! Applications, their keys, and who a presented token speaks for.

use trunnion_model::ids::{ApplicationId, ConnectionId, KeyId};
use trunnion_model::token::{NewToken, TokenKind};
use uuid::Uuid;

use crate::connections::ConnectionStatus;
use crate::db::args;
use crate::{Error, Result, Store};

/// An integrator's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub id: ApplicationId,
    pub name: String,
    pub created_at: i64,
}

/// An application key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    pub id: KeyId,
    pub application: ApplicationId,
    pub name: String,
    pub scopes: Vec<String>,
    pub created_at: i64,
    /// To the minute or so.
    pub last_used_at: Option<i64>,
    /// From then on it is not taken.
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

/// Who a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    Application { application: ApplicationId, key: KeyId, scopes: Vec<String> },
    Connection { application: ApplicationId, connection: ConnectionId },
}

const NO_APPLICATION: Error = Error::NotFound { what: "application" };

/// How old `last_used_at` may be before it is written again.
const USE_NOTED_EVERY: i64 = 60_000_000;

impl Store {
    pub async fn create_application(&self, name: &str) -> Result<Application> {
        let made =
            Application { id: ApplicationId::new(&self.inner.clock), name: name.to_owned(), created_at: self.now() };
        let sql = "insert into application (id, name, created_at) values ($1, $2, $3)";
        self.inner.db.execute(sql, args![made.id, &made.name, made.created_at]).await?;
        Ok(made)
    }

    /// All applications, the oldest first.
    pub async fn list_applications(&self) -> Result<Vec<Application>> {
        let sql = "select id, name, created_at from application order by id";
        let rows = self.inner.db.rows::<(Uuid, String, i64)>(sql, args![]).await?;
        Ok(rows.into_iter().map(|(id, name, at)| Application { id: ApplicationId(id), name, created_at: at }).collect())
    }

    /// Stores the hash of a key that was just made. A scope is one word; without `expires_at` the key is good until it is
    /// revoked.
    pub async fn create_key(
        &self,
        application: ApplicationId,
        name: &str,
        scopes: &[&str],
        token: &NewToken,
        expires_at: Option<i64>,
    ) -> Result<KeyInfo> {
        let made = KeyInfo {
            id: KeyId::new(&self.inner.clock),
            application,
            name: name.to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            created_at: self.now(),
            last_used_at: None,
            expires_at,
            revoked_at: None,
        };
        let touched = self
            .inner
            .db
            .execute(
                "insert into application_key (id, application_id, name, scopes, token_hash, created_at, expires_at)
                 select $1, id, $3, $4, $5, $6, $7 from application where id = $2",
                args![made.id, application, name, scopes.join(" "), &token.hash(), made.created_at, expires_at],
            )
            .await?;
        if touched == 0 { Err(NO_APPLICATION) } else { Ok(made) }
    }

    /// All keys of the application, the oldest first, revoked ones too.
    pub async fn list_keys(&self, application: ApplicationId) -> Result<Vec<KeyInfo>> {
        type KeyRow = (Uuid, String, String, i64, Option<i64>, Option<i64>, Option<i64>);
        let sql = "select id, name, scopes, created_at, last_used_at, expires_at, revoked_at from application_key
                   where application_id = $1 order by id";
        let rows = self.inner.db.rows::<KeyRow>(sql, args![application]).await?;
        let info = |(id, name, scopes, created_at, last_used_at, expires_at, revoked_at): KeyRow| {
            let scopes = words_of(&scopes);
            KeyInfo { id: KeyId(id), application, name, scopes, created_at, last_used_at, expires_at, revoked_at }
        };
        Ok(rows.into_iter().map(info).collect())
    }

    /// The key stops working at once. Revoking it again changes nothing.
    pub async fn revoke_key(&self, application: ApplicationId, key: KeyId) -> Result<()> {
        let sql = "update application_key set revoked_at = coalesce(revoked_at, $3)
                   where id = $1 and application_id = $2";
        match self.inner.db.execute(sql, args![key, application, self.now()]).await? {
            0 => Err(Error::NotFound { what: "key" }),
            _ => Ok(()),
        }
    }

    /// The key stops working at that instant, or when it would have anyway, whichever is sooner.
    pub async fn expire_key(&self, application: ApplicationId, key: KeyId, at: i64) -> Result<()> {
        let sql = "update application_key set expires_at = case when expires_at < $3 then expires_at else $3 end
                   where id = $1 and application_id = $2";
        match self.inner.db.execute(sql, args![key, application, at]).await? {
            0 => Err(Error::NotFound { what: "key" }),
            _ => Ok(()),
        }
    }

    /// Who the token with this hash (from `token::inspect`) speaks for; `None` if it is unknown, expired, revoked, or the
    /// token of a disconnected connection.
    pub async fn authenticate(&self, kind: TokenKind, hash: &[u8; 32]) -> Result<Option<Principal>> {
        match kind {
            TokenKind::Application => {
                let sql = "select id, application_id, scopes, last_used_at from application_key
                           where token_hash = $1 and revoked_at is null and (expires_at is null or expires_at > $2)";
                let found =
                    self.inner.db.row::<(Uuid, Uuid, String, Option<i64>)>(sql, args![hash, self.now()]).await?;
                Ok(found.map(|(id, application, scopes, last_used_at)| {
                    let key = KeyId(id);
                    self.note_use(key, last_used_at);
                    Principal::Application { application: ApplicationId(application), key, scopes: words_of(&scopes) }
                }))
            }
            TokenKind::Connection => {
                let sql = "select id, application_id from connection where token_hash = $1 and status <> $2";
                let gone = ConnectionStatus::Disconnected.as_str();
                let found = self.inner.db.row::<(Uuid, Uuid)>(sql, args![hash, gone]).await?;
                Ok(found.map(|(id, application)| Principal::Connection {
                    application: ApplicationId(application),
                    connection: ConnectionId(id),
                }))
            }
        }
    }

    /// Writes down that the key was used, beside the caller's way: at most once a minute, one key at a time. What does not
    /// get through is caught up by the next use.
    fn note_use(&self, key: KeyId, last_used_at: Option<i64>) {
        let now = self.now();
        if last_used_at.is_some_and(|at| now.saturating_sub(at) < USE_NOTED_EVERY) {
            return;
        }
        let Ok(turn) = self.inner.noting.clone().try_acquire_owned() else { return };
        let store = self.clone();
        tokio::spawn(async move {
            let sql = "update application_key set last_used_at = $2 where id = $1";
            if let Err(error) = store.inner.db.execute(sql, args![key, now]).await {
                tracing::debug!(%key, %error, "the use of a key was not noted");
            }
            drop(turn);
        });
    }
}

fn words_of(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

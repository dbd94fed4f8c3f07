//! The secrets of an endpoint: sealed, and several at once while one takes over from another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use trunnion_model::ids::{ApplicationId, WebhookEndpointId};
use uuid::Uuid;

use super::{NewSecret, SecretKind, WebhookEndpoint, WebhookSecret, rows};
use crate::db::{Tx, args, columns};
use crate::seal::{self, Place, Sealed};
use crate::sync::{random, until};
use crate::{Result, Store};

/// No more of a kind sign at once: a header with all signatures must stay small.
const MOST: usize = 5;
/// Endpoints whose secrets are kept open.
const CACHED: usize = 4_096;

/// Secrets that were opened, by endpoint and its version: opening them costs more than signing by them.
#[derive(Default)]
pub(crate) struct SecretCache(Mutex<HashMap<WebhookEndpointId, Opened>>);

/// The version at which they were opened, and they.
type Opened = (i64, Arc<Vec<WebhookSecret>>);

columns! {
    struct SecretRow {
        id: Uuid,
        kind: String,
        data_key: Vec<u8>,
        sealed: Vec<u8>,
        public_key: Option<String>,
        expires_at: Option<i64>,
    }
}

impl Store {
    /// The new secret signs from now on; the ones of its kind before it sign beside it for `overlap`, and not after. The
    /// first one of a kind only joins those of others.
    pub async fn rotate_webhook_secret(
        &self,
        application: ApplicationId,
        id: WebhookEndpointId,
        secret: &NewSecret,
        overlap: Duration,
    ) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        rows::lock_own(&mut tx, application, id).await?;
        self.replace_secret(&mut tx, id, secret, overlap).await?;
        tx.commit().await
    }

    /// Secrets of that kind sign no more, from now on.
    pub async fn drop_webhook_secrets(
        &self,
        application: ApplicationId,
        id: WebhookEndpointId,
        kind: SecretKind,
    ) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        rows::lock_own(&mut tx, application, id).await?;
        tx.execute("delete from webhook_secret where endpoint_id = $1 and kind = $2", args![id, kind.as_str()]).await?;
        renew(&mut tx, id).await?;
        tx.commit().await
    }

    pub(super) async fn replace_secret(
        &self,
        tx: &mut Tx,
        id: WebhookEndpointId,
        secret: &NewSecret,
        overlap: Duration,
    ) -> Result<()> {
        let now = self.now();
        let kind = secret.kind.as_str();
        tx.execute(
            "update webhook_secret set expires_at = $2
             where endpoint_id = $1 and kind = $3 and (expires_at is null or expires_at > $2)",
            args![id, until(now, overlap), kind],
        )
        .await?;
        tx.execute("delete from webhook_secret where endpoint_id = $1 and expires_at <= $2", args![id, now]).await?;
        self.add_secret(tx, id, secret, now).await?;
        let sql =
            "select id from webhook_secret where endpoint_id = $1 and kind = $2 order by created_at desc, id desc";
        let all = tx.rows::<(Uuid,)>(sql, args![id, kind]).await?;
        for (old,) in all.into_iter().skip(MOST) {
            tx.execute("delete from webhook_secret where id = $1", args![old]).await?;
        }
        renew(tx, id).await
    }

    /// The secrets that count now, the newest first.
    pub async fn webhook_secrets(&self, id: WebhookEndpointId) -> Result<Vec<WebhookSecret>> {
        let sql = "select id, kind, data_key, sealed, public_key, expires_at from webhook_secret
                   where endpoint_id = $1 and (expires_at is null or expires_at > $2) order by created_at desc, id desc";
        let found = self.inner.db.rows::<SecretRow>(sql, args![id, self.now()]).await?;
        found.into_iter().map(|row| row.open(self)).collect()
    }

    /// As [`Store::webhook_secrets`], mostly from memory.
    pub async fn cached_secrets(&self, endpoint: &WebhookEndpoint) -> Result<Vec<WebhookSecret>> {
        let now = self.now();
        let known = self.inner.secrets.get(endpoint);
        let all = match known {
            Some(all) => all,
            None => {
                let all = Arc::new(self.webhook_secrets(endpoint.id).await?);
                self.inner.secrets.put(endpoint, all.clone());
                all
            }
        };
        Ok(all.iter().filter(|one| one.expires_at.is_none_or(|at| at > now)).cloned().collect())
    }

    pub(super) async fn add_secret(
        &self,
        tx: &mut Tx,
        endpoint: WebhookEndpointId,
        secret: &NewSecret,
        now: i64,
    ) -> Result<()> {
        let row = Uuid::from_bytes(random()?);
        let sealed = seal::seal(&self.inner.keyring, secret_place(row), &secret.secret)?;
        tx.execute(
            "insert into webhook_secret (id, endpoint_id, kind, data_key, sealed, public_key, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            args![
                row,
                endpoint,
                secret.kind.as_str(),
                sealed.data_key,
                sealed.sealed,
                secret.public_key.as_deref(),
                now
            ],
        )
        .await?;
        Ok(())
    }
}

impl SecretCache {
    fn get(&self, endpoint: &WebhookEndpoint) -> Option<Arc<Vec<WebhookSecret>>> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(&endpoint.id).filter(|(version, _)| *version == endpoint.version).map(|(_, all)| all.clone())
    }

    fn put(&self, endpoint: &WebhookEndpoint, all: Arc<Vec<WebhookSecret>>) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(endpoint.id, (endpoint.version, all));
    }
}

impl SecretRow {
    fn open(self, store: &Store) -> Result<WebhookSecret> {
        let sealed = Sealed { data_key: self.data_key, sealed: self.sealed };
        Ok(WebhookSecret {
            kind: SecretKind::stored(&self.kind)?,
            secret: seal::open(&store.inner.keyring, secret_place(self.id), &sealed)?,
            public_key: self.public_key,
            expires_at: self.expires_at,
        })
    }
}

/// What was cached of the endpoint is old.
async fn renew(tx: &mut Tx, id: WebhookEndpointId) -> Result<()> {
    tx.execute("update webhook_endpoint set version = version + 1 where id = $1", args![id]).await?;
    Ok(())
}

pub(crate) fn secret_place(row: Uuid) -> Place {
    Place { table: "webhook_secret", row, field: "sealed" }
}

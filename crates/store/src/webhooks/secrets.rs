//! The secrets of an endpoint: sealed, and several at once while one takes over from another.

use std::time::Duration;

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, WebhookEndpointId};
use uuid::Uuid;

use super::rows;
use crate::db::{Tx, args};
use crate::seal::{self, Place, Sealed};
use crate::sync::{random, until};
use crate::{Result, Store};

/// No more sign at once: a header with all signatures must stay small.
const MOST: usize = 5;

impl Store {
    /// The new secret signs from now on; the ones before sign beside it for `overlap`, and not after.
    pub async fn rotate_webhook_secret(
        &self,
        application: ApplicationId,
        id: WebhookEndpointId,
        secret: &SecretString,
        overlap: Duration,
    ) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        rows::lock_own(&mut tx, application, id).await?;
        let now = self.now();
        let ends = until(now, overlap);
        tx.execute(
            "update webhook_secret set expires_at = $2 where endpoint_id = $1 and (expires_at is null or expires_at > $2)",
            args![id, ends],
        )
        .await?;
        tx.execute("delete from webhook_secret where endpoint_id = $1 and expires_at <= $2", args![id, now]).await?;
        self.add_secret(&mut tx, id, secret, now).await?;
        let sql = "select id from webhook_secret where endpoint_id = $1 order by created_at desc, id desc";
        let all = tx.rows::<(Uuid,)>(sql, args![id]).await?;
        for (old,) in all.into_iter().skip(MOST) {
            tx.execute("delete from webhook_secret where id = $1", args![old]).await?;
        }
        tx.commit().await
    }

    /// The secrets that sign now, the newest first.
    pub async fn webhook_secrets(&self, id: WebhookEndpointId) -> Result<Vec<SecretString>> {
        let sql = "select id, data_key, sealed from webhook_secret
                   where endpoint_id = $1 and (expires_at is null or expires_at > $2) order by created_at desc, id desc";
        let found = self.inner.db.rows::<(Uuid, Vec<u8>, Vec<u8>)>(sql, args![id, self.now()]).await?;
        let open = |(row, data_key, sealed): (Uuid, Vec<u8>, Vec<u8>)| {
            seal::open(&self.inner.keyring, place(row), &Sealed { data_key, sealed })
        };
        found.into_iter().map(open).collect()
    }

    pub(super) async fn add_secret(
        &self,
        tx: &mut Tx,
        endpoint: WebhookEndpointId,
        secret: &SecretString,
        now: i64,
    ) -> Result<()> {
        let row = Uuid::from_bytes(random()?);
        let sealed = seal::seal(&self.inner.keyring, place(row), secret)?;
        let sql =
            "insert into webhook_secret (id, endpoint_id, data_key, sealed, created_at) values ($1, $2, $3, $4, $5)";
        tx.execute(sql, args![row, endpoint, sealed.data_key, sealed.sealed, now]).await?;
        Ok(())
    }
}

fn place(row: Uuid) -> Place {
    Place { table: "webhook_secret", row, field: "sealed" }
}

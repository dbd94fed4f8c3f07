//! One delivery by hand: sent again, or given up.

use trunnion_model::ids::{ApplicationId, DeliveryId};

use super::rows::{self, DeliveryRow, NO_DELIVERY, select_delivery};
use super::{Delivery, make};
use crate::db::{Tx, args};
use crate::{Error, Result, Store};

impl Store {
    /// Makes the delivery due now, with its pauses counted from the start, and out of its turn. One that is waiting is only
    /// made due; one that is being sent is left to that. `Conflict` if its endpoint is disabled.
    pub async fn resend_delivery(&self, application: ApplicationId, id: DeliveryId) -> Result<Delivery> {
        let endpoint = self.delivery(application, id).await?.ok_or(NO_DELIVERY)?.endpoint;
        let mut tx = self.inner.db.begin().await?;
        if rows::lock_own(&mut tx, application, endpoint).await?.disabled_at.is_some() {
            return Err(Error::Conflict { what: "the webhook endpoint is disabled" });
        }
        let sql = "update delivery set state = 'pending', tries = 0, due_at = $2, modified_at = $2
                   where id = $1 and lease_id is null";
        tx.execute(sql, args![id, self.now()]).await?;
        let delivery = read(&mut tx, id).await?;
        tx.commit().await?;
        self.tell_webhooks();
        Ok(delivery)
    }

    /// Gives the delivery up, so that those which wait for it have their turn. `Conflict` if it is being sent, or over.
    pub async fn skip_delivery(&self, application: ApplicationId, id: DeliveryId) -> Result<Delivery> {
        let endpoint = self.delivery(application, id).await?.ok_or(NO_DELIVERY)?.endpoint;
        let mut tx = self.inner.db.begin().await?;
        rows::lock_own(&mut tx, application, endpoint).await?;
        let sql =
            "update delivery set state = 'failed', due_at = null, last_error = 'skipped by request', modified_at = $2
                   where id = $1 and lease_id is null and state = 'pending'";
        if tx.execute(sql, args![id, self.now()]).await? == 0 {
            return Err(Error::Conflict { what: "the delivery is being sent at this moment, or is over" });
        }
        let delivery = read(&mut tx, id).await?;
        let key = delivery.order_key.map(|key| (endpoint, key));
        make::promote(&mut tx, key.as_slice(), self.now()).await?;
        tx.commit().await?;
        self.tell_webhooks();
        Ok(delivery)
    }
}

async fn read(tx: &mut Tx, id: DeliveryId) -> Result<Delivery> {
    tx.row::<DeliveryRow>(select_delivery!("where d.id = $1"), args![id]).await?.ok_or(NO_DELIVERY)?.delivery()
}

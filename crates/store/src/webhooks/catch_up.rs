//! Endpoints that are behind: new ones, so that they get nothing of before, and enabled ones, so that they get all of what
//! happened meanwhile.
//!
//! `webhook_cursor` says how far such an endpoint is in a log. While it does, the endpoint is left out when the log is
//! followed; here it comes nearer, in the same section, until it is where the others are and its row is removed.

use trunnion_model::ids::{ConnectionId, WebhookEndpointId};
use uuid::Uuid;

use super::dispatch::{DISPATCHING, Dispatched};
use super::hands::Held;
use super::make::{self, Making};
use super::rows::{EndpointRow, select_endpoint};
use super::switch::follow_from_here;
use crate::db::{Tx, args, locking};
use crate::{Result, Store};

/// Endpoints and logs looked at in one pass, and events of a log in one transaction.
const ENDPOINTS: i64 = 64;
const LOGS: i64 = 16;
const EVENTS: i64 = 500;

pub(super) async fn all(store: &Store, done: &mut Dispatched) -> Result<()> {
    let sql = "select id from webhook_endpoint where catching_up = 1 and disabled_at is null order by id limit $1";
    for (endpoint,) in store.inner.db.rows::<(Uuid,)>(sql, args![ENDPOINTS]).await? {
        one(store, WebhookEndpointId(endpoint), done).await?;
    }
    Ok(())
}

async fn one(store: &Store, id: WebhookEndpointId, done: &mut Dispatched) -> Result<()> {
    let mut tx = store.inner.db.begin_relaxed().await?;
    tx.alone(DISPATCHING).await?;
    let sql = locking!(tx.dialect(), select_endpoint!("where e.id = $1 and e.disabled_at is null"));
    let Some(row) = tx.row::<EndpointRow>(sql, args![id]).await? else { return Ok(()) };
    let endpoint = row.endpoint()?;
    let sql = "select w.connection_id, w.last_sequence, coalesce(c.dispatched_sequence, a.dispatched_sequence),
                   coalesce(c.tags, '')
               from webhook_cursor w
               left join connection c on c.id = w.connection_id left join application a on a.id = w.connection_id
               where w.endpoint_id = $1 order by w.connection_id limit $2";
    let cursors = tx.rows::<(Uuid, i64, Option<i64>, String)>(sql, args![id, LOGS]).await?;
    if cursors.is_empty() {
        tx.execute("update webhook_endpoint set catching_up = 0 where id = $1", args![id]).await?;
    }
    let mut making = Making::default();
    let mut moved = false;
    for (log, at, dispatched, tags) in cursors {
        let log = ConnectionId(log);
        let goal = dispatched.unwrap_or(at);
        let follows = endpoint.follows(log, &tags);
        let upto = if follows { goal.min(at + EVENTS) } else { goal };
        if upto > at && follows {
            for entry in make::entries(&mut tx, log, at, upto).await? {
                making.add(&store.inner.clock, &endpoint, &entry, &mut Held::nothing());
            }
        }
        // A new endpoint can be ahead of the log's position; then it waits for that.
        moved |= upto >= at;
        step(&mut tx, id, log, (at, upto, goal)).await?;
    }
    making.write(&mut tx, store.now()).await?;
    tx.commit().await?;
    done.more |= moved;
    done.endpoints.extend(&making.endpoints);
    Ok(())
}

async fn step(
    tx: &mut Tx,
    endpoint: WebhookEndpointId,
    log: ConnectionId,
    (at, upto, goal): (i64, i64, i64),
) -> Result<()> {
    if upto == goal && upto >= at {
        return follow_from_here(tx, endpoint, log).await;
    }
    if upto > at {
        let sql = "update webhook_cursor set last_sequence = $3 where endpoint_id = $1 and connection_id = $2";
        tx.execute(sql, args![endpoint, log, upto]).await?;
    }
    Ok(())
}

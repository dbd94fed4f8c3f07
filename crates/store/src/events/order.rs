//! One order over all connections of an application, and its own log of what is about none.
//!
//! A commit only numbers its own connection's events; a number of the whole application in it would make all connections
//! wait for one row. Afterwards, whoever holds the application's row in `application_log` puts what each connection has
//! committed since behind what is there, as ranges. A connection's events become visible in order, and ranges are made one
//! transaction at a time: so a position, once visible, has all positions before it visible, and never changes.

use trunnion_model::ids::{ApplicationId, ConnectionId};
use uuid::Uuid;

use crate::db::{Tx, args, locking};
use crate::{Result, Store};

/// Connections with news that are taken in one transaction.
const BATCH: i64 = 500;

impl Store {
    /// Puts the news of all applications in order.
    pub async fn order_all_events(&self) -> Result<()> {
        let sql = "select distinct c.application_id from
                   (select id, application_id, last_sequence from connection
                    union all select id, id as application_id, last_sequence from application) c
                   left join connection_log l on l.connection_id = c.id
                   where c.last_sequence > coalesce(l.ranged_sequence, 0)";
        for (application,) in self.inner.db.rows::<(Uuid,)>(sql, Vec::new()).await? {
            self.order_events(ApplicationId(application)).await?;
        }
        Ok(())
    }

    /// Puts the news of the application in order: after that, whatever was committed before is in its log.
    pub(super) async fn order_events(&self, application: ApplicationId) -> Result<()> {
        // Readers are many and news are few, so nothing is locked to find that there are none.
        while !self.inner.db.rows::<News>(NEWS, args![application, 1_i64]).await?.is_empty() {
            let mut tx = self.inner.db.begin().await?;
            let position = lock_log(&mut tx, application).await?;
            let news = tx.rows::<News>(NEWS, args![application, BATCH]).await?;
            let mut next = position + 1;
            for (connection, last, ranged) in news {
                let (connection, events) = (ConnectionId(connection), last - ranged);
                let sql = "insert into log_range (application_id, position, connection_id, first_sequence, events)
                           values ($1, $2, $3, $4, $5)";
                tx.execute(sql, args![application, next, connection, ranged + 1, events]).await?;
                let sql =
                    "insert into connection_log (connection_id, ranged_sequence, first_sequence) values ($1, $2, 1)
                           on conflict (connection_id) do update set ranged_sequence = excluded.ranged_sequence";
                tx.execute(sql, args![connection, last]).await?;
                next += events;
            }
            let sql = "update application_log set last_position = $2 where application_id = $1";
            tx.execute(sql, args![application, next - 1]).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// A connection, its newest event, and up to which its events are in the log.
type News = (Uuid, i64, i64);

const NEWS: &str = "select c.id, c.last_sequence, coalesce(l.ranged_sequence, 0) from
    (select id, application_id, last_sequence from connection where application_id = $1
     union all select id, id as application_id, last_sequence from application where id = $1) c
    left join connection_log l on l.connection_id = c.id
    where c.last_sequence > coalesce(l.ranged_sequence, 0) order by c.id limit $2";

/// The log's newest position; its row is locked until the end of the transaction.
pub(super) async fn lock_log(tx: &mut Tx, application: ApplicationId) -> Result<i64> {
    let sql = "insert into application_log (application_id, last_position, first_position) values ($1, 0, 1)
               on conflict (application_id) do nothing";
    tx.execute(sql, args![application]).await?;
    let sql = locking!(tx.dialect(), "select last_position from application_log where application_id = $1");
    Ok(tx.row::<(i64,)>(sql, args![application]).await?.map_or(0, |(position,)| position))
}

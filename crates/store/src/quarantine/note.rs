//! Setting aside and letting go, with the page that the rows came in.

use std::collections::HashSet;

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, QuarantineId};
use trunnion_model::time::Clock;

use crate::Result;
use crate::db::{Tx, args};
use crate::records::{Poison, Prepared};

/// Sets `poison` aside (once more, if it is there) and lets go of what could be mapped now.
pub(crate) async fn note(
    tx: &mut Tx,
    clock: &Clock,
    (connection, entity): (ConnectionId, &'static Entity),
    rows: &[Prepared],
    poison: &[Poison],
    now: i64,
) -> Result<()> {
    let sql = "select remote_id from quarantine where connection_id = $1 and entity = $2";
    let known: HashSet<String> =
        tx.rows::<(String,)>(sql, args![connection, entity.name]).await?.into_iter().map(|(id,)| id).collect();
    if !known.is_empty() {
        for cured in rows.iter().filter(|incoming| known.contains(&incoming.row.remote_id)) {
            let sql = "delete from quarantine where connection_id = $1 and entity = $2 and remote_id = $3";
            tx.execute(sql, args![connection, entity.name, &cured.row.remote_id]).await?;
        }
    }
    for poison in poison {
        tx.execute(
            "insert into quarantine (id, connection_id, entity, remote_id, raw, field, problem, tries, first_at, last_at)
             values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)
             on conflict (connection_id, entity, remote_id) do update set raw = excluded.raw, field = excluded.field,
                 problem = excluded.problem, tries = quarantine.tries + 1, last_at = excluded.last_at",
            args![
                QuarantineId::new(clock),
                connection,
                entity.name,
                &poison.remote_id,
                &poison.raw,
                &poison.field,
                &poison.problem,
                now,
            ],
        )
        .await?;
    }
    Ok(())
}

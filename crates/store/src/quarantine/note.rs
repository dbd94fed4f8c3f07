//! Setting aside and letting go, with the page that the rows came in.

use serde_json::{Value, json};
use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, QuarantineId};
use trunnion_model::time::Clock;

use crate::Result;
use crate::db::{Tx, args, over_set};
use crate::records::{Known, Poison, Prepared};

/// Lets go of the rows that could be mapped now.
pub(crate) async fn let_go(
    tx: &mut Tx,
    (connection, entity): (ConnectionId, &'static Entity),
    (rows, known): (&[Prepared], &[Known]),
) -> Result<()> {
    let sql = over_set!(
        tx.dialect(),
        "delete from quarantine where connection_id = $1 and entity = $2 and remote_id in (select remote_id from ",
        ("$3", text "remote_id"),
        ")"
    );
    let remote_ids =
        rows.iter().map(|incoming| &incoming.row.remote_id).chain(known.iter().map(|known| &known.remote_id));
    let cured: Value = remote_ids.map(|remote_id| json!({ "remote_id": remote_id })).collect();
    tx.execute(sql, args![connection, entity.name, cured.to_string()]).await?;
    Ok(())
}

/// Sets `poison` aside, once more if it is there.
pub(crate) async fn note(
    tx: &mut Tx,
    clock: &Clock,
    (connection, entity): (ConnectionId, &'static Entity),
    poison: &[Poison],
    now: i64,
) -> Result<()> {
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

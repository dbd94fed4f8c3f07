//! Reading and making runs.

use trunnion_model::ids::{ConnectionId, RunId};

use super::rows::{RunRow, run_columns, select_run};
use super::{Run, RunCause, RunMode, RunState};
use crate::db::{Tx, args};
use crate::{Error, Result, Store};

/// A page of runs holds at most this many.
const MOST: usize = 500;

pub(super) const NO_RUN: Error = Error::NotFound { what: "run" };

impl Store {
    pub async fn run(&self, connection: ConnectionId, id: RunId) -> Result<Option<Run>> {
        let sql = select_run!("where id = $1 and connection_id = $2");
        self.inner.db.row::<RunRow>(sql, args![id, connection]).await?.map(RunRow::run).transpose()
    }

    /// The connection's runs, the newest first, from the one after (older than) `after`. At most 500.
    pub async fn runs(&self, connection: ConnectionId, after: Option<RunId>, limit: usize) -> Result<Vec<Run>> {
        let before = after.unwrap_or(RunId(uuid::Uuid::max()));
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let sql = select_run!("where connection_id = $1 and id < $2 order by id desc limit $3");
        let rows = self.inner.db.rows::<RunRow>(sql, args![connection, before, limit]).await?;
        rows.into_iter().map(RunRow::run).collect()
    }
}

/// The run as it is within the transaction.
pub(super) async fn read(tx: &mut Tx, connection: ConnectionId, id: RunId) -> Result<Run> {
    let sql = select_run!("where id = $1 and connection_id = $2");
    tx.row::<RunRow>(sql, args![id, connection]).await?.ok_or(NO_RUN)?.run()
}

/// Stores a new run.
pub(super) async fn insert(
    tx: &mut Tx,
    (id, connection, entity): (RunId, ConnectionId, &str),
    (mode, cause, state): (RunMode, RunCause, RunState),
    now: i64,
) -> Result<Run> {
    let started_at = (state == RunState::Running).then_some(now);
    let sql = concat!(
        "insert into run (id, connection_id, entity, mode, cause, state, created_at, started_at, pages, seen, created,
             updated, deleted, unchanged)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, 0) returning ",
        run_columns!()
    );
    let bound = args![id, connection, entity, mode.as_str(), cause.as_str(), state.as_str(), now, started_at];
    tx.row::<RunRow>(sql, bound).await?.ok_or(NO_RUN)?.run()
}

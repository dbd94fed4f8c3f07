//! How operations go on and end.

use std::time::Duration;

use trunnion_model::ids::OperationId;
use uuid::Uuid;

use super::begin::NO_OPERATION;
use super::change::unlock;
use super::rows::{OperationRow, returning_operation};
use super::{Operation, OperationLease, OperationOutcome, OperationState, OutcomeBody};
use crate::db::{Tx, args, locking};
use crate::events::NewEvent;
use crate::sync::until;
use crate::{Error, Result, Store};

/// An operation whose outcome is unknown is looked at again after as long as it is old, within these bounds: soon, while the
/// system may only have stumbled, and seldom later on.
const LOOK_AGAIN: (i64, i64) = (5_000_000, 600_000_000);

impl Store {
    /// From here on the request may reach the system: call it right before sending. `steps` says how far the operation got,
    /// if that has changed.
    pub async fn mark_sending(&self, lease: &OperationLease, steps: Option<&str>, lease_for: Duration) -> Result<()> {
        let now = self.now();
        let sql = "update operation set state = $4, updated_at = $5, lease_until = $6, steps = coalesce($7, steps)
                   where id = $1 and connection_id = $2 and lease_id = $3
                     and state in ('accepted', 'sending', 'unknown')";
        let sending = OperationState::Sending.as_str();
        let bound = args![lease.operation, lease.connection, lease.id, sending, now, until(now, lease_for), steps];
        match self.inner.db.execute(sql, bound).await? {
            0 => Err(Error::LeaseLost),
            _ => Ok(()),
        }
    }

    /// Settles the operation and appends `operation.succeeded`, `.failed` or `.unknown`. With records to store, give the
    /// outcome to [`Store::apply`] instead.
    pub async fn finish_operation(&self, outcome: OperationOutcome) -> Result<Operation> {
        let mut tx = self.inner.db.begin().await?;
        let before = lock_lease(&mut tx, &outcome.lease).await?;
        let (operation, event) = settle(&mut tx, before, &outcome, None, self.now()).await?;
        let appended: Vec<NewEvent> = event.into_iter().collect();
        crate::events::append(&mut tx, &self.inner.clock, outcome.lease.connection, &appended).await?;
        tx.commit().await?;
        if !appended.is_empty() {
            self.tell_events();
        }
        Ok(operation)
    }
}

/// The state of the operation under `lease`, which is locked until the end of the transaction; `LeaseLost` if somebody
/// else has it or it is settled.
pub(crate) async fn lock_lease(tx: &mut Tx, lease: &OperationLease) -> Result<OperationState> {
    let sql = locking!(
        tx.dialect(),
        "select state, id from operation where id = $1 and connection_id = $2 and lease_id = $3
         and state in ('accepted', 'sending', 'unknown')"
    );
    let found = tx.row::<(String, Uuid)>(sql, args![lease.operation, lease.connection, lease.id]).await?;
    OperationState::stored(&found.ok_or(Error::LeaseLost)?.0)
}

/// Writes the outcome down; the operation as it is then, and the event to append. `stored_record` is the record of the
/// same commit, as JSON.
pub(crate) async fn settle(
    tx: &mut Tx,
    before: OperationState,
    outcome: &OperationOutcome,
    stored_record: Option<String>,
    now: i64,
) -> Result<(Operation, Option<NewEvent>)> {
    let settled = matches!(outcome.state, OperationState::Succeeded | OperationState::Failed);
    if !settled && outcome.state != OperationState::Unknown {
        return Err(Error::Conflict { what: "an outcome is succeeded, failed or unknown" });
    }
    let body = match &outcome.body {
        OutcomeBody::Json(body) => body.clone(),
        OutcomeBody::StoredRecord => stored_record.ok_or(Error::NotFound { what: "record of the outcome" })?,
    };
    let lease_until = if settled { None } else { Some(look_again(tx, outcome.lease.operation, now).await?) };
    let settled = tx.row::<OperationRow>(
        returning_operation!(
            "update operation set state = $2, remote_id = coalesce($3, remote_id), record_id = coalesce($4, record_id),
                 outcome_status = $5, outcome_body = $6, updated_at = $7, lease_id = null, lease_until = $8
             where id = $1"
        ),
        args![
            outcome.lease.operation,
            outcome.state.as_str(),
            outcome.remote_id.as_deref(),
            outcome.record,
            outcome.status,
            body,
            now,
            lease_until,
        ],
    );
    let operation = settled.await?.ok_or(NO_OPERATION)?.operation()?;
    unlock(tx, &operation).await?;
    // To hear again and again that an outcome is still unknown helps nobody.
    let event = (before != outcome.state).then(|| NewEvent {
        kind: format!("operation.{}", outcome.state.as_str()),
        data: operation.to_json().to_string(),
    });
    Ok((operation, event))
}

/// When an operation whose outcome is unknown is looked at again.
async fn look_again(tx: &mut Tx, operation: OperationId, now: i64) -> Result<i64> {
    let created = tx.row::<(i64,)>("select created_at from operation where id = $1", args![operation]).await?;
    let age = created.map_or(0, |(created,)| now.saturating_sub(created));
    Ok(now.saturating_add(age.clamp(LOOK_AGAIN.0, LOOK_AGAIN.1)))
}

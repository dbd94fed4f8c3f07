//! Writes that nobody finished: taken up when their lease runs out, on any node.

use tokio::sync::watch;
use tokio::task::JoinSet;
use trunnion_kit::http::Lane;
use trunnion_store::{ConnectionStatus, Operation, OperationLease, OperationState};

use super::perform::{Job, finish, perform, recovery_lease};
use crate::Engine;
use crate::error::{Result, ServiceError};
use crate::workers::rest;

/// Taken up at once.
const AT_ONCE: usize = 4;

/// Works until the node stops.
pub(crate) async fn recover(engine: Engine, mut stopping: watch::Receiver<bool>) {
    loop {
        match engine.store().claim_unsettled(recovery_lease(&engine), AT_ONCE).await {
            Ok(found) => {
                let mut jobs: JoinSet<()> = JoinSet::new();
                for (operation, lease) in found {
                    jobs.spawn(one(engine.clone(), operation, lease));
                }
                while let Some(ended) = jobs.join_next().await {
                    if let Err(error) = ended {
                        tracing::error!(%error, "taking up a write ended in a defect");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "unfinished writes could not be looked for"),
        }
        if !rest(engine.options().write.recover, &mut stopping).await {
            return;
        }
    }
}

async fn one(engine: Engine, operation: Operation, lease: OperationLease) {
    let id = operation.id;
    tracing::info!(operation = %id, state = operation.state.as_str(), "a write that nobody finished is taken up");
    if let Err(error) = Box::pin(take_up(&engine, operation, lease)).await {
        tracing::warn!(operation = %id, ?error, "a write could not be taken up; it is tried again later");
    }
}

async fn take_up(engine: &Engine, operation: Operation, lease: OperationLease) -> Result<()> {
    let age = engine.clock().now_micros().saturating_sub(operation.created_at);
    let too_old = age > i64::try_from(engine.options().write.give_up.as_micros()).unwrap_or(i64::MAX);
    if too_old {
        let message = "Whether the write took effect could not be found out; look into the system.".to_owned();
        let error = ServiceError::OutcomeUnknown { operation: operation.id, message };
        return Ok(finish(engine, &lease, OperationState::Failed, &error, None).await.map(drop)?);
    }
    let row = engine.store().connection_for_work(operation.connection).await?;
    let row = row.ok_or_else(|| ServiceError::missing("connection"))?;
    let resting = matches!(row.status, ConnectionStatus::ReauthorizationRequired | ConnectionStatus::Disconnected);
    if resting && operation.state == OperationState::Accepted {
        let message = "The connection waits for new credentials; nothing was sent.".to_owned();
        let error = ServiceError::ReauthorizationRequired { message };
        return Ok(finish(engine, &lease, OperationState::Failed, &error, None).await.map(drop)?);
    }
    if resting {
        let message = "The connection went out of use before the write was confirmed.".to_owned();
        let error = ServiceError::OutcomeUnknown { operation: operation.id, message };
        return Ok(finish(engine, &lease, OperationState::Unknown, &error, None).await.map(drop)?);
    }
    let live = engine.links().get(engine, &row).await?.in_lane(Lane::Write);
    Box::pin(perform(engine, Job { live, operation, lease, patient: true, fresh: false, locked: false })).await;
    Ok(())
}

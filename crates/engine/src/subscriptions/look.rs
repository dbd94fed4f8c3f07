//! One look at one subscription: what is wanted is made so, and what came of it is written down.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::subscription::{Subscribed, Wanted};
use trunnion_store::{ConnectionStatus, DueSubscription, SubscriptionState};

use super::address::{base, name};
use super::pace::{Failed, after_failure, until_next};
use crate::Engine;
use crate::error::Result;
use crate::health::micros;
use crate::links::Live;

/// For the server's setting to be mended; a start looks at once.
const NO_ADDRESS: Duration = Duration::from_secs(60 * 60);
/// With the pauses between, the last try to remove one is about a day after the first.
const MOST_REMOVALS: i64 = 30;
/// So many failures that may pass by themselves do not count yet.
const PASSING: i64 = 3;

pub(super) async fn look(engine: &Engine, due: &DueSubscription) -> Result<()> {
    let Some(row) = engine.store().connection_for_work(due.connection).await? else {
        return Ok(engine.store().forget_subscription(due).await?);
    };
    let live = engine.links().get(engine, &row).await.map_err(|error| Failed::of(&error));
    match &due.secret {
        Some(secret) => keep(engine, due, live, secret).await?,
        None => remove(engine, due, live).await?,
    }
    if row.status == ConnectionStatus::Disconnected {
        engine.links().forget(row.id).await;
    }
    Ok(())
}

async fn keep(
    engine: &Engine,
    due: &DueSubscription,
    live: std::result::Result<Live, Failed>,
    secret: &SecretString,
) -> Result<()> {
    let now = engine.clock().now_micros();
    let base = match base(engine) {
        Ok(base) => base,
        Err(reason) => {
            let next = now.saturating_add(micros(NO_ADDRESS));
            let store = engine.store();
            return Ok(store.fail_subscription(due, SubscriptionState::Pending, &reason, next, false).await?);
        }
    };
    let mut gone = false;
    let asked = async {
        let live = live?;
        let wanted = wanted(due, &live, &base, secret);
        let patience = engine.options().subscriptions.patience;
        let asked = tokio::time::timeout(patience, ask(due, &live, &wanted, &mut gone)).await;
        Ok::<_, Failed>(asked.unwrap_or_else(|_elapsed| Err(no_answer()))?)
    };
    let made = asked.await;
    match made {
        Ok(made) => {
            let expires_at = made.expires_at.map(|at| at.as_microsecond());
            let next = engine.clock().now_micros().saturating_add(micros(until_next(engine, expires_at)));
            engine.store().keep_subscription(due, &made.id, expires_at, next).await?;
            if due.remote_id.is_none() || gone {
                let name = name(due.connection, due.id);
                tracing::info!(connection = %due.connection, name, again = gone, "subscribed to hooks");
            }
        }
        Err(failed) => {
            let (code, why) = (&failed.reason.code, &failed.reason.message);
            if due.tries == 0 {
                tracing::warn!(connection = %due.connection, code, why, "hooks could not be subscribed to");
            }
            // What is there goes on delivering while the system does not answer for a moment.
            let state = match failed.passing && due.tries < PASSING && !gone {
                true => due.state,
                false => SubscriptionState::Failing,
            };
            let next = now.saturating_add(micros(after_failure(engine, due, failed.pause)));
            engine.store().fail_subscription(due, state, &failed.reason, next, gone).await?;
        }
    }
    Ok(())
}

fn wanted(due: &DueSubscription, live: &Live, base: &str, secret: &SecretString) -> Wanted {
    let inbound = live.spec.inbound.iter();
    Wanted {
        name: name(due.connection, due.id),
        url: format!("{base}/hooks/{}/{}", due.connection, due.path.expose_secret()).into(),
        secret: secret.clone(),
        entities: inbound.flat_map(|inbound| &inbound.entities).map(|entity| entity.name.clone()).collect(),
        remake: due.remake,
    }
}

/// Renews what is there, and makes it where it is not.
async fn ask(
    due: &DueSubscription,
    live: &Live,
    wanted: &Wanted,
    gone: &mut bool,
) -> std::result::Result<Subscribed, SystemError> {
    if let Some(id) = due.remote_id.as_deref().filter(|_| !wanted.remake) {
        if let Some(renewed) = live.vendor.renew(&live.link, wanted, id).await? {
            return Ok(renewed);
        }
        *gone = true;
    }
    live.vendor.subscribe(&live.link, wanted).await
}

async fn remove(engine: &Engine, due: &DueSubscription, live: std::result::Result<Live, Failed>) -> Result<()> {
    let patience = engine.options().subscriptions.patience;
    let asked = async { Ok::<_, Failed>(unsubscribe(due, &live?, patience).await?) };
    let Err(failed) = asked.await else {
        return Ok(engine.store().forget_subscription(due).await?);
    };
    let code = &failed.reason.code;
    if due.tries.saturating_add(1) >= MOST_REMOVALS {
        let name = name(due.connection, due.id);
        tracing::warn!(connection = %due.connection, name, code, "a subscription was not removed and is given up");
        return Ok(engine.store().forget_subscription(due).await?);
    }
    let next = engine.clock().now_micros().saturating_add(micros(after_failure(engine, due, failed.pause)));
    Ok(engine.store().fail_subscription(due, SubscriptionState::Removing, &failed.reason, next, false).await?)
}

pub(super) async fn unsubscribe(
    due: &DueSubscription,
    live: &Live,
    patience: Duration,
) -> std::result::Result<(), SystemError> {
    let name = name(due.connection, due.id);
    let asked = tokio::time::timeout(patience, live.vendor.unsubscribe(&live.link, &name, due.remote_id.as_deref()));
    asked.await.unwrap_or_else(|_elapsed| Err(no_answer()))?;
    tracing::info!(connection = %due.connection, name, "unsubscribed from hooks");
    Ok(())
}

fn no_answer() -> SystemError {
    SystemError::Unreachable { reason: "no answer in time".to_owned(), after: None }
}

//! One look at one subscription: what is wanted is made so, and what came of it is written down.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::subscription::{Subscribed, Wanted};
use trunnion_store::{ConnectionStatus, DueSubscription, Reason, SubscriptionState};

use super::address::{base, name};
use crate::Engine;
use crate::error::Result;
use crate::health::micros;
use crate::links::Live;
use crate::sync::pause;

/// For the server's setting to be mended; a start looks at once.
const NO_ADDRESS: Duration = Duration::from_secs(60 * 60);
/// With the pauses between, the last try to remove one is about a day after the first.
const MOST_REMOVALS: i64 = 30;
/// One that ends sooner than this cannot be kept alive by asking more often.
const SHORTEST: Duration = Duration::from_secs(30);

pub(super) async fn look(engine: &Engine, due: &DueSubscription) -> Result<()> {
    let Some(row) = engine.store().connection_for_work(due.connection).await? else {
        return Ok(engine.store().forget_subscription(due).await?);
    };
    let live = engine.links().get(engine, &row).await?;
    match &due.secret {
        Some(secret) => keep(engine, due, &live, secret).await?,
        None => remove(engine, due, &live).await?,
    }
    if row.status == ConnectionStatus::Disconnected {
        engine.links().forget(row.id).await;
    }
    Ok(())
}

async fn keep(engine: &Engine, due: &DueSubscription, live: &Live, secret: &SecretString) -> Result<()> {
    let now = engine.clock().now_micros();
    let base = match base(engine) {
        Ok(base) => base,
        Err(reason) => {
            let next = now.saturating_add(micros(NO_ADDRESS));
            let store = engine.store();
            return Ok(store.fail_subscription(due, SubscriptionState::Pending, &reason, next, false).await?);
        }
    };
    let inbound = live.spec.inbound.iter();
    let wanted = Wanted {
        name: name(due.connection, due.id),
        url: format!("{base}/hooks/{}/{}", due.connection, due.path.expose_secret()).into(),
        secret: secret.clone(),
        entities: inbound.flat_map(|inbound| &inbound.entities).map(|entity| entity.name.clone()).collect(),
        remake: due.remake,
    };
    let mut gone = false;
    let made = tokio::time::timeout(engine.options().subscriptions.patience, ask(due, live, &wanted, &mut gone)).await;
    match made.unwrap_or_else(|_elapsed| Err(no_answer())) {
        Ok(made) => {
            let expires_at = made.expires_at.map(|at| at.as_microsecond());
            let next = engine.clock().now_micros().saturating_add(micros(until_next(engine, expires_at)));
            engine.store().keep_subscription(due, &made.id, expires_at, next).await?;
            if due.remote_id.is_none() || gone {
                tracing::info!(connection = %due.connection, name = wanted.name, again = gone, "subscribed to hooks");
            }
        }
        Err(error) => {
            let reason = said(&error);
            if due.tries == 0 {
                let (code, why) = (&reason.code, &reason.message);
                tracing::warn!(connection = %due.connection, code, why, "hooks could not be subscribed to");
            }
            let next = now.saturating_add(micros(after_failure(engine, due, &error)));
            engine.store().fail_subscription(due, SubscriptionState::Failing, &reason, next, gone).await?;
        }
    }
    Ok(())
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

async fn remove(engine: &Engine, due: &DueSubscription, live: &Live) -> Result<()> {
    let Err(error) = unsubscribe(due, live, engine.options().subscriptions.patience).await else {
        return Ok(engine.store().forget_subscription(due).await?);
    };
    let reason = said(&error);
    if due.tries.saturating_add(1) >= MOST_REMOVALS {
        let name = name(due.connection, due.id);
        tracing::warn!(connection = %due.connection, name, code = reason.code, "a subscription was not removed and is given up");
        return Ok(engine.store().forget_subscription(due).await?);
    }
    let next = engine.clock().now_micros().saturating_add(micros(after_failure(engine, due, &error)));
    Ok(engine.store().fail_subscription(due, SubscriptionState::Removing, &reason, next, false).await?)
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

/// Half of what is left of its life, and once a day whether it ends or not: systems drop subscriptions.
fn until_next(engine: &Engine, expires_at: Option<i64>) -> Duration {
    let every = engine.options().subscriptions.every;
    let left = expires_at.map(|at| at.saturating_sub(engine.clock().now_micros()).max(0));
    let half = left.map(|left| Duration::from_micros(left.unsigned_abs() / 2).max(SHORTEST));
    // The upper quarter is left to chance, so that many that were made together are not looked at together.
    let whole = half.unwrap_or(every).min(every);
    let span = u64::try_from((whole / 4).as_micros()).unwrap_or(u64::MAX).saturating_add(1);
    whole.saturating_sub(Duration::from_micros(engine.random().next() % span))
}

fn after_failure(engine: &Engine, due: &DueSubscription, error: &SystemError) -> Duration {
    let options = &engine.options().subscriptions;
    let asked = match error {
        SystemError::RateLimited { after } | SystemError::Unreachable { after, .. } => after.unwrap_or_default(),
        _ => Duration::ZERO,
    };
    let tries = due.tries.saturating_add(1);
    pause(options.first, options.most, tries, engine.random().next()).max(asked.min(options.most))
}

/// In the words of whoever refused, where there are some: what a person has to mend is told there.
pub(super) fn said(error: &SystemError) -> Reason {
    let message = error.vendor().map_or_else(|| error.to_string(), |message| message.text.clone());
    Reason { code: error.cause().code().to_owned(), message }
}

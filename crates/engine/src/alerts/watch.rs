//! The worker that looks at rules and sends what is to be told.

use std::time::Duration;

use tokio::sync::watch;
use trunnion_store::{Alert, Found};

use super::{Rule, Said, hooks, tell};
use crate::Engine;
use crate::error::Result;
use crate::health::micros;
use crate::sync::pause;
use crate::workers::rest;

/// How often each rule is looked at.
const EVERY: Duration = Duration::from_secs(10);
const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// With these pauses the last try is about seven hours after the first; then nobody is told.
const TRIES: i64 = 14;

/// Works until the node stops.
pub(crate) async fn watch(engine: Engine, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        match engine.store().claim_alerts(EVERY).await {
            Ok(alerts) => {
                for alert in alerts {
                    if let Err(error) = look(&engine, &alert).await {
                        tracing::warn!(alert = %alert.id, %error, "an alert could not be looked at");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "alerts could not be looked at"),
        }
        rest(engine.options().poll.max(Duration::from_millis(20)), &mut stopping).await;
    }
}

async fn find(engine: &Engine, alert: &Alert, rule: &Rule, now: i64) -> Result<Vec<Found>> {
    match rule.condition(now) {
        Some(condition) => Ok(engine.store().find(alert.application, &condition).await?),
        None => hooks::find(engine, alert.application, rule, now).await,
    }
}

async fn look(engine: &Engine, alert: &Alert) -> Result<()> {
    let now = engine.clock().now_micros();
    let Ok(rule) = serde_json::from_str::<Rule>(&alert.rule) else {
        tracing::error!(alert = %alert.id, "a stored rule is not one that this version knows");
        return Ok(());
    };
    let found = find(engine, alert, &rule, now).await?;
    engine.store().settle_alert(alert.id, &found).await?;
    if alert.silenced_until.is_some_and(|until| until > now) {
        return Ok(());
    }
    for firing in engine.store().untold(alert.id).await? {
        let said = if firing.over_at.is_some() { Said::Recovered } else { Said::Fires };
        match tell(engine, alert, said, Some(&firing)).await {
            Ok(()) => engine.store().told(alert.id, &firing).await?,
            Err(error) if firing.tries + 1 >= TRIES => {
                tracing::error!(alert = %alert.id, error, "an alert could not be told, and is given up");
                engine.store().told(alert.id, &firing).await?;
            }
            Err(error) => {
                tracing::warn!(alert = %alert.id, error, "an alert could not be told; it is tried again");
                let wait = pause(FIRST, LONGEST, firing.tries + 1, engine.random().next());
                let next = engine.clock().now_micros().saturating_add(micros(wait));
                engine.store().not_told(alert.id, &firing, next, &error).await?;
            }
        }
    }
    Ok(())
}

//! How a connection is doing, and how it did: for people who have to explain it to a customer.

use serde::Serialize;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::{CallHour, ConnectionStatus, Incident, Tally};

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::Result;
use crate::services::connections::ReasonView;
use crate::services::subscription::{SubscriptionView, subscription};

const HOUR: i64 = 60 * 60 * 1_000_000;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;
/// So many incidents are shown, the newest.
const MOST_INCIDENTS: usize = 100;

#[derive(Clone, Debug, Serialize)]
pub struct HealthView {
    pub status: String,
    pub since: String,
    /// Of the worst incident that is open.
    pub cause: Option<String>,
    pub message: Option<String>,
    /// When the system was probed last, and will be.
    pub checked_at: Option<String>,
    pub next_check_at: Option<String>,
    pub entities: Vec<EntityHealth>,
    /// How the system is told where its hooks go; `null` where it has none. It makes no difference to the status.
    pub subscription: Option<SubscriptionView>,
    pub calls: CallsView,
    pub uptime: UptimeView,
    /// Of the last 30 days, the newest first.
    pub incidents: Vec<IncidentView>,
    /// Of the last 24 hours in which calls were made.
    pub hours: Vec<HourView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct EntityHealth {
    pub entity: String,
    pub last_success_at: Option<String>,
    pub last_error: Option<ReasonView>,
}

/// Calls to the system in the last 24 hours.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CallsView {
    pub succeeded: i64,
    pub failed: i64,
    /// `null` where there were none.
    pub success_rate: Option<f64>,
    pub average_ms: Option<i64>,
    pub slowest_ms: Option<i64>,
}

/// The share of the time in which the connection was neither offline nor waiting for credentials.
#[derive(Clone, Debug, Serialize)]
pub struct UptimeView {
    pub last_24_hours: f64,
    pub last_7_days: f64,
    pub last_30_days: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct IncidentView {
    pub id: String,
    pub cause: String,
    /// `null`: the connection as a whole.
    pub entity: Option<String>,
    pub status: String,
    pub message: String,
    pub occurrences: i64,
    pub opened_at: String,
    pub resolved_at: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct HourView {
    pub at: String,
    pub calls: CallsView,
}

pub async fn get(engine: &Engine, scope: &Scope) -> Result<HealthView> {
    scope.may(Permission::Read)?;
    let (store, id, row) = (engine.store(), scope.id(), scope.row());
    let now = engine.clock().now_micros();
    let probe = store.probe_state(id).await?;
    let incidents = store.incidents(id, now - MONTH).await?;
    let hours = store.call_hours(id, now - DAY).await?;
    let entities = store.plans(id).await?.into_iter().map(|plan| EntityHealth {
        entity: plan.entity,
        last_success_at: plan.last_success_at.map(rfc3339_micros),
        last_error: plan.last_error.map(|error| ReasonView { code: error.code, message: error.message }),
    });
    let connector = engine.catalogue().get(&row.system);
    let hooks = match connector.and_then(|connector| connector.spec.inbound.as_ref()) {
        Some(_) => Some(subscription(engine, scope).await?),
        None => None,
    };
    let up = |window: i64| uptime(&incidents, row.created_at.max(now - window), now);
    Ok(HealthView {
        status: row.status.as_str().to_owned(),
        since: rfc3339_micros(row.status_since),
        cause: row.status_reason.as_ref().map(|reason| reason.code.clone()),
        message: row.status_reason.as_ref().map(|reason| reason.message.clone()),
        checked_at: probe.checked_at.map(rfc3339_micros),
        next_check_at: probe.due_at.map(rfc3339_micros),
        entities: entities.collect(),
        subscription: hooks,
        calls: calls(hours.iter().map(|hour| hour.tally)),
        uptime: UptimeView { last_24_hours: up(DAY), last_7_days: up(7 * DAY), last_30_days: up(MONTH) },
        incidents: incidents.iter().take(MOST_INCIDENTS).map(incident).collect(),
        hours: hours.iter().map(hour).collect(),
    })
}

fn incident(incident: &Incident) -> IncidentView {
    IncidentView {
        id: incident.id.to_string(),
        cause: incident.cause.clone(),
        entity: Some(incident.scope.clone()).filter(|scope| !scope.is_empty()),
        status: incident.status.as_str().to_owned(),
        message: incident.message.clone(),
        occurrences: incident.occurrences,
        opened_at: rfc3339_micros(incident.opened_at),
        resolved_at: incident.resolved_at.map(rfc3339_micros),
    }
}

fn hour(hour: &CallHour) -> HourView {
    HourView { at: rfc3339_micros(hour.hour.saturating_mul(HOUR)), calls: calls([hour.tally].into_iter()) }
}

#[expect(clippy::cast_precision_loss, reason = "a rate is no money; calls of a day are far below 2^52")]
fn calls(tallies: impl Iterator<Item = Tally>) -> CallsView {
    let mut view = CallsView::default();
    let mut micros = 0_i64;
    for tally in tallies {
        view.succeeded += tally.succeeded;
        view.failed += tally.failed;
        micros = micros.saturating_add(tally.micros);
        view.slowest_ms = view.slowest_ms.max(Some(tally.slowest / 1_000));
    }
    let all = view.succeeded + view.failed;
    if all > 0 {
        view.success_rate = Some(view.succeeded as f64 / all as f64);
        view.average_ms = Some(micros / all / 1_000);
    }
    view
}

/// Incidents may overlap: time is counted once.
#[expect(clippy::cast_precision_loss, reason = "a share of at most a month in microseconds")]
fn uptime(incidents: &[Incident], from: i64, now: i64) -> f64 {
    if now <= from {
        return 1.0;
    }
    let down = [ConnectionStatus::Offline, ConnectionStatus::ReauthorizationRequired];
    let mut spans: Vec<(i64, i64)> = incidents
        .iter()
        .filter(|incident| down.contains(&incident.status))
        .map(|incident| (incident.opened_at.max(from), incident.resolved_at.unwrap_or(now).min(now)))
        .filter(|(start, end)| start < end)
        .collect();
    spans.sort_unstable();
    let (mut counted, mut until) = (0, from);
    for (start, end) in spans {
        counted += (end - start.max(until)).max(0);
        until = until.max(end);
    }
    1.0 - counted as f64 / (now - from) as f64
}

#[cfg(test)]
mod tests {
    use trunnion_model::ids::{ConnectionId, IncidentId};
    use trunnion_model::time::Clock;

    use super::*;

    #[test]
    fn time_in_which_two_incidents_were_open_counts_once() {
        let clock = Clock::system();
        let incident = |status, opened_at, resolved_at| Incident {
            id: IncidentId::new(&clock),
            connection: ConnectionId::new(&clock),
            cause: "SYSTEM_UNREACHABLE".to_owned(),
            scope: String::new(),
            status,
            message: String::new(),
            occurrences: 1,
            opened_at,
            resolved_at,
        };
        let offline = ConnectionStatus::Offline;
        let all = [
            incident(offline, -50, Some(10)),
            incident(offline, 5, Some(20)),
            incident(ConnectionStatus::Degraded, 0, None),
            incident(ConnectionStatus::ReauthorizationRequired, 90, None),
        ];
        assert!((uptime(&all, 0, 100) - 0.7).abs() < 1e-9);
        assert!((uptime(&[], 0, 100) - 1.0).abs() < 1e-9);
        assert!((uptime(&all, 100, 100) - 1.0).abs() < 1e-9);
    }
}

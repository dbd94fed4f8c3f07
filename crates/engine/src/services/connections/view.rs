//! A connection as the API shows it: never with a secret.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::{Connection, ConnectionStatus, SyncPlan};

use super::settings::QuietHours;
use crate::Engine;
use crate::caller::Scope;
use crate::error::Result;

#[derive(Clone, Debug, Serialize)]
pub struct ConnectionView {
    pub id: String,
    pub system: String,
    pub customer: CustomerView,
    /// The integrator's own.
    pub metadata: Value,
    pub tags: Vec<String>,
    /// What was given in the connection form and is no secret.
    pub settings: Value,
    /// As whom we are logged in.
    pub account: Option<String>,
    pub status: String,
    pub status_reason: Option<ReasonView>,
    pub status_since: String,
    /// Of the newest event.
    pub last_sequence: i64,
    pub created_at: String,
    pub modified_at: String,
    /// Where one connection is shown, not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<SyncView>,
}

/// What is synced when, by entity.
#[derive(Clone, Debug, Serialize)]
pub struct SyncView {
    pub paused: bool,
    pub entities: BTreeMap<String, PlanView>,
}

/// As `PATCH /connections/{id}` takes it.
#[derive(Clone, Debug, Serialize)]
pub struct PlanView {
    pub interval_seconds: Option<i64>,
    pub cron: Option<String>,
    pub time_zone: String,
    pub quiet_hours: Vec<QuietHours>,
    pub real_time: bool,
    pub history_days: Option<i64>,
    pub strict: bool,
    pub paused: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct CustomerView {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ReasonView {
    pub code: String,
    pub message: String,
}

impl ConnectionView {
    pub(crate) fn of(row: &Connection) -> Self {
        // What is stored was JSON when it was stored; a damaged text shows as null rather than hiding the connection.
        let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        Self {
            id: row.id.to_string(),
            system: row.system.clone(),
            customer: CustomerView { id: row.customer_id.clone(), name: row.customer_name.clone() },
            metadata: json(&row.metadata),
            tags: row.tags.clone(),
            settings: json(&row.settings),
            account: row.account.clone(),
            status: row.status.as_str().to_owned(),
            status_reason: row
                .status_reason
                .as_ref()
                .map(|reason| ReasonView { code: reason.code.clone(), message: reason.message.clone() }),
            status_since: rfc3339_micros(row.status_since),
            last_sequence: row.last_sequence,
            created_at: rfc3339_micros(row.created_at),
            modified_at: rfc3339_micros(row.modified_at),
            sync: None,
        }
    }

    pub(super) async fn with_sync(engine: &Engine, view: Self, scope: &Scope) -> Result<Self> {
        let plans = engine.store().plans(scope.id()).await?;
        let entities = plans.into_iter().map(|plan| (plan.entity.clone(), PlanView::of(&plan))).collect();
        let paused = view.status == ConnectionStatus::Paused.as_str();
        Ok(Self { sync: Some(SyncView { paused, entities }), ..view })
    }
}

impl PlanView {
    pub(crate) fn of(plan: &SyncPlan) -> Self {
        Self {
            interval_seconds: plan.schedule.interval_seconds(),
            cron: plan.schedule.cron().map(|cron| cron.text().to_owned()),
            time_zone: plan.schedule.zone_name().to_owned(),
            quiet_hours: plan.schedule.quiet.iter().map(|q| QuietHours { from: q.from(), to: q.to() }).collect(),
            real_time: plan.real_time,
            history_days: plan.history_days,
            strict: plan.strict,
            paused: plan.paused,
        }
    }
}

//! Sending the events of a span of time again, in the background.

use serde::Deserialize;
use trunnion_model::ids::ReplayId;
use trunnion_model::time::{parse_instant, rfc3339_micros};
use trunnion_store::{NewReplay, Replay as Row, ReplayWhich};

use super::endpoints::{check_types, own, refuse};
use super::view::{ReplayPage, ReplayView};
use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};
use crate::log;

/// Replays that are shown of an endpoint.
const SHOWN: usize = 100;

/// What `POST /webhook-endpoints/{id}/replay` takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// When the events happened; `until` is not part of it.
    pub since: String,
    #[serde(default)]
    pub until: Option<String>,
    #[serde(default)]
    pub types: Vec<String>,
    /// `all`, if it is not given.
    #[serde(default)]
    pub which: Option<String>,
}

/// Begins to send the events of a span of time again that the endpoint wants. It goes on by itself, also after a crash.
pub async fn replay(engine: &Engine, caller: &Caller, endpoint: &str, replay: Replay) -> Result<ReplayView> {
    caller.may(Permission::Manage)?;
    let endpoint = own(engine, caller, endpoint).await?;
    let mut errors = Vec::new();
    let mut instant = |name: &str, text: &str| {
        let at = parse_instant(text);
        if at.is_none() {
            errors.push(FieldError::new(format!("/{name}"), "must be an instant, as 2026-01-31T10:00:00Z, or a date"));
        }
        at.map_or(0, |at| at.as_microsecond())
    };
    let since = instant("since", &replay.since);
    let until = replay.until.as_deref().map_or(i64::MAX, |text| instant("until", text));
    check_types("/types", &replay.types, &mut errors);
    let which = replay.which.as_deref().map_or(Some(ReplayWhich::All), ReplayWhich::parse);
    // Without its delivery nobody can tell an event that failed from one that arrived.
    if let Some(kept) = log::horizon(engine, engine.options().deliveries_kept)
        && which.is_some_and(|which| which != ReplayWhich::All)
        && since < kept
    {
        let kept = rfc3339_micros(kept);
        let message = format!("deliveries are known since {kept} only; take a later instant, or `which`: \"all\"");
        errors.push(FieldError::new("/since", message));
    }
    let Some(which) = which else {
        errors.push(FieldError::new("/which", "must be one of: all, failed, missing"));
        return Err(ServiceError::ValidationFailed { errors });
    };
    refuse(errors)?;
    let new = NewReplay { which, since, until, types: replay.types };
    Ok(ReplayView::of(&engine.store().start_replay(&endpoint, &new).await?))
}

/// The newest replays of the endpoint.
pub async fn list_replays(engine: &Engine, caller: &Caller, endpoint: &str) -> Result<ReplayPage> {
    caller.may(Permission::Read)?;
    let endpoint = own(engine, caller, endpoint).await?;
    let found = engine.store().list_replays(endpoint.id, SHOWN).await?;
    Ok(ReplayPage { data: found.iter().map(ReplayView::of).collect() })
}

pub async fn get_replay(engine: &Engine, caller: &Caller, id: &str) -> Result<ReplayView> {
    caller.may(Permission::Read)?;
    Ok(ReplayView::of(&own_replay(engine, caller, id).await?))
}

/// Nothing more is made due by it. Again changes nothing.
pub async fn cancel_replay(engine: &Engine, caller: &Caller, id: &str) -> Result<ReplayView> {
    caller.may(Permission::Manage)?;
    let replay = own_replay(engine, caller, id).await?;
    Ok(ReplayView::of(&engine.store().cancel_replay(caller.application(), replay.id).await?))
}

async fn own_replay(engine: &Engine, caller: &Caller, id: &str) -> Result<Row> {
    let missing = || ServiceError::missing("replay");
    let id = ReplayId::parse(id).ok_or_else(missing)?;
    engine.store().replay(caller.application(), id).await?.ok_or_else(missing)
}

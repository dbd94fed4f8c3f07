//! What the customer's user may do in the system: as the system says where it can be asked, and as syncs and writes found.
//!
//! Nothing is tried out for this. A right that nobody used and that the system does not tell of is not known.

use std::collections::HashMap;

use serde::Serialize;
use trunnion_kit::vendor::Rights;
use trunnion_model::time::rfc3339_micros;

use crate::Engine;
use crate::caller::Scope;
use crate::error::Result;
use crate::links::Live;

const MONTH: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// By operation: `read`, `create`, `update`, `delete`.
pub(super) type EntityRights = HashMap<&'static str, Right>;

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Right {
    /// `None`: not known.
    pub(super) allowed: Option<bool>,
    /// Who says so: `system` (asked), `sync` or `write` (as the last one went).
    by: Option<&'static str>,
    at: Option<String>,
    pub(super) why: Option<String>,
}

/// By the entity's name.
pub(super) async fn measured(
    engine: &Engine,
    scope: &Scope,
    live: &Live,
) -> Result<HashMap<&'static str, EntityRights>> {
    let now = engine.clock().now_micros();
    let mut found: HashMap<&'static str, EntityRights> = HashMap::new();
    for entity in &live.spec.entities {
        found.insert(
            entity.entity.name,
            ["read", "create", "update", "delete"].map(|one| (one, Right::default())).into(),
        );
    }
    from_syncs(engine, scope, &mut found).await?;
    from_writes(engine, scope, now, &mut found).await?;
    // Nothing is sent to a system that waits for credentials or rests.
    if !scope.row().status.may_sync() {
        return Ok(found);
    }
    // What the system says now is better than what happened once.
    match live.vendor.rights(&live.link).await {
        Ok(told) => {
            for (entity, rights) in told {
                let Some(own) = found.get_mut(entity.as_str()) else { continue };
                for (operation, allowed) in words(rights) {
                    own.insert(operation, Right::told(allowed, now));
                }
            }
        }
        Err(error) => {
            let why = format!("the system could not be asked: {error}");
            for right in found.values_mut().flat_map(HashMap::values_mut).filter(|right| right.allowed.is_none()) {
                right.why = Some(why.clone());
            }
        }
    }
    Ok(found)
}

fn words(rights: Rights) -> [(&'static str, bool); 4] {
    [("read", rights.read), ("create", rights.create), ("update", rights.update), ("delete", rights.delete)]
}

async fn from_syncs(engine: &Engine, scope: &Scope, found: &mut HashMap<&'static str, EntityRights>) -> Result<()> {
    let refused = engine.store().incidents(scope.id(), i64::MAX).await?;
    for plan in engine.store().plans(scope.id()).await? {
        let Some(own) = found.get_mut(plan.entity.as_str()) else { continue };
        let open = refused.iter().find(|incident| {
            incident.resolved_at.is_none() && incident.cause == "PERMISSION_DENIED" && incident.scope == plan.entity
        });
        let right = match (open, plan.last_success_at) {
            (Some(open), _) => Right {
                allowed: Some(false),
                by: Some("sync"),
                at: Some(rfc3339_micros(open.opened_at)),
                why: Some(open.message.clone()),
            },
            (None, Some(at)) => {
                Right { allowed: Some(true), by: Some("sync"), at: Some(rfc3339_micros(at)), why: None }
            }
            (None, None) => continue,
        };
        own.insert("read", right);
    }
    Ok(())
}

async fn from_writes(
    engine: &Engine,
    scope: &Scope,
    now: i64,
    found: &mut HashMap<&'static str, EntityRights>,
) -> Result<()> {
    let mut all = engine.store().write_evidence(scope.id(), now - MONTH).await?;
    // Several kinds of writes are updates: the last one counts.
    all.sort_by_key(|evidence| evidence.succeeded_at.max(evidence.forbidden_at));
    for evidence in all {
        let Some(own) = found.get_mut(evidence.entity.as_str()) else { continue };
        let operation = match evidence.action.as_str() {
            "create" => "create",
            "delete" => "delete",
            // A move between statuses too.
            _ => "update",
        };
        let (Some(last), allowed) =
            (evidence.succeeded_at.max(evidence.forbidden_at), evidence.succeeded_at > evidence.forbidden_at)
        else {
            continue;
        };
        let why = (!allowed).then(|| format!("the system refused the last {} for lack of a right", evidence.action));
        own.insert(operation, Right { allowed: Some(allowed), by: Some("write"), at: Some(rfc3339_micros(last)), why });
    }
    Ok(())
}

impl Right {
    fn told(allowed: bool, now: i64) -> Self {
        let why = (!allowed).then(|| "the system says that the user has no right to".to_owned());
        Self { allowed: Some(allowed), by: Some("system"), at: Some(rfc3339_micros(now)), why }
    }
}

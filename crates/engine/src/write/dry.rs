//! A dry run: the requests that a write would send, and nothing of it sent. What must be looked up first (a currency's id, a
//! form's defaults) is read.

use serde_json::{Map, Value, json};
use trunnion_kit::json::parse;
use trunnion_kit::link::Planned;
use trunnion_kit::mapping::Standing;
use trunnion_kit::posting::Posting;
use trunnion_kit::spec::{Call, Create, EntitySpec, Mode};
use trunnion_kit::vendor::{Target, kept};
use trunnion_model::record::Record;

use super::asked::Asked;
use super::{blame, body, diff, route};
use crate::Engine;
use crate::error::{Result, ServiceError, from_system};
use crate::links::Live;

/// Of a create. The write key stands there in zeros: it is random.
pub(super) async fn create(
    live: &Live,
    spec: &EntitySpec,
    create: &Create,
    members: &Map<String, Value>,
) -> Result<Value> {
    let write_key = "0".repeat(create.write_key_length.min(26));
    let body = body::vendor_body(live, spec, create, members, &write_key)
        .map_err(|_| ServiceError::internal("a body that was checked cannot be mapped"))?;
    let (link, recorder) = live.link.dry();
    let told = live.vendor.create(&link, spec, body, &write_key).await;
    let requests = recorder.take();
    match told {
        // Refused before it would have been sent; afterwards the answer is nobody's.
        Err(error) if requests.is_empty() => Err(blame::with_fields(from_system(&error), spec)),
        _ => Ok(told_of("create", &requests)),
    }
}

/// Of a posting for the record with that remote id and row.
pub(super) async fn post(
    live: &Live,
    spec: &EntitySpec,
    (remote_id, raw): (&str, &str),
    posting: &Posting,
    write_key: &str,
) -> Result<Value> {
    let row = parse(raw).map_err(|_| ServiceError::internal("a row cannot be read"))?;
    let (link, recorder) = live.link.dry();
    let told = live.vendor.post(&link, spec, Target { remote_id, row: &row }, posting, write_key).await;
    let requests = recorder.take();
    match told {
        Err(error) if requests.is_empty() => Err(from_system(&error)),
        _ => Ok(told_of(posting.name(), &requests)),
    }
}

/// Of a change or a delete, from the row as it was last read.
pub(super) async fn change(
    engine: &Engine,
    live: &Live,
    spec: &EntitySpec,
    record: &Record,
    asked: &Asked,
    action: &str,
) -> Result<Value> {
    let stored = engine.store().get(live.connection, spec.entity, record.id, true).await?;
    let raw = stored.and_then(|record| record.raw).unwrap_or_default();
    let mut row = kept(spec, &raw).map_err(|_| ServiceError::internal("a stored row cannot be read"))?;
    // The raw form is without what the connector computes, and a write may depend on that.
    let _mapped = live.mapper(spec).read(&mut row);
    let now: Map<String, Value> = serde_json::from_str(&record.data).unwrap_or_default();
    let text = |name: &str| now.get(name).and_then(Value::as_str);
    let standing = Standing { status: text("status"), remote_status: text("remote_status") };
    let (link, recorder) = live.link.dry();
    let target = Target { remote_id: &record.remote_id, row: &row };
    let told = plan(live, &link, spec, target, asked, action, &now, standing).await;
    let requests = recorder.take();
    match told {
        Err(error) if requests.is_empty() => Err(blame::with_fields(from_system(&error), spec)),
        _ => Ok(told_of(action, &requests)),
    }
}

#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
async fn plan(
    live: &Live,
    link: &trunnion_kit::link::Link,
    spec: &EntitySpec,
    target: Target<'_>,
    asked: &Asked,
    action: &str,
    now: &Map<String, Value>,
    standing: Standing<'_>,
) -> std::result::Result<(), trunnion_kit::error::Error> {
    if action == "delete" && asked.mode.is_none() {
        return live.vendor.delete(link, spec, target).await;
    }
    let modes = spec.delete.iter().flat_map(|delete| &delete.modes);
    if let Some((_, Mode::Set(set))) = modes.into_iter().find(|(name, _)| Some(name) == asked.mode.as_ref()) {
        live.vendor.act(link, spec, target, &Call::Set(set.clone())).await?;
    }
    let left = diff::missing(spec.entity.fields, &asked.change, now, &diff::line_keys(now));
    if !left.is_empty()
        && let Ok(change) = body::vendor_change(live, spec, &left, standing)
    {
        live.vendor.update(link, spec, target, change).await?;
    }
    let way = asked.status.as_deref().filter(|wanted| standing.status != Some(wanted));
    for one in way.and_then(|wanted| route::way(spec, standing, wanted)).unwrap_or_default() {
        live.vendor.act(link, spec, target, &one.call).await?;
    }
    Ok(())
}

fn told_of(action: &str, requests: &[Planned]) -> Value {
    json!({ "dry_run": true, "action": action, "requests": requests })
}

//! Something changes in the ERP: an incremental sync, one event, one signed webhook.

use serde_json::Value;

use super::Connected;
use super::connect::text;
use super::sync::{sync_orders, wait_for_run};
use crate::demo::Checks;
use crate::demo::world::{ORDERS, World};
use crate::terminal::say;

pub(in crate::demo) async fn change(
    world: &World,
    connection: &Connected<'_>,
    checks: &mut Checks,
) -> anyhow::Result<()> {
    let id = touch(world, connection).await?;
    let run = sync_orders(&world.api, connection, "demo-sync-1").await?;
    let run = wait_for_run(&world.api, connection, &run).await?;
    say(&format!("   the sync read {} of {} orders", run["seen"], ORDERS + 1));
    checks.that(
        run["seen"].as_u64().is_some_and(|seen| seen < ORDERS as u64 / 2),
        "it asked only for what changed lately",
    )?;
    let event = world.integrator.event(0, |event| is_update(event, &id)).await?;
    let changed: Vec<&String> =
        event["previous"].as_object().into_iter().flat_map(|previous| previous.keys()).collect();
    say(&format!("   webhook {} #{}: {}, changed: {changed:?}", text(&event["id"]), event["sequence"], event["type"]));
    checks.that(!changed.is_empty(), "a webhook told what changed, with the old values; its signature is right")?;
    let after = event["sequence"].as_i64().unwrap_or_default() - 1;
    let page = world.api.get(&connection.token, &format!("/events?after={after}&limit=1")).await?;
    checks.that(page["data"][0]["id"] == event["id"], "the log has the same event, for whoever would rather ask")
}

/// Raises a price in the ERP, on an order that is still open; the record's id.
pub(super) async fn touch(world: &World, connection: &Connected<'_>) -> anyhow::Result<String> {
    let page = world.api.get(&connection.token, "/purchase-orders?limit=100").await?;
    let open = page["data"].as_array().into_iter().flatten().find(|order| order["status"] == "approved");
    let order = open.ok_or_else(|| anyhow::anyhow!("no approved order to change"))?;
    let what = format!("touch_purchase_order?id={}", text(&order["remote_id"]));
    world.api.control(&connection.system.sim.url, &what).await?;
    Ok(text(&order["id"]))
}

pub(super) fn is_update(event: &Value, id: &str) -> bool {
    event["type"] == "purchase_order.updated" && event["data"]["id"] == id
}

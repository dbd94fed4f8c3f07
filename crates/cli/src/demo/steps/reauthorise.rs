//! The password is changed in the ERP: noticed, told, not hammered; the customer logs in again, and the sync goes on.

use std::time::Duration;

use serde_json::json;

use super::Connected;
use super::change::{is_update, touch};
use super::connect::{link, log_in, state, text};
use super::sync::{sync_orders, wait_for_run};
use crate::demo::Checks;
use crate::demo::world::World;

/// What the ERP's administrator chose this time.
const NEW_PASSWORD: &str = "Autumn-2026";

pub(in crate::demo) async fn reauthorise(
    world: &World,
    connection: &Connected<'_>,
    checks: &mut Checks,
) -> anyhow::Result<()> {
    let (api, system) = (&world.api, connection.system);
    let before = count(world, connection, &connection.token).await?;
    let order = touch(world, connection).await?;
    let known = world.integrator.events(|event| is_update(event, &order)).len();
    api.control(&system.sim.url, &format!("password?new={NEW_PASSWORD}")).await?;
    system.sim.control.clear_requests();
    sync_orders(api, connection, "demo-sync-2").await?;
    let lost = |event: &serde_json::Value| {
        event["type"] == "connection.reauthorization_required" && event["connection_id"] == connection.id.as_str()
    };
    world.integrator.event(0, lost).await?;
    checks.that(true, "a webhook told: connection.reauthorization_required")?;
    // Whatever else is due has the time to knock.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let attempts = system.sim.control.requests().iter().filter(|asked| asked.status == 401).count();
    checks.that((1..=2).contains(&attempts), &format!("{attempts} refused login reached the system, and no more"))?;
    let refused = api.post_as(&connection.token, "/vendors", "demo-vendor-2", &json!({"name": "Nobody"})).await?;
    checks
        .that(refused.body["code"] == "REAUTHORIZATION_REQUIRED", "a write is refused with REAUTHORIZATION_REQUIRED")?;

    let session = json!({
        "connection_id": connection.id, "redirect_uri": world.integrator.redirect_uri(), "state": state(system)
    });
    let mut credentials = (system.sandbox.credentials)(&system.sim.url);
    credentials["password"] = NEW_PASSWORD.into();
    let granted = log_in(world, system, &link(world, &session).await?, &credentials).await?;
    let token = text(&granted["access_token"]);
    checks.that(
        granted["connection_id"] == connection.id.as_str() && token != connection.token,
        "the customer logged in again: the same connection, a new token",
    )?;
    let old = api.try_get(&connection.token, "/connection").await?;
    checks.that(old.status == 401, "the old token is dead")?;

    let again = Connected { system, id: connection.id.clone(), token };
    let run = sync_orders(api, &again, "demo-sync-3").await?;
    wait_for_run(api, &again, &run).await?;
    world.integrator.event(known, |event| is_update(event, &order)).await?;
    checks.that(
        count(world, &again, &again.token).await? == before && world.integrator.events(lost).len() == 1,
        "what changed meanwhile arrived; nothing is lost, nothing is doubled",
    )?;
    checks.that(world.integrator.refused() == 0, "every webhook of this tour had a right signature")
}

/// How many purchase orders the connection has.
async fn count(world: &World, connection: &Connected<'_>, token: &str) -> anyhow::Result<u64> {
    let page = world.api.get(token, "/purchase-orders?limit=1&count=true").await?;
    let count = page["count"].as_u64().or_else(|| page["total"].as_u64());
    count.ok_or_else(|| anyhow::anyhow!("{} tells no count: {page}", connection.system.name))
}

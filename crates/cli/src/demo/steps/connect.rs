//! Connecting: the application prepares, a customer mistypes, a customer connects.

use serde_json::{Value, json};

use super::Connected;
use crate::demo::Checks;
use crate::demo::customer::Said;
use crate::demo::world::{System, World};
use crate::terminal::{DIM, say, styled};

/// Once, by the application: where customers come back to, and where webhooks go.
pub(in crate::demo) async fn prepare(world: &World, checks: &mut Checks) -> anyhow::Result<()> {
    let integrator = &world.integrator;
    world.api.put("/redirect-uris", &json!({"redirect_uris": [integrator.redirect_uri()]})).await?;
    let types = ["purchase_order.updated", "connection.*"];
    let endpoint = json!({"url": format!("{}/webhooks", integrator.url), "types": types});
    let made = world.api.post("/webhook-endpoints", &endpoint).await?;
    let secret = made["secret"].as_str().unwrap_or_default();
    integrator.know_secret(secret);
    checks.that(secret.starts_with("whsec_"), "a webhook endpoint is there; its secret was shown this once")
}

pub(in crate::demo) async fn mistype(world: &World, checks: &mut Checks) -> anyhow::Result<()> {
    let system = &world.systems[0];
    system.sim.control.clear_requests();
    let link = link(world, &session(world, system)).await?;
    let wrong = (system.sandbox.wrong_credentials)(&system.sim.url);
    match world.customer.fill_in(&link, system.sandbox.system, &wrong).await? {
        Said::Again(told) => {
            say(&format!("   {} {told}", styled(DIM, "the page says:")));
            checks.that(told.contains("refused these credentials"), "the page says what to do; nothing was stored")?;
        }
        Said::Back(address) => anyhow::bail!("a wrong password led to {address}"),
    }
    checks.that(
        system.sim.control.requests().len() == 1,
        "exactly one attempt reached the system: no account gets locked",
    )
}

pub(in crate::demo) async fn connect<'w>(
    world: &'w World,
    system: &'w System,
    checks: &mut Checks,
) -> anyhow::Result<Connected<'w>> {
    let link = link(world, &session(world, system)).await?;
    let granted = log_in(world, system, &link, &(system.sandbox.credentials)(&system.sim.url)).await?;
    let (id, token) = (text(&granted["connection_id"]), text(&granted["access_token"]));
    checks.that(
        token.starts_with("tc_") && id.starts_with("con_"),
        &format!("{}: link, form, redirect, code, token: {id}", system.name),
    )?;
    Ok(Connected { system, id, token })
}

/// Fills in the form and comes back with a code, which the application exchanges.
pub(super) async fn log_in(world: &World, system: &System, link: &str, credentials: &Value) -> anyhow::Result<Value> {
    let address = match world.customer.fill_in(link, system.sandbox.system, credentials).await? {
        Said::Back(address) => address,
        Said::Again(told) => anyhow::bail!("the connect page for {} says: {told}", system.name),
    };
    world.customer.follow(&address).await?;
    let returned = |name: &str| world.integrator.returned(name).unwrap_or_default();
    anyhow::ensure!(returned("state") == state(system), "the customer came back with another state");
    world.api.exchange(&returned("code"), &world.integrator.redirect_uri()).await
}

/// The address of a new link session's page.
pub(super) async fn link(world: &World, session: &Value) -> anyhow::Result<String> {
    let made = world.api.post("/link-sessions", session).await?;
    Ok(text(&made["url"]))
}

fn session(world: &World, system: &System) -> Value {
    json!({
        "system": system.sandbox.system,
        "customer": {"id": format!("acme-{}", system.sandbox.system), "name": "Acme Bearings"},
        "redirect_uri": world.integrator.redirect_uri(),
        "state": state(system),
    })
}

/// The application's own note, which comes back with the code.
pub(super) fn state(system: &System) -> String {
    format!("demo-{}", system.sandbox.system)
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

//! The first sync, and reading what it brought.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Connected;
use crate::demo::Checks;
use crate::demo::api::Api;
use crate::demo::world::ORDERS;
use crate::terminal;

/// How long a sync of the demo's little data may take.
const PATIENCE: Duration = Duration::from_secs(40);

pub(in crate::demo) async fn initial_sync(
    api: &Api,
    connected: &[Connected<'_>],
    checks: &mut Checks,
) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for connection in connected {
        let started = Instant::now();
        let entities = wait_for_sync(api, connection).await?;
        for entity in &entities {
            let name = entity["entity"].as_str().unwrap_or_default();
            rows.push(vec![connection.system.name.clone(), name.to_owned(), entity["records"].to_string()]);
            let records = entity["records"].as_u64().unwrap_or_default();
            let right = if name == "purchase_order" { records == ORDERS as u64 } else { records > 0 };
            anyhow::ensure!(right, "{} has {records} records of {name}", connection.system.name);
        }
        checks.that(
            entities.len() >= 3,
            &format!(
                "{}: every entity is there after {:.1} s",
                connection.system.name,
                started.elapsed().as_secs_f32()
            ),
        )?;
    }
    terminal::table(&["SYSTEM", "ENTITY", "RECORDS"], &rows, 3);
    Ok(())
}

/// Until every entity of the connection was synced once.
async fn wait_for_sync(api: &Api, connection: &Connected<'_>) -> anyhow::Result<Vec<Value>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = api.get(&connection.token, "/sync-status").await?;
        let entities = status["data"].as_array().cloned().unwrap_or_default();
        if let Some(failed) = entities.iter().find(|entity| entity["state"] == "failed") {
            anyhow::bail!("the sync of {} failed: {failed}", connection.system.name);
        }
        let done = |entity: &Value| entity["state"] == "idle" && !entity["last_success_at"].is_null();
        if !entities.is_empty() && entities.iter().all(done) {
            return Ok(entities);
        }
        anyhow::ensure!(Instant::now() < deadline, "the sync of {} took too long: {status}", connection.system.name);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(in crate::demo) async fn read(api: &Api, connected: &[Connected<'_>], checks: &mut Checks) -> anyhow::Result<()> {
    let fields = ["number", "status", "remote_status", "vendor_code", "ordered_on", "currency", "net_total"];
    let mut columns: Vec<Vec<String>> = Vec::new();
    for connection in connected {
        let list = api.get(&connection.token, "/purchase-orders?limit=1").await?;
        let order = &list["data"][0];
        anyhow::ensure!(order["id"].as_str().is_some_and(|id| id.starts_with("po_")), "no purchase order came: {list}");
        columns.push(fields.iter().map(|field| order[*field].as_str().unwrap_or("-").to_owned()).collect());
    }
    let rows: Vec<Vec<String>> = (0..fields.len())
        .map(|row| {
            std::iter::once(fields[row].to_owned()).chain(columns.iter().map(|column| column[row].clone())).collect()
        })
        .collect();
    let headings: Vec<&str> =
        std::iter::once("FIELD").chain(connected.iter().map(|one| one.system.name.as_str())).collect();
    terminal::table(&headings, &rows, 3);
    checks.that(
        columns.iter().all(|column| column[5] != "-" && column[6] != "-"),
        "one order from each, in the same words",
    )
}

/// Asks for an incremental sync of the purchase orders now; the run's id.
pub(super) async fn sync_orders(api: &Api, connection: &Connected<'_>, key: &str) -> anyhow::Result<String> {
    let request = json!({"entities": ["purchase_order"], "mode": "incremental"});
    let reply = api.post_as(&connection.token, "/syncs", key, &request).await?;
    anyhow::ensure!(reply.status == 202, "asking for a sync answered {}: {}", reply.status, reply.body);
    Ok(reply.body["data"][0]["id"].as_str().unwrap_or_default().to_owned())
}

pub(super) async fn wait_for_run(api: &Api, connection: &Connected<'_>, id: &str) -> anyhow::Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let run = api.get(&connection.token, &format!("/syncs/{id}")).await?;
        match run["state"].as_str() {
            Some("succeeded") => return Ok(run),
            Some("failed" | "cancelled") => anyhow::bail!("the sync ended: {run}"),
            _ => anyhow::ensure!(Instant::now() < deadline, "the sync took too long: {run}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

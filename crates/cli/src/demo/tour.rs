//! The tour: seven steps, each with what it saw.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::Api;
use super::world::{ORDERS, System, World};
use super::{Checks, step};
use crate::terminal::{self, DIM, say, styled};

/// How long a sync of the demo's little data may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A connection that was made, with its token.
struct Connected<'w> {
    system: &'w System,
    token: String,
}

pub(super) async fn walk(world: &World) -> anyhow::Result<usize> {
    let (api, mut checks) = (&world.api, Checks::default());
    step(1, "A customer mistypes a password");
    wrong_password(api, &world.systems[0], &mut checks).await?;
    step(2, "Connect: credentials are tried at once, and a token for the connection comes back");
    let mut connected = Vec::new();
    for system in &world.systems {
        connected.push(connect(api, system, &mut checks).await?);
    }
    step(3, "Initial sync");
    initial_sync(api, &connected, &mut checks).await?;
    step(4, "Read: the same fields, whatever the system");
    read(api, &connected, &mut checks).await?;
    step(5, "Write: the same new vendor and the same purchase order, to every system");
    let vendors = create_vendors(api, &connected, &mut checks).await?;
    let written = write(api, &connected, &vendors, &mut checks).await?;
    step(6, "Repeat the call with the same idempotency key: nothing is created twice");
    repeat(api, &connected, &written, &mut checks).await?;
    step(7, "Somebody changes a price in the ERP: the next sync asks only for what changed");
    change(api, &connected[0], &mut checks).await?;
    Ok(checks.0)
}

async fn wrong_password(api: &Api, system: &System, checks: &mut Checks) -> anyhow::Result<()> {
    system.sim.control.clear_requests();
    let body = connection(system, &(system.sandbox.wrong_credentials)(&system.sim.url));
    let reply = api.post("/connections", &body).await?;
    say(&format!("   {} {}", styled(DIM, "answer:"), reply.body["detail"].as_str().unwrap_or_default()));
    checks.that(reply.body["code"] == "AUTHENTICATION_FAILED", "it is refused with AUTHENTICATION_FAILED")?;
    checks.that(
        system.sim.control.requests().len() == 1,
        "exactly one attempt reached the system: no account gets locked",
    )
}

async fn connect<'w>(api: &Api, system: &'w System, checks: &mut Checks) -> anyhow::Result<Connected<'w>> {
    let reply = api.post("/connections", &connection(system, &(system.sandbox.credentials)(&system.sim.url))).await?;
    let token = reply.body["token"].as_str().unwrap_or_default().to_owned();
    let id = reply.body["connection"]["id"].as_str().unwrap_or_default();
    anyhow::ensure!(reply.status == 201, "connecting to {} answered {}: {}", system.name, reply.status, reply.body);
    checks.that(token.starts_with("tc_") && id.starts_with("con_"), &format!("{}: {id}, token tc_…", system.name))?;
    Ok(Connected { system, token })
}

fn connection(system: &System, credentials: &Value) -> Value {
    json!({
        "system": system.sandbox.system,
        "credentials": credentials,
        "customer": {"id": format!("acme-{}", system.sandbox.system), "name": "Acme Bearings"},
    })
}

async fn initial_sync(api: &Api, connected: &[Connected<'_>], checks: &mut Checks) -> anyhow::Result<()> {
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

async fn read(api: &Api, connected: &[Connected<'_>], checks: &mut Checks) -> anyhow::Result<()> {
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

/// What a program sends; only the vendor differs, because each customer has its own.
fn order(vendor: &str) -> Value {
    json!({
        "vendor_id": vendor,
        "ordered_on": "2026-11-23",
        "currency": "USD",
        "lines": [
            {"item_sku": "SP-0001", "quantity": "10", "unit": "EA", "unit_price": "12.50", "required_on": "2026-12-15"},
            {"item_sku": "SP-0002", "quantity": "4", "unit": "EA", "unit_price": "103.95", "required_on": "2026-12-15"},
            {"item_sku": "SP-0003", "quantity": "2.5", "unit": "EA", "unit_price": "7.40", "required_on": "2026-12-20"},
        ],
    })
}

async fn create_vendors(api: &Api, connected: &[Connected<'_>], checks: &mut Checks) -> anyhow::Result<Vec<String>> {
    let address = json!({"line1": "8 Foundry Road", "city": "Pittsburgh", "postal_code": "15201", "country": "US"});
    let body = json!({"name": "Northgate Bearings Ltd", "currency": "USD", "email": "orders@northgate.example", "address": address});
    let mut vendors = Vec::new();
    for connection in connected {
        let reply = api.post_as(&connection.token, "/vendors", "demo-vendor-1", &body).await?;
        anyhow::ensure!(reply.status == 201, "{} answered {}: {}", connection.system.name, reply.status, reply.body);
        let right = ["name", "currency", "email"].iter().all(|field| reply.body[field] == body[field]);
        let code = reply.body["code"].as_str().unwrap_or("?");
        checks.that(
            right,
            &format!("{}: vendor {code} was created and reads back as it was sent", connection.system.name),
        )?;
        vendors.push(reply.body["id"].as_str().unwrap_or_default().to_owned());
    }
    Ok(vendors)
}

async fn write(
    api: &Api,
    connected: &[Connected<'_>],
    vendors: &[String],
    checks: &mut Checks,
) -> anyhow::Result<Vec<Value>> {
    let mut written: Vec<Value> = Vec::new();
    for (connection, vendor) in connected.iter().zip(vendors) {
        let reply = api.post_as(&connection.token, "/purchase-orders", "demo-order-1", &order(vendor)).await?;
        anyhow::ensure!(reply.status == 201, "{} answered {}: {}", connection.system.name, reply.status, reply.body);
        let record = reply.body;
        let (number, total) = (record["number"].as_str().unwrap_or("?"), record["net_total"].as_str().unwrap_or("?"));
        say(&format!(
            "   {:<18} order {number}, {}, {total} {}",
            connection.system.name,
            record["status"].as_str().unwrap_or("?"),
            record["currency"].as_str().unwrap_or("?")
        ));
        written.push(record);
    }
    let alike = |record: &Value| {
        let line = |line: &Value| {
            ["item_sku", "quantity", "unit", "unit_price", "amount", "required_on"].map(|field| line[field].clone())
        };
        let lines: Vec<_> = record["lines"].as_array().into_iter().flatten().map(line).collect();
        (record["ordered_on"].clone(), record["currency"].clone(), record["net_total"].clone(), lines)
    };
    checks.that(written[0]["lines"].as_array().is_some_and(|lines| lines.len() == 3), "three lines were created")?;
    checks.that(
        written.iter().all(|record| alike(record) == alike(&written[0])),
        "read back, they are equal: dates, items, units, prices, totals",
    )?;
    Ok(written)
}

async fn repeat(api: &Api, connected: &[Connected<'_>], written: &[Value], checks: &mut Checks) -> anyhow::Result<()> {
    for (connection, record) in connected.iter().zip(written) {
        connection.system.sim.control.clear_requests();
        let vendor = record["vendor_id"].as_str().unwrap_or_default();
        let reply = api.post_as(&connection.token, "/purchase-orders", "demo-order-1", &order(vendor)).await?;
        let same = reply.replayed && reply.body["id"] == record["id"];
        checks.that(same, &format!("{}: the stored answer came back, marked as replayed", connection.system.name))?;
        checks.that(connection.system.sim.control.requests().is_empty(), "and the system was not even asked")?;
    }
    Ok(())
}

async fn change(api: &Api, connection: &Connected<'_>, checks: &mut Checks) -> anyhow::Result<()> {
    let page = api.get(&connection.token, "/purchase-orders?limit=100").await?;
    let open = page["data"].as_array().into_iter().flatten().find(|order| order["status"] == "approved");
    let order = open.ok_or_else(|| anyhow::anyhow!("no approved order to change"))?;
    let (id, remote) = (order["id"].as_str().unwrap_or_default(), order["remote_id"].as_str().unwrap_or_default());
    let before = api.get(&connection.token, "/connection").await?["last_sequence"].as_i64().unwrap_or_default();
    api.control(&connection.system.sim.url, &format!("touch_purchase_order?id={remote}")).await?;
    let request = json!({"entities": ["purchase_order"], "mode": "incremental"});
    let reply = api.post_as(&connection.token, "/syncs", "demo-sync-1", &request).await?;
    anyhow::ensure!(reply.status == 202, "asking for a sync answered {}: {}", reply.status, reply.body);
    let run = reply.body["data"][0]["id"].as_str().unwrap_or_default().to_owned();
    let run = wait_for_run(api, connection, &run).await?;
    say(&format!("   the sync read {} of {} orders", run["seen"], ORDERS + 1));
    checks.that(
        run["seen"].as_u64().is_some_and(|seen| seen < ORDERS as u64 / 2),
        "it asked only for what changed lately",
    )?;
    let events = api.get(&connection.token, &format!("/events?after={before}")).await?;
    let event = events["data"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|event| event["type"] == "purchase_order.updated" && event["data"]["id"] == id);
    let event = event.ok_or_else(|| anyhow::anyhow!("no purchase_order.updated event came: {events}"))?;
    let changed: Vec<&String> =
        event["previous"].as_object().into_iter().flat_map(|previous| previous.keys()).collect();
    say(&format!(
        "   event {} #{}: purchase_order.updated, changed: {changed:?}",
        event["id"].as_str().unwrap_or_default(),
        event["sequence"]
    ));
    checks.that(!changed.is_empty(), "one event tells what changed, with the old values")
}

async fn wait_for_run(api: &Api, connection: &Connected<'_>, id: &str) -> anyhow::Result<Value> {
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

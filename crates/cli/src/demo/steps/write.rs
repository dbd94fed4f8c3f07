//! The same vendor and the same order to every system, and the same call again.

use serde_json::{Value, json};

use super::Connected;
use crate::demo::Checks;
use crate::demo::api::Api;
use crate::terminal::say;

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

pub(in crate::demo) async fn create_vendors(
    api: &Api,
    connected: &[Connected<'_>],
    checks: &mut Checks,
) -> anyhow::Result<Vec<String>> {
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

pub(in crate::demo) async fn write(
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

pub(in crate::demo) async fn repeat(
    api: &Api,
    connected: &[Connected<'_>],
    written: &[Value],
    checks: &mut Checks,
) -> anyhow::Result<()> {
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

//! What SAP does not say in one field: an order's status and totals, a price per unit, whether a vendor may be used.
//!
//! The computed values stand under names with `@`, beside what SAP sent.

mod maintenance;
mod plant;
mod purchasing;

pub(super) use plant::on_hand;

use trunnion_kit::json::{Node, Object};
use trunnion_kit::mapping::dates;
use trunnion_model::decimal::{self, Decimal};
use trunnion_model::time::{from_micros, rfc3339};

const ROUND: decimal::RoundingStrategy = decimal::RoundingStrategy::MidpointAwayFromZero;
/// Of a price that does not come out even.
const PRICE_PLACES: u32 = 9;

pub(super) fn row(entity: &str, row: &mut Object<'_>) {
    match entity {
        "vendor" => vendor(row),
        "item" => item(row),
        "purchase_requisition" => purchasing::requisition(row),
        "purchase_order" => purchase_order(row),
        "invoice" => purchasing::invoice(row),
        "goods_receipt" => plant::goods_receipt(row),
        "inventory_level" => plant::inventory_level(row),
        "location" => plant::location(row),
        "work_order" => maintenance::work_order(row),
        "asset" => maintenance::asset(row),
        "service_request" => maintenance::service_request(row),
        "meter" => maintenance::meter(row),
        _ => {}
    }
}

fn vendor(row: &mut Object<'_>) {
    let supplier = row.get("to_Supplier");
    let marked = |name: &str| supplier.and_then(|supplier| supplier.get(name)) == Some(&Node::Bool(true));
    let active = !(marked("PostingIsBlocked") || marked("PurchasingIsBlocked") || marked("DeletionIndicator"));
    // Null until the first change: then the day of creation is the last time that anything happened.
    let at = moment(row, "LastChangeDate", "LastChangeTime").or_else(|| moment(row, "CreationDate", "CreationTime"));
    row.set("@active", Node::Bool(active));
    if let Some(at) = at {
        row.set("@modified", Node::text(at));
    }
}

/// A date and a time property as one instant. They are the system's local time on premise; the declared overlap of a day
/// makes up for that.
fn moment(row: &Object<'_>, date: &str, time: &str) -> Option<String> {
    let day = dates::odata_instant(row.get(date)?.as_text()?)?;
    let seconds = row.get(time).and_then(Node::as_text).and_then(dates::odata_time_seconds).unwrap_or(0);
    Some(rfc3339(from_micros(day.as_microsecond() + seconds * 1_000_000)))
}

fn item(row: &mut Object<'_>) {
    let descriptions = row.get("to_Description").and_then(Node::items).unwrap_or_default();
    let in_language =
        |wanted: &str| descriptions.iter().find(|text| text.get("Language").and_then(Node::as_text) == Some(wanted));
    let text = in_language("EN")
        .or_else(|| descriptions.first())
        .and_then(|text| text.get("ProductDescription"))
        .and_then(Node::as_text);
    let name = text.or_else(|| row.get("Product").and_then(Node::as_text)).unwrap_or_default().to_owned();
    let cost = row.get("to_Valuation").and_then(Node::items).and_then(<[_]>::first).and_then(cost);
    row.set("@name", Node::text(name));
    if let Some(cost) = cost {
        row.set("@cost", Node::text(decimal::text(cost)));
    }
}

/// Standard or moving average price, by the valuation's own price control, of one unit.
fn cost(valuation: &Node<'_>) -> Option<Decimal> {
    let control = valuation.get("InventoryValuationProcedure").and_then(Node::as_text);
    let price = number(valuation, if control == Some("S") { "StandardPrice" } else { "MovingAveragePrice" })?;
    per(price, number(valuation, "PriceUnitQty"))
}

fn purchase_order(row: &mut Object<'_>) {
    let mut total = Some(Decimal::ZERO);
    let (mut lines, mut deleted, mut delivered, mut invoiced) = (0, 0, 0, 0);
    for line in row.get_mut("to_PurchaseOrderItem").and_then(Node::items_mut).into_iter().flatten() {
        let is_deleted = text(line, "PurchasingDocumentDeletionCode") == Some("L");
        let (price, units) = (number(line, "NetPriceAmount"), PriceUnits::of(line));
        let amount = price
            .zip(number(line, "OrderQuantity"))
            .and_then(|(price, quantity)| units.per_order_unit(price.checked_mul(quantity)?))
            .map(to_cents);
        let price = price
            .and_then(|price| units.per_order_unit(price))
            .map(|price| price.round_dp_with_strategy(PRICE_PLACES, ROUND));
        lines += 1;
        deleted += i32::from(is_deleted);
        delivered += i32::from(is_deleted || line.get("IsCompletelyDelivered") == Some(&Node::Bool(true)));
        invoiced += i32::from(is_deleted || line.get("IsFinallyInvoiced") == Some(&Node::Bool(true)));
        if !is_deleted {
            total = total.zip(amount).and_then(|(total, amount)| total.checked_add(amount));
        }
        if let Some(line) = line.as_object_mut() {
            for (name, value) in [("@unit_price", price), ("@amount", amount)] {
                if let Some(value) = value {
                    line.set(name, Node::text(decimal::text(value)));
                }
            }
        }
    }
    let says = |name: &str| row.get(name).and_then(Node::as_text).unwrap_or_default();
    let is = |name: &str| row.get(name) == Some(&Node::Bool(true));
    // The order of the questions is that of SAP's own apps (KBA 3416344), with deletion and delivery told from the items:
    // the header's deletion code is only set by archiving.
    let status = if !says("PurchasingDocumentDeletionCode").is_empty() || (lines > 0 && deleted == lines) {
        "cancelled"
    } else if is("PurchasingCompletenessStatus") {
        "draft"
    } else if says("PurchasingProcessingStatus") == "08" {
        "rejected"
    } else if is("ReleaseIsNotCompleted") {
        "pending_approval"
    } else if lines > 0 && delivered == lines && invoiced == lines {
        "closed"
    } else if lines > 0 && delivered == lines {
        "received"
    } else {
        "approved"
    };
    row.set("@status", Node::text(status));
    if let Some(total) = total {
        row.set("@net_total", Node::text(decimal::text(total)));
    }
}

/// What a line's price is for: so many of its own units, of which an order's unit may be more or less than one. A drum has
/// 200 litres.
struct PriceUnits {
    quantity: Option<Decimal>,
    /// So many price units are as much as so many order units.
    of_price: Decimal,
    of_order: Option<Decimal>,
}

impl PriceUnits {
    fn of(line: &Node<'_>) -> Self {
        let of_price = number(line, "OrderPriceUnitToOrderUnitNmrtr").filter(|units| !units.is_zero());
        Self {
            quantity: number(line, "NetPriceQuantity"),
            of_price: of_price.unwrap_or(Decimal::ONE),
            of_order: number(line, "OrdPriceUnitToOrderUnitDnmntr"),
        }
    }

    fn per_order_unit(&self, price: Decimal) -> Option<Decimal> {
        per(per(price.checked_mul(self.of_price)?, self.quantity)?, self.of_order)
    }
}

/// Amounts have at most three decimal places in every currency that SAP knows.
fn to_cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(3, ROUND)
}

fn per(price: Decimal, units: Option<Decimal>) -> Option<Decimal> {
    match units {
        // Mostly it is for one, and to divide takes long.
        Some(units) if !units.is_zero() && units != Decimal::ONE => price.checked_div(units),
        _ => Some(price),
    }
}

fn text<'n>(node: &'n Node<'_>, name: &str) -> Option<&'n str> {
    node.get(name).and_then(Node::as_text)
}

fn number(node: &Node<'_>, name: &str) -> Option<Decimal> {
    text(node, name).and_then(decimal::parse)
}

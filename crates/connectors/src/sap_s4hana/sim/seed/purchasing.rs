//! Requisitions in all states, of which some became orders, and the invoices for the first orders that were delivered.

use super::orders::FIRST_ORDER;
use super::random::Stream;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::{TICKS_PER_DAY, TICKS_PER_SECOND, day_of};
use crate::sap_s4hana::sim::value::{Number, Value};
use crate::sap_s4hana::sim::world::World;
use crate::sap_s4hana::sim::write::{self, Now};
use trunnion_model::time::from_micros;

const REQUISITIONS: u64 = 48;
/// The first one was changed so many days before the start; each day another.
const DAYS: i64 = 60;
/// Each third requisition became the order of its own place.
const EACH_ORDERED: u64 = 3;
/// Of so many orders the invoices are kept.
const ORDERS_WITH_INVOICES: u64 = 120;
const FIRST_REQUISITION: u64 = 10_000_001;

/// The requisition that an order was made of, if it is kept.
pub(super) fn requisition_of(order: u64) -> Option<String> {
    (order < REQUISITIONS && order.is_multiple_of(EACH_ORDERED)).then(|| (FIRST_REQUISITION + order).to_string())
}

pub(super) fn requisitions(world: &mut World, seed: u64, start: i64, user: &str) {
    for at in 0..REQUISITIONS {
        let mut random = Stream::new(seed, 21, at);
        let changed = start - (DAYS - i64::try_from(at).unwrap_or(0)) * TICKS_PER_DAY
            + random.within(20 * 3_600) * TICKS_PER_SECOND;
        let mut header = Node::new(Family::Requisitions.root());
        header.set_text("PurchaseRequisition", (FIRST_REQUISITION + at).to_string());
        header.set_text("PurchaseRequisitionType", "NB");
        header
            .set_text("PurReqnDescription", random.pick(&["Spare parts line 2", "Planned shutdown", "Min/max", "Lab"]));
        let order =
            requisition_of(at).and_then(|_| world.document(Family::Orders, at)).map(std::borrow::Cow::into_owned);
        // Of some, half is still to be ordered.
        let half = at % (2 * EACH_ORDERED) == EACH_ORDERED;
        let items = match &order {
            Some(order) => order.children("to_PurchaseOrderItem").iter().map(|item| of_order(item, half)).collect(),
            None => free_items(world, &mut random, changed),
        };
        header.children_mut("to_PurchaseReqnItem").extend(items);
        let requester = random.pick(&["MILLER", "SCHMIDT", "GARCIA"]);
        for item in header.children_mut("to_PurchaseReqnItem") {
            item.set_text("RequisitionerName", requester);
            item.set_text("CreatedByUser", user.to_owned());
            for name in ["CreationDate", "PurReqCreationDate"] {
                item.set(name, Value::Ticks(day_of(changed - 2 * TICKS_PER_DAY)));
            }
            item.set("LastChangeDateTime", Value::Ticks(changed));
        }
        write::complete_requisition(world, &mut header);
        let state = if order.is_some() { 0 } else { 1 + at % 7 };
        stand(&mut header, state, order.as_ref());
        world.insert(Family::Requisitions, header);
    }
}

/// The item of a requisition of which an order's item was made.
fn of_order(item: &Node, half: bool) -> Node {
    let mut row = new_item();
    for (ours, theirs) in [
        ("PurchaseRequisitionItem", "PurchaseOrderItem"),
        ("PurchaseRequisitionItemText", "PurchaseOrderItemText"),
        ("Plant", "Plant"),
        ("StorageLocation", "StorageLocation"),
        ("MaterialGroup", "MaterialGroup"),
        ("Material", "Material"),
        ("BaseUnit", "PurchaseOrderQuantityUnit"),
        ("PurReqnItemCurrency", "DocumentCurrency"),
        ("AccountAssignmentCategory", "AccountAssignmentCategory"),
    ] {
        row.set_text(ours, item.text(theirs).to_owned());
    }
    for (ours, theirs) in [
        ("RequestedQuantity", "OrderQuantity"),
        ("PurchaseRequisitionPrice", "NetPriceAmount"),
        ("PurReqnPriceQuantity", "NetPriceQuantity"),
    ] {
        row.set(ours, item.get(theirs).clone());
    }
    if half {
        row.set("RequestedQuantity", Value::number(thousandths(item, "OrderQuantity") * 2, 3));
    }
    row.set_text("PurchasingGroup", "001");
    if let Some(line) = item.children("to_ScheduleLine").first() {
        row.set("DeliveryDate", line.get("ScheduleLineDeliveryDate").clone());
    }
    row
}

fn free_items(world: &World, random: &mut Stream, changed: i64) -> Vec<Node> {
    let usable = |product: &&Node| product.children("to_Plant").iter().any(|row| row.text("Plant") == "1010");
    let products: Vec<&Node> = world.products.iter().filter(usable).collect();
    let item = |at: usize| {
        let mut row = new_item();
        let product = products[random.below(products.len())];
        row.set_text("PurchaseRequisitionItem", format!("{:05}", (at + 1) * 10));
        row.set_text("Material", product.text("Product").to_owned());
        row.set_text("Plant", "1010");
        row.set_text("PurchasingGroup", random.pick(&org::PURCHASING_GROUPS));
        row.set("RequestedQuantity", Value::number((1 + random.within(40)) * 1_000, 3));
        row.set("DeliveryDate", Value::Ticks(day_of(changed) + (10 + random.within(30)) * TICKS_PER_DAY));
        if random.below(2) == 0 {
            row.set_text("StorageLocation", "101A");
        }
        if random.below(3) == 0
            && let Some(supplier) = world.partners.first().and_then(|partner| partner.children("to_Supplier").first())
        {
            row.set_text("Supplier", supplier.text("Supplier").to_owned());
        }
        row
    };
    let count = 1 + random_count(changed);
    (0..count).map(item).collect()
}

fn random_count(changed: i64) -> usize {
    usize::try_from(changed.rem_euclid(3)).unwrap_or(0)
}

/// Puts a requisition where its number says that it stands.
fn stand(header: &mut Node, state: u64, order: Option<&Node>) {
    let status = match state {
        3 => "03",
        4 => "08",
        5 => "01",
        _ => "02",
    };
    for (at, item) in header.children_mut("to_PurchaseReqnItem").iter_mut().enumerate() {
        item.set_text("PurReqnReleaseStatus", status);
        item.set("ReleaseIsNotCompleted", if state == 3 { Value::Bool(true) } else { Value::Initial });
        item.set_text("ProcessingStatus", "N");
        match (state, order) {
            (0, Some(order)) => {
                if let Some(ordered) = order.children("to_PurchaseOrderItem").get(at) {
                    write::mark_ordered(item, ordered, thousandths(ordered, "OrderQuantity"));
                }
            }
            (6, _) => item.set_text("IsDeleted", "X"),
            (7, _) => item.set("IsClosed", Value::Bool(true)),
            _ => {}
        }
    }
}

fn new_item() -> Node {
    node(Family::Requisitions, "A_PurchaseRequisitionItem")
}

fn node(family: Family, set: &'static str) -> Node {
    Node::new(family.service().entity(set).unwrap_or_else(|| unreachable!("{set}")))
}

fn thousandths(row: &Node, name: &str) -> i64 {
    match row.get(name) {
        Value::Number(number) => number.units,
        _ => 0,
    }
}

/// An invoice for each of the first orders that was delivered: posted where the order was invoiced, else on its way.
pub(super) fn invoices(world: &mut World, start: i64, user: &str) {
    let mut kept: i64 = 0;
    for place in 0..world.count(Family::Orders).min(ORDERS_WITH_INVOICES) {
        let Some(order) = world.document(Family::Orders, place).map(std::borrow::Cow::into_owned) else { continue };
        let all = order.children("to_PurchaseOrderItem");
        if all.is_empty() || !all.iter().all(|item| item.flag("IsCompletelyDelivered")) {
            continue;
        }
        let is_final = all.iter().all(|item| item.flag("IsFinallyInvoiced"));
        let day = match *order.get("LastChangeDateTime") {
            Value::Ticks(changed) => day_of(changed.min(start)),
            _ => day_of(start),
        };
        // What is on its way came weeks ago, and is to be posted with a day of this week.
        let day = if is_final { day } else { day_of(start).saturating_sub(kept % 4 * TICKS_PER_DAY) };
        let at = write::keep_invoice(world, invoice(world, &order, day, is_final, kept));
        // Taken back after it was posted.
        if is_final && kept % 5 == 3 {
            let now = Now { at: from_micros(start.div_euclid(10)), user, zone: 0 };
            drop(write::cancel_invoice(world, now, at, Value::Ticks(day_of(start))));
        }
        kept += 1;
    }
}

fn invoice(world: &World, order: &Node, day: i64, is_final: bool, kept: i64) -> Node {
    let mut row = Node::new(Family::Invoices.root());
    for (ours, theirs) in [
        ("CompanyCode", "CompanyCode"),
        ("InvoicingParty", "InvoicingParty"),
        ("DocumentCurrency", "DocumentCurrency"),
        ("PaymentTerms", "PaymentTerms"),
    ] {
        row.set_text(ours, order.text(theirs).to_owned());
    }
    let number = order.text("PurchaseOrder").parse().unwrap_or(FIRST_ORDER) % 1_000_000;
    for (name, value) in [
        ("SupplierInvoiceIDByInvcgParty", format!("RE-{number:06}")),
        ("AssignmentReference", format!("BOX {}", 1 + number % 40)),
        ("DocumentHeaderText", "Goods as delivered".to_owned()),
    ] {
        row.set_text(name, value);
    }
    row.set_text("AccountingDocumentType", "RE");
    for name in ["DocumentDate", "PostingDate", "CreationDate", "DueCalculationBaseDate", "InvoiceReceiptDate"] {
        row.set(name, Value::Ticks(day));
    }
    if !is_final {
        row.set("CreationDate", Value::Ticks(day.saturating_sub(30 * TICKS_PER_DAY)));
    }
    row.set("NetPaymentDays", Value::number(30, 0));
    row.set("DirectQuotedExchangeRate", Value::number(100_000, 5));
    let status = if is_final { "5" } else { ["A", "B", "E", "C"][usize::try_from(kept % 4).unwrap_or(0)] };
    row.set_text("SupplierInvoiceStatus", status);
    if is_final && kept % 3 == 1 {
        row.set_text("PaymentBlockingReason", "R");
    }
    let is_credit = is_final && kept % 7 == 6;
    if is_credit {
        row.set_text("SupplierInvoiceIsCreditMemo", "X");
    }
    let currency = order.text("DocumentCurrency").to_owned();
    let mut net = 0;
    for (at, item) in order.children("to_PurchaseOrderItem").iter().enumerate() {
        let mut line = node(Family::Invoices, "A_SuplrInvcItemPurOrdRef");
        line.set_text("SupplierInvoiceItem", format!("{:06}", at + 1));
        for name in ["PurchaseOrder", "PurchaseOrderItem", "Plant", "TaxCode"] {
            line.set_text(name, item.text(name).to_owned());
        }
        line.set_text("SupplierInvoiceItemText", item.text("PurchaseOrderItemText").to_owned());
        line.set_text("DocumentCurrency", currency.clone());
        for unit in ["PurchaseOrderQuantityUnit", "PurchaseOrderQtyUnitSAPCode"] {
            line.set_text(unit, item.text("PurchaseOrderQuantityUnit").to_owned());
        }
        line.set("QuantityInPurchaseOrderUnit", item.get("OrderQuantity").clone());
        line.set("IsFinallyInvoiced", Value::Bool(is_final));
        let amount = cents(
            i128::from(thousandths(item, "NetPriceAmount")) * i128::from(thousandths(item, "OrderQuantity")),
            i128::from(thousandths(item, "NetPriceQuantity").max(1)) * 1_000,
        );
        net += amount;
        line.set("SupplierInvoiceItemAmount", Value::Number(Number::new(amount, 3)));
        receipt_of(world, item, &mut line);
        row.children_mut("to_SuplrInvcItemPurOrdRef").push(line);
    }
    if kept % 2 == 0 {
        let mut freight = node(Family::Invoices, "A_SupplierInvoiceItemGLAcct");
        for (name, value) in [
            ("SupplierInvoiceItem", "0001"),
            ("CompanyCode", order.text("CompanyCode")),
            ("GLAccount", "65008400"),
            ("CostCenter", "10101301"),
            ("DocumentCurrency", &currency),
            ("TaxCode", "V1"),
            ("DebitCreditCode", if is_credit { "H" } else { "S" }),
            ("SupplierInvoiceItemText", "Freight"),
        ] {
            freight.set_text(name, value.to_owned());
        }
        freight.set("SupplierInvoiceItemAmount", Value::number(45_000, 3));
        net += 45_000;
        row.children_mut("to_SupplierInvoiceItemGLAcct").push(freight);
    }
    let tax = cents(i128::from(net) * 19, 100);
    let mut taxes = node(Family::Invoices, "A_SupplierInvoiceTax");
    for (name, value) in [("TaxCode", "V1"), ("SupplierInvoiceTaxCounter", "000001"), ("DocumentCurrency", &currency)] {
        taxes.set_text(name, value.to_owned());
    }
    taxes.set("TaxAmount", Value::number(tax, 3));
    taxes.set("TaxBaseAmountInTransCrcy", Value::number(net, 3));
    row.children_mut("to_SupplierInvoiceTax").push(taxes);
    row.set("InvoiceGrossAmount", Value::number(net + tax, 3));
    row
}

/// A quotient of thousandths, in whole cents.
fn cents(dividend: i128, divisor: i128) -> i64 {
    let thousandths = dividend / divisor.max(1);
    i64::try_from(thousandths / 10 * 10).unwrap_or(i64::MAX)
}

/// Notes the receipt of what an item ordered, if one is kept.
fn receipt_of(world: &World, item: &Node, line: &mut Node) {
    let is_it = |row: &&Node| {
        row.text("PurchaseOrder") == item.text("PurchaseOrder")
            && row.text("PurchaseOrderItem") == item.text("PurchaseOrderItem")
    };
    let rows = world.table(Family::GoodsMovements).iter().flat_map(|header| header.children("to_MaterialDocumentItem"));
    if let Some(row) = rows.into_iter().find(is_it) {
        line.set_text("ReferenceDocument", row.text("MaterialDocument").to_owned());
        line.set_text("ReferenceDocumentFiscalYear", row.text("MaterialDocumentYear").to_owned());
        line.set_text("ReferenceDocumentItem", row.text("MaterialDocumentItem").to_owned());
    }
}

//! Requisitions, of which only the items say where they stand, and invoices, whose lines are of two kinds.

use trunnion_kit::json::{Node, Object};
use trunnion_kit::mapping::dates;
use trunnion_kit::protocol::json_rpc::owned;
use trunnion_model::decimal::{self, Decimal};
use trunnion_model::time::{from_micros, rfc3339};

use super::plant::stock_place;
use super::{number, per, text, to_cents};

/// What all items of a requisition have in common stands in the record itself.
const COMMON: [(&str, &str); 5] = [
    ("@requester", "RequisitionerName"),
    ("@currency", "PurReqnItemCurrency"),
    ("@company", "CompanyCode"),
    ("@buyer", "PurchasingGroup"),
    ("@requested_on", "PurReqCreationDate"),
];

pub(super) fn requisition(row: &mut Object<'_>) {
    let mut common: [Option<Option<String>>; COMMON.len()] = [const { None }; COMMON.len()];
    let (mut total, mut changed) = (Some(Decimal::ZERO), None);
    let mut stands: Vec<(&'static str, String)> = Vec::new();
    for item in row.get_mut("to_PurchaseReqnItem").and_then(Node::items_mut).into_iter().flatten() {
        let is_deleted = text(item, "IsDeleted").is_some_and(|mark| !mark.is_empty());
        let price = number(item, "PurchaseRequisitionPrice")
            .filter(|price| !price.is_zero())
            .and_then(|price| per(price, number(item, "PurReqnPriceQuantity")));
        let quantity = number(item, "RequestedQuantity");
        let amount = price.zip(quantity).and_then(|(price, quantity)| price.checked_mul(quantity)).map(to_cents);
        if !is_deleted {
            total = total.zip(amount.or(Some(Decimal::ZERO))).and_then(|(total, amount)| total.checked_add(amount));
            stands.push((item_stands(item), text(item, "PurReqnReleaseStatus").unwrap_or_default().to_owned()));
        }
        for (common, (_, name)) in common.iter_mut().zip(COMMON) {
            let own = text(item, name).filter(|value| !value.is_empty()).map(str::to_owned);
            match common {
                None => *common = Some(own),
                Some(known) if *known != own => *known = None,
                Some(_) => {}
            }
        }
        changed = changed.max(text(item, "LastChangeDateTime").and_then(dates::odata_instant));
        let place = stock_place(item);
        let order = text(item, "PurchasingDocument").filter(|order| !order.is_empty());
        let order_line = order.and(text(item, "PurchasingDocumentItem")).map(str::to_owned);
        let Some(item) = item.as_object_mut() else { continue };
        for (name, value) in [("@unit_price", price), ("@amount", amount)] {
            if let Some(value) = value {
                item.set(name, Node::text(decimal::text(value)));
            }
        }
        for (name, value) in [("@location", place), ("@order_line", order_line)] {
            if let Some(value) = value {
                item.set(name, Node::text(value));
            }
        }
    }
    row.set("@status", Node::text(requisition_stands(&stands)));
    row.set("@word", Node::text(stands.into_iter().next().map(|(_, word)| word).unwrap_or_default()));
    for ((name, _), value) in COMMON.into_iter().zip(common) {
        if let Some(value) = value.flatten() {
            row.set(name, Node::text(value));
        }
    }
    // Of several currencies there is no sum.
    if let Some(total) = total.filter(|_| row.get("@currency").is_some()) {
        row.set("@net_total", Node::text(decimal::text(total)));
    }
    if let Some(changed) = changed {
        row.set("@modified", Node::text(rfc3339(from_micros(changed.as_microsecond()))));
    }
}

fn item_stands(item: &Node<'_>) -> &'static str {
    let is = |name: &str| item.get(name) == Some(&Node::Bool(true));
    let ordered = number(item, "OrderedQuantity").unwrap_or_default();
    let requested = number(item, "RequestedQuantity").unwrap_or_default();
    match text(item, "PurReqnReleaseStatus").unwrap_or_default() {
        _ if !ordered.is_zero() && (ordered >= requested || is("IsClosed")) => "ordered",
        _ if !ordered.is_zero() => "partially_ordered",
        _ if is("IsClosed") => "closed",
        "08" => "rejected",
        "01" => "draft",
        "03" | "04" => "pending_approval",
        _ if is("ReleaseIsNotCompleted") => "pending_approval",
        _ => "approved",
    }
}

/// Of the items that are not deleted: what has yet to happen to one has yet to happen to the requisition.
fn requisition_stands(items: &[(&'static str, String)]) -> &'static str {
    let any = |stand: &str| items.iter().any(|(known, _)| *known == stand);
    if items.is_empty() {
        return "cancelled";
    }
    for stand in ["draft", "pending_approval", "rejected"] {
        if any(stand) {
            return stand;
        }
    }
    let some = any("partially_ordered") || any("ordered");
    match (some, any("approved") || any("partially_ordered")) {
        (true, true) => "partially_ordered",
        (true, false) => "ordered",
        (false, true) => "approved",
        (false, false) => "closed",
    }
}

pub(super) fn invoice(row: &mut Object<'_>) {
    let says = |name: &str| row.get(name).and_then(Node::as_text).unwrap_or_default();
    let is_credit = !says("SupplierInvoiceIsCreditMemo").is_empty();
    // Both the document that was taken back and the one that took it back stand for nothing any more.
    let status = if says("ReverseDocument").is_empty() { says("SupplierInvoiceStatus") } else { "reversed" }.to_owned();
    let gross = says_number(row, "InvoiceGrossAmount");
    let mut tax = items(row, "to_SupplierInvoiceTax").iter().filter_map(|tax| number(tax, "TaxAmount"));
    let tax = tax.try_fold(Decimal::ZERO, Decimal::checked_add);
    let net = gross.zip(tax).and_then(|(gross, tax)| gross.checked_sub(tax));
    let due = due(row).filter(|_| !is_credit);
    let lines: Vec<Node<'static>> = items(row, "to_SuplrInvcItemPurOrdRef")
        .iter()
        .map(|item| line(item, false, is_credit))
        .chain(items(row, "to_SupplierInvoiceItemGLAcct").iter().map(|item| line(item, true, is_credit)))
        .collect();
    let mut orders: Vec<&str> = lines.iter().map(|line| text(line, "PurchaseOrder").unwrap_or_default()).collect();
    orders.retain(|order| !order.is_empty());
    orders.dedup();
    let order = if let [one] = orders.as_slice() { Some((*one).to_owned()) } else { None };
    row.set("@status", Node::text(status));
    row.set("@type", Node::text(if is_credit { "credit" } else { "invoice" }));
    for (name, value) in [("@net_total", net), ("@tax_total", tax)] {
        if let Some(value) = value {
            row.set(name, Node::text(decimal::text(value)));
        }
    }
    for (name, value) in [("@due_on", due), ("@order", order)] {
        if let Some(value) = value {
            row.set(name, Node::text(value));
        }
    }
    row.set("@lines", Node::Array(lines));
}

/// A line with what it computes.
fn line(item: &Node<'_>, is_account: bool, is_credit: bool) -> Node<'static> {
    let mut line = owned(item);
    let position = text(item, "SupplierInvoiceItem").unwrap_or_default();
    let position = if is_account { format!("G/{position}") } else { position.to_owned() };
    // An account is debited by an invoice, and credited by a credit note; the other way it is a deduction.
    let deducts = is_account && text(item, "DebitCreditCode") == Some(if is_credit { "S" } else { "H" });
    let amount = number(item, "SupplierInvoiceItemAmount").map(|amount| if deducts { -amount } else { amount });
    let quantity = number(item, if is_account { "Quantity" } else { "QuantityInPurchaseOrderUnit" });
    let quantity = quantity.filter(|quantity| !quantity.is_zero());
    let price = amount.zip(quantity).and_then(|(amount, quantity)| amount.checked_div(quantity));
    let price = price.map(|price| price.round_dp_with_strategy(6, decimal::RoundingStrategy::MidpointAwayFromZero));
    let unit = text(item, if is_account { "QuantityUnit" } else { "PurchaseOrderQuantityUnit" });
    let unit = unit.filter(|_| quantity.is_some()).map(str::to_owned);
    let receipt = text(item, "ReferenceDocument")
        .filter(|number| !number.is_empty())
        .and_then(|number| text(item, "ReferenceDocumentFiscalYear").map(|year| format!("{year}/{number}")));
    let order_line = text(item, "PurchaseOrder").filter(|order| !order.is_empty());
    let order_line = order_line.and(text(item, "PurchaseOrderItem")).map(str::to_owned);
    if let Some(line) = line.as_object_mut() {
        line.set("@line", Node::text(position));
        for (name, value) in [("@amount", amount), ("@quantity", quantity), ("@unit_price", price)] {
            if let Some(value) = value {
                line.set(name, Node::text(decimal::text(value)));
            }
        }
        for (name, value) in [("@unit", unit), ("@receipt", receipt), ("@order_line", order_line)] {
            if let Some(value) = value {
                line.set(name, Node::text(value));
            }
        }
    }
    line
}

/// The base date and the days of the terms: the net ones, else the longest of the discounts'.
fn due(row: &Object<'_>) -> Option<String> {
    let base = dates::odata_instant(row.get("DueCalculationBaseDate")?.as_text()?)?;
    let days = ["NetPaymentDays", "CashDiscount2Days", "CashDiscount1Days"];
    let days = days.into_iter().filter_map(|name| says_number(row, name)).find(|days| !days.is_zero());
    let days: i64 = days.and_then(|days| i64::try_from(days.trunc().mantissa()).ok()).unwrap_or(0);
    let millis = base.as_millisecond().checked_add(days.checked_mul(86_400_000)?)?;
    Some(format!("/Date({millis})/"))
}

fn says_number(row: &Object<'_>, name: &str) -> Option<Decimal> {
    row.get(name).and_then(Node::as_text).and_then(decimal::parse)
}

fn items<'r, 'n>(row: &'r Object<'n>, name: &str) -> &'r [Node<'n>] {
    row.get(name).and_then(Node::items).unwrap_or_default()
}

//! Supplier invoices: posted, released for payment, and taken back by another document. They are never changed otherwise.

use super::Now;
use super::functions::Parameters;
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

const FIRST_NUMBER: u64 = 5_105_600_101;
/// Why a document is taken back: in the current period, in a closed one.
const REASONS: [&str; 2] = ["01", "02"];
const POSTED: &str = "5";

/// Carries a function out; gives the values of its complex type.
pub(super) fn call(world: &mut World, now: Now<'_>, name: &str, given: &Parameters) -> Result<Vec<Value>, Refusal> {
    let (number, year) = (given.text("SupplierInvoice"), given.text("FiscalYear"));
    let place = place(world, &number, &year)?;
    match name {
        "Cancel" => {
            let reason = given.text("ReversalReason");
            if !REASONS.contains(&reason.as_str()) {
                return Err(refused("F5/655", format!("Reversal reason '{reason}' is not defined"), "ReversalReason"));
            }
            let (by, year) = cancel(world, now, place, given.value("PostingDate"))?;
            Ok(vec![Value::text(by), Value::text(year), Value::Bool(true)])
        }
        "Post" => change(world, place, |invoice| {
            if invoice.text("SupplierInvoiceStatus") == POSTED {
                return Err(refused(
                    "M8/201",
                    format!("Invoice document {number} is posted already"),
                    "SupplierInvoice",
                ));
            }
            invoice.set_text("SupplierInvoiceStatus", POSTED);
            Ok(vec![Value::Bool(true)])
        }),
        _ => change(world, place, |invoice| {
            if invoice.text("PaymentBlockingReason").is_empty() {
                return Err(refused("M8/202", format!("Invoice document {number} is not blocked"), "SupplierInvoice"));
            }
            invoice.set_text("PaymentBlockingReason", "");
            Ok(vec![Value::Bool(true)])
        }),
    }
}

/// Numbers an invoice and everything in it, and keeps it; gives its place.
pub(in super::super) fn keep(world: &mut World, mut invoice: Node) -> u64 {
    let last = world.table(Family::Invoices).last();
    let highest = last.and_then(|last| last.text("SupplierInvoice").parse().ok());
    let number = highest.map_or(FIRST_NUMBER, |highest: u64| highest + 1).to_string();
    let year = match *invoice.get("PostingDate") {
        Value::Ticks(day) => (stamp::month_of(day) / 12).to_string(),
        _ => String::new(),
    };
    invoice.set_text("SupplierInvoice", number.clone());
    invoice.set_text("FiscalYear", year.clone());
    for nav in ["to_SuplrInvcItemPurOrdRef", "to_SupplierInvoiceItemGLAcct", "to_SupplierInvoiceTax"] {
        for row in invoice.children_mut(nav) {
            row.set_text("SupplierInvoice", number.clone());
            row.set_text("FiscalYear", year.clone());
        }
    }
    world.insert(Family::Invoices, invoice)
}

/// Posts the document that takes an invoice back; gives its number and year.
pub(in super::super) fn cancel(
    world: &mut World,
    now: Now<'_>,
    place: u64,
    posting_date: Value,
) -> Result<(String, String), Refusal> {
    let old = world.document(Family::Invoices, place).map(std::borrow::Cow::into_owned);
    let Some(old) = old else { return Err(Refusal::not_found("A_SupplierInvoice")) };
    let number = old.text("SupplierInvoice").to_owned();
    if old.text("SupplierInvoiceStatus") != POSTED {
        return Err(refused("M8/203", format!("Invoice document {number} is not posted"), "SupplierInvoice"));
    }
    if !old.text("ReverseDocument").is_empty() {
        return Err(refused("M8/204", format!("Invoice document {number} was reversed already"), "SupplierInvoice"));
    }
    let mut back = old.clone();
    back.set("PostingDate", posting_date);
    back.set("CreationDate", Value::Ticks(now.day()));
    let was_credit = !old.text("SupplierInvoiceIsCreditMemo").is_empty();
    back.set_text("SupplierInvoiceIsCreditMemo", if was_credit { "" } else { "X" });
    for line in back.children_mut("to_SupplierInvoiceItemGLAcct") {
        let other = if line.text("DebitCreditCode") == "S" { "H" } else { "S" };
        line.set_text("DebitCreditCode", other);
    }
    back.set("IsReversal", Value::Bool(true));
    back.set_text("ReverseDocument", number);
    back.set_text("ReverseDocumentFiscalYear", old.text("FiscalYear").to_owned());
    let at = keep(world, back);
    let made = world.document(Family::Invoices, at).map(std::borrow::Cow::into_owned);
    let (by, year) = made
        .map(|made| (made.text("SupplierInvoice").to_owned(), made.text("FiscalYear").to_owned()))
        .unwrap_or_default();
    let mut old = old;
    old.set("IsReversed", Value::Bool(true));
    old.set_text("ReverseDocument", by.clone());
    old.set_text("ReverseDocumentFiscalYear", year.clone());
    world.replace(Family::Invoices, place, old);
    Ok((by, year))
}

fn place(world: &World, number: &str, year: &str) -> Result<u64, Refusal> {
    let missing = || refused("M8/321", format!("Document {number} {year} does not exist"), "SupplierInvoice");
    let place = world.find(Family::Invoices, number).map_err(|_| missing())?;
    let known = world.document(Family::Invoices, place).filter(|invoice| invoice.text("FiscalYear") == year);
    known.map(|_| place).ok_or_else(missing)
}

fn change(
    world: &mut World,
    place: u64,
    edit: impl FnOnce(&mut Node) -> Result<Vec<Value>, Refusal>,
) -> Result<Vec<Value>, Refusal> {
    let found = world.document(Family::Invoices, place).map(std::borrow::Cow::into_owned);
    let Some(mut invoice) = found else { return Err(Refusal::not_found("A_SupplierInvoice")) };
    let values = edit(&mut invoice)?;
    world.replace(Family::Invoices, place, invoice);
    Ok(values)
}

fn refused(code: &'static str, text: String, target: &str) -> Refusal {
    Refusal::business(vec![Message::new(code, text, target.to_owned())])
}

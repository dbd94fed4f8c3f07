//! Requisitions and vendors' bills: their rules, and those of the seed.
//!
//! Requisitions are made and changed like any record; what was ordered of them is only seeded. Bills are seeded from what the
//! orders say was billed; their lines stay as they are.

use std::borrow::Cow;

use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use super::super::reply::Failure;
use super::account::{BILL_TYPE, REQUISITION_TYPE};
use super::changes::Draft;
use super::fields::{BILL_ITEM, REQUISITION_ITEM};
use super::order::rounded;
use super::record::{Line, Record, Value};
use super::schema::Family;
use super::store::Store;
use super::transactions::Transactions;

pub(super) const REQUISITION_STATUSES: &[(&str, &str)] = &[
    ("A", "Pending Approval"),
    ("B", "Pending Order"),
    ("C", "Cancelled"),
    ("D", "Partially Ordered"),
    ("E", "Fully Ordered"),
    ("F", "Partially Received"),
    ("G", "Fully Received"),
    ("H", "Closed"),
    ("R", "Rejected"),
];

pub(super) const BILL_STATUSES: &[(&str, &str)] =
    &[("A", "Open"), ("B", "Paid In Full"), ("C", "Cancelled"), ("D", "Pending Approval"), ("E", "Rejected")];

const SEEDED_REQUISITIONS: u64 = 36;
const ORDERS_WITH_BILLS: usize = 60;

/// A row of the table of links between lines.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Link {
    pub previous: (u64, Decimal),
    pub next: (u64, Decimal),
    pub kind: &'static str,
}

impl Store {
    pub(super) fn complete_requisition(&self, draft: &mut Draft, now: Timestamp) -> Result<(), Failure> {
        let requisition = &mut draft.record;
        let requester = requisition.get("entity").as_ref_id().and_then(|id| self.master(Family::Employee, id));
        let Some(requester) = requester else {
            return Err(Failure::user("Please enter value(s) for: Requestor."));
        };
        if requisition.lines.is_empty() {
            return Err(Failure::user("You must enter at least one line item for this transaction."));
        }
        let subsidiary = requester.get("subsidiary").clone();
        let currency = subsidiary.as_ref_id().and_then(|id| self.master(Family::Subsidiary, id));
        let currency = currency.map_or(Value::Ref(1), |subsidiary| subsidiary.get("currency").clone());
        for (name, value) in [
            ("subsidiary", subsidiary),
            ("currency", currency),
            ("exchangeRate", Value::Number(Decimal::ONE)),
            ("tranDate", Value::Date(Offset::UTC.to_datetime(now).date())),
            // The simulated account routes no approvals by itself.
            ("approvalStatus", Value::text("2")),
            ("source", Value::text("REST Web Services")),
        ] {
            if *requisition.get(name) == Value::Null {
                requisition.set(name, value);
            }
        }
        let places = self.places(requisition.get("currency").as_ref_id().unwrap_or(1));
        for (at, line) in requisition.lines.iter_mut().enumerate() {
            let named = draft.named_in_lines.get(at).map(Vec::as_slice).unwrap_or_default();
            self.complete_requested(line, named, at, places)?;
        }
        settle(requisition).ok_or_else(|| Failure::user("The amount exceeds the maximum allowed."))
    }

    fn complete_requested(&self, line: &mut Line, named: &[&str], at: usize, places: u32) -> Result<(), Failure> {
        let path = |field: &str| format!("item.items[{at}].{field}");
        let missing = |field: &str, label: &str| {
            let detail = format!("Error while accessing a resource. Please enter value(s) for: {label}.");
            Failure::content(path(field), detail)
        };
        let item = line.get("item").as_ref_id().and_then(|id| self.master(Family::Item, id));
        let item = item.ok_or_else(|| missing("item", "Item"))?;
        if *line.get("quantity") == Value::Null {
            return Err(missing("quantity", "Quantity"));
        }
        let quantity = line.get("quantity").as_number();
        if quantity <= Decimal::ZERO {
            return Err(Failure::value(path("quantity"), &quantity.to_string(), "quantity"));
        }
        let too_large = || Failure::value(path("estimatedAmount"), "overflow", "estimatedAmount");
        if named.contains(&"estimatedAmount") && !named.contains(&"estimatedRate") {
            let rate = line.get("estimatedAmount").as_number().checked_div(quantity).ok_or_else(too_large)?;
            line.set("estimatedRate", Value::Number(rounded(rate, 8)));
        } else if *line.get("estimatedRate") == Value::Null {
            line.set("estimatedRate", Value::Number(item.get("cost").as_number()));
        }
        let rate = line.get("estimatedRate").as_number();
        if rate < Decimal::ZERO {
            return Err(Failure::value(path("estimatedRate"), &rate.to_string(), "estimatedRate"));
        }
        let amount = quantity.checked_mul(rate).ok_or_else(too_large)?;
        line.set("estimatedAmount", Value::Number(rounded(amount, places)));
        for (name, value) in [
            ("description", item.get("purchaseDescription").clone()),
            ("units", item.get("purchaseUnit").clone()),
            ("isClosed", Value::Flag(false)),
        ] {
            if *line.get(name) == Value::Null {
                line.set(name, value);
            }
        }
        Ok(())
    }

    /// How lines came out of one another. An order stands beside the receipt in what a bill came from.
    pub(in super::super) fn links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        for receipt in self.masters(Family::Receipt) {
            for line in &receipt.lines {
                links.extend(link(receipt, line, "createdFrom", "ShipRcpt"));
            }
        }
        for requisition in self.masters(Family::Requisition) {
            for line in &requisition.lines {
                if let (Value::Refs(orders), Value::Number(number)) = (line.get("linkedOrder"), line.get("line")) {
                    let of = |order: &u64| Link {
                        previous: (requisition.id, *number),
                        next: (*order, *number),
                        kind: "OrdReq",
                    };
                    links.extend(orders.iter().map(of));
                }
            }
        }
        for bill in self.masters(Family::Bill) {
            for line in &bill.lines {
                links.extend(["OrdBill", "ShipRcpt"].into_iter().filter_map(|kind| {
                    let (Value::Ref(order), Value::Number(from)) = (line.get("orderDoc"), line.get("orderLine")) else {
                        return None;
                    };
                    Some(Link { previous: (*order, *from), next: (bill.id, line.get("line").as_number()), kind })
                }));
            }
        }
        links
    }

    /// What is left when a bill is deleted: the order waits for another one.
    pub(super) fn unbill(&mut self, bill: &Record, now: Timestamp) {
        for line in &bill.lines {
            let order = line.get("orderDoc").as_ref_id().and_then(|id| self.order(id)).map(Cow::into_owned);
            let Some(mut order) = order else { continue };
            let number = line.get("orderLine").clone();
            if let Some(billed) = order.lines.iter_mut().find(|ordered| *ordered.get("line") == number) {
                let rest = billed.get("quantityBilled").as_number() - line.get("quantity").as_number();
                billed.set("quantityBilled", Value::Number(rest.max(Decimal::ZERO)));
            }
            self.update_order(order, now);
        }
    }

    /// Each third requisition became an order, some of them in part.
    pub(super) fn seed_requisitions(&mut self, start: Timestamp) {
        let orders: Vec<Record> = self.first_orders(usize::try_from(SEEDED_REQUISITIONS).unwrap_or(0));
        let items: Vec<u64> =
            self.masters(Family::Item).filter(|item| !item.get("isInactive").is_true()).map(|item| item.id).collect();
        for at in 0..SEEDED_REQUISITIONS {
            let place = usize::try_from(at).unwrap_or(0);
            let order = orders.get(place).filter(|_| at % 3 == 0);
            let days = i64::try_from(2 * (SEEDED_REQUISITIONS - at)).unwrap_or(0);
            let Ok(made) = start.checked_sub((days * 24).hours()) else { continue };
            let mut requisition = Record::new(&REQUISITION_TYPE, 0);
            for (name, value) in [
                ("entity", Value::Ref(11 + at % 3)),
                ("tranDate", Value::Date(Offset::UTC.to_datetime(made).date())),
                (
                    "approvalStatus",
                    Value::text(match at % 12 {
                        4 | 10 => "1",
                        2 => "3",
                        _ => "2",
                    }),
                ),
                ("memo", Value::text("Stock for the next shutdown")),
            ] {
                requisition.set(name, value);
            }
            if let Ok(due) = Offset::UTC.to_datetime(made).date().checked_add(21.days()) {
                requisition.set("dueDate", Value::Date(due));
            }
            match order {
                Some(order) => {
                    // Of every other one, the last line is still to be ordered.
                    let open = if at % 6 == 3 && order.lines.len() > 1 { order.lines.len() - 1 } else { usize::MAX };
                    for (number, from) in order.lines.iter().enumerate() {
                        let mut line = new_line(number);
                        for (name, theirs) in
                            [("item", "item"), ("quantity", "quantity"), ("units", "units"), ("estimatedRate", "rate")]
                        {
                            line.set(name, from.get(theirs).clone());
                        }
                        if number < open {
                            line.set("linkedOrder", Value::Refs(vec![order.id]));
                        }
                        requisition.lines.push(line);
                    }
                }
                None => {
                    for number in 0..1 + place % 3 {
                        let mut line = new_line(number);
                        line.set("item", Value::Ref(items[(place * 3 + number) % items.len().max(1)]));
                        line.set("quantity", Value::Number(Decimal::from(2 + at % 7)));
                        line.set("location", Value::Ref(if at % 3 == 1 { 3 } else { 1 }));
                        line.set("department", Value::Ref(1 + at % 3));
                        line.set("isClosed", Value::Flag(at % 12 == 5));
                        requisition.lines.push(line);
                    }
                }
            }
            requisition.next_line = u64::try_from(requisition.lines.len()).unwrap_or(0) + 1;
            let mut draft = Draft { record: requisition, named: Vec::new(), named_in_lines: Vec::new() };
            if self.complete_requisition(&mut draft, made).is_ok() {
                draft.record.set("source", Value::Null);
                self.keep(draft.record, Family::Requisition, made);
            }
        }
    }

    /// What the seed's first orders say was billed, in one bill each.
    pub(super) fn seed_bills(&mut self) {
        for (at, order) in self.first_orders(ORDERS_WITH_BILLS).into_iter().enumerate() {
            let (Value::Time(made), Value::Date(day)) = (order.get("lastModifiedDate"), order.get("tranDate")) else {
                continue;
            };
            let (made, day) = (*made, *day);
            let mut bill = Record::new(&BILL_TYPE, 0);
            for name in ["entity", "currency", "exchangeRate", "subsidiary", "terms", "location"] {
                bill.set(name, order.get(name).clone());
            }
            let places = self.places(order.get("currency").as_ref_id().unwrap_or(1));
            let (mut net, mut tax) = (Decimal::ZERO, Decimal::ZERO);
            for from in order.lines.iter().filter(|line| line.get("quantityBilled").as_number() > Decimal::ZERO) {
                let mut line = Line::new(BILL_ITEM.fields);
                for name in ["item", "description", "units", "rate", "location", "taxRate1"] {
                    line.set(name, from.get(name).clone());
                }
                line.set("orderDoc", Value::Ref(order.id));
                line.set("orderLine", from.get("line").clone());
                line.set("quantity", from.get("quantityBilled").clone());
                line.set("department", Value::Ref(1));
                let amount = rounded(line.get("quantity").as_number() * line.get("rate").as_number(), places);
                net += amount;
                tax += rounded(amount * line.get("taxRate1").as_number() / Decimal::ONE_HUNDRED, places);
                line.set("amount", Value::Number(amount));
                bill.lines.push(line);
            }
            if bill.lines.is_empty() {
                continue;
            }
            let letter = ["A", "B", "D", "A", "E"][at % 5];
            let gross = net + tax;
            for (name, value) in [
                ("tranId", Value::text(format!("RG-{:05}", 31_000 + at))),
                ("tranDate", Value::Date(day)),
                ("memo", Value::text("As delivered")),
                ("status", Value::text(letter)),
                (
                    "approvalStatus",
                    Value::text(match letter {
                        "D" => "1",
                        "E" => "3",
                        _ => "2",
                    }),
                ),
                ("subtotal", Value::Number(net)),
                ("taxTotal", Value::Number(tax)),
                ("total", Value::Number(gross)),
                ("amountRemaining", Value::Number(if letter == "B" { Decimal::ZERO } else { gross })),
                ("paymentHold", Value::Flag(at % 5 == 3)),
            ] {
                bill.set(name, value);
            }
            if let Ok(due) = day.checked_add(30.days()) {
                bill.set("dueDate", Value::Date(due));
            }
            for (line, number) in bill.lines.iter_mut().zip(1_u64..) {
                line.set("line", Value::Number(Decimal::from(number)));
            }
            bill.next_line = u64::try_from(bill.lines.len()).unwrap_or(0) + 1;
            self.keep(bill, Family::Bill, made);
        }
    }

    fn first_orders(&self, count: usize) -> Vec<Record> {
        self.order_ids(0..=u64::MAX).take(count).filter_map(|id| Some(self.order(id)?.into_owned())).collect()
    }

    /// Numbers a seeded transaction and its lines, and stores it.
    fn keep(&mut self, mut record: Record, family: Family, at: Timestamp) {
        record.id = self.new_id(family);
        for name in ["createdDate", "lastModifiedDate"] {
            record.set(name, Value::Time(at));
        }
        for name in numbered(family) {
            record.set(name, Value::text(number(record.id)));
        }
        self.give_keys(&mut record);
        self.put(record);
    }
}

/// The fields that hold the account's own number of a transaction. A bill has the vendor's beside it.
pub(super) fn numbered(family: Family) -> &'static [&'static str] {
    match family {
        Family::Requisition => &["tranId", "transactionNumber"],
        _ => &["transactionNumber"],
    }
}

/// `REQ1`, `VENDBILL1` …
pub(super) fn number(id: u64) -> String {
    let kind = Transactions::of(id);
    let prefix = if kind.family == Family::Requisition { "REQ" } else { "VENDBILL" };
    format!("{prefix}{}", id - kind.first + 1)
}

fn new_line(place: usize) -> Line {
    let mut line = Line::new(REQUISITION_ITEM.fields);
    line.set("line", Value::Number(Decimal::from(u64::try_from(place).unwrap_or(0) + 1)));
    line
}

fn link(from: &Record, line: &Line, document: &str, kind: &'static str) -> Option<Link> {
    let previous = from.get(document).as_ref_id()?;
    let (Value::Number(ordered), Value::Number(number)) = (line.get("orderLine"), line.get("line")) else {
        return None;
    };
    Some(Link { previous: (previous, *ordered), next: (from.id, *number), kind })
}

/// Total and status follow from the lines. Nothing if the sum is too large to be an amount.
fn settle(requisition: &mut Record) -> Option<()> {
    let mut total = Decimal::ZERO;
    for line in &requisition.lines {
        total = total.checked_add(line.get("estimatedAmount").as_number())?;
    }
    requisition.set("estimatedTotal", Value::Number(total));
    let linked = |line: &&Line| matches!(line.get("linkedOrder"), Value::Refs(orders) if !orders.is_empty());
    let closed = |line: &&Line| line.get("isClosed").is_true();
    let (all, ordered) = (requisition.lines.len(), requisition.lines.iter().filter(linked).count());
    let letter = match requisition.get("approvalStatus").as_text() {
        Some("1") => "A",
        Some("3") => "R",
        _ if requisition.lines.iter().filter(closed).count() == all => "H",
        _ if ordered == all => "E",
        _ if ordered > 0 => "D",
        _ => "B",
    };
    requisition.set("status", Value::text(letter));
    Some(())
}

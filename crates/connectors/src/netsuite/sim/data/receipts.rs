//! Item receipts: made from a purchase order only, line by line, with what they do to the order and to stock.

use jiff::Timestamp;
use jiff::tz::Offset;
use rust_decimal::Decimal;

use super::super::reply::Failure;
use super::account::RECEIPT_TYPE;
use super::changes::Draft;
use super::fields::RECEIPT_ITEM;
use super::order::settle;
use super::record::{Line, Record, Value};
use super::schema::Family;
use super::store::{Saved, Store};
use super::transactions::Transactions;

impl Store {
    /// A receipt of everything that the order still waits for, to be changed by the request.
    pub(in super::super) fn receipt_of(&self, order: &Record) -> Result<Record, Failure> {
        let open: Vec<&Line> = order.lines.iter().filter(|line| remaining(line) > Decimal::ZERO).collect();
        let approved = matches!(order.get("status").as_text(), Some("B" | "D" | "E"));
        if !approved || open.is_empty() {
            return Err(Failure::user(format!("You can not initialize itemreceipt: invalid reference {}.", order.id)));
        }
        let mut receipt = Record::new(&RECEIPT_TYPE, 0);
        receipt.set("createdFrom", Value::Ref(order.id));
        for name in ["entity", "currency", "exchangeRate", "location", "subsidiary"] {
            receipt.set(name, order.get(name).clone());
        }
        for from in open {
            let mut line = Line::new(RECEIPT_ITEM.fields);
            line.set("orderLine", from.get("line").clone());
            line.set("orderDoc", Value::Ref(order.id));
            line.set("itemReceive", Value::Flag(true));
            for name in ["item", "description", "units", "rate", "location"] {
                line.set(name, from.get(name).clone());
            }
            if *line.get("location") == Value::Null {
                line.set("location", order.get("location").clone());
            }
            line.set("quantity", Value::Number(remaining(from)));
            line.set("quantityRemaining", Value::Number(remaining(from)));
            receipt.lines.push(line);
        }
        Ok(receipt)
    }

    /// Stores a receipt as the request would have it, with all that follows.
    pub(in super::super) fn receive(&mut self, draft: Draft, order: &Record, now: Timestamp) -> Result<Saved, Failure> {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let mut receipt = draft.record;
        self.check_external_id(&receipt, None)?;
        self.check_references(&receipt, None)?;
        receipt.lines.retain(|line| line.get("itemReceive").is_true());
        if receipt.lines.is_empty() {
            return Err(Failure::user("You must enter at least one line item for this transaction."));
        }
        let mut order = order.clone();
        for line in &receipt.lines {
            self.check_line(line)?;
            let number = line.get("orderLine").clone();
            let Some(ordered) = order.lines.iter_mut().find(|ordered| *ordered.get("line") == number) else {
                return Err(Failure::user("The order has no such line."));
            };
            let received = ordered.get("quantityReceived").as_number() + line.get("quantity").as_number();
            ordered.set("quantityReceived", Value::Number(received));
        }
        if *receipt.get("tranDate") == Value::Null {
            receipt.set("tranDate", Value::Date(Offset::UTC.to_datetime(now).date()));
        }
        receipt.set("createdDate", Value::Time(now));
        receipt.set("lastModifiedDate", Value::Time(now));
        self.stock_from(&receipt, Decimal::ONE);
        self.update_order(order, now);
        Ok(self.keep_receipt(receipt))
    }

    /// What is left when a receipt is deleted: the order waits again, and the stock is gone.
    pub(super) fn unreceive(&mut self, receipt: &Record, now: Timestamp) {
        self.stock_from(receipt, -Decimal::ONE);
        let order =
            receipt.get("createdFrom").as_ref_id().and_then(|id| self.order(id)).map(std::borrow::Cow::into_owned);
        let Some(mut order) = order else { return };
        for line in &receipt.lines {
            let number = line.get("orderLine").clone();
            if let Some(ordered) = order.lines.iter_mut().find(|ordered| *ordered.get("line") == number) {
                let received = ordered.get("quantityReceived").as_number() - line.get("quantity").as_number();
                ordered.set("quantityReceived", Value::Number(received.max(Decimal::ZERO)));
            }
        }
        self.update_order(order, now);
    }

    /// What the seed's first orders say was received, in one receipt each. Its stock was used long ago.
    pub(super) fn seed_receipts(&mut self) {
        let orders: Vec<Record> =
            self.order_ids(0..=u64::MAX).take(60).filter_map(|id| Some(self.order(id)?.into_owned())).collect();
        for order in orders {
            let (Value::Time(at), Value::Date(day)) = (order.get("lastModifiedDate"), order.get("tranDate")) else {
                continue;
            };
            let mut receipt = Record::new(&RECEIPT_TYPE, 0);
            for (name, value) in [
                ("createdFrom", Value::Ref(order.id)),
                ("createdDate", Value::Time(*at)),
                ("lastModifiedDate", Value::Time(*at)),
                ("tranDate", Value::Date(*day)),
                ("memo", Value::text("Delivered")),
            ] {
                receipt.set(name, value);
            }
            for name in ["entity", "currency", "exchangeRate", "subsidiary"] {
                receipt.set(name, order.get(name).clone());
            }
            for from in order.lines.iter().filter(|line| line.get("quantityReceived").as_number() > Decimal::ZERO) {
                let mut line = Line::new(RECEIPT_ITEM.fields);
                for name in ["item", "description", "units", "rate", "location"] {
                    line.set(name, from.get(name).clone());
                }
                if *line.get("location") == Value::Null {
                    line.set("location", Value::Ref(1));
                }
                line.set("orderLine", from.get("line").clone());
                line.set("orderDoc", Value::Ref(order.id));
                line.set("quantity", from.get("quantityReceived").clone());
                receipt.lines.push(line);
            }
            if !receipt.lines.is_empty() {
                self.keep_receipt(receipt);
            }
        }
    }

    /// Numbers a receipt and its lines, and stores it.
    fn keep_receipt(&mut self, mut receipt: Record) -> Saved {
        for (line, at) in receipt.lines.iter_mut().zip(1_u64..) {
            line.set("line", Value::Number(Decimal::from(at)));
            line.set("lineuniquekey", Value::Number(Decimal::from(self.new_key())));
            line.set("itemReceive", Value::Flag(true));
        }
        receipt.own_keys = (self.new_key(), self.new_key());
        receipt.id = self.new_id(Family::Receipt);
        let number = receipt.id - Transactions::first_of(Family::Receipt) + 1;
        receipt.set("tranId", Value::text(format!("IR{number}")));
        receipt.set("transactionNumber", Value::text(format!("ITEMRCPT{number}")));
        let saved = Saved { kind: receipt.kind, id: receipt.id };
        self.put(receipt);
        saved
    }

    fn check_line(&self, line: &Line) -> Result<(), Failure> {
        let at = |field: &str| format!("item.items[{}].{field}", line.get("orderLine").as_number());
        let (quantity, remaining) = (line.get("quantity").as_number(), line.get("quantityRemaining").as_number());
        if quantity <= Decimal::ZERO {
            return Err(Failure::value(at("quantity"), &quantity.to_string(), "quantity"));
        }
        // Receiving more than was ordered is a preference that this account has switched off.
        if quantity > remaining {
            return Err(Failure::user(format!(
                "The quantity {quantity} of line {} exceeds the {remaining} that remain to be received.",
                line.get("orderLine").as_number()
            )));
        }
        let item = line.get("item").as_ref_id().and_then(|id| self.master(Family::Item, id));
        let stocked = item.is_some_and(|item| item.get("itemType").as_text() == Some("InvtPart"));
        if stocked && line.get("location").as_ref_id().is_none() {
            return Err(Failure::user("Please enter value(s) for: Location."));
        }
        Ok(())
    }

    fn stock_from(&mut self, receipt: &Record, sign: Decimal) {
        let moved: Vec<(u64, u64, Decimal)> = receipt
            .lines
            .iter()
            .filter_map(|line| {
                let item = line.get("item").as_ref_id()?;
                let stocked = self.master(Family::Item, item)?.get("itemType").as_text() == Some("InvtPart");
                let location = line.get("location").as_ref_id().filter(|_| stocked)?;
                Some((item, location, sign * line.get("quantity").as_number()))
            })
            .collect();
        for (item, location, quantity) in moved {
            self.add_stock(item, location, quantity);
        }
    }

    pub(super) fn update_order(&mut self, mut order: Record, now: Timestamp) {
        let places = self.places(order.get("currency").as_ref_id().unwrap_or(1));
        // Quantities received change no amount, so that no sum can become too large.
        let _ = settle(&mut order, places);
        order.set("lastModifiedDate", Value::Time(now));
        self.put(order);
    }
}

fn remaining(line: &Line) -> Decimal {
    if line.get("isClosed").is_true() {
        return Decimal::ZERO;
    }
    line.get("quantity").as_number() - line.get("quantityReceived").as_number()
}

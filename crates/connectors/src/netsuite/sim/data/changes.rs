//! The rules by which records are created, changed and deleted, with NetSuite's words when they are broken.

use jiff::Timestamp;
use jiff::tz::Offset;
use rust_decimal::Decimal;

use super::super::reply::Failure;
use super::order::{line_amount, rounded, settle};
use super::record::{Line, Record, Value};
use super::schema::{Family, Field, Kind};
use super::store::{Saved, Store};

/// A record as a request would have it, with what the request named: computed fields depend on that.
pub(in super::super) struct Draft {
    pub record: Record,
    /// The header fields that the request named.
    pub named: Vec<&'static str>,
    /// For each line what the request named of it; empty for lines that it left alone.
    pub named_in_lines: Vec<Vec<&'static str>>,
}

impl Store {
    /// Checks and stores a draft. `before` is the record as it was; nothing for a new one, whose id is given here.
    pub(in super::super) fn save(
        &mut self,
        mut draft: Draft,
        before: Option<&Record>,
        now: Timestamp,
    ) -> Result<Saved, Failure> {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let family = draft.record.kind.family;
        self.check_external_id(&draft.record, before)?;
        self.check_references(&draft.record, before)?;
        match family {
            Family::PurchaseOrder => self.complete_order(&mut draft, before, now)?,
            Family::Vendor => self.complete_vendor(&mut draft.record, before)?,
            Family::Adjustment => self.check_adjustment(&draft.record, before)?,
            Family::Transfer => self.check_transfer(&draft.record, before)?,
            Family::Requisition => self.complete_requisition(&mut draft, now)?,
            // What was received or billed stays as it is; only what is written about it changes.
            Family::Receipt | Family::Bill => {
                draft.record.lines = before.map(|before| before.lines.clone()).unwrap_or_default()
            }
            _ => self.complete_item(&mut draft.record, before)?,
        }
        let mut record = draft.record;
        if before.is_none() {
            record.id = self.new_id(family);
            self.number(&mut record, now);
        }
        if matches!(family, Family::PurchaseOrder | Family::Requisition) {
            self.give_keys(&mut record);
        }
        record.set("lastModifiedDate", Value::Time(now));
        if family == Family::Adjustment {
            self.adjust(&record);
        }
        if family == Family::Transfer {
            self.transfer(&record);
        }
        let saved = Saved { kind: record.kind, id: record.id };
        self.put(record);
        Ok(saved)
    }

    pub(in super::super) fn delete(&mut self, record: &Record, now: Timestamp) -> Result<(), Failure> {
        let referenced = match record.kind.family {
            Family::Receipt | Family::Bill => false,
            Family::Requisition => record.lines.iter().any(|line| *line.get("linkedOrder") != Value::Null),
            Family::Adjustment | Family::Transfer => true,
            Family::Vendor => self.order_ids(0..=u64::MAX).any(|id| self.order_supplier(id) == Some(record.id)),
            Family::Item => self.order_ids(0..=u64::MAX).any(|id| {
                let uses = |line: &Line| line.get("item").as_ref_id() == Some(record.id);
                self.order(id).is_some_and(|order| order.lines.iter().any(uses))
            }),
            _ => record.lines.iter().any(|line| line.get("quantityReceived").as_number() > Decimal::ZERO),
        };
        if referenced {
            return Err(Failure::user(format!(
                "This {} cannot be deleted because it has dependent records.",
                record.kind.label.to_lowercase()
            )));
        }
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        if record.kind.family == Family::Receipt {
            self.unreceive(record, now);
        }
        if record.kind.family == Family::Bill {
            self.unbill(record, now);
        }
        self.take_away(record, now);
        Ok(())
    }

    /// Changes the first line's rate by one per cent, as a user of the account would.
    pub(in super::super) fn touch_order(&mut self, id: u64, now: Timestamp) -> Option<()> {
        let mut order = self.order(id)?.into_owned();
        let places = self.places(order.get("currency").as_ref_id()?);
        let line = order.lines.first_mut()?;
        let step = Decimal::new(1, 2).max(Decimal::new(1, places));
        let rate = line.get("rate").as_number();
        let dearer = rounded(rate.checked_mul(Decimal::new(101, 2))?, places).max(rate.checked_add(step)?);
        line.set("rate", Value::Number(dearer));
        let amount = line_amount(line, places)?;
        line.set("amount", Value::Number(amount));
        settle(&mut order, places)?;
        order.set("lastModifiedDate", Value::Time(Timestamp::from_second(now.as_second()).ok()?));
        self.put(order);
        Some(())
    }

    pub(super) fn check_external_id(&self, record: &Record, before: Option<&Record>) -> Result<(), Failure> {
        let Some(external_id) = &record.external_id else { return Ok(()) };
        match self.by_external(record.kind.family, external_id) {
            Some(id) if before.is_none_or(|before| before.id != id) => {
                let failure = Failure::user("This record already exists.");
                Err(Failure { at: Some(("o:errorPath", "externalId".to_owned())), ..failure })
            }
            _ => Ok(()),
        }
    }

    /// Every reference that is new must lead to a record that is there and not inactive.
    pub(super) fn check_references(&self, record: &Record, before: Option<&Record>) -> Result<(), Failure> {
        let check = |field: &Field, value: &Value, former: Option<&Value>, path: String| {
            let (Kind::Ref(family) | Kind::Refs(family)) = field.kind else { return Ok(()) };
            let ids = match value {
                Value::Ref(id) => vec![*id],
                Value::Refs(ids) => ids.clone(),
                _ => Vec::new(),
            };
            if former == Some(value) {
                return Ok(());
            }
            let is_there =
                |id: &u64| self.in_family(family, *id).is_some_and(|target| !target.get("isInactive").is_true());
            match ids.into_iter().find(|id| !is_there(id)) {
                Some(id) => Err(Failure::value(path, &id.to_string(), field.name)),
                None => Ok(()),
            }
        };
        for (index, field) in record.kind.fields.iter().enumerate() {
            let former = before.and_then(|before| before.values.get(index));
            check(field, &record.values[index], former, field.name.to_owned())?;
        }
        let Some(sublist) = record.kind.sublist else { return Ok(()) };
        for (at, line) in record.lines.iter().enumerate() {
            let former = before.and_then(|before| same_line(before, line, sublist.key));
            for (index, field) in sublist.fields.iter().enumerate() {
                let former = former.and_then(|former| former.values.get(index));
                check(field, &line.values[index], former, format!("{}.items[{at}].{}", sublist.name, field.name))?;
            }
        }
        Ok(())
    }

    fn complete_vendor(&self, vendor: &mut Record, before: Option<&Record>) -> Result<(), Failure> {
        let given =
            |record: &Record, name: &str| record.get(name).as_text().is_some_and(|text| !text.trim().is_empty());
        if vendor.get("isPerson").is_true() {
            if !(given(vendor, "firstName") && given(vendor, "lastName")) {
                return Err(Failure::user("Please enter value(s) for: First Name, Last Name."));
            }
        } else if !given(vendor, "companyName") {
            return Err(Failure::user("Please enter value(s) for: Company Name."));
        }
        default(vendor, "isPerson", Value::Flag(false));
        default(vendor, "isInactive", Value::Flag(false));
        default(vendor, "is1099Eligible", Value::Flag(false));
        default(vendor, "subsidiary", Value::Ref(1));
        if *vendor.get("currency") == Value::Null {
            let subsidiary = vendor.get("subsidiary").as_ref_id().unwrap_or(1);
            let own = self.master(Family::Subsidiary, subsidiary).and_then(|record| record.get("currency").as_ref_id());
            vendor.set("currency", Value::Ref(own.unwrap_or(1)));
        }
        default(vendor, "balance", Value::Number(Decimal::ZERO));
        self.check_unique(Family::Vendor, vendor, before, "entityId")
    }

    fn complete_item(&self, item: &mut Record, before: Option<&Record>) -> Result<(), Failure> {
        if item.get("itemId").as_text().is_none_or(|text| text.trim().is_empty()) {
            return Err(Failure::user("Please enter value(s) for: Item Name/Number."));
        }
        let name = item.kind.name;
        let codes = [
            ("assembly", "Assembly"),
            ("nonInventory", "NonInvtPart"),
            ("service", "Service"),
            ("otherCharge", "OthCharge"),
        ];
        let code = codes.iter().find(|(start, _)| name.starts_with(start)).map_or("InvtPart", |(_, code)| code);
        item.set("itemType", Value::text(code));
        if let Some(use_for) = ["Purchase", "Resale", "Sale"].into_iter().find(|what| name.contains(what)) {
            item.set("subtype", Value::text(use_for));
        }
        default(item, "isLotItem", Value::Flag(name.starts_with("lotNumbered")));
        default(item, "isSerialItem", Value::Flag(name.starts_with("serialized")));
        default(item, "unitsType", Value::Ref(1));
        // Each type of units of this account has one unit, of the same number.
        let own = item.get("unitsType").as_ref_id().unwrap_or(1).to_string();
        for field in ["stockUnit", "purchaseUnit", "saleUnit"] {
            if let Some(unit) = item.get(field).as_text().filter(|unit| *unit != own) {
                return Err(Failure::value(field, unit, field));
            }
        }
        for (name, value) in [
            ("isInactive", Value::Flag(false)),
            ("subsidiary", Value::Refs(vec![1])),
            ("purchaseUnit", Value::text(own.clone())),
            ("saleUnit", Value::text(own.clone())),
        ] {
            default(item, name, value);
        }
        if code == "InvtPart" || code == "Assembly" || code == "NonInvtPart" {
            default(item, "stockUnit", Value::text(own));
        }
        self.check_unique(Family::Item, item, before, "itemId")
    }

    fn check_unique(
        &self,
        family: Family,
        record: &Record,
        before: Option<&Record>,
        name: &'static str,
    ) -> Result<(), Failure> {
        let Some(text) = record.get(name).as_text() else { return Ok(()) };
        let taken = |other: &Record| {
            before.is_none_or(|before| before.id != other.id)
                && other.get(name).as_text().is_some_and(|theirs| theirs.eq_ignore_ascii_case(text))
        };
        if !self.masters(family).any(taken) {
            return Ok(());
        }
        let label = record.kind.label.to_lowercase();
        let failure =
            Failure::user(format!("A {label} record with this ID already exists. You must enter a unique ID."));
        Err(Failure { at: Some(("o:errorPath", name.to_owned())), ..failure })
    }

    fn complete_order(&self, draft: &mut Draft, before: Option<&Record>, now: Timestamp) -> Result<(), Failure> {
        let order = &mut draft.record;
        let Some(vendor) = order.get("entity").as_ref_id().and_then(|id| self.master(Family::Vendor, id)) else {
            return Err(Failure::user("Please enter value(s) for: Vendor."));
        };
        if order.lines.is_empty() {
            return Err(Failure::user("You must enter at least one line item for this transaction."));
        }
        for name in ["subsidiary", "currency", "terms"] {
            if before.is_none() || name != "terms" {
                default(order, name, vendor.get(name).clone());
            }
        }
        default(order, "tranDate", Value::Date(Offset::UTC.to_datetime(now).date()));
        let currency = order.get("currency").as_ref_id().unwrap_or(1);
        let rate = self.exchange_rate(currency, order.get("subsidiary").as_ref_id().unwrap_or(1));
        default(order, "exchangeRate", Value::Number(rate.unwrap_or(Decimal::ONE)));
        if order.get("exchangeRate").as_number() <= Decimal::ZERO {
            return Err(Failure::value(
                "exchangeRate",
                &order.get("exchangeRate").as_number().to_string(),
                "exchangeRate",
            ));
        }
        default(order, "source", Value::text("REST Web Services"));
        set_approval(order, &draft.named)?;
        let places = self.places(currency);
        for (at, line) in order.lines.iter_mut().enumerate() {
            let named = draft.named_in_lines.get(at).map(Vec::as_slice).unwrap_or_default();
            let former = before.and_then(|before| same_line(before, line, "line"));
            if former.is_none() || !named.is_empty() {
                self.complete_line(line, named, former, at, places)?;
            }
        }
        let gone = |former: &&Line| !order.lines.iter().any(|line| line.get("line") == former.get("line"));
        if let Some(lost) = before.into_iter().flat_map(|before| &before.lines).filter(gone).find(|line| in_use(line)) {
            let number = lost.get("line").as_number();
            return Err(Failure::user(format!("Line {number} has been received or billed and cannot be deleted.")));
        }
        settle(order, places).ok_or_else(|| Failure::user("The amount exceeds the maximum allowed."))
    }

    fn complete_line(
        &self,
        line: &mut Line,
        named: &[&str],
        former: Option<&Line>,
        at: usize,
        places: u32,
    ) -> Result<(), Failure> {
        let path = |field: &str| format!("item.items[{at}].{field}");
        let Some(item) = line.get("item").as_ref_id().and_then(|id| self.master(Family::Item, id)) else {
            return Err(Failure::content(
                path("item"),
                "Error while accessing a resource. Please enter value(s) for: Item.",
            ));
        };
        let quantity = line.get("quantity").as_number();
        if *line.get("quantity") == Value::Null {
            let detail = "Error while accessing a resource. Please enter value(s) for: Quantity.";
            return Err(Failure::content(path("quantity"), detail));
        }
        if quantity <= Decimal::ZERO {
            return Err(Failure::value(path("quantity"), &quantity.to_string(), "quantity"));
        }
        let least = former.map_or(Decimal::ZERO, |former| {
            former.get("quantityReceived").as_number().max(former.get("quantityBilled").as_number())
        });
        if quantity < least {
            return Err(Failure::user(format!(
                "The quantity of line {} cannot be less than {least}, which was received or billed.",
                at + 1
            )));
        }
        let too_large = || Failure::value(path("amount"), "overflow", "amount");
        let blank = |line: &Line, name: &str| *line.get(name) == Value::Null;
        if named.contains(&"amount") && !blank(line, "amount") {
            let amount = rounded(line.get("amount").as_number(), places);
            line.set("amount", Value::Number(amount));
            if !named.contains(&"rate") || blank(line, "rate") {
                line.set("rate", Value::Number(rounded(amount.checked_div(quantity).ok_or_else(too_large)?, 8)));
            }
        } else {
            if blank(line, "rate") {
                line.set("rate", Value::Number(item.get("cost").as_number()));
            }
            let amount = line_amount(line, places).ok_or_else(too_large)?;
            line.set("amount", Value::Number(amount));
        }
        for name in ["rate", "amount", "taxRate1"] {
            if line.get(name).as_number() < Decimal::ZERO {
                return Err(Failure::value(path(name), &line.get(name).as_number().to_string(), name));
            }
        }
        let mut fill = |name: &str, value: Value| {
            if *line.get(name) == Value::Null {
                line.set(name, value);
            }
        };
        if former.is_none() {
            fill("description", item.get("purchaseDescription").clone());
        }
        fill("units", item.get("purchaseUnit").clone());
        fill("isClosed", Value::Flag(false));
        fill("matchBillToReceipt", Value::Flag(false));
        fill("taxRate1", Value::Number(Decimal::ZERO));
        fill("quantityReceived", Value::Number(Decimal::ZERO));
        fill("quantityBilled", Value::Number(Decimal::ZERO));
        Ok(())
    }

    /// What only a new record gets: its number and the time it was made.
    fn number(&self, record: &mut Record, now: Timestamp) {
        let id = record.id;
        match record.kind.family {
            Family::PurchaseOrder => {
                let number = id - super::order_seed::FIRST_ORDER + 1_001;
                record.set("tranId", Value::text(format!("PO{number}")));
                record.set("transactionNumber", Value::text(format!("PURCHORD{number}")));
                record.set("createdDate", Value::Time(now));
            }
            Family::Requisition => {
                for name in super::purchasing::numbered(Family::Requisition) {
                    record.set(name, Value::text(super::purchasing::number(id)));
                }
                record.set("createdDate", Value::Time(now));
            }
            Family::Vendor => {
                record.set("dateCreated", Value::Time(now));
                default(record, "entityId", Value::text(format!("VENDOR{id}")));
            }
            _ => record.set("createdDate", Value::Time(now)),
        }
    }

    pub(super) fn give_keys(&mut self, order: &mut Record) {
        if order.own_keys.0 == 0 {
            order.own_keys.0 = self.new_key();
        }
        for line in &mut order.lines {
            if *line.get("lineuniquekey") == Value::Null {
                line.set("lineuniquekey", Value::Number(Decimal::from(self.new_key())));
            }
        }
        if order.own_keys.1 == 0 {
            order.own_keys.1 = self.new_key();
        }
    }
}

fn in_use(line: &Line) -> bool {
    line.get("quantityReceived").as_number() > Decimal::ZERO || line.get("quantityBilled").as_number() > Decimal::ZERO
}

fn default(record: &mut Record, name: &str, value: Value) {
    if *record.get(name) == Value::Null {
        record.set(name, value);
    }
}

fn same_line<'a>(record: &'a Record, line: &Line, key: &str) -> Option<&'a Line> {
    record.lines.iter().find(|former| former.get(key) == line.get(key))
}

/// Approval and order status say the same thing twice; the one that the request named decides. New orders are approved:
/// the simulated account routes no approvals by itself.
fn set_approval(order: &mut Record, named: &[&str]) -> Result<(), Failure> {
    if named.contains(&"orderStatus") {
        let approval = match order.get("orderStatus").as_text() {
            Some("P" | "A") => "1",
            Some("B") => "2",
            Some("C") => "3",
            other => return Err(Failure::value("orderStatus", other.unwrap_or("null"), "orderStatus")),
        };
        order.set("approvalStatus", Value::text(approval));
    } else if named.contains(&"approvalStatus") {
        order.set("orderStatus", Value::Null);
    }
    default(order, "approvalStatus", Value::text("2"));
    Ok(())
}

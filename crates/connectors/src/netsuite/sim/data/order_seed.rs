//! Purchase orders of the seed, computed one at a time from the seed and their number; nothing is kept.
//!
//! Order `i` has id `FIRST_ORDER + i` and number `PO(1001 + i)`; orders were made one after the other over the 180 days
//! before the start. What a scan needs (id, when made, when changed) costs a few multiplications.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use super::account::ORDER_TYPE;
use super::fields::PURCHASE_ORDER_ITEM;
use super::master_seed::tax_percent;
use super::order::{line_amount, rounded, settle};
use super::record::{Line, Record, Value};

pub(super) const FIRST_ORDER: u64 = 20_001;
/// Keys of lines, of main lines and of tax lines come from one account-wide sequence; each seeded order has eight.
const KEYS_PER_ORDER: u64 = 8;
const FIRST_KEY: u64 = 500_001;
const SPAN_SECONDS: u64 = 180 * 86_400 - 3_600;
const DAY: u64 = 86_400;
const MEMOS: [&str; 6] = [
    "Spares for line 3",
    "Planned shutdown stock",
    "Restock per min/max",
    "Urgent: machine down",
    "Quarterly call-off",
    "Pump overhaul kit",
];

/// What an order takes over from its vendor.
#[derive(Clone, Debug)]
pub(super) struct Supplier {
    pub id: u64,
    pub subsidiary: u64,
    pub currency: u64,
    pub terms: Option<u64>,
}

/// What a line takes over from its item. The cost is in US dollars.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub id: u64,
    pub description: String,
    pub unit: String,
    pub cost: Decimal,
}

#[derive(Clone, Debug)]
pub(super) struct OrderSeed {
    pub seed: u64,
    pub count: u64,
    pub start: Timestamp,
    pub suppliers: Vec<Supplier>,
    pub parts: Vec<Part>,
    /// Value in US dollars and decimal places of each currency, by id from 1.
    pub currencies: Vec<(Decimal, u32)>,
}

/// A well-mixed number from the seed, a record's number and what it is for.
pub(super) fn mix(seed: u64, index: u64, salt: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0xA24B_AED4_963E_E407)
        .wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(salt.wrapping_mul(0xD6E8_FEB8_6659_FD93));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl OrderSeed {
    /// The order's number in the seed, if the id is one of the seed's.
    pub(super) fn index(&self, id: u64) -> Option<u64> {
        id.checked_sub(FIRST_ORDER).filter(|&index| index < self.count)
    }

    /// The first account-wide line key that no seeded order has.
    pub(super) fn first_free_key(&self) -> u64 {
        FIRST_KEY + self.count * KEYS_PER_ORDER
    }

    /// Seconds since 1970 at which the order was made; grows with the index.
    pub(super) fn created(&self, index: u64) -> i64 {
        let slot = SPAN_SECONDS / self.count.max(1);
        let inside = if slot > 1 { mix(self.seed, index, 1) % slot } else { 0 };
        let after = index * SPAN_SECONDS / self.count.max(1) + inside;
        self.start.as_second() - i64::try_from(SPAN_SECONDS + 3_600).unwrap_or(0) + i64::try_from(after).unwrap_or(0)
    }

    /// Seconds since 1970 at which the order was changed last: at once, or up to 45 days later, never after the start.
    pub(super) fn modified(&self, index: u64) -> i64 {
        let created = self.created(index);
        let random = mix(self.seed, index, 2);
        if random.is_multiple_of(10) {
            return created;
        }
        let room = u64::try_from(self.start.as_second() - created).unwrap_or(0).min(45 * DAY);
        created + i64::try_from((random >> 8) % (room + 1)).unwrap_or(0)
    }

    pub(super) fn external_id(index: u64) -> Option<String> {
        index.is_multiple_of(10).then(|| format!("LEGACY-{index:07}"))
    }

    /// The only order of the seed that may have that external id.
    pub(super) fn with_external_id(&self, external_id: &str) -> Option<u64> {
        let index: u64 = external_id.strip_prefix("LEGACY-")?.parse().ok()?;
        (index < self.count).then_some(FIRST_ORDER + index)
    }

    pub(super) fn supplier(&self, index: u64) -> Option<&Supplier> {
        pick(&self.suppliers, mix(self.seed, index, 3))
    }

    /// The whole order.
    pub(super) fn order(&self, index: u64) -> Option<Record> {
        let supplier = self.supplier(index)?;
        let random = |salt: u64, below: u64| mix(self.seed, index, salt) % below;
        let age_days = u64::try_from(self.start.as_second() - self.created(index)).unwrap_or(0) / DAY;
        let letter = letter(age_days, random(4, 100));
        let &(usd, places) = self.currencies.get(usize::try_from(supplier.currency).ok()?.checked_sub(1)?)?;
        let base = if supplier.subsidiary == 2 { self.currencies.get(1)?.0 } else { Decimal::ONE };
        let created = Timestamp::from_second(self.created(index)).ok()?;
        let ordered_on = Offset::UTC.to_datetime(created).date();
        let due = plus_days(ordered_on, 14 + random(5, 31));
        let mut order = Record::new(&ORDER_TYPE, FIRST_ORDER + index);
        order.external_id = Self::external_id(index);
        let approval = match letter {
            'P' | 'A' => "1",
            'C' => "3",
            _ => "2",
        };
        let number = 1_001 + index;
        for (name, value) in [
            ("tranId", Value::text(format!("PO{number}"))),
            ("transactionNumber", Value::text(format!("PURCHORD{number}"))),
            ("entity", Value::Ref(supplier.id)),
            ("subsidiary", Value::Ref(supplier.subsidiary)),
            ("currency", Value::Ref(supplier.currency)),
            ("exchangeRate", Value::Number(rounded(usd.checked_div(base)?, 6))),
            ("tranDate", Value::Date(ordered_on)),
            ("dueDate", Value::Date(due)),
            ("location", Value::Ref(if supplier.subsidiary == 2 { 3 } else { 1 + random(6, 2) })),
            ("employee", Value::Ref(if supplier.subsidiary == 2 { 12 } else { 11 + 2 * random(7, 2) })),
            ("terms", supplier.terms.map_or(Value::Null, Value::Ref)),
            ("approvalStatus", Value::text(approval)),
            ("orderStatus", Value::text(if letter == 'P' { "P" } else { "B" })),
            ("source", Value::text("CSV")),
            ("createdDate", Value::Time(created)),
            ("lastModifiedDate", Value::Time(Timestamp::from_second(self.modified(index)).ok()?)),
        ] {
            order.set(name, value);
        }
        if random(8, 10) < 6 {
            order.set("memo", Value::text(pick(&MEMOS, random(9, 6)).copied().unwrap_or_default()));
        }
        if index.is_multiple_of(3) {
            order.set("custbody_requisition_no", Value::text(format!("REQ-{number}")));
            order.set("custbody_budget", Value::Number(Decimal::new(i64::try_from(number).ok()?, 2)));
            order.set("custbody_needed_by", Value::Date(due));
            order.set("custbody_project", Value::text(["1", "2", "3"][usize::try_from(index % 9 / 3).ok()?]));
        }
        if random(10, 5) == 0 {
            order.set("otherRefNum", Value::text(format!("Q-{:05}", random(11, 100_000))));
        }
        let first_key = FIRST_KEY + index * KEYS_PER_ORDER;
        order.own_keys = (first_key, first_key + 7);
        let lines = 1 + random(12, 5);
        for number in 1..=lines {
            let location = order.get("location").clone();
            let mut line = self.line(index, number, letter, usd, places)?;
            line.set("lineuniquekey", Value::Number(Decimal::from(first_key + number)));
            line.set("taxRate1", Value::Number(tax_percent(supplier.subsidiary)));
            line.set("expectedReceiptDate", Value::Date(plus_days(due, mix(self.seed, index, 40 + number) % 5)));
            line.set("location", location);
            order.lines.push(line);
        }
        order.next_line = lines + 1;
        settle(&mut order, places)?;
        Some(order)
    }

    fn line(&self, index: u64, number: u64, letter: char, usd: Decimal, places: u32) -> Option<Line> {
        let random = |salt: u64| mix(self.seed, index, 100 * number + salt);
        // Stepping by a number coprime to the list's length keeps the items of one order apart.
        let part = pick(&self.parts, random(0) % 7 + mix(self.seed, index, 13) + number * 7)?;
        let whole = 2 + random(1) % 24;
        let measured = matches!(part.unit.as_str(), "2" | "3" | "4") && random(2).is_multiple_of(3);
        let quantity =
            if measured { Decimal::new(i64::try_from(whole * 10 + 5).ok()?, 1) } else { Decimal::from(whole) };
        let percent = Decimal::from(92 + random(3) % 17);
        let rate = part.cost.checked_mul(percent)?.checked_div(Decimal::ONE_HUNDRED)?.checked_div(usd)?;
        let rate = rounded(rate, if random(4).is_multiple_of(9) { places + 2 } else { places }).max(Decimal::ONE);
        let partly = Decimal::from(1 + random(5) % (whole - 1));
        let (received, billed) = match letter {
            'D' if number == 1 => (partly, partly),
            'E' if number == 1 => (partly, Decimal::ZERO),
            'E' if random(6).is_multiple_of(2) => (quantity, Decimal::ZERO),
            'F' => (quantity, if random(6).is_multiple_of(4) { partly } else { Decimal::ZERO }),
            'G' => (quantity, quantity),
            'H' if random(6).is_multiple_of(2) => (partly, partly),
            _ => (Decimal::ZERO, Decimal::ZERO),
        };
        // An order of which every line is fully billed is no order to be received any more.
        let billed = if letter == 'F' && number == 1 { Decimal::ZERO } else { billed };
        let mut line = Line::new(PURCHASE_ORDER_ITEM.fields);
        for (name, value) in [
            ("line", Value::Number(Decimal::from(number))),
            ("item", Value::Ref(part.id)),
            ("description", Value::text(part.description.clone())),
            ("quantity", Value::Number(quantity)),
            ("units", Value::text(part.unit.clone())),
            ("rate", Value::Number(rate)),
            ("quantityReceived", Value::Number(received)),
            ("quantityBilled", Value::Number(billed)),
            ("isClosed", Value::Flag(letter == 'H')),
            ("matchBillToReceipt", Value::Flag(false)),
        ] {
            line.set(name, value);
        }
        line.set("amount", Value::Number(line_amount(&line, places)?));
        Some(line)
    }
}

/// Young orders wait for approval or for goods, old ones are billed or closed.
fn letter(age_days: u64, percent: u64) -> char {
    let shares: &[(u64, char)] = match age_days {
        0..=9 => &[(3, 'P'), (25, 'A'), (29, 'C'), (88, 'B'), (91, 'D'), (95, 'E'), (100, 'F')],
        10..=45 => &[(2, 'P'), (6, 'A'), (10, 'C'), (38, 'B'), (51, 'D'), (67, 'E'), (82, 'F'), (95, 'G'), (100, 'H')],
        _ => &[(4, 'C'), (8, 'B'), (11, 'D'), (15, 'E'), (23, 'F'), (90, 'G'), (100, 'H')],
    };
    shares.iter().find(|(below, _)| percent < *below).map_or('B', |(_, letter)| *letter)
}

fn plus_days(date: Date, days: u64) -> Date {
    date.checked_add(i64::try_from(days).unwrap_or(0).days()).unwrap_or(date)
}

fn pick<T>(from: &[T], random: u64) -> Option<&T> {
    let len = u64::try_from(from.len()).ok().filter(|&len| len > 0)?;
    from.get(usize::try_from(random % len).ok()?)
}

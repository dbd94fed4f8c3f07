//! Everything the account holds: master records as they are, purchase orders as changes over the computed seed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::levels::Levels;
use super::master_seed;
use super::order_seed::{FIRST_ORDER, OrderSeed, Part, Supplier};
use super::record::Record;
use super::schema::{Family, Type};
use super::transactions::{KINDS, Transactions};

/// Where a saved record is.
pub(in super::super) struct Saved {
    pub kind: &'static Type,
    pub id: u64,
}

/// One row of the deleted-records list.
#[derive(Clone, Debug)]
pub(in super::super) struct Deleted {
    pub id: u64,
    pub kind: &'static Type,
    pub name: String,
    pub at: Timestamp,
}

pub(in super::super) struct Store {
    masters: Vec<BTreeMap<u64, Record>>,
    pub(super) stock: Levels,
    seed: OrderSeed,
    /// Orders that differ from the seed, and those made since.
    changed: BTreeMap<u64, Record>,
    removed: BTreeSet<u64>,
    external: HashMap<(Family, String), u64>,
    deleted: Vec<Deleted>,
    next_id: HashMap<Family, u64>,
    next_key: u64,
}

impl Store {
    /// The account of that seed, as it stands at `start`.
    pub(in super::super) fn seeded(seed: u64, orders: usize, start: Timestamp) -> Self {
        let start = Timestamp::from_second(start.as_second()).unwrap_or(start);
        let empty = OrderSeed {
            seed,
            count: u64::try_from(orders).unwrap_or(0),
            start,
            suppliers: Vec::new(),
            parts: Vec::new(),
            currencies: Vec::new(),
        };
        let mut store = Self {
            masters: Family::ALL.iter().map(|_| BTreeMap::new()).collect(),
            stock: Levels::new(),
            seed: empty,
            changed: BTreeMap::new(),
            removed: BTreeSet::new(),
            external: HashMap::new(),
            deleted: Vec::new(),
            next_id: HashMap::new(),
            next_key: 0,
        };
        for record in master_seed::records(seed, start) {
            store.put(record);
        }
        let active = |record: &&Record| !record.get("isInactive").is_true();
        store.seed.suppliers = store.masters(Family::Vendor).filter(active).filter_map(supplier).collect();
        store.seed.parts = store.masters(Family::Item).filter(active).map(part).collect();
        store.seed.currencies =
            store.masters(Family::Currency).map(|c| (c.get("exchangeRate").as_number(), places(c))).collect();
        store.seed_levels(seed);
        for kind in KINDS.iter().filter(|kind| kind.family != Family::PurchaseOrder) {
            store.next_id.insert(kind.family, kind.first);
        }
        store.next_key = store.seed.first_free_key();
        store.next_id.insert(Family::PurchaseOrder, FIRST_ORDER + store.seed.count);
        store.seed_receipts();
        store.seed_requisitions(start);
        store.seed_bills();
        store
    }

    /// The record of that type; an id of a sibling type is not found, as in NetSuite.
    pub(in super::super) fn get(&self, kind: &Type, id: u64) -> Option<Cow<'_, Record>> {
        self.in_family(kind.family, id).filter(|record| record.kind.name == kind.name)
    }

    pub(in super::super) fn in_family(&self, family: Family, id: u64) -> Option<Cow<'_, Record>> {
        if family == Family::PurchaseOrder { self.order(id) } else { self.master(family, id).map(Cow::Borrowed) }
    }

    pub(in super::super) fn master(&self, family: Family, id: u64) -> Option<&Record> {
        self.masters[family as usize].get(&id)
    }

    /// By ascending id. Purchase orders are no masters: see [`Store::order_ids`].
    pub(in super::super) fn masters(&self, family: Family) -> impl DoubleEndedIterator<Item = &Record> {
        self.masters[family as usize].values()
    }

    pub(in super::super) fn order(&self, id: u64) -> Option<Cow<'_, Record>> {
        if let Some(order) = self.changed.get(&id) {
            return Some(Cow::Borrowed(order));
        }
        if self.removed.contains(&id) {
            return None;
        }
        self.seed.order(self.seed.index(id)?).map(Cow::Owned)
    }

    /// The ids of the orders in a range, ascending.
    pub(in super::super) fn order_ids(&self, within: RangeInclusive<u64>) -> impl Iterator<Item = u64> + '_ {
        let end = self.next_id.get(&Family::PurchaseOrder).copied().unwrap_or(FIRST_ORDER);
        let range = (*within.start()).max(FIRST_ORDER)..(*within.end()).saturating_add(1).min(end);
        let gaps = !self.removed.is_empty();
        range.filter(move |id| !gaps || !self.removed.contains(id))
    }

    /// The ids of all transactions in a range, ascending: orders first, the other kinds behind them.
    pub(in super::super) fn transaction_ids(&self, within: RangeInclusive<u64>) -> impl Iterator<Item = u64> + '_ {
        let (range, empty) = (within.clone(), within.is_empty());
        let others = KINDS.iter().filter(move |kind| kind.family != Family::PurchaseOrder && !empty);
        let ids =
            others.flat_map(move |kind| self.masters[kind.family as usize].range(range.clone()).map(|(id, _)| *id));
        self.order_ids(within).chain(ids)
    }

    pub(in super::super) fn transaction(&self, id: u64) -> Option<Cow<'_, Record>> {
        self.in_family(Transactions::of(id).family, id)
    }

    pub(in super::super) fn transaction_exists(&self, id: u64) -> bool {
        self.order_exists(id) || self.master(Transactions::of(id).family, id).is_some()
    }

    pub(in super::super) fn order_exists(&self, id: u64) -> bool {
        self.changed.contains_key(&id) || (self.seed.index(id).is_some() && !self.removed.contains(&id))
    }

    /// When the order was changed last, without computing the order.
    pub(in super::super) fn order_modified(&self, id: u64) -> Option<Timestamp> {
        self.order_time(id, "lastModifiedDate", OrderSeed::modified)
    }

    pub(in super::super) fn order_created(&self, id: u64) -> Option<Timestamp> {
        self.order_time(id, "createdDate", OrderSeed::created)
    }

    /// The supplier of an order, without computing the order.
    pub(super) fn order_supplier(&self, id: u64) -> Option<u64> {
        match self.changed.get(&id) {
            Some(order) => order.get("entity").as_ref_id(),
            None => self.seed.supplier(self.seed.index(id)?).map(|supplier| supplier.id),
        }
    }

    pub(in super::super) fn by_external(&self, family: Family, external_id: &str) -> Option<u64> {
        let known = self.external.get(&(family, external_id.to_owned())).copied();
        known.or_else(|| {
            let id = (family == Family::PurchaseOrder).then(|| self.seed.with_external_id(external_id)).flatten()?;
            self.order(id).filter(|order| order.external_id.as_deref() == Some(external_id)).map(|_| id)
        })
    }

    /// What a reference to that record shows.
    pub(in super::super) fn name(&self, family: Family, id: u64) -> Option<Cow<'_, str>> {
        match self.in_family(family, id)? {
            Cow::Borrowed(record) => Some(Cow::Borrowed(record.display())),
            Cow::Owned(record) => Some(Cow::Owned(record.display().to_owned())),
        }
    }

    pub(in super::super) fn deleted(&self) -> &[Deleted] {
        &self.deleted
    }

    /// Decimal places of a currency's amounts.
    pub(in super::super) fn places(&self, currency: u64) -> u32 {
        self.master(Family::Currency, currency).map_or(2, places)
    }

    /// The value of one unit of a currency in a subsidiary's own.
    pub(super) fn exchange_rate(&self, currency: u64, subsidiary: u64) -> Option<Decimal> {
        let rate = |id: u64| self.master(Family::Currency, id).map(|record| record.get("exchangeRate").as_number());
        let own = self.master(Family::Subsidiary, subsidiary)?.get("currency").as_ref_id()?;
        Some(super::order::rounded(rate(currency)?.checked_div(rate(own)?)?, 6))
    }

    pub(super) fn new_id(&mut self, family: Family) -> u64 {
        let next = self.next_id.entry(family).or_insert(1);
        let id = *next;
        *next += 1;
        id
    }

    /// A line key that no line of the account ever had.
    pub(super) fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key - 1
    }

    /// Stores a record in place of what it was before.
    pub(super) fn put(&mut self, record: Record) {
        let (family, id) = (record.kind.family, record.id);
        let former = self.in_family(family, id).and_then(|former| former.external_id.clone());
        if let Some(former) = former {
            self.external.remove(&(family, former));
        }
        if let Some(external_id) = &record.external_id {
            self.external.insert((family, external_id.clone()), id);
        }
        let next = self.next_id.entry(family).or_insert(1);
        *next = (*next).max(id + 1);
        if family == Family::PurchaseOrder {
            self.changed.insert(id, record);
        } else {
            self.masters[family as usize].insert(id, record);
        }
    }

    /// Takes a record away and leaves its row in the deleted-records list.
    pub(super) fn take_away(&mut self, record: &Record, now: Timestamp) {
        if let Some(external_id) = &record.external_id {
            self.external.remove(&(record.kind.family, external_id.clone()));
        }
        if record.kind.family == Family::PurchaseOrder {
            self.changed.remove(&record.id);
            self.removed.insert(record.id);
        } else {
            self.masters[record.kind.family as usize].remove(&record.id);
        }
        let name = record.display().to_owned();
        self.deleted.push(Deleted { id: record.id, kind: record.kind, name, at: now });
    }

    fn order_time(&self, id: u64, field: &str, of_seed: fn(&OrderSeed, u64) -> i64) -> Option<Timestamp> {
        let known = self.changed.get(&id).or_else(|| self.master(Transactions::of(id).family, id));
        match known.map(|order| order.get(field)) {
            Some(super::record::Value::Time(at)) => Some(*at),
            Some(_) => None,
            None => Timestamp::from_second(of_seed(&self.seed, self.seed.index(id)?)).ok(),
        }
    }
}

fn places(currency: &Record) -> u32 {
    currency.get("currencyPrecision").as_number().to_u32().unwrap_or(2)
}

fn supplier(vendor: &Record) -> Option<Supplier> {
    Some(Supplier {
        id: vendor.id,
        subsidiary: vendor.get("subsidiary").as_ref_id()?,
        currency: vendor.get("currency").as_ref_id()?,
        terms: vendor.get("terms").as_ref_id(),
    })
}

fn part(item: &Record) -> Part {
    Part {
        id: item.id,
        description: item.get("purchaseDescription").as_text().unwrap_or_default().to_owned(),
        unit: item.get("purchaseUnit").as_text().unwrap_or("1").to_owned(),
        cost: item.get("cost").as_number(),
    }
}

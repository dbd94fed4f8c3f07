//! How much of each item lies at each location. A change of stock does not touch the item.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::reply::Failure;
use super::order_seed::mix;
use super::record::{Line, Record};
use super::schema::Family;
use super::store::Store;

/// One row of `inventoryitemlocations`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Level {
    pub item: u64,
    pub location: u64,
    pub on_hand: Decimal,
    pub committed: Decimal,
    pub on_order: Decimal,
    pub in_transit: Decimal,
    pub reorder_point: Option<Decimal>,
    pub preferred: Option<Decimal>,
}

/// By item and location.
pub(super) type Levels = BTreeMap<(u64, u64), Level>;

impl Store {
    pub(in super::super) fn levels(&self) -> impl Iterator<Item = &Level> {
        self.stock.values()
    }

    pub(super) fn add_stock(&mut self, item: u64, location: u64, quantity: Decimal) {
        let level = self.stock.entry((item, location)).or_default();
        (level.item, level.location) = (item, location);
        level.on_hand += quantity;
    }

    /// An adjustment names an account, and for each line an inventory item, a location and a quantity.
    pub(super) fn check_adjustment(&self, record: &Record, before: Option<&Record>) -> Result<(), Failure> {
        if before.is_some() {
            return Err(Failure::not_simulated("changes of inventory adjustments"));
        }
        if record.get("account").as_ref_id().is_none() {
            return Err(Failure::user("Please enter value(s) for: Adjustment Account."));
        }
        if record.lines.is_empty() {
            return Err(Failure::user("You must enter at least one line item for this transaction."));
        }
        for (at, line) in record.lines.iter().enumerate() {
            let path = |field: &str| format!("inventory.items[{at}].{field}");
            self.check_stocked(line, path("item"))?;
            if line.get("location").as_ref_id().is_none() {
                return Err(Failure::content(path("location"), "Please enter value(s) for: Location."));
            }
            if line.get("adjustQtyBy").as_number().is_zero() {
                return Err(Failure::content(path("adjustQtyBy"), "Please enter value(s) for: Adjust Qty. By."));
            }
        }
        Ok(())
    }

    pub(super) fn adjust(&mut self, record: &Record) {
        for line in &record.lines {
            if let (Some(item), Some(location)) = (line.get("item").as_ref_id(), line.get("location").as_ref_id()) {
                self.add_stock(item, location, line.get("adjustQtyBy").as_number());
            }
        }
    }

    /// A transfer names two places, and for each line an inventory item and how much of it goes from the one to the other.
    pub(super) fn check_transfer(&self, record: &Record, before: Option<&Record>) -> Result<(), Failure> {
        if before.is_some() {
            return Err(Failure::not_simulated("changes of inventory transfers"));
        }
        let place = |name: &str| record.get(name).as_ref_id();
        let missing: Vec<&str> =
            [("subsidiary", "Subsidiary"), ("location", "From Location"), ("transferLocation", "To Location")]
                .into_iter()
                .filter(|(name, _)| place(name).is_none())
                .map(|(_, label)| label)
                .collect();
        if !missing.is_empty() {
            return Err(Failure::user(format!("Please enter value(s) for: {}.", missing.join(", "))));
        }
        if place("location") == place("transferLocation") {
            return Err(Failure::user("The From Location and the To Location must be different."));
        }
        if record.lines.is_empty() {
            return Err(Failure::user("You must enter at least one line item for this transaction."));
        }
        for (at, line) in record.lines.iter().enumerate() {
            let path = |field: &str| format!("inventory.items[{at}].{field}");
            self.check_stocked(line, path("item"))?;
            if line.get("adjustQtyBy").as_number() <= Decimal::ZERO {
                return Err(Failure::content(path("adjustQtyBy"), "Please enter value(s) for: Qty. To Transfer."));
            }
        }
        Ok(())
    }

    pub(super) fn transfer(&mut self, record: &Record) {
        let place = |name: &str| record.get(name).as_ref_id();
        let (Some(from), Some(to)) = (place("location"), place("transferLocation")) else { return };
        for line in &record.lines {
            if let Some(item) = line.get("item").as_ref_id() {
                let quantity = line.get("adjustQtyBy").as_number();
                self.add_stock(item, from, -quantity);
                self.add_stock(item, to, quantity);
            }
        }
    }

    fn check_stocked(&self, line: &Line, path: String) -> Result<(), Failure> {
        let item = line.get("item").as_ref_id();
        let stocked = item.and_then(|id| self.master(Family::Item, id));
        if stocked.is_none_or(|item| item.get("itemType").as_text() != Some("InvtPart")) {
            let id = item.map(|id| id.to_string()).unwrap_or_default();
            return Err(Failure::value(path, &id, "item"));
        }
        Ok(())
    }

    /// Every inventory item has a row for every location that keeps stock, with or without stock in it.
    pub(super) fn seed_levels(&mut self, seed: u64) {
        let locations: Vec<u64> = self
            .masters(Family::Location)
            .filter(|location| location.get("makeInventoryAvailable").is_true())
            .map(|location| location.id)
            .collect();
        let items: Vec<u64> = self
            .masters(Family::Item)
            .filter(|item| item.get("itemType").as_text() == Some("InvtPart"))
            .map(|item| item.id)
            .collect();
        for (item, location) in items.iter().flat_map(|item| locations.iter().map(move |location| (*item, *location))) {
            let random = |salt: u64, below: u64| mix(seed, item * 1_000 + location, 700 + salt) % below;
            let whole = |number: u64| Decimal::from(number);
            let on_hand = if random(1, 5) == 0 { 0 } else { random(2, 300) };
            let kept = random(4, 3) == 0;
            let level = Level {
                item,
                location,
                on_hand: whole(on_hand),
                committed: whole(random(3, on_hand + 1) / 3),
                on_order: whole(random(5, 40)),
                in_transit: whole(if random(6, 8) == 0 { random(7, 20) } else { 0 }),
                reorder_point: kept.then(|| whole(10 + random(8, 20))),
                preferred: kept.then(|| whole(100 + random(9, 200))),
            };
            self.stock.insert((item, location), level);
        }
    }
}

//! How much of each item lies at each location. A change of stock does not touch the item.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::order_seed::mix;
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

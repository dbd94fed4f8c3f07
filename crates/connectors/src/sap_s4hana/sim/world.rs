//! The simulated database: documents by family and place, those that were changed or created kept, the rest worked out.
//!
//! A document's place is its rank by key. Orders are numbered without gaps, so an order's place is its number less the
//! first one; only changed and created orders are held in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use super::node::{Node, Row};
use super::schema::{FAMILIES, Family};
use super::seed::{self, FIRST_ORDER, HeaderColumns, OrderSeed};
use super::stamp;
use super::value::Value;
use trunnion_model::time::Timestamp;

/// How many families are kept as plain tables.
const TABLES: usize = FAMILIES.len() - FIRST_TABLE;
const FIRST_TABLE: usize = Family::GoodsMovements as usize;

#[derive(Clone)]
pub(super) struct World {
    pub(super) partners: Vec<Node>,
    pub(super) products: Vec<Node>,
    /// The documents of the families behind the orders, in the order of [`FAMILIES`].
    tables: [Vec<Node>; TABLES],
    /// Documents posted since the start; the next one's number follows from it.
    pub(super) posted: u64,
    /// New orders and changed ones have to be released.
    pub(super) release_strategy: bool,
    /// How far the system's own time is from UTC, in minutes; what has no zone is told in it.
    pub(super) zone: i64,
    /// No answer has more rows; `__next` leads on.
    pub(super) page_cap: usize,
    seed: OrderSeed,
    columns: HeaderColumns,
    held: BTreeMap<u64, Node>,
    orders: u64,
    by_change: OnceLock<Vec<u32>>,
}

/// An order whose header is worked out only when a filter asks for more than its number and change time.
pub(super) struct LazyOrder<'w> {
    world: &'w World,
    place: u64,
    header: OnceLock<Vec<Value>>,
}

impl Row for LazyOrder<'_> {
    fn at(&self, column: usize) -> Cow<'_, Value> {
        if column == self.world.columns.changed {
            Cow::Owned(Value::Ticks(self.world.seed.changed(self.place)))
        } else if column == self.world.columns.number {
            Cow::Owned(Value::text((FIRST_ORDER + self.place).to_string()))
        } else {
            Cow::Borrowed(&self.header.get_or_init(|| self.world.seed.header(self.place))[column])
        }
    }
}

impl World {
    pub(super) fn new(seed: u64, records: usize, user: &str, now: Timestamp) -> Self {
        let start = stamp::from_timestamp(now);
        let partners = seed::partners(seed, start, user);
        let products = seed::products(seed, start, user);
        // The index by change time counts in 32 bits.
        let records = u64::from(u32::try_from(records).unwrap_or(u32::MAX));
        let orders = OrderSeed::new(seed, records, start, user, &partners, &products);
        let mut world = Self {
            seed: orders,
            columns: HeaderColumns::new(),
            partners,
            products,
            tables: std::array::from_fn(|_| Vec::new()),
            posted: 0,
            release_strategy: false,
            zone: 0,
            page_cap: 5_000,
            held: BTreeMap::new(),
            orders: records,
            by_change: OnceLock::new(),
        };
        seed::plant_data(&mut world, seed, start, user);
        world
    }

    /// All documents of a family that is kept as a table; none of the orders, which are too many.
    pub(super) fn table(&self, family: Family) -> &[Node] {
        match family {
            Family::Partners => &self.partners,
            Family::Products => &self.products,
            Family::Orders => &[],
            _ => &self.tables[family as usize - FIRST_TABLE],
        }
    }

    pub(super) fn table_mut(&mut self, family: Family) -> Option<&mut Vec<Node>> {
        match family {
            Family::Partners => Some(&mut self.partners),
            Family::Products => Some(&mut self.products),
            Family::Orders => None,
            _ => self.tables.get_mut(family as usize - FIRST_TABLE),
        }
    }

    /// Puts a document where its keys belong; gives its place.
    pub(super) fn insert(&mut self, family: Family, node: Node) -> u64 {
        let Some(table) = self.table_mut(family) else { return 0 };
        let keys = |node: &Node| -> Vec<Value> {
            node.entity.keys.iter().map(|&key| node.key_text(key).into_owned()).collect()
        };
        let wanted = keys(&node);
        let at = table.partition_point(|other| {
            keys(other).iter().zip(&wanted).find_map(|(left, right)| left.compare(right).filter(|order| order.is_ne()))
                == Some(std::cmp::Ordering::Less)
        });
        table.insert(at, node);
        at as u64
    }

    /// How many documents a family has.
    pub(super) fn count(&self, family: Family) -> u64 {
        match family {
            Family::Orders => self.orders,
            _ => self.table(family).len() as u64,
        }
    }

    pub(super) fn document(&self, family: Family, place: u64) -> Option<Cow<'_, Node>> {
        let at = usize::try_from(place).ok()?;
        match family {
            Family::Orders if place >= self.orders => None,
            Family::Orders => Some(match self.held.get(&place) {
                Some(node) => Cow::Borrowed(node),
                None => Cow::Owned(self.seed.order(place)),
            }),
            _ => self.table(family).get(at).map(Cow::Borrowed),
        }
    }

    /// The order at a place, if it need not be made in full; nothing if it is held.
    pub(super) fn lazy_order(&self, place: u64) -> Option<LazyOrder<'_>> {
        (!self.held.contains_key(&place)).then(|| LazyOrder { world: self, place, header: OnceLock::new() })
    }

    /// The header of an order without its items, for an output that shows none.
    pub(super) fn bare_order(&self, place: u64) -> Node {
        let mut node = Node::new(self.columns.entity);
        node.values = self.seed.header(place);
        node
    }

    /// The place of the root with this key; `Err` is where it would be.
    pub(super) fn find(&self, family: Family, key: &str) -> Result<u64, u64> {
        if family == Family::Orders {
            return self.find_order(key);
        }
        let Some(column) = family.root().root_key else { return Err(0) };
        let found = self.table(family).binary_search_by(|node| node.values[column].as_text().cmp(key));
        found.map(|at| at as u64).map_err(|at| at as u64)
    }

    fn find_order(&self, key: &str) -> Result<u64, u64> {
        // Keys are compared as texts of ten characters: what is no number of the range lies before or after it.
        let Some(number) = key.parse::<u64>().ok().filter(|_| key.len() == 10) else {
            return Err(if key < "4500000000" { 0 } else { self.text_rank(key) });
        };
        match number.checked_sub(FIRST_ORDER) {
            None => Err(0),
            Some(place) if place < self.orders => Ok(place),
            Some(_) => Err(self.orders),
        }
    }

    /// How many order numbers sort before `key`, by halving.
    fn text_rank(&self, key: &str) -> u64 {
        let (mut low, mut high) = (0, self.orders);
        while low < high {
            let middle = low + (high - low) / 2;
            match (FIRST_ORDER + middle).to_string().as_str() < key {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// The partner whose supplier has this number.
    pub(super) fn partner_of_supplier(&self, supplier: &str) -> Option<u64> {
        if supplier.is_empty() {
            return None;
        }
        self.partners.iter().position(|partner| partner.text("Supplier") == supplier).map(|at| at as u64)
    }

    /// Puts a changed document in place of the old one.
    pub(super) fn replace(&mut self, family: Family, place: u64, node: Node) {
        let at = usize::try_from(place).unwrap_or(usize::MAX);
        match self.table_mut(family) {
            None => drop(self.held.insert(place, node)),
            Some(table) => {
                if let Some(slot) = table.get_mut(at) {
                    *slot = node;
                }
            }
        }
    }

    pub(super) fn next_order_number(&self) -> String {
        (FIRST_ORDER + self.orders).to_string()
    }

    pub(super) fn add_order(&mut self, node: Node) -> u64 {
        let place = self.orders;
        self.held.insert(place, node);
        self.orders += 1;
        place
    }

    /// The places that can pass a filter with these bounds on the change time.
    pub(super) fn changed_between(&self, from: Option<i64>, to: Option<i64>) -> (Range<u64>, Vec<u64>) {
        let low = from.map_or(0, |from| self.seed.first_changed_from(from));
        let high = to.map_or(self.seed.records(), |to| self.seed.end_changed_to(to));
        let outside = self.held.keys().copied().filter(|place| !(low..high).contains(place)).collect();
        (low..high.max(low), outside)
    }

    /// The change time of the order at a place.
    pub(super) fn changed(&self, place: u64) -> i64 {
        match self.held.get(&place).map(|node| &node.values[self.columns.changed]) {
            Some(Value::Ticks(ticks)) => *ticks,
            _ => self.seed.changed(place),
        }
    }

    /// All orders by change time and number, from a change time on.
    pub(super) fn orders_by_change(&self, from: i64) -> Vec<u64> {
        let index = self.by_change.get_or_init(|| {
            let records = u32::try_from(self.seed.records()).unwrap_or(u32::MAX);
            let mut index: Vec<(i64, u32)> = (0..records).map(|at| (self.seed.changed(u64::from(at)), at)).collect();
            index.sort_unstable();
            index.into_iter().map(|(_, at)| at).collect()
        });
        let start = index.partition_point(|&at| self.seed.changed(u64::from(at)) < from);
        let seeded = index[start..].iter().map(|&at| u64::from(at)).filter(|at| !self.held.contains_key(at));
        let mut held: Vec<(i64, u64)> =
            self.held.keys().map(|&at| (self.changed(at), at)).filter(|&(at, _)| at >= from).collect();
        held.sort_unstable();
        merge(seeded, &held, |at| self.seed.changed(at))
    }
}

fn merge(seeded: impl Iterator<Item = u64>, held: &[(i64, u64)], changed: impl Fn(u64) -> i64) -> Vec<u64> {
    let mut merged = Vec::with_capacity(seeded.size_hint().0 + held.len());
    let mut held = held.iter().peekable();
    for place in seeded {
        while let Some(&&(at, other)) = held.peek() {
            if (at, other) > (changed(place), place) {
                break;
            }
            merged.push(other);
            held.next();
        }
        merged.push(place);
    }
    merged.extend(held.map(|&(_, other)| other));
    merged
}

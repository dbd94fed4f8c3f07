//! Lists: filter, order, window and page, over a set or over the children of one row.
//!
//! In the order of the keys and in the order of the orders' change time a read starts at its first row and ends at its
//! last. Every other order sorts all matching rows first.

use std::cmp::Ordering;

use super::bounds::bounds;
use super::options::Options;
use super::render::render_entity;
use crate::sap_s4hana::sim::errors::Refusal;
use crate::sap_s4hana::sim::node::{Node, Row};
use crate::sap_s4hana::sim::schema::{Entity, Family};
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::{LazyOrder, World};

/// What is listed.
#[derive(Clone, Copy)]
pub(in super::super) enum Listing<'a> {
    Set(&'static Entity),
    /// The rows of a slot of the last row of the chain.
    Children(&'a [&'a Node], usize, &'static Entity),
}

/// Where a page starts (the skip token) or where the next one does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    /// After so many rows of the document with this key.
    Key(String, usize),
    /// After so many matching rows.
    Offset(usize),
}

enum Found<'a> {
    Lazy(&'a LazyOrder<'a>),
    Row(&'a [&'a Node]),
}

/// How many rows pass the filter.
pub(in super::super) fn count(world: &World, listing: Listing<'_>, options: &Options) -> u64 {
    if let (Listing::Set(entity), None) = (listing, &options.filter)
        && entity.path.is_empty()
    {
        return world.count(entity.family);
    }
    let mut counted = 0;
    visit(world, listing, options, &Order::Natural, 0, &mut |_, _, _| {
        counted += 1;
        true
    });
    counted
}

/// How the rows of a list are written.
pub(in super::super) struct Pen<'p> {
    /// Appends the last row of the chain.
    pub(in super::super) row: &'p dyn Fn(&mut String, &mut Vec<&Node>),
    /// Whether that shows anything below the row.
    pub(in super::super) expands: bool,
}

/// A page.
pub(in super::super) struct Drawn {
    /// The rows, with commas between them.
    pub(in super::super) rows: String,
    /// What a link to the next page says beside the other options, if there is one.
    pub(in super::super) next: Option<Vec<String>>,
}

/// Writes `{"d":{"results":[…]}}` with `__count` and `__next` where they belong; `base` ends with a slash, `here` is the
/// address that was asked for, without its query.
pub(in super::super) fn list(
    world: &World,
    listing: Listing<'_>,
    options: &Options,
    base: &str,
    here: &str,
) -> Result<String, Refusal> {
    let row = |out: &mut String, chain: &mut Vec<&Node>| render_entity(out, base, chain, &options.shape);
    let Drawn { rows, next } = draw(world, listing, options, &Pen { row: &row, expands: options.shape.expands() })?;
    let mut out = String::with_capacity(rows.len() + 256);
    out.push_str("{\"d\":{");
    if options.with_count {
        out.push_str(&format!("\"__count\":\"{}\",", count(world, listing, options)));
    }
    out.push_str("\"results\":[");
    out.push_str(&rows);
    out.push(']');
    if let Some(next) = next {
        let pairs: Vec<String> = options.carried.iter().cloned().chain(next).collect();
        out.push_str(",\"__next\":");
        crate::sap_s4hana::sim::value::write_json_text(&format!("{here}?{}", pairs.join("&")), &mut out);
    }
    out.push_str("}}");
    Ok(out)
}

/// One page of rows, in the order and from the place that the options say.
pub(in super::super) fn draw(
    world: &World,
    listing: Listing<'_>,
    options: &Options,
    pen: &Pen<'_>,
) -> Result<Drawn, Refusal> {
    let entity = listing.entity();
    let order = Order::of(listing, &options.order);
    let mark = options.token.as_deref().map(|token| parse_mark(token, &order)).transpose()?;
    let mut left_to_skip = options.skip;
    let mut start = 0;
    let mut rows_done = 0;
    match &mark {
        None => {}
        Some(Mark::Offset(offset)) => left_to_skip += offset,
        Some(Mark::Key(key, rows)) => match world.find(entity.family, key) {
            Ok(place) => (start, rows_done) = (place, *rows),
            Err(_) => return Err(Refusal::syntax("Invalid value of $skiptoken")),
        },
    }
    let skipped = left_to_skip;
    let limit = options.top.unwrap_or(usize::MAX).min(world.page_cap.max(1));
    let mut out = String::with_capacity(4_096);
    let (mut taken, mut more) = (0, false);
    let mut last = Mark::Offset(0);
    visit(world, listing, options, &order, start, &mut |place, row, found| {
        if mark.is_some() && place == start && row < rows_done {
            return true;
        }
        if left_to_skip > 0 {
            left_to_skip -= 1;
            return true;
        }
        if taken == limit {
            more = true;
            return false;
        }
        if taken > 0 {
            out.push(',');
        }
        taken += 1;
        let key = write_row(world, &mut out, pen, place, &found);
        last = match order.resumes_by_key() {
            true => Mark::Key(key, row + 1),
            false => Mark::Offset(skipped + taken),
        };
        taken < limit || options.top != Some(limit)
    });
    let next = (more && options.top.is_none_or(|top| top > taken)).then(|| next_page(options, &last, taken));
    Ok(Drawn { rows: out, next })
}

/// Writes a row and gives back the key of its document.
fn write_row(world: &World, out: &mut String, pen: &Pen<'_>, place: u64, found: &Found<'_>) -> String {
    let whole;
    let mut chain: Vec<&Node> = match found {
        Found::Row(chain) => chain.to_vec(),
        Found::Lazy(_) => {
            whole = match pen.expands {
                true => world.document(Family::Orders, place).map(std::borrow::Cow::into_owned),
                false => Some(world.bare_order(place)),
            };
            whole.iter().collect()
        }
    };
    (pen.row)(out, &mut chain);
    let key = |root: &&Node| root.entity.root_key.map(|key| root.values[key].as_text().to_owned());
    chain.first().and_then(key).unwrap_or_default()
}

fn next_page(options: &Options, last: &Mark, taken: usize) -> Vec<String> {
    let token = match last {
        Mark::Key(key, rows) => format!("{}~{rows}", super::render::encoded(key)),
        Mark::Offset(offset) => format!("~{offset}"),
    };
    let top = options.top.map(|top| format!("$top={}", top - taken));
    top.into_iter().chain([format!("$skiptoken={token}")]).collect()
}

fn parse_mark(token: &str, order: &Order) -> Result<Mark, Refusal> {
    let invalid = || Refusal::syntax("Invalid value of $skiptoken");
    let (key, count) = token.rsplit_once('~').ok_or_else(invalid)?;
    let count = count.parse().map_err(|_| invalid())?;
    match (key.is_empty(), order.resumes_by_key()) {
        (true, false) => Ok(Mark::Offset(count)),
        (false, true) => Ok(Mark::Key(key.to_owned(), count)),
        _ => Err(invalid()),
    }
}

/// The way through the rows.
enum Order {
    /// By key.
    Natural,
    /// The orders by key, from the last.
    Reversed,
    /// The orders by change time, then by number.
    ByChange {
        descending: bool,
    },
    Sorted,
}

impl Order {
    fn of(listing: Listing<'_>, order: &[(usize, bool)]) -> Self {
        let entity = match listing {
            Listing::Children(..) => return Self::Sorted,
            Listing::Set(entity) => entity,
        };
        // Where no key tells the document, a page can only begin after so many rows.
        if entity.family.root().root_key.is_none() {
            return Self::Sorted;
        }
        let Some(&(first, descending)) = order.first() else { return Self::Natural };
        let keys = &entity.keys;
        let is_root = entity.path.is_empty();
        // A root's key is unique, so that nothing after it matters.
        if is_root && entity.root_key == Some(first) {
            return if descending { Self::Reversed } else { Self::Natural };
        }
        let by_keys = order.len() <= keys.len() && order.iter().zip(keys).all(|(&given, &key)| given == (key, false));
        if by_keys {
            return Self::Natural;
        }
        let is_orders = is_root && entity.family == Family::Orders;
        if is_orders && entity.column("LastChangeDateTime") == Some(first) {
            let then = order.get(1).copied();
            if then.is_none_or(|then| then == (keys[0], descending)) {
                return Self::ByChange { descending };
            }
        }
        Self::Sorted
    }

    fn resumes_by_key(&self) -> bool {
        matches!(self, Self::Natural | Self::Reversed)
    }
}

impl Listing<'_> {
    fn entity(&self) -> &'static Entity {
        match self {
            Self::Set(entity) | Self::Children(_, _, entity) => entity,
        }
    }
}

/// Calls `each` with place, row number within the document and row, for every row that passes, until it says stop.
fn visit(
    world: &World,
    listing: Listing<'_>,
    options: &Options,
    order: &Order,
    start: u64,
    each: &mut dyn FnMut(u64, usize, Found<'_>) -> bool,
) {
    let entity = match listing {
        Listing::Set(entity) => entity,
        Listing::Children(chain, slot, entity) => return visit_children(chain, slot, entity, options, each),
    };
    if matches!(order, Order::Sorted) {
        return visit_sorted(world, entity, options, each);
    }
    for place in places(world, entity, options, order, start) {
        if !visit_document(world, entity, options, place, each) {
            return;
        }
    }
}

fn visit_document(
    world: &World,
    entity: &'static Entity,
    options: &Options,
    place: u64,
    each: &mut dyn FnMut(u64, usize, Found<'_>) -> bool,
) -> bool {
    let passes = |row: &dyn Row| options.filter.as_ref().is_none_or(|filter| filter.passes(row, entity));
    if entity.family == Family::Orders
        && entity.path.is_empty()
        && let Some(lazy) = world.lazy_order(place)
    {
        return !passes(&lazy) || each(place, 0, Found::Lazy(&lazy));
    }
    let Some(document) = world.document(entity.family, place) else { return true };
    let mut number = 0;
    document.walk(&entity.path, &mut |steps, node| {
        let row = number;
        number += 1;
        if !passes(node) {
            return true;
        }
        match document.chain(steps) {
            Some(chain) => each(place, row, Found::Row(&chain)),
            None => true,
        }
    })
}

/// The places of the documents to look at, in order.
fn places<'w>(
    world: &'w World,
    entity: &'static Entity,
    options: &Options,
    order: &Order,
    start: u64,
) -> Box<dyn Iterator<Item = u64> + 'w> {
    let bounds = bounds(world, entity, options.filter.as_ref());
    let within = bounds.places.clone();
    if let Order::ByChange { descending } = order {
        let ordered = world.orders_by_change(bounds.from.unwrap_or(i64::MIN)).into_iter();
        let until = bounds.to.unwrap_or(i64::MAX);
        let ordered = ordered.filter(move |place| within.contains(place));
        return match descending {
            false => Box::new(ordered.take_while(move |&place| world.changed(place) <= until)),
            true => Box::new(ordered.rev()),
        };
    }
    let (range, outside) = match bounds.from.or(bounds.to) {
        Some(_) => world.changed_between(bounds.from, bounds.to),
        None => (0..u64::MAX, Vec::new()),
    };
    let low = range.start.max(within.start);
    let high = range.end.min(within.end).max(low);
    let outside: Vec<u64> = outside.into_iter().filter(|place| within.contains(place)).collect();
    let split = outside.partition_point(|&place| place < low);
    let (before, after) = (outside[..split].to_vec(), outside[split..].to_vec());
    let ascending = before.into_iter().chain(low..high).chain(after);
    match order {
        Order::Reversed if options.token.is_some() => Box::new(ascending.rev().skip_while(move |&place| place > start)),
        Order::Reversed => Box::new(ascending.rev()),
        // A resumed read must not walk through what lies before it.
        _ if start > low => {
            let rest = (start.min(high)..high).chain(outside[split..].to_vec());
            Box::new(rest.skip_while(move |&place| place < start))
        }
        _ => Box::new(ascending.skip_while(move |&place| place < start)),
    }
}

/// The values by which rows are sorted, and what to compare them by.
fn sort_key(row: &dyn Row, entity: &Entity, order: &[(usize, bool)]) -> Vec<Value> {
    order.iter().map(|&(column, _)| row.at(column).resolve(&entity.properties[column]).into_owned()).collect()
}

fn compare(left: &[Value], right: &[Value], order: &[(usize, bool)]) -> Ordering {
    let mut pairs = left.iter().zip(right).zip(order);
    let unequal = pairs.find_map(|((left, right), &(_, descending))| {
        let ordering = left.compare(right).unwrap_or(Ordering::Equal);
        ordering.is_ne().then(|| if descending { ordering.reverse() } else { ordering })
    });
    unequal.unwrap_or(Ordering::Equal)
}

fn visit_sorted(
    world: &World,
    entity: &'static Entity,
    options: &Options,
    each: &mut dyn FnMut(u64, usize, Found<'_>) -> bool,
) {
    let mut rows: Vec<(Vec<Value>, u64, usize)> = Vec::new();
    for place in places(world, entity, options, &Order::Natural, 0) {
        visit_document(world, entity, options, place, &mut |place, row, found| {
            let key = match found {
                Found::Lazy(lazy) => sort_key(lazy, entity, &options.order),
                Found::Row(chain) => {
                    chain.last().map(|&node| sort_key(node, entity, &options.order)).unwrap_or_default()
                }
            };
            rows.push((key, place, row));
            true
        });
    }
    rows.sort_by(|left, right| {
        compare(&left.0, &right.0, &options.order).then_with(|| (left.1, left.2).cmp(&(right.1, right.2)))
    });
    for (_, place, row) in rows {
        let Some(document) = world.document(entity.family, place) else { continue };
        let (mut number, mut goes_on) = (0, true);
        document.walk(&entity.path, &mut |steps, _| {
            let here = number == row;
            number += 1;
            if let (true, Some(chain)) = (here, document.chain(steps)) {
                goes_on = each(place, row, Found::Row(&chain));
            }
            !here
        });
        if !goes_on {
            return;
        }
    }
}

fn visit_children(
    chain: &[&Node],
    slot: usize,
    entity: &'static Entity,
    options: &Options,
    each: &mut dyn FnMut(u64, usize, Found<'_>) -> bool,
) {
    let Some(parent) = chain.last() else { return };
    let passes = |row: &Node| options.filter.as_ref().is_none_or(|filter| filter.passes(row, entity));
    let mut rows: Vec<&Node> = parent.children[slot].iter().filter(|child| passes(child)).collect();
    rows.sort_by(|left, right| {
        let key = |row: &Node| sort_key(row, entity, &options.order);
        compare(&key(left), &key(right), &options.order)
    });
    for (at, row) in rows.into_iter().enumerate() {
        let mut chain = chain.to_vec();
        chain.push(row);
        if !each(0, at, Found::Row(&chain)) {
            return;
        }
    }
}

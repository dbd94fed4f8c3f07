//! A system that does what real ones do: it stamps changes before it commits them, by a clock of its own and coarsely, cuts
//! pages short, changes while it is read, refuses now and then. What it had at which time is remembered, to compare with.
//!
//! Each connection has a world of its own, named by the user of its credentials.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use trunnion_kit::error::Error;
use trunnion_kit::link::Link;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Account, Answered, Changes, Deleted, Page, Vendor, Window};
use trunnion_model::time::{Clock, Hands, from_micros, rfc3339_micros};

const SECOND: i64 = 1_000_000;

/// A mistake that is put in on purpose, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Nothing is asked again that lies before the watermark.
    NoOverlap,
    /// A page that was asked for is taken for stored, whatever became of it.
    EarlyCursor,
    /// A page that is not full is taken for the last.
    ShortPageIsLast,
    /// What a listing left out is deleted, although the listing was cut off.
    ShortListingIsBelieved,
}

/// What may happen to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Habits {
    pub(crate) updates: bool,
    pub(crate) deletes: bool,
    /// A key may come back after it was deleted.
    pub(crate) reuses_keys: bool,
    /// New keys are greater than the ones before, as far as commits allow.
    pub(crate) growing_keys: bool,
}

#[derive(Clone, Debug)]
struct Row {
    name: String,
    made: i64,
    changed: Option<i64>,
}

struct Pending {
    visible_at: i64,
    key: String,
    row: Option<Row>,
    stamp: i64,
}

/// One connection's system.
pub(crate) struct World {
    habits: Habits,
    bug: Option<Bug>,
    random: u64,
    rows: BTreeMap<String, Row>,
    pending: Vec<Pending>,
    /// What will be there once all is committed.
    future: BTreeMap<String, Option<Row>>,
    latest: HashMap<String, i64>,
    /// Of each key, what it was, in order; nothing while it was deleted.
    pub(crate) story: BTreeMap<String, Vec<Option<String>>>,
    /// Keys in the order in which their changes became visible.
    log: Vec<String>,
    deleted: BTreeMap<String, i64>,
    skew: i64,
    grain: i64,
    null_until_changed: bool,
    next_key: u64,
    counter: u64,
    pub(crate) calm: bool,
    served: Vec<(Option<String>, Option<i64>)>,
    ended_short: Option<String>,
    greatest: Option<String>,
}

/// The vendor of all worlds.
#[derive(Clone)]
pub(crate) struct Wild {
    worlds: Arc<Mutex<HashMap<String, Arc<Mutex<World>>>>>,
    clock: Clock,
    hands: Hands,
}

impl World {
    pub(crate) fn new(seed: u64, habits: Habits, bug: Option<Bug>) -> Self {
        let mut world = Self {
            habits,
            bug,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            rows: BTreeMap::new(),
            pending: Vec::new(),
            future: BTreeMap::new(),
            latest: HashMap::new(),
            story: BTreeMap::new(),
            log: Vec::new(),
            deleted: BTreeMap::new(),
            skew: 0,
            grain: 1,
            null_until_changed: false,
            next_key: 500,
            counter: 0,
            calm: true,
            served: Vec::new(),
            ended_short: None,
            greatest: None,
        };
        world.skew = (world.below(41) as i64 - 20) * SECOND;
        world.grain = [1, SECOND][world.below(2) as usize];
        world.null_until_changed = world.below(2) == 0;
        world
    }

    /// SplitMix64.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }

    /// One change, stamped now and committed up to twenty seconds later.
    pub(crate) fn change(&mut self, now: i64) {
        let stamp = (now + self.skew) / self.grain * self.grain;
        let there: Vec<String> =
            self.future.iter().filter(|(_, row)| row.is_some()).map(|(key, _)| key.clone()).collect();
        let what = self.below(10);
        self.counter += 1;
        let name = format!("n{}", self.counter);
        let (key, row) = if self.habits.deletes && there.len() > 4 && what < 2 {
            (there[self.below(there.len() as u64) as usize].clone(), None)
        } else if self.habits.updates && !there.is_empty() && what < 6 {
            let key = there[self.below(there.len() as u64) as usize].clone();
            let made = self.future[&key].as_ref().map_or(stamp, |row| row.made);
            (key, Some(Row { name, made, changed: Some(stamp) }))
        } else {
            let key = self.new_key();
            let changed = (!self.null_until_changed).then_some(stamp);
            (key, Some(Row { name, made: stamp, changed }))
        };
        let late = self.below(20) as i64 * SECOND;
        let visible_at = (now + late).max(self.latest.get(&key).copied().unwrap_or(0));
        self.latest.insert(key.clone(), visible_at);
        self.future.insert(key.clone(), row.clone());
        self.pending.push(Pending { visible_at, key, row, stamp });
    }

    fn new_key(&mut self) -> String {
        self.next_key += 1;
        if self.habits.growing_keys {
            return format!("{:06}", self.next_key);
        }
        let gone: Vec<String> =
            self.future.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| key.clone()).collect();
        if self.habits.reuses_keys && !gone.is_empty() && self.below(2) == 0 {
            return gone[self.below(gone.len() as u64) as usize].clone();
        }
        // Before, between and behind those that are there.
        format!("{:04}-{:06}", self.below(1_000), self.next_key)
    }

    fn commit(&mut self, now: i64) {
        self.pending.sort_by_key(|pending| pending.visible_at);
        let count = self.pending.iter().take_while(|pending| pending.visible_at <= now).count();
        for Pending { key, row, stamp, .. } in self.pending.drain(..count) {
            self.story.entry(key.clone()).or_default().push(row.as_ref().map(|row| row.name.clone()));
            self.log.push(key.clone());
            match row {
                Some(row) => {
                    self.rows.insert(key, row);
                }
                None => {
                    self.rows.remove(&key);
                    self.deleted.insert(key, stamp);
                }
            }
        }
    }

    /// What is there, by key.
    pub(crate) fn truth(&self) -> BTreeMap<String, String> {
        self.rows.iter().map(|(key, row)| (key.clone(), row.name.clone())).collect()
    }

    /// What happens at each call: time passes, others work, and sometimes nothing is answered.
    fn live(&mut self, clock: &Clock, hands: &Hands) -> Result<i64, Error> {
        hands.advance(Duration::from_millis(1 + self.below(700)));
        let now = clock.now_micros();
        if !self.calm && self.below(4) == 0 {
            self.change(now);
        }
        self.commit(now);
        match self.below(20) {
            0 if !self.calm => Err(Error::RateLimited { after: Some(Duration::from_secs(3)) }),
            1 if !self.calm => Err(Error::Unreachable { reason: "HTTP 503".into(), after: None }),
            2 if !self.calm => Err(Error::Unreachable { reason: "the connection was closed".into(), after: None }),
            _ => Ok(now),
        }
    }

    /// Rows after the key that pass, as a page that may be shorter than asked for.
    fn cut(&mut self, after: Option<&str>, limit: usize, pass: impl Fn(&Row) -> bool) -> Vec<Value> {
        let mut limit = limit;
        if !self.calm && self.below(3) == 0 {
            limit = 1 + self.below(limit as u64) as usize;
        }
        let rows = self.rows.iter().filter(|(key, row)| after.is_none_or(|after| key.as_str() > after) && pass(row));
        rows.take(limit).map(|(key, row)| shown(key, row)).collect()
    }

    fn page(&mut self, window: &Window, keyset: bool) -> Vec<Value> {
        let mut since = window.since.map(|since| since.as_microsecond());
        let mut after = window.after_key.clone();
        match self.bug {
            Some(Bug::NoOverlap) if keyset => after = after.max(self.greatest.clone()),
            Some(Bug::NoOverlap) => since = since.map(|since| since + 60 * SECOND),
            Some(Bug::ShortPageIsLast) if after.is_some() && after == self.ended_short => return Vec::new(),
            _ => {}
        }
        let passes = move |row: &Row| since.is_none_or(|since| row.changed.unwrap_or(row.made) >= since);
        let asked = (window.after_key.clone(), window.since.map(|since| since.as_microsecond()));
        let again = self.served.contains(&asked);
        let mut rows = self.cut(after.as_deref(), window.limit, passes);
        if self.bug == Some(Bug::EarlyCursor) && again && after.is_some() {
            let last = rows.last().and_then(|row| row["Id"].as_str()).map(str::to_owned);
            rows = self.cut(last.as_deref().or(after.as_deref()), window.limit, passes);
        }
        self.served.push(asked);
        let last = rows.last().and_then(|row| row["Id"].as_str()).map(str::to_owned);
        self.ended_short = last.clone().filter(|_| rows.len() < window.limit);
        self.greatest = self.greatest.clone().max(last);
        if self.bug == Some(Bug::ShortListingIsBelieved) && window.since.is_none() {
            rows.retain(|row| !is_lost(row["Id"].as_str().unwrap()));
        }
        rows
    }

    fn changes(&mut self, token: Option<&str>, limit: usize) -> Changes {
        if token.is_some() && !self.calm && self.below(12) == 0 {
            return Changes::Expired;
        }
        let position = |text: &str| text.parse::<usize>().unwrap();
        match token.map(|token| token.split_once(':').unwrap()) {
            None | Some(("list", _)) => {
                let (from, after) = match token.and_then(|token| token.split_once(':')) {
                    Some((_, rest)) => rest.split_once(':').map(|(from, after)| (position(from), Some(after))).unwrap(),
                    None => (self.log.len(), None),
                };
                let rows = self.cut(after, limit, |_| true);
                let (token, more) = match rows.last() {
                    Some(last) => (format!("list:{from}:{}", last["Id"].as_str().unwrap()), true),
                    None => (format!("log:{from}"), false),
                };
                Changes::Some { page: Page::new(json!(rows).to_string(), ""), gone: Vec::new(), token, more }
            }
            Some((_, from)) => {
                let from = position(from);
                let skip = if self.bug == Some(Bug::EarlyCursor) { 1 } else { 0 };
                let to = (from + limit).min(self.log.len());
                let mut keys: Vec<&String> = self.log[from..to].iter().skip(skip).collect();
                keys.sort();
                keys.dedup();
                let (there, gone): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| self.rows.contains_key(*key));
                let rows: Vec<Value> = there.into_iter().map(|key| shown(key, &self.rows[key])).collect();
                Changes::Some {
                    page: Page::new(json!(rows).to_string(), ""),
                    gone: gone.into_iter().cloned().collect(),
                    token: format!("log:{to}"),
                    more: to < self.log.len(),
                }
            }
        }
    }
}

/// A third of the keys, the same ones each time.
fn is_lost(key: &str) -> bool {
    key.bytes().map(u32::from).sum::<u32>() % 3 == 0
}

fn shown(key: &str, row: &Row) -> Value {
    json!({"Id": key, "Name": row.name, "Made": rfc3339_micros(row.made), "Changed": row.changed.map(rfc3339_micros)})
}

impl Wild {
    pub(crate) fn new(clock: Clock, hands: Hands) -> Self {
        Self { worlds: Arc::default(), clock, hands }
    }

    pub(crate) fn add(&self, name: &str, world: World) -> Arc<Mutex<World>> {
        let world = Arc::new(Mutex::new(world));
        self.worlds.lock().unwrap().insert(name.to_owned(), world.clone());
        world
    }

    fn world(&self, link: &Link) -> Arc<Mutex<World>> {
        self.worlds.lock().unwrap()[link.setting("username").unwrap()].clone()
    }
}

impl Vendor for Wild {
    fn probe<'a>(&'a self, _link: &'a Link) -> Answered<'a, Account> {
        Box::pin(async { Ok(Account { name: "Wild".into() }) })
    }

    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let world = self.world(link);
            let mut world = world.lock().unwrap();
            world.live(&self.clock, &self.hands)?;
            let keyset = entity.sync.strategy == trunnion_kit::spec::Strategy::Keyset;
            Ok(Page::new(json!(world.page(window, keyset)).to_string(), ""))
        })
    }

    fn keys<'a>(
        &'a self,
        link: &'a Link,
        _entity: &'a EntitySpec,
        after_key: Option<&'a str>,
        limit: usize,
    ) -> Answered<'a, Page> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let world = self.world(link);
            let mut world = world.lock().unwrap();
            world.live(&self.clock, &self.hands)?;
            let window = Window { after_key: after_key.map(str::to_owned), limit, ..Window::default() };
            Ok(Page::new(json!(world.page(&window, false)).to_string(), ""))
        })
    }

    fn deleted<'a>(
        &'a self,
        link: &'a Link,
        _entity: &'a EntitySpec,
        window: &'a Window,
    ) -> Answered<'a, Vec<Deleted>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let world = self.world(link);
            let mut world = world.lock().unwrap();
            world.live(&self.clock, &self.hands)?;
            let early = if world.bug == Some(Bug::NoOverlap) { 60 * SECOND } else { 0 };
            let since = window.since.map_or(i64::MIN, |since| since.as_microsecond() + early);
            let after = window.after_key.clone().unwrap_or_default();
            let told = world.deleted.iter().filter(|(key, at)| **key > after && **at >= since).take(window.limit);
            Ok(told.map(|(key, at)| Deleted { remote_id: key.clone(), at: Some(from_micros(*at)) }).collect())
        })
    }

    fn changes<'a>(
        &'a self,
        link: &'a Link,
        _entity: &'a EntitySpec,
        token: Option<&'a str>,
        limit: usize,
    ) -> Answered<'a, Changes> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let world = self.world(link);
            let mut world = world.lock().unwrap();
            world.live(&self.clock, &self.hands)?;
            Ok(world.changes(token, limit))
        })
    }

    fn one<'a>(&'a self, link: &'a Link, _entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let world = self.world(link);
            let mut world = world.lock().unwrap();
            world.live(&self.clock, &self.hands)?;
            let hidden = world.bug == Some(Bug::ShortListingIsBelieved) && is_lost(remote_id);
            let found: Vec<Value> =
                world.rows.get(remote_id).filter(|_| !hidden).map(|row| shown(remote_id, row)).into_iter().collect();
            Ok(Page::new(json!(found).to_string(), ""))
        })
    }
}

//! A system in memory: rows by key, changes with a time, and errors that a test orders beforehand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use trunnion_kit::custom::CustomField;
use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Change;
use trunnion_kit::spec::{Call, EntitySpec};
use trunnion_kit::subscription::{Subscribed, Wanted};
use trunnion_kit::vendor::{Account, Answered, Page, Target, Vendor, Window};
use trunnion_model::time::{Clock, rfc3339};

use super::broker::Broker;
use super::tables::Tables;

/// Makes an error each time it is wanted: errors cannot be cloned.
pub(crate) type Trouble = fn() -> Error;

/// What happens to a create.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mishap {
    /// It takes effect, and the answer is lost.
    LostAnswer,
    /// It takes no effect, and the answer is lost.
    LostRequest,
    /// It takes effect only `0` milliseconds after the answer was lost.
    LateEffect(u64),
    Refused(Trouble),
}

/// Called when a page of the entity is asked for.
type Hook = Box<dyn FnMut(&mut Tables, &'static str) + Send>;

#[derive(Default)]
struct State {
    tables: Tables,
    asked: Vec<(&'static str, Window)>,
    probes: usize,
    creates: usize,
    changes: Vec<String>,
    searches: usize,
    page_troubles: VecDeque<Option<Trouble>>,
    probe_trouble: Option<Trouble>,
    /// Whatever is asked for.
    down: Option<Trouble>,
    search_trouble: Option<Trouble>,
    one_troubles: VecDeque<Trouble>,
    mishaps: VecDeque<Mishap>,
    hook: Option<Hook>,
    /// Pages are not given before this many more permits are there.
    slow: Option<Arc<tokio::sync::Semaphore>>,
    /// Who logs in by this name gets no page at all.
    hangs_for: Option<&'static str>,
    create_pause: std::time::Duration,
    ignores_keys: bool,
    /// Rows whose keys begin so are left out of pages, by mistake.
    hidden: Option<String>,
    /// What the customer added to vendors, and how often anybody asked.
    custom: Vec<CustomField>,
    asked_custom: usize,
}

/// Shared by the test and the engine.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) broker: Broker,
    state: Arc<Mutex<State>>,
    clock: Clock,
}

impl Source {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { broker: Broker::default(), state: Arc::default(), clock }
    }

    /// Stores a row, changed now.
    pub(crate) fn put(&self, entity: &'static str, key: &str, row: Value) {
        self.state().tables.put(entity, key, row, &self.clock);
    }

    /// Stores a row with the time of change that it had before.
    pub(crate) fn put_silently(&self, entity: &'static str, key: &str, mut row: Value) {
        let mut state = self.state();
        let rows = state.tables.rows.entry(entity).or_default();
        row["Id"] = key.into();
        row["Changed"] = rows[key]["Changed"].clone();
        rows.insert(key.to_owned(), row);
    }

    /// Stores a row that was there before, as it was.
    pub(crate) fn put_back(&self, entity: &'static str, row: Value) {
        let key = row["Id"].as_str().unwrap().to_owned();
        self.state().tables.rows.entry(entity).or_default().insert(key, row);
    }

    /// The customer adds a field to vendors.
    pub(crate) fn customise(&self, field: CustomField) {
        self.state().custom.push(field);
    }

    pub(crate) fn asked_for_custom_fields(&self) -> usize {
        self.state().asked_custom
    }

    /// `count` vendors with the keys `0001` …
    pub(crate) fn vendors(&self, count: usize) {
        for number in 1..=count {
            self.put("vendor", &format!("{number:04}"), json!({"Code": format!("V{number}"), "Name": "Acme"}));
        }
    }

    pub(crate) fn rows(&self, entity: &str) -> Vec<Value> {
        self.state().tables.of(entity).into_iter().map(|(_, row)| row.clone()).collect()
    }

    /// What was asked of an entity, in order, since the last call.
    pub(crate) fn asked(&self, entity: &str) -> Vec<Window> {
        let mut state = self.state();
        let (these, others) = std::mem::take(&mut state.asked).into_iter().partition(|(name, _)| *name == entity);
        state.asked = others;
        let these: Vec<(&str, Window)> = these;
        these.into_iter().map(|(_, window)| window).collect()
    }

    /// How many pages of any entity were asked for and not looked at by [`Source::asked`].
    pub(crate) fn pages_asked(&self) -> usize {
        self.state().asked.len()
    }

    pub(crate) fn probes(&self) -> usize {
        self.state().probes
    }

    pub(crate) fn creates(&self) -> usize {
        self.state().creates
    }

    /// What was called to change or delete records, in order.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.state().changes.clone()
    }

    pub(crate) fn searches(&self) -> usize {
        self.state().searches
    }

    /// The next pages, in the order of asking: an error, or none.
    pub(crate) fn trouble_pages(&self, troubles: impl IntoIterator<Item = Option<Trouble>>) {
        self.state().page_troubles.extend(troubles);
    }

    pub(crate) fn trouble_probes(&self, trouble: Option<Trouble>) {
        self.state().probe_trouble = trouble;
    }

    /// Pages and probes are answered like this from now on.
    pub(crate) fn break_down(&self, trouble: Option<Trouble>) {
        self.state().down = trouble;
    }

    pub(crate) fn trouble_searches(&self, trouble: Option<Trouble>) {
        self.state().search_trouble = trouble;
    }

    pub(crate) fn trouble_reading_back(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.state().one_troubles.extend(troubles);
    }

    pub(crate) fn mishaps(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.state().mishaps.extend(mishaps);
    }

    pub(crate) fn slow_creates(&self, pause: std::time::Duration) {
        self.state().create_pause = pause;
    }

    /// The row vanishes without a trace.
    pub(crate) fn remove(&self, entity: &'static str, key: &str) {
        if let Some(rows) = self.state().tables.rows.get_mut(entity) {
            rows.remove(key);
        }
    }

    /// Pages leave out rows whose keys begin so; asked for one by one, they are there.
    pub(crate) fn hide(&self, beginning: Option<&str>) {
        self.state().hidden = beginning.map(str::to_owned);
    }

    /// The system forgets to look at the key that a page is asked to begin after.
    pub(crate) fn ignore_keys(&self) {
        self.state().ignores_keys = true;
    }

    pub(crate) fn on_page(&self, hook: impl FnMut(&mut Tables, &'static str) + Send + 'static) {
        self.state().hook = Some(Box::new(hook));
    }

    /// From now on each page needs a permit.
    pub(crate) fn meter(&self, permits: usize) -> Arc<tokio::sync::Semaphore> {
        let meter = Arc::new(tokio::sync::Semaphore::new(permits));
        self.state().slow = Some(meter.clone());
        meter
    }

    /// A change of a row, with what was ordered to happen to it.
    fn alter<'a>(&'a self, what: String, change: impl FnOnce(&mut Tables, &Clock) + Send + 'a) -> Answered<'a, ()> {
        Box::pin(async move {
            let (mishap, pause) = {
                let mut state = self.state();
                state.changes.push(what);
                (state.mishaps.pop_front(), state.create_pause)
            };
            tokio::time::sleep(pause).await;
            match mishap {
                Some(Mishap::Refused(trouble)) => return Err(trouble()),
                Some(Mishap::LostRequest) => return Err(Error::OutcomeUnknown("the connection was closed".into())),
                _ => change(&mut self.state().tables, &self.clock),
            }
            match mishap {
                None => Ok(()),
                Some(_) => Err(Error::OutcomeUnknown("the connection was closed".into())),
            }
        })
    }

    /// From now on the system of whoever logs in by that name does not answer.
    pub(crate) fn hang_for(&self, username: Option<&'static str>) {
        self.state().hangs_for = username;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn select(&self, entity: &EntitySpec, window: &Window) -> Page {
        let name = entity.entity.name;
        let mut state = self.state();
        state.asked.push((name, window.clone()));
        if let Some(mut hook) = state.hook.take() {
            hook(&mut state.tables, name);
            state.hook = Some(hook);
        }
        let since = window.since.map(rfc3339).unwrap_or_default();
        let from = window.dated_from.map(rfc3339).unwrap_or_default();
        let rows: Vec<&Value> = state
            .tables
            .of(name)
            .into_iter()
            .filter(|(key, row)| {
                (state.ignores_keys || window.after_key.as_ref().is_none_or(|after| *key > after))
                    && !state.hidden.as_ref().is_some_and(|hidden| key.starts_with(hidden.as_str()))
                    && row["Changed"].as_str().unwrap() >= since.as_str()
                    && row["Ordered"].as_str().is_none_or(|ordered| *ordered >= from[..from.len().min(10)])
            })
            .map(|(_, row)| row)
            .take(window.limit)
            .collect();
        page(&json!(rows))
    }

    fn insert(&self, entity: &EntitySpec, body: &Node<'static>, write_key: &str) -> String {
        let mut row: Value = serde_json::from_str(&body.to_json()).unwrap();
        assert_eq!(row["Ref"], write_key);
        row["Status"] = "O".into();
        let mut state = self.state();
        let key = format!("9{:03}", state.tables.of(entity.entity.name).len());
        state.tables.put(entity.entity.name, &key, row, &self.clock);
        key
    }
}

impl Vendor for Source {
    fn custom_fields<'a>(&'a self, _link: &'a Link, entity: &'a EntitySpec) -> Answered<'a, Vec<CustomField>> {
        let mut state = self.state();
        let is_vendor = entity.entity.name == "vendor";
        state.asked_custom += usize::from(is_vendor);
        let found = if is_vendor { state.custom.clone() } else { Vec::new() };
        Box::pin(std::future::ready(Ok(found)))
    }

    fn probe<'a>(&'a self, _link: &'a Link) -> Answered<'a, Account> {
        Box::pin(async {
            let mut state = self.state();
            state.probes += 1;
            match state.down.or(state.probe_trouble) {
                Some(trouble) => Err(trouble()),
                None => Ok(Account { name: "Acme GmbH".into() }),
            }
        })
    }

    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        Box::pin(async move {
            while self.state().hangs_for.is_some_and(|name| link.setting("username") == Some(name)) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            let meter = self.state().slow.clone();
            if let Some(meter) = meter {
                meter.acquire().await.unwrap().forget();
            }
            let trouble = self.state().down;
            let trouble = trouble.or_else(|| self.state().page_troubles.pop_front().flatten());
            if let Some(trouble) = trouble {
                let mut state = self.state();
                state.asked.push((entity.entity.name, window.clone()));
                return Err(trouble());
            }
            Ok(self.select(entity, window))
        })
    }

    fn one<'a>(&'a self, _link: &'a Link, entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        Box::pin(async move {
            let mut state = self.state();
            if let Some(trouble) = state.one_troubles.pop_front() {
                return Err(trouble());
            }
            let found: Vec<&Value> = state
                .tables
                .of(entity.entity.name)
                .into_iter()
                .filter(|(key, _)| *key == remote_id)
                .map(|(_, row)| row)
                .collect();
            Ok(page(&json!(found)))
        })
    }

    fn create<'a>(
        &'a self,
        _link: &'a Link,
        entity: &'a EntitySpec,
        body: Node<'static>,
        write_key: &'a str,
    ) -> Answered<'a, String> {
        Box::pin(async move {
            let (mishap, pause) = {
                let mut state = self.state();
                state.creates += 1;
                (state.mishaps.pop_front(), state.create_pause)
            };
            tokio::time::sleep(pause).await;
            let lost = || Err(Error::OutcomeUnknown("the connection was closed".into()));
            match mishap {
                None => Ok(self.insert(entity, &body, write_key)),
                Some(Mishap::LostAnswer) => {
                    self.insert(entity, &body, write_key);
                    lost()
                }
                Some(Mishap::LostRequest) => lost(),
                Some(Mishap::LateEffect(millis)) => {
                    let (late, write_key) = (self.clone(), write_key.to_owned());
                    let spec = super::harness::spec();
                    let name = entity.entity.name;
                    tokio::spawn(async move {
                        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
                        let entity = spec.entities.iter().find(|spec| spec.entity.name == name).unwrap();
                        late.insert(entity, &body, &write_key);
                    });
                    lost()
                }
                Some(Mishap::Refused(trouble)) => Err(trouble()),
            }
        })
    }

    fn update<'a>(
        &'a self,
        _link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        change: Change,
    ) -> Answered<'a, ()> {
        let name = entity.entity.name;
        self.alter(format!("update {}", change.header.to_json()), move |tables, clock| {
            tables.merge(name, target.remote_id, change, clock);
        })
    }

    fn act<'a>(
        &'a self,
        _link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        call: &'a Call,
    ) -> Answered<'a, ()> {
        let (change, what) = match call {
            Call::Named(name) => {
                let word = match name.as_str() {
                    "Approve" => "O",
                    _ => "C",
                };
                let status = [(trunnion_kit::mapping::Path::new("Status"), word.to_owned())];
                (Change::of_constants(&status), name.clone())
            }
            Call::Set(set) => (Change::of_constants(set), "set".to_owned()),
            Call::SetLines(_) | Call::DeleteLines => panic!("not declared"),
        };
        let name = entity.entity.name;
        self.alter(what, move |tables, clock| tables.merge(name, target.remote_id, change, clock))
    }

    fn delete<'a>(&'a self, _link: &'a Link, entity: &'a EntitySpec, target: Target<'a>) -> Answered<'a, ()> {
        let name = entity.entity.name;
        self.alter("delete".to_owned(), move |tables, _| {
            tables.rows.get_mut(name).unwrap().remove(target.remote_id);
        })
    }

    fn subscribe<'a>(&'a self, _link: &'a Link, wanted: &'a Wanted) -> Answered<'a, Subscribed> {
        Box::pin(self.broker.subscribe(wanted, &self.clock))
    }

    fn renew<'a>(&'a self, _link: &'a Link, wanted: &'a Wanted, _id: &'a str) -> Answered<'a, Option<Subscribed>> {
        Box::pin(std::future::ready(self.broker.renew(wanted, &self.clock)))
    }

    fn unsubscribe<'a>(&'a self, _link: &'a Link, name: &'a str, _id: Option<&'a str>) -> Answered<'a, ()> {
        Box::pin(std::future::ready(self.broker.unsubscribe(name, &self.clock)))
    }

    fn find_written<'a>(
        &'a self,
        _link: &'a Link,
        entity: &'a EntitySpec,
        write_key: &'a str,
    ) -> Answered<'a, Option<String>> {
        Box::pin(async move {
            let mut state = self.state();
            state.searches += 1;
            if let Some(trouble) = state.search_trouble {
                return Err(trouble());
            }
            let rows = state.tables.of(entity.entity.name);
            Ok(rows.into_iter().find(|(_, row)| row["Ref"] == write_key).map(|(key, _)| key.clone()))
        })
    }
}

fn page(rows: &Value) -> Page {
    Page::new(rows.to_string(), "")
}

pub(crate) fn unreachable() -> Error {
    Error::Unreachable { reason: "down for maintenance".into(), after: None }
}

pub(crate) fn wrong_password() -> Error {
    Error::Authentication(VendorMessage { status: Some(401), text: "password expired".into(), ..Default::default() })
}

pub(crate) fn rejected() -> Error {
    Error::Rejected(VendorMessage {
        status: Some(400),
        code: Some("PO/17".into()),
        text: "vendor is blocked".into(),
        field: None,
    })
}

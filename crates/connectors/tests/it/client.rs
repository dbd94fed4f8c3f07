//! A connected link, and the few calls that the tests of single traits make through it.

use std::sync::Arc;

use http::HeaderValue;
use serde_json::{Map, Value, json};
use trunnion_kit::error::Error;
use trunnion_kit::http::Client as Http;
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::{Mapper, Standing, WriteContext, to_change, to_vendor};
use trunnion_kit::passthrough::{self, Passage};
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::spec::form::Credentials;
use trunnion_kit::vendor::{Catalogue, Connector, Target, Window};
use trunnion_model::ids::ConnectionId;
use trunnion_model::record::Incoming;
use trunnion_model::time::{Clock, Timestamp, from_micros};

use super::systems::{System, connectors};

/// More pages than any of these systems has.
const MOST_PAGES: usize = 200;

pub(crate) struct Client {
    connectors: Catalogue,
    system: &'static str,
    pub(crate) link: Link,
}

impl Client {
    pub(crate) fn new(system: &'static str, subject: &System) -> Self {
        Self::with(system, &subject.credentials)
    }

    pub(crate) fn with(system: &'static str, credentials: &Value) -> Self {
        let connectors = connectors();
        let spec = Arc::clone(&connectors.get(system).unwrap().spec);
        let credentials = Credentials::parse(&spec, credentials, false).unwrap();
        let http = Http::new(&spec.limits, Clock::system()).unwrap();
        let link = Link::new(spec, credentials, http, Clock::system()).unwrap();
        Self { connectors, system, link }
    }

    pub(crate) fn connector(&self) -> &Connector {
        self.connectors.get(self.system).unwrap()
    }

    pub(crate) fn entity(&self, name: &str) -> &EntitySpec {
        self.connector().entity(name).unwrap()
    }

    fn mapper(&self, entity: &str) -> Mapper {
        // The same connection each time, so that records can be compared.
        let connection = ConnectionId::parse("con_00000000000000000000000000").unwrap();
        let offered = |name: &str| self.connector().entity(name).is_some();
        Mapper::new(self.entity(entity), connection, &offered, self.connector().vendor.row_hook())
    }

    /// Logs in.
    pub(crate) async fn probe(&self) {
        self.connector().vendor.probe(&self.link).await.unwrap();
    }

    /// The remote id of a row.
    pub(crate) fn key(&self, entity: &str, row: &Node<'_>) -> String {
        self.mapper(entity).key(row).unwrap()
    }

    /// All records of the window, in pages of that many rows.
    pub(crate) async fn read(&self, entity: &str, since: Option<Timestamp>, limit: usize) -> Vec<Incoming> {
        let (mapper, mut all, mut after_key) = (self.mapper(entity), Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let window = Window { since, after_key, limit, ..Window::default() };
            let page = self.connector().vendor.page(&self.link, self.entity(entity), &window).await.unwrap();
            let mut rows = page.rows().unwrap();
            if rows.is_empty() {
                return all;
            }
            all.extend(rows.iter_mut().map(|row| mapper.read(row).unwrap()));
            after_key = all.last().map(|record: &Incoming| record.remote_id.clone());
        }
        panic!("{entity}: no end after {MOST_PAGES} pages");
    }

    /// How many rows a first page of ten has, or why there is none.
    pub(crate) async fn first_page(&self, entity: &str) -> Result<usize, Error> {
        let window = Window { limit: 10, ..Window::default() };
        let page = self.connector().vendor.page(&self.link, self.entity(entity), &window).await?;
        Ok(page.rows()?.len())
    }

    pub(crate) async fn one(&self, entity: &str, remote_id: &str) -> Value {
        let page = self.connector().vendor.one(&self.link, self.entity(entity), remote_id).await.unwrap();
        let mut rows = page.rows().unwrap();
        data(&self.mapper(entity).read(&mut rows[0]).unwrap())
    }

    pub(crate) fn sent(&self, entity: &str, body: &Value, write_key: &str) -> Node<'static> {
        let members: &Map<String, Value> = body.as_object().unwrap();
        let setting = |name: &str| self.link.setting(name).map(str::to_owned);
        let spec = self.entity(entity);
        to_vendor(spec, spec.create.as_ref().unwrap(), members, &WriteContext { setting: &setting, write_key }).unwrap()
    }

    pub(crate) async fn create(&self, entity: &str, body: &Value, write_key: &str) -> Result<String, Error> {
        let sent = self.sent(entity, body, write_key);
        self.connector().vendor.create(&self.link, self.entity(entity), sent, write_key).await
    }

    /// Changes members of a record, which is read first.
    pub(crate) async fn update(&self, entity: &str, remote_id: &str, body: &Value) -> Result<(), Error> {
        let (vendor, spec) = (&self.connector().vendor, self.entity(entity));
        let page = vendor.one(&self.link, spec, remote_id).await?;
        let rows = page.rows()?;
        let setting = |name: &str| self.link.setting(name).map(str::to_owned);
        let cx = WriteContext { setting: &setting, write_key: "" };
        let change = to_change(spec, body.as_object().unwrap(), Standing::default(), &cx).unwrap();
        vendor.update(&self.link, spec, Target { remote_id, row: &rows[0] }, change).await
    }

    /// Makes the declared move of that name.
    pub(crate) async fn act(&self, entity: &str, remote_id: &str, name: &str) -> Result<(), Error> {
        let (vendor, spec) = (&self.connector().vendor, self.entity(entity));
        let page = vendor.one(&self.link, spec, remote_id).await?;
        let rows = page.rows()?;
        let step = spec.moves.iter().find(|step| step.name == name).unwrap();
        vendor.act(&self.link, spec, Target { remote_id, row: &rows[0] }, &step.call).await
    }

    /// A request in the system's own words: status and body.
    pub(crate) async fn said(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, Value) {
        let answer = passthrough::send(
            &self.link,
            Passage {
                method: method.parse().unwrap(),
                path: path.to_owned(),
                query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
                headers: vec![("Accept".to_owned(), "application/json".to_owned())],
                body: body.map(|body| (HeaderValue::from_static("application/json"), body.to_string().into())),
            },
        );
        let answer = answer.await.unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// An order of one line for the first active vendor and item.
    pub(crate) async fn order(&self) -> Value {
        let (vendor, _) = self.first_active("vendor").await;
        let (item, data) = self.first_active("item").await;
        let unit = data.get("order_unit").unwrap_or(&data["unit"]).clone();
        let line = json!({
            "item_remote_id": item, "quantity": "4", "unit": unit, "unit_price": "12.25", "required_on": "2027-03-01",
        });
        json!({"vendor_remote_id": vendor, "currency": "USD", "lines": [line]})
    }

    async fn first_active(&self, entity: &str) -> (String, Value) {
        let all = self.read(entity, None, 500).await;
        let mut all = all.into_iter().map(|record| (record.remote_id.clone(), data(&record)));
        all.find(|(_, data): &(String, Value)| data["active"] != false).unwrap()
    }
}

/// A record in the unified form.
pub(crate) fn data(record: &Incoming) -> Value {
    serde_json::from_str(&record.data).unwrap()
}

/// A record as the system sent it.
pub(crate) fn raw(record: &Incoming) -> Value {
    serde_json::from_str(&record.raw).unwrap()
}

/// A control function that only this simulator has.
pub(crate) async fn control(system: &System, function: &str) {
    let answer = reqwest::Client::new().post(format!("{}/_control/{function}", system.sim.url)).send().await.unwrap();
    assert_eq!(answer.status(), 204, "{function}");
}

pub(crate) fn newest(records: &[Incoming]) -> Timestamp {
    from_micros(records.iter().filter_map(|record| record.remote_modified_at).max().unwrap())
}

/// What was asked of the system, without the addresses' beginnings: `201 POST A_PurchaseOrder`.
pub(crate) fn asked(system: &System) -> Vec<String> {
    let shown = system.sim.control.requests().into_iter().map(|logged| {
        let last = logged.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        format!("{} {} {last}", logged.status, logged.method)
    });
    shown.collect()
}

//! The connector under test, with a link to the system and the reads that all checks share.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use trunnion_model::ids::{ConnectionId, OperationId};
use trunnion_model::record::Incoming;
use trunnion_model::time::Timestamp;

use super::options::Options;
use crate::http::{Client, Pace};
use crate::link::Link;
use crate::mapping::Mapper;
use crate::sim::Control;
use crate::spec::EntitySpec;
use crate::spec::form::Credentials;
use crate::vendor::{Connector, Page, Window};

pub(super) struct Subject<'r> {
    pub(super) connector: &'r Connector,
    pub(super) credentials: &'r Value,
    pub(super) control: Option<&'r Control>,
    pub(super) options: &'r Options,
    pub(super) link: Link,
    connection: ConnectionId,
}

/// A mapped row, its unified fields parsed.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub(super) incoming: Incoming,
    pub(super) data: Map<String, Value>,
}

impl<'r> Subject<'r> {
    pub(super) fn new(
        connector: &'r Connector,
        credentials: &'r Value,
        control: Option<&'r Control>,
        options: &'r Options,
    ) -> Result<Self, String> {
        let link = link(connector, credentials, options)?;
        let connection = ConnectionId::new(&options.clock);
        Ok(Self { connector, credentials, control, options, link, connection })
    }

    /// Another link with the right credentials, which has not logged in yet.
    pub(super) fn fresh(&self) -> Result<Link, String> {
        link(self.connector, self.credentials, self.options)
    }

    pub(super) fn entities(&self) -> &'r [EntitySpec] {
        &self.connector.spec.entities
    }

    fn mapper(&self, spec: &EntitySpec) -> Mapper {
        let declared = |name: &str| self.connector.entity(name).is_some();
        Mapper::new(spec, self.connection, &declared, self.connector.vendor.row_hook())
    }

    pub(super) async fn page(&self, link: &Link, spec: &EntitySpec, window: &Window) -> Result<Vec<Mapped>, String> {
        let page = self.connector.vendor.page(link, spec, window).await.map_err(|error| error.to_string())?;
        self.mapped(spec, &page)
    }

    /// The record with that id, if there is one.
    pub(super) async fn one(&self, spec: &EntitySpec, remote_id: &str) -> Result<Option<Mapped>, String> {
        let page = self.connector.vendor.one(&self.link, spec, remote_id).await.map_err(|error| error.to_string())?;
        let mut rows = self.mapped(spec, &page)?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            more => Err(format!("{more} rows have the key {remote_id}")),
        }
    }

    /// All pages of a window, the empty last one left out.
    pub(super) async fn pages(
        &self,
        spec: &EntitySpec,
        since: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Vec<Mapped>>, String> {
        self.window(spec, Window { since, limit, ..Window::default() }).await
    }

    /// As [`Subject::pages`].
    pub(super) async fn window(&self, spec: &EntitySpec, window: Window) -> Result<Vec<Vec<Mapped>>, String> {
        let (limit, mut pages, mut after_key) = (window.limit, Vec::new(), None);
        for _ in 0..self.options.most_pages {
            let page = self.page(&self.link, spec, &Window { after_key, ..window.clone() }).await?;
            let Some(last) = page.last() else { return Ok(pages) };
            after_key = Some(last.incoming.remote_id.clone());
            pages.push(page);
        }
        Err(format!("no empty page after {} pages of {limit}", self.options.most_pages))
    }

    pub(super) async fn all(&self, spec: &EntitySpec, since: Option<Timestamp>) -> Result<Vec<Mapped>, String> {
        Ok(self.pages(spec, since, spec.sync.page).await?.into_iter().flatten().collect())
    }

    /// Maps the rows twice: the same text must give the same record.
    fn mapped(&self, spec: &EntitySpec, page: &Page) -> Result<Vec<Mapped>, String> {
        let mapper = self.mapper(spec);
        let once = || -> Result<Vec<Incoming>, String> {
            let mut rows = page.rows().map_err(|error| error.to_string())?;
            rows.iter_mut().map(|row| mapper.read(row).map_err(|error| error.to_string())).collect()
        };
        let (first, second) = (once()?, once()?);
        if let Some((one, _)) = first.iter().zip(&second).find(|(one, other)| one != other) {
            return Err(format!("{} maps to something else the second time", one.remote_id));
        }
        let parse = |incoming: Incoming| match serde_json::from_str(&incoming.data) {
            Ok(data) => Ok(Mapped { incoming, data }),
            Err(error) => Err(format!("{}: the mapped record is no JSON object: {error}", incoming.remote_id)),
        };
        first.into_iter().map(parse).collect()
    }

    pub(super) fn write_key(&self, spec: &EntitySpec) -> String {
        let length = spec.create.as_ref().map_or(0, |create| create.write_key_length);
        let text = OperationId::new(&self.options.clock).to_string();
        let digits = text.rsplit('_').next().unwrap_or_default();
        digits[digits.len().saturating_sub(length)..].to_owned()
    }
}

pub(super) fn link(connector: &Connector, credentials: &Value, options: &Options) -> Result<Link, String> {
    let spec = &connector.spec;
    let credentials = Credentials::parse(spec, credentials, false)
        .map_err(|problems| format!("the credentials do not fit the form: {problems:?}"))?;
    let pace = Pace { first: Duration::from_millis(20), ..Pace::default() };
    let client = Client::new(&spec.limits, options.clock.clone()).map_err(|error| error.to_string())?.with_pace(pace);
    Link::new(Arc::clone(spec), credentials, client, options.clock.clone()).map_err(|error| error.to_string())
}

//! The mistake that all of this is about: a create that was not answered is sent again without a look.

use std::sync::Arc;

use trunnion_kit::error::Error;
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::{Change, RowHook};
use trunnion_kit::spec::{Call, EntitySpec};
use trunnion_kit::vendor::{
    Account, Answered, Catalogue, Changes, Connector, Deleted, Page, Rights, Target, Vendor, Window,
};

/// A connector whose creates are repeated blindly, and that is itself in all else.
struct Blind(Arc<dyn Vendor>);

/// All connectors, with that mistake.
pub(super) fn connectors() -> Catalogue {
    let blind = |connector: &Connector| Connector {
        spec: Arc::clone(&connector.spec),
        vendor: Arc::new(Blind(Arc::clone(&connector.vendor))),
    };
    Catalogue::new(super::connectors().all().iter().map(blind).collect())
}

impl Vendor for Blind {
    fn create<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        body: Node<'static>,
        write_key: &'a str,
    ) -> Answered<'a, String> {
        Box::pin(async move {
            match self.0.create(link, entity, body.clone(), write_key).await {
                Err(Error::OutcomeUnknown(_)) => self.0.create(link, entity, body, write_key).await,
                answer => answer,
            }
        })
    }

    fn probe<'a>(&'a self, link: &'a Link) -> Answered<'a, Account> {
        self.0.probe(link)
    }

    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        self.0.page(link, entity, window)
    }

    fn one<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        self.0.one(link, entity, remote_id)
    }

    fn keys<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        after_key: Option<&'a str>,
        limit: usize,
    ) -> Answered<'a, Page> {
        self.0.keys(link, entity, after_key, limit)
    }

    fn deleted<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Vec<Deleted>> {
        self.0.deleted(link, entity, window)
    }

    fn changes<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        token: Option<&'a str>,
        limit: usize,
    ) -> Answered<'a, Changes> {
        self.0.changes(link, entity, token, limit)
    }

    fn find_written<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        write_key: &'a str,
    ) -> Answered<'a, Option<String>> {
        self.0.find_written(link, entity, write_key)
    }

    fn update<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        change: Change,
    ) -> Answered<'a, ()> {
        self.0.update(link, entity, target, change)
    }

    fn act<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        call: &'a Call,
    ) -> Answered<'a, ()> {
        self.0.act(link, entity, target, call)
    }

    fn delete<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, target: Target<'a>) -> Answered<'a, ()> {
        self.0.delete(link, entity, target)
    }

    fn rights<'a>(&'a self, link: &'a Link) -> Answered<'a, Vec<(String, Rights)>> {
        self.0.rights(link)
    }

    fn row_hook(&self) -> Option<RowHook> {
        self.0.row_hook()
    }
}

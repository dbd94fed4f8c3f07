//! What the engine asks of a vendor system, and the catalogue of those it can ask.
//!
//! Every method has a default that follows from the declaration and its protocol; a vendor overrides only what data cannot
//! say.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use trunnion_model::decimal::Decimal;
use trunnion_model::time::Timestamp;

use crate::custom::CustomField;
use crate::error::Error;
use crate::json::Node;
use crate::link::Link;
use crate::mapping::{Change, RowHook};
use crate::posting::Posting;
use crate::protocol;
use crate::spec::{Call, EntitySpec, Post, Spec};
use crate::subscription::{Subscribed, Wanted};

mod page;

pub use page::{Page, Rows, kept};

/// What the methods of [`Vendor`] give: a trait object cannot have `async fn`.
pub type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// One vendor system's behaviour.
pub trait Vendor: Send + Sync + 'static {
    /// The cheapest call that proves address, product, credentials and rights; says who we are there. Makes at most one
    /// attempt to log in.
    fn probe<'a>(&'a self, link: &'a Link) -> Answered<'a, Account> {
        Box::pin(protocol::probe(link))
    }

    /// The next rows of the window, in the order of the entity's key. An empty page is the end.
    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        Box::pin(protocol::page(link, entity, window))
    }

    /// The row with that key: a page of one, or an empty one.
    fn one<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        Box::pin(protocol::one(link, entity, remote_id))
    }

    /// The next keys of all rows there are, whatever their age: rows of which only the key is read, in its order. An empty
    /// page is the end.
    fn keys<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        after_key: Option<&'a str>,
        limit: usize,
    ) -> Answered<'a, Page> {
        Box::pin(protocol::keys(link, entity, after_key, limit))
    }

    /// What the system's own list says was deleted at or after an instant, in the order of the keys.
    fn deleted<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Vec<Deleted>> {
        Box::pin(protocol::deleted(link, entity, window))
    }

    /// What changed since the system gave `token`; everything there is without one.
    fn changes<'a>(
        &'a self,
        _link: &'a Link,
        entity: &'a EntitySpec,
        _token: Option<&'a str>,
        _limit: usize,
    ) -> Answered<'a, Changes> {
        let text = format!("the protocol has no tokens of change for {}", entity.source.set);
        Box::pin(std::future::ready(Err(Error::Unexpected(text))))
    }

    /// Creates the record that `body` (made by `mapping::to_vendor`) describes; gives its remote id.
    fn create<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        body: Node<'static>,
        write_key: &'a str,
    ) -> Answered<'a, String> {
        Box::pin(protocol::create(link, entity, body, write_key))
    }

    /// The remote id of the record that carries our write key: whether a create that was not answered took effect.
    fn find_written<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        write_key: &'a str,
    ) -> Answered<'a, Option<String>> {
        Box::pin(protocol::find_written(link, entity, write_key))
    }

    /// The remote id of the record with that value in a column of the source: hooks may name records by another key.
    fn find_by<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        column: &'a str,
        value: &'a str,
    ) -> Answered<'a, Option<String>> {
        Box::pin(protocol::find_by(link, entity, column, value))
    }

    /// Writes what `change` (made by `mapping::to_change`) says into a record that is there, under the system's own lock
    /// where it has one. What `target` holds already must not be done twice: the caller reads the record again before it
    /// repeats.
    fn update<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        change: Change,
    ) -> Answered<'a, ()> {
        Box::pin(protocol::update(link, entity, target, change))
    }

    /// Makes one call that moves a record to another status, or sets fixed values in it.
    fn act<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        call: &'a Call,
    ) -> Answered<'a, ()> {
        Box::pin(protocol::act(link, entity, target, call))
    }

    /// How much came already for each line of an order, by the line's key: for systems whose orders do not say it
    /// themselves. Of a line that is not told, the order's own word counts.
    fn received<'a>(
        &'a self,
        _link: &'a Link,
        _order: &'a EntitySpec,
        _target: Target<'a>,
    ) -> Answered<'a, Vec<(String, Decimal)>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Posts a document that changes the record, with our write key in it: for systems that declare `[entity.NAME.post]`.
    fn post<'a>(
        &'a self,
        _link: &'a Link,
        _entity: &'a EntitySpec,
        _target: Target<'a>,
        _posting: &'a Posting,
        _write_key: &'a str,
    ) -> Answered<'a, ()> {
        no_postings()
    }

    /// Whether a document with that write key was posted.
    fn is_posted<'a>(
        &'a self,
        _link: &'a Link,
        _entity: &'a EntitySpec,
        _post: &'a Post,
        _write_key: &'a str,
    ) -> Answered<'a, bool> {
        no_postings()
    }

    /// The remote id of the stock of the same item at another place.
    fn level_at(&self, _remote_id: &str, _location: &str) -> Option<String> {
        None
    }

    /// Truly deletes a record.
    fn delete<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, target: Target<'a>) -> Answered<'a, ()> {
        Box::pin(protocol::delete(link, entity, target))
    }

    /// What the user we are logged in as may do with records, by the entity's name, where the system can be asked. What is
    /// not told is not known.
    fn rights<'a>(&'a self, _link: &'a Link) -> Answered<'a, Vec<(String, Rights)>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// The fields that the customer added to records of the entity and to their lines, where the system can be asked.
    fn custom_fields<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec) -> Answered<'a, Vec<CustomField>> {
        Box::pin(protocol::custom_fields(link, entity))
    }

    /// Sees to it that the system sends its hooks there: for systems that declare `[inbound.subscription]`. What is there
    /// already under the name is kept if it is as wanted, and replaced if not, so that a repeat makes no second one.
    fn subscribe<'a>(&'a self, _link: &'a Link, _wanted: &'a Wanted) -> Answered<'a, Subscribed> {
        no_subscriptions()
    }

    /// Renews what [`Vendor::subscribe`] made, where it ends by itself. `None`: it is gone, or not as wanted.
    fn renew<'a>(&'a self, _link: &'a Link, _wanted: &'a Wanted, _id: &'a str) -> Answered<'a, Option<Subscribed>> {
        no_subscriptions()
    }

    /// Removes what was made under that name; `id`, if it is known. One that is gone is no error.
    fn unsubscribe<'a>(&'a self, _link: &'a Link, _name: &'a str, _id: Option<&'a str>) -> Answered<'a, ()> {
        no_subscriptions()
    }

    /// Computes what the declaration cannot say, on every row before it is mapped.
    fn row_hook(&self) -> Option<RowHook> {
        None
    }
}

fn no_postings<'a, T: Send + 'a>() -> Answered<'a, T> {
    Box::pin(std::future::ready(Err(Error::Unexpected("the connector posts no such document".to_owned()))))
}

fn no_subscriptions<'a, T: Send + 'a>() -> Answered<'a, T> {
    Box::pin(std::future::ready(Err(Error::Unexpected("the system has no API for subscriptions".to_owned()))))
}

/// The record that a write is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub remote_id: &'a str,
    /// The row as the system showed it just before: its version for the lock, its lines with their keys.
    pub row: &'a Node<'a>,
}

/// A vendor of which the declaration says all.
pub struct Declared;

impl Vendor for Declared {}

/// What a user may do with the records of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    pub read: bool,
    pub create: bool,
    pub update: bool,
    pub delete: bool,
}

/// As whom we are logged in, for people: a user's or company's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Only rows created or changed at or after this instant; `None` for all.
    pub since: Option<Timestamp>,
    /// Only rows whose own date (`sync.dated`) is that of this instant or later, or that have none.
    pub dated_from: Option<Timestamp>,
    /// Only rows whose key is greater.
    pub after_key: Option<String>,
    pub limit: usize,
}

/// A record that the system says it deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    pub remote_id: String,
    pub at: Option<Timestamp>,
}

/// A part of what changed since a token.
#[derive(Debug)]
pub enum Changes {
    Some {
        page: Page,
        /// Keys of rows that are gone.
        gone: Vec<String>,
        /// What to ask with the next time.
        token: String,
        /// Whether there is more to be had at once.
        more: bool,
    },
    /// The token is too old: everything must be read again.
    Expired,
}

/// A system that can be connected: its declaration and its behaviour.
pub struct Connector {
    pub spec: Arc<Spec>,
    pub vendor: Arc<dyn Vendor>,
}

/// All connectors that this binary knows.
pub struct Catalogue {
    connectors: Vec<Connector>,
}

impl Catalogue {
    pub fn new(connectors: Vec<Connector>) -> Self {
        Self { connectors }
    }

    pub fn all(&self) -> &[Connector] {
        &self.connectors
    }

    /// The connector of the system with that id.
    pub fn get(&self, system: &str) -> Option<&Connector> {
        self.connectors.iter().find(|connector| connector.spec.system.id == system)
    }
}

impl Connector {
    /// What is declared of an entity, if it is offered at all.
    pub fn entity(&self, name: &str) -> Option<&EntitySpec> {
        self.spec.entities.iter().find(|entity| entity.entity.name == name)
    }
}

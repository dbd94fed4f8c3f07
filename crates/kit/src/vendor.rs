//! What the engine asks of a vendor system, and the catalogue of those it can ask.
//!
//! Every method has a default that follows from the declaration and its protocol; a vendor overrides only what data cannot
//! say.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use trunnion_model::decimal::Decimal;
use trunnion_model::time::Timestamp;

use crate::custom::CustomField;
use crate::error::Error;
use crate::json::{Node, parse, rows};
use crate::link::Link;
use crate::mapping::{Change, Names, RowHook};
use crate::posting::Posting;
use crate::protocol;
use crate::spec::{Call, EntitySpec, Post, Spec};
use crate::subscription::{Subscribed, Wanted};

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

/// Rows as they came: the texts of the answers, read only when they are mapped.
#[derive(Debug, Default)]
pub struct Page {
    /// The JSON texts and where the rows are in each.
    bodies: Vec<(String, &'static str)>,
    /// Children that came separately: (text, where, the child's member with the parent's key, the parent's member for them).
    children: Vec<Children>,
    /// The parent's member with its key, where there are children.
    parent_key: String,
    /// The children's member by whose number they are ordered; empty leaves them as they came.
    order: String,
    /// What the rows call otherwise than the declaration.
    names: Option<Arc<Names>>,
}

#[derive(Debug)]
struct Children {
    body: String,
    at: &'static str,
    parent: String,
    member: String,
}

impl Page {
    /// Rows that are at `at` (a path, empty for the whole text) in `body`.
    pub fn new(body: String, at: &'static str) -> Self {
        Self { bodies: vec![(body, at)], ..Self::default() }
    }

    /// Adds lines that were read by a call of their own: each goes under `member` of the row whose `parent_key` equals the
    /// line's `parent`.
    pub fn with_children(
        mut self,
        body: String,
        at: &'static str,
        parent: &str,
        parent_key: &str,
        member: &str,
    ) -> Self {
        parent_key.clone_into(&mut self.parent_key);
        self.children.push(Children { body, at, parent: parent.to_owned(), member: member.to_owned() });
        self
    }

    /// Orders each row's children by the number in that member.
    pub fn ordered_by(mut self, member: &str) -> Self {
        member.clone_into(&mut self.order);
        self
    }

    /// The rows have other names than the declared ones, which they are given when they are read.
    #[must_use]
    pub fn called(mut self, names: Arc<Names>) -> Self {
        self.names = Some(names);
        self
    }

    /// No rows: the end.
    pub fn empty() -> Self {
        Self::new("[]".to_owned(), "")
    }

    /// The length of all its texts.
    pub fn bytes(&self) -> usize {
        let rows = self.bodies.iter().map(|(body, _)| body.len());
        rows.chain(self.children.iter().map(|part| part.body.len())).sum()
    }

    /// The rows, found but not read: the way to map a large page in little memory.
    pub fn split(&self) -> Result<Rows<'_>, Error> {
        let mut texts = Vec::new();
        for (body, at) in &self.bodies {
            texts.append(&mut rows(body, at).map_err(|error| Error::Unexpected(format!("the answer is {error}")))?);
        }
        let mut children: Vec<(&str, HashMap<String, Vec<Node<'_>>>)> = Vec::new();
        for part in &self.children {
            let known = children.iter().position(|(member, _)| *member == part.member);
            let place = known.unwrap_or_else(|| {
                children.push((&part.member, HashMap::new()));
                children.len() - 1
            });
            part.sort_into(&mut children[place].1)?;
        }
        Ok(Rows { page: self, texts, children })
    }

    /// All rows at once, with their children in them.
    pub fn rows(&self) -> Result<Vec<Node<'_>>, Error> {
        let mut all = Vec::new();
        self.split()?.each(|row| {
            all.push(row);
            Ok::<_, Error>(())
        })?;
        Ok(all)
    }
}

impl Children {
    fn sort_into<'a>(&'a self, by_parent: &mut HashMap<String, Vec<Node<'a>>>) -> Result<(), Error> {
        for text in rows(&self.body, self.at).map_err(|error| Error::Unexpected(format!("the answer is {error}")))? {
            let child = read(text)?;
            if let Some(parent) = child.get(&self.parent).and_then(Node::as_text) {
                by_parent.entry(parent.to_owned()).or_default().push(child);
            }
        }
        Ok(())
    }
}

/// The rows of a page, in their order, each read when its turn comes.
pub struct Rows<'a> {
    page: &'a Page,
    texts: Vec<&'a str>,
    /// Under which member of the row, and by the row's key.
    children: Vec<(&'a str, HashMap<String, Vec<Node<'a>>>)>,
}

impl<'a> Rows<'a> {
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The last row, without its children: its key says where the next page begins.
    pub fn last(&self) -> Result<Option<Node<'a>>, Error> {
        self.texts.last().map(|text| self.read(text)).transpose()
    }

    /// Reads one row after the other.
    pub fn each<E: From<Error>>(mut self, mut visit: impl FnMut(Node<'a>) -> Result<(), E>) -> Result<(), E> {
        for text in std::mem::take(&mut self.texts) {
            let mut row = self.read(text)?;
            self.adopt(&mut row);
            visit(row)?;
        }
        Ok(())
    }

    fn read(&self, text: &'a str) -> Result<Node<'a>, Error> {
        let mut row = read(text)?;
        if let Some(names) = &self.page.names {
            names.inward(&mut row)?;
        }
        Ok(row)
    }

    fn adopt(&mut self, row: &mut Node<'a>) {
        let key = row.get(&self.page.parent_key).and_then(Node::as_text).map(str::to_owned);
        for (member, by_parent) in &mut self.children {
            let mut own = key.as_ref().and_then(|key| by_parent.remove(key)).unwrap_or_default();
            if !self.page.order.is_empty() {
                let number = |child: &Node<'_>| child.get(&self.page.order)?.as_text()?.parse::<i64>().ok();
                own.sort_by_key(number);
            }
            if let Some(object) = row.as_object_mut() {
                object.set(*member, Node::Array(own));
            }
        }
    }
}

fn read(text: &str) -> Result<Node<'_>, Error> {
    parse(text).map_err(|error| Error::Unexpected(format!("a row is {error}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_go_to_the_row_with_their_key() {
        let page = Page::new(r#"{"items":[{"id":"1"},{"id":"2"}]}"#.into(), "items")
            .with_children(r#"{"items":[{"t":"2","q":"a"},{"t":"2","q":"b"}]}"#.into(), "items", "t", "id", "lines")
            .with_children(r#"{"items":[{"t":"1","q":"c"}]}"#.into(), "items", "t", "id", "lines");
        let rows: Vec<_> = page.rows().unwrap().iter().map(Node::to_json).collect();
        assert_eq!(
            rows,
            [
                r#"{"id":"1","lines":[{"t":"1","q":"c"}]}"#,
                r#"{"id":"2","lines":[{"t":"2","q":"a"},{"t":"2","q":"b"}]}"#,
            ]
        );
    }

    #[test]
    fn an_answer_without_rows_is_no_empty_page() {
        assert!(Page::new(r#"{"error":"x"}"#.into(), "d/results").rows().is_err());
        assert!(Page::new(r#"{"d":{"results":[]}}"#.into(), "d/results").rows().unwrap().is_empty());
    }
}

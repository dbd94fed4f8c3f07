//! Rows as a system answered them, found at once and read when their turn comes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Error;
use crate::json::{Node, parse, rows};
use crate::mapping::Names;
use crate::spec::EntitySpec;

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

/// A row that was kept in the form in which the system sent it, with the names that are declared.
pub fn kept<'a>(entity: &EntitySpec, raw: &'a str) -> Result<Node<'a>, Error> {
    let mut row = read(raw)?;
    // Rows of version 2 of OData say themselves what they are.
    if let Some(v4) = entity.source.v4.as_ref().filter(|_| row.get("__metadata").is_none()) {
        v4.names.inward(&mut row)?;
    }
    Ok(row)
}

fn read(text: &str) -> Result<Node<'_>, Error> {
    parse(text).map_err(|error| Error::Unexpected(format!("a row is {error}")))
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

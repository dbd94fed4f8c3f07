//! Vendor row to unified record.

use std::borrow::Cow;

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RecordId, RecordScope};
use trunnion_model::record::{Incoming, Volatile, raw_hash};
use trunnion_model::time::Timestamp;

use super::convert::{Conversion, Form, text_of};
use super::operation::{Notes, Operation, compile, write_object};
use super::path::Path;
use crate::json::{Node, Object};
use crate::shape;
use crate::spec::{EntitySpec, Row};

/// Adds to a vendor's row what must be computed (a status that follows from five fields) under names of its own, before
/// the mapping reads it. The record's raw form is taken before.
pub type RowHook = fn(entity: &str, row: &mut Object<'_>);

/// A row that cannot be mapped: which, where, why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{entity} {remote_id}: {field}: {problem}")]
pub struct MapError {
    pub entity: &'static str,
    /// `?` if not even that could be read.
    pub remote_id: String,
    pub field: String,
    pub problem: String,
    /// The row as the system sent it.
    pub raw: String,
}

/// What of a row can be told without making a record of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Glance {
    pub id: RecordId,
    pub remote_id: String,
    /// As [`Incoming::raw_hash`].
    pub raw_hash: i64,
    /// When the system last changed it, or made it: microseconds since 1970, UTC.
    pub changed_at: Option<i64>,
    /// The raw form, if something was computed since and the row no longer is it.
    computed: Option<String>,
}

/// The compiled mapping of one entity of one connection.
pub struct Mapper {
    entity: &'static Entity,
    key: Path,
    more_keys: Vec<Path>,
    deleted_at: Option<Path>,
    remote_created: Option<(Path, Conversion)>,
    remote_modified: Option<(Path, Conversion)>,
    display: Option<(Path, Conversion)>,
    natural_key: Option<(Path, Conversion)>,
    scope: RecordScope,
    operations: Vec<Operation>,
    hook: Option<RowHook>,
    volatile: shape::Volatile,
}

impl Mapper {
    /// `declared` says whether the connector offers an entity at all: a reference to one that it does not offer has no id
    /// of ours, only the remote one.
    pub fn new(
        spec: &EntitySpec,
        connection: ConnectionId,
        declared: &dyn Fn(&str) -> bool,
        hook: Option<RowHook>,
    ) -> Self {
        let row = |name: &str| spec.fields.iter().find(|row| row.name == name && !row.at.is_empty());
        let place = |row: &Row| (row.at.clone(), row.conversion.clone());
        Self {
            entity: spec.entity,
            key: spec.source.key.clone(),
            more_keys: spec.source.more_keys.iter().map(|name| Path::new(name)).collect(),
            deleted_at: spec.deleted_at.clone(),
            remote_created: spec.remote_created.clone(),
            remote_modified: spec.remote_modified.clone(),
            display: row(spec.entity.display).map(place),
            natural_key: spec.entity.natural_key.and_then(row).map(place),
            scope: RecordScope::new(connection, spec.entity),
            operations: compile(spec, connection, declared),
            hook,
            volatile: spec.source.volatile.clone(),
        }
    }

    /// The remote id of a row.
    pub fn key(&self, row: &Node<'_>) -> Option<String> {
        let mut key = self.key.find(row).and_then(text_of)?.into_owned();
        for more in &self.more_keys {
            key.push('/');
            key.push_str(&more.find(row).and_then(text_of)?);
        }
        Some(key)
    }

    /// What can be told without making a record of the row, for [`Mapper::read_glanced`].
    pub fn glance(&self, row: &mut Node<'_>) -> Result<Glance, MapError> {
        let remote_id = self.remote_id(row)?;
        let raw_hash = match self.steady(row) {
            Some(steady) => raw_hash(&steady),
            None => raw_hash(&row.as_object().map(Object::raw).unwrap_or_default()),
        };
        // A time that is not there yet may be one that is computed.
        let mut times = [&self.remote_created, &self.remote_modified].into_iter().flatten();
        let computed = times.any(|(path, _)| path.find(row).is_none()).then(|| {
            let raw = raw(row);
            self.compute(row);
            raw
        });
        let changed_at = self.instant(&self.remote_modified, row).max(self.instant(&self.remote_created, row));
        Ok(Glance { id: self.scope.id(&remote_id), remote_id, raw_hash, changed_at, computed })
    }

    /// The unified record of a row.
    pub fn read(&self, row: &mut Node<'_>) -> Result<Incoming, MapError> {
        self.read_noting(row, &mut Vec::new())
    }

    /// As [`Mapper::read`]; adds to `unmapped` the fields whose word has none of ours, with the word.
    pub fn read_noting(&self, row: &mut Node<'_>, unmapped: &mut Vec<(String, String)>) -> Result<Incoming, MapError> {
        let remote_id = self.remote_id(row)?;
        let raw = raw(row);
        let steady = self.steady(row);
        self.compute(row);
        self.record(row, (remote_id, raw, steady.as_deref().map(raw_hash)), unmapped)
    }

    /// As [`Mapper::read_noting`], of a row that was glanced at.
    pub fn read_glanced(
        &self,
        row: &mut Node<'_>,
        glance: Glance,
        unmapped: &mut Vec<(String, String)>,
    ) -> Result<Incoming, MapError> {
        let Glance { remote_id, raw_hash, computed, .. } = glance;
        let raw = computed.unwrap_or_else(|| {
            let raw = raw(row);
            self.compute(row);
            raw
        });
        self.record(row, (remote_id, raw, Some(raw_hash)), unmapped)
    }

    /// Of a row with everything in it that is computed.
    fn record(
        &self,
        row: &Node<'_>,
        (remote_id, raw, raw_hash): (String, String, Option<i64>),
        unmapped: &mut Vec<(String, String)>,
    ) -> Result<Incoming, MapError> {
        let mut data = String::with_capacity(512);
        let mut notes = Notes::default();
        let written = write_object(&self.operations, row, 0, &mut data, &mut notes);
        unmapped.append(&mut notes.unmapped);
        if let Err(place) = written {
            return Err(self.error(remote_id, raw, place));
        }
        let natural_key = self.natural_key.as_ref().and_then(|place| plain_text(place, row));
        Ok(Incoming {
            id: self.scope.id(&remote_id),
            display: self
                .display
                .as_ref()
                .and_then(|place| plain_text(place, row))
                .unwrap_or_else(|| remote_id.clone()),
            natural_key,
            remote_url: None,
            remote_created_at: self.instant(&self.remote_created, row),
            remote_modified_at: self.instant(&self.remote_modified, row),
            deleted: self.deleted_at.as_ref().is_some_and(|path| path.find(row).is_some_and(is_truthy)),
            remote_id,
            data,
            raw,
            volatile: Volatile { data: notes.volatile, raw_hash },
        })
    }

    fn remote_id(&self, row: &Node<'_>) -> Result<String, MapError> {
        let no_key = || (self.key.to_string(), "the row has no key".to_owned());
        self.key(row).ok_or_else(|| self.error("?".to_owned(), raw(row), no_key()))
    }

    fn error(&self, remote_id: String, raw: String, (field, problem): (String, String)) -> MapError {
        MapError { entity: self.entity.name, remote_id, field, problem, raw }
    }

    /// The row's text without what is volatile, if anything is.
    fn steady(&self, row: &Node<'_>) -> Option<String> {
        row.as_object().filter(|_| !self.volatile.is_empty()).map(|row| self.volatile.without(row))
    }

    /// Adds what must be computed.
    fn compute(&self, row: &mut Node<'_>) {
        if let (Some(hook), Some(object)) = (self.hook, row.as_object_mut()) {
            hook(self.entity.name, object);
        }
    }

    fn instant(&self, place: &Option<(Path, Conversion)>, row: &Node<'_>) -> Option<i64> {
        let (path, conversion) = place.as_ref()?;
        conversion.instant(path.find(row)?).map(Timestamp::as_microsecond)
    }
}

fn plain_text((path, conversion): &(Path, Conversion), row: &Node<'_>) -> Option<String> {
    let node = path.find(row)?;
    match conversion.form {
        Form::Text => text_of(node).filter(|text| !text.is_empty()).map(Cow::into_owned),
        _ => None,
    }
}

fn raw(row: &Node<'_>) -> String {
    row.as_object().map(|object| object.raw().into_owned()).unwrap_or_default()
}

fn is_truthy(node: &Node<'_>) -> bool {
    match node {
        Node::Null | Node::Bool(false) => false,
        node => !matches!(node.as_text(), Some("" | "F" | "0")),
    }
}

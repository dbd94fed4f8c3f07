//! Vendor row to unified record: the declaration's rows, compiled to a list of operations that write sorted JSON.
//!
//! The record is written straight into its final text. Members come in the order of their names, so that equal contents
//! give equal texts and the content hash needs no second form. What the row does not have is left out.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use trunnion_model::catalog::{Entity, Kind, entity};
use trunnion_model::ids::{ConnectionId, RecordScope};
use trunnion_model::record::{Incoming, Volatile, push_json_string, raw_hash};

use super::convert::{Conversion, Form, text_of, word_of};
use super::path::Path;
use crate::custom::{CUSTOM_FIELDS, CustomRow};
use crate::json::{Node, Object};
use crate::shape;
use crate::spec::{EntitySpec, GroupSpec, Row};

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

/// What is noticed while a record is written.
#[derive(Default)]
struct Notes {
    /// Fields whose word has none of ours, with the word.
    unmapped: Vec<(String, String)>,
    /// Pieces of the text that do not count, in order.
    volatile: Vec<Range<usize>>,
}

struct Operation {
    name: String,
    /// `"name":`, ready to be written.
    member: String,
    at: Path,
    emit: Emit,
    /// Left out where records are compared.
    is_volatile: bool,
}

enum Emit {
    Value(Conversion),
    /// Our id of the record that the value names.
    RecordId {
        target: &'static Entity,
        scope: Box<RecordScope>,
    },
    /// The remote id that the value names.
    RemoteId,
    /// The vendor's own word.
    RemoteWord,
    Position,
    /// The customer's own fields: an object that is always there.
    Custom(Vec<Operation>),
    Group(Vec<Operation>),
    List(Vec<Operation>),
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
        let groups = |groups: &[GroupSpec]| -> Vec<Operation> {
            groups
                .iter()
                .map(|group| {
                    let mut inner = operations(&group.fields, fields_of(group), connection, declared);
                    if !group.custom.is_empty() {
                        inner.push(custom(&group.custom));
                        inner.sort_by(|a, b| a.name.cmp(&b.name));
                    }
                    let emit = match group.field.kind {
                        Kind::List(_) => Emit::List(inner),
                        _ => Emit::Group(inner),
                    };
                    Operation::new(group.field.name, group.at.clone(), emit)
                })
                .collect()
        };
        let mut all = operations(&spec.fields, spec.entity.fields, connection, declared);
        all.extend(groups(&spec.groups));
        all.push(custom(&spec.custom));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        mark(&mut all, &[], &spec.source.volatile);
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
            operations: all,
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

    /// The unified record of a row.
    pub fn read(&self, row: &mut Node<'_>) -> Result<Incoming, MapError> {
        self.read_noting(row, &mut Vec::new())
    }

    /// As [`Mapper::read`]; adds to `unmapped` the fields whose word has none of ours, with the word.
    pub fn read_noting(&self, row: &mut Node<'_>, unmapped: &mut Vec<(String, String)>) -> Result<Incoming, MapError> {
        let error = |remote_id: &str, field: &str, problem: String| MapError {
            entity: self.entity.name,
            remote_id: remote_id.to_owned(),
            field: field.to_owned(),
            problem,
        };
        let Some(remote_id) = self.key(row) else {
            return Err(error("?", &self.key.to_string(), "the row has no key".to_owned()));
        };
        let raw = row.as_object().map(|object| object.raw().into_owned()).unwrap_or_default();
        let steady = row.as_object().filter(|_| !self.volatile.is_empty()).map(|row| self.volatile.without(row));
        if let (Some(hook), Some(object)) = (self.hook, row.as_object_mut()) {
            hook(self.entity.name, object);
        }
        let row = &*row;
        let mut data = String::with_capacity(512);
        let mut notes = Notes::default();
        let written = write_object(&self.operations, row, 0, &mut data, &mut notes);
        unmapped.append(&mut notes.unmapped);
        written.map_err(|(field, problem)| error(&remote_id, &field, problem))?;
        let instant = |place: &Option<(Path, Conversion)>| -> Option<i64> {
            let (path, conversion) = place.as_ref()?;
            conversion.instant(path.find(row)?).map(trunnion_model::time::Timestamp::as_microsecond)
        };
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
            remote_created_at: instant(&self.remote_created),
            remote_modified_at: instant(&self.remote_modified),
            deleted: self.deleted_at.as_ref().is_some_and(|path| path.find(row).is_some_and(is_truthy)),
            remote_id,
            data,
            raw,
            volatile: Volatile { data: notes.volatile, raw_hash: steady.as_deref().map(raw_hash) },
        })
    }
}

impl Operation {
    fn new(name: &str, at: Path, emit: Emit) -> Self {
        Self { name: name.to_owned(), member: format!("\"{name}\":"), at, emit, is_volatile: false }
    }
}

/// The member `custom_fields` of a record or a line.
fn custom(rows: &[CustomRow]) -> Operation {
    let one = |custom: &CustomRow| {
        Operation::new(&custom.row.name, custom.row.at.clone(), Emit::Value(custom.row.conversion.clone()))
    };
    let mut inner: Vec<Operation> = rows.iter().map(one).collect();
    inner.sort_by(|a, b| a.name.cmp(&b.name));
    Operation::new(CUSTOM_FIELDS, Path::default(), Emit::Custom(inner))
}

fn fields_of(group: &GroupSpec) -> &'static [trunnion_model::catalog::Field] {
    match group.field.kind {
        Kind::Group(fields) | Kind::List(fields) => fields,
        _ => &[],
    }
}

fn operations(
    rows: &[Row],
    fields: &'static [trunnion_model::catalog::Field],
    connection: ConnectionId,
    declared: &dyn Fn(&str) -> bool,
) -> Vec<Operation> {
    let mut all = Vec::new();
    for row in rows {
        if row.conversion.form == Form::Position {
            all.push(Operation::new(&row.name, Path::default(), Emit::Position));
            continue;
        }
        if row.at.is_empty() {
            continue;
        }
        let kind = trunnion_model::catalog::field_of(fields, &row.name).map(|field| field.kind);
        match kind {
            Some(Kind::Reference(target)) => {
                let stem = row.name.strip_suffix("_id").unwrap_or(&row.name);
                all.push(Operation::new(&format!("{stem}_remote_id"), row.at.clone(), Emit::RemoteId));
                if let Some(target) = entity(target).filter(|target| declared(target.name)) {
                    let scope = Box::new(RecordScope::new(connection, target));
                    all.push(Operation::new(&row.name, row.at.clone(), Emit::RecordId { target, scope }));
                }
            }
            Some(Kind::Enum(_) | Kind::Unit) => {
                all.push(Operation::new(&row.name, row.at.clone(), Emit::Value(row.conversion.clone())));
                let remote = format!("remote_{}", row.name);
                // A computed status has no word of the system's own: then a row says where that is.
                if !rows.iter().any(|row| row.name == remote) {
                    all.push(Operation::new(&remote, row.at.clone(), Emit::RemoteWord));
                }
            }
            _ => all.push(Operation::new(&row.name, row.at.clone(), Emit::Value(row.conversion.clone()))),
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Marks what is read from something volatile.
fn mark(operations: &mut [Operation], parent: &[&str], volatile: &shape::Volatile) {
    for Operation { at, emit, is_volatile, .. } in operations {
        let steps: Vec<&str> = parent.iter().copied().chain(at.names()).collect();
        *is_volatile = volatile.covers(&steps);
        if let Emit::Group(inner) | Emit::List(inner) | Emit::Custom(inner) = emit {
            mark(inner, &steps, volatile);
        }
    }
}

/// Appends `{…}`; the error names the field.
fn write_object(
    operations: &[Operation],
    row: &Node<'_>,
    place: usize,
    out: &mut String,
    notes: &mut Notes,
) -> Result<(), (String, String)> {
    out.push('{');
    let start = out.len();
    let mut has_steady = false;
    for operation in operations {
        let before = out.len();
        if before > start {
            out.push(',');
        }
        out.push_str(&operation.member);
        let there = operation.write(row, place, out, notes).map_err(|(inner, problem)| {
            let field = if inner.is_empty() { operation.name.clone() } else { format!("{}/{inner}", operation.name) };
            (field, problem)
        })?;
        if !there {
            out.truncate(before);
            notes.volatile.retain(|piece| piece.end <= before);
        } else if operation.is_volatile {
            notes.skip(before..out.len());
        } else {
            if !has_steady && before > start {
                // The comma stands there because of what does not count.
                notes.skip(before..before + 1);
            }
            has_steady = true;
        }
    }
    out.push('}');
    Ok(())
}

impl Operation {
    fn write(
        &self,
        row: &Node<'_>,
        place: usize,
        out: &mut String,
        notes: &mut Notes,
    ) -> Result<bool, (String, String)> {
        let noted = notes.unmapped.len();
        match &self.emit {
            Emit::Custom(inner) => {
                write_object(inner, row, place, out, notes)?;
                return Ok(true);
            }
            Emit::Position => {
                // Writing to a String cannot fail.
                let _infallible = write!(out, "{}", place + 1);
                return Ok(true);
            }
            Emit::Group(inner) => {
                let here = if self.at.is_empty() { Some(row) } else { self.at.find(row) };
                let Some(here) = here else { return Ok(false) };
                let before = out.len();
                write_object(inner, here, place, out, notes)?;
                self.prefix(&mut notes.unmapped[noted..]);
                return Ok(out.len() > before + 2);
            }
            Emit::List(inner) => {
                out.push('[');
                let items = self.at.find(row).and_then(Node::items).unwrap_or_default();
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    write_object(inner, item, place, out, notes)
                        .map_err(|(field, problem)| (format!("{place}/{field}"), problem))?;
                }
                out.push(']');
                self.prefix(&mut notes.unmapped[noted..]);
                return Ok(true);
            }
            Emit::Value(_) | Emit::RecordId { .. } | Emit::RemoteId | Emit::RemoteWord => {}
        }
        let Some(node) = self.at.find(row) else { return Ok(false) };
        match &self.emit {
            Emit::Value(conversion) => match conversion.read(node, out) {
                Ok(false) if conversion.form == Form::Words => {
                    if let Some(word) = word_of(node).filter(|word| !word.is_empty()) {
                        notes.unmapped.push((self.name.clone(), word.into_owned()));
                    }
                    let has_unknown = has_unknown(conversion);
                    if has_unknown {
                        out.push_str("\"unknown\"");
                    }
                    Ok(has_unknown)
                }
                outcome => outcome.map_err(|problem| (String::new(), problem)),
            },
            Emit::RecordId { target, scope } => {
                let Some(remote_id) = text_of(node).filter(|id| !id.is_empty()) else { return Ok(false) };
                push_json_string(out, &scope.id(&remote_id).text(target));
                Ok(true)
            }
            _ => {
                let Some(word) = word_of(node).filter(|word| !word.is_empty()) else { return Ok(false) };
                push_json_string(out, &word);
                Ok(true)
            }
        }
    }

    /// Says that what was noted inside is inside of this.
    fn prefix(&self, unmapped: &mut [(String, String)]) {
        for (field, _) in unmapped {
            *field = format!("{}/{field}", self.name);
        }
    }
}

impl Notes {
    /// What lies inside of it, or ends where it begins, is one piece with it. A comma may come after what follows it.
    fn skip(&mut self, piece: Range<usize>) {
        let place = self.volatile.partition_point(|known| known.end < piece.start);
        let rest = self.volatile.split_off(place);
        let (inside, after): (Vec<_>, Vec<_>) = rest.into_iter().partition(|known| known.start <= piece.end);
        let start = inside.first().map_or(piece.start, |known| known.start.min(piece.start));
        let end = inside.last().map_or(piece.end, |known| known.end.max(piece.end));
        self.volatile.push(start..end);
        self.volatile.extend(after);
    }
}

/// Where the table has a word for it, a remote word that nobody has seen before becomes `unknown` rather than an error.
fn has_unknown(conversion: &Conversion) -> bool {
    conversion.table.iter().any(|(theirs, ours)| theirs.is_empty() && ours == "unknown")
}

fn plain_text((path, conversion): &(Path, Conversion), row: &Node<'_>) -> Option<String> {
    let node = path.find(row)?;
    match conversion.form {
        Form::Text => text_of(node).filter(|text| !text.is_empty()).map(Cow::into_owned),
        _ => None,
    }
}

fn is_truthy(node: &Node<'_>) -> bool {
    match node {
        Node::Null | Node::Bool(false) => false,
        node => !matches!(node.as_text(), Some("" | "F" | "0")),
    }
}

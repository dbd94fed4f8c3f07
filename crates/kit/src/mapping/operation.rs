//! The rows of a declaration, compiled to a list of operations that write sorted JSON.
//!
//! The record is written straight into its final text. Members come in the order of their names, so that equal contents
//! give equal texts and the content hash needs no second form. What the row does not have is left out.

use std::fmt::Write as _;
use std::ops::Range;

use trunnion_model::catalog::{Entity, Field, Kind, entity, field_of};
use trunnion_model::ids::{ConnectionId, RecordScope};
use trunnion_model::record::push_json_string;

use super::convert::{Conversion, Form, text_of, word_of};
use super::path::Path;
use crate::custom::{CUSTOM_FIELDS, CustomRow};
use crate::json::Node;
use crate::shape;
use crate::spec::{EntitySpec, GroupSpec, Row};

/// What is noticed while a record is written.
#[derive(Default)]
pub(super) struct Notes {
    /// Fields whose word has none of ours, with the word.
    pub(super) unmapped: Vec<(String, String)>,
    /// Pieces of the text that do not count, in order.
    pub(super) volatile: Vec<Range<usize>>,
}

/// Writes one member of a record.
pub(super) struct Operation {
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

/// All that make a record, in the order of their names.
pub(super) fn compile(spec: &EntitySpec, connection: ConnectionId, declared: &dyn Fn(&str) -> bool) -> Vec<Operation> {
    let group = |group: &GroupSpec| {
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
    };
    let mut all = operations(&spec.fields, spec.entity.fields, connection, declared);
    all.extend(spec.groups.iter().map(group));
    all.push(custom(&spec.custom));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    mark(&mut all, &[], &spec.source.volatile);
    all
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

fn fields_of(group: &GroupSpec) -> &'static [Field] {
    match group.field.kind {
        Kind::Group(fields) | Kind::List(fields) => fields,
        _ => &[],
    }
}

fn operations(
    rows: &[Row],
    fields: &'static [Field],
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
        let kind = field_of(fields, &row.name).map(|field| field.kind);
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
pub(super) fn write_object(
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

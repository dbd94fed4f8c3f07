//! How a record that is there is changed: `[entity.NAME.update]`, `.delete` and `.move.NAME`, as data and as they are read.
//!
//! A *move* is one call of the system that takes a record from one status to another. Moves are edges: the way from where a
//! record stands to where a caller wants it may take several, and what is legal follows from them.

use trunnion_model::catalog::{Entity, Kind};

use super::table::{Document, Table};
use crate::mapping::Path;

/// `[entity.NAME.update]`: fields are changed one by one; which ones, their `write` says.
#[derive(Clone, Debug, Default)]
pub struct Update {
    pub locks: Lock,
}

/// The statuses in which something may not be changed, and why not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Unified statuses, or `remote:` and the system's own word.
    pub states: Vec<String>,
    /// For people; empty where the states say enough.
    pub because: String,
    /// The system would take it: it is refused by us, for that reason.
    pub ours: bool,
}

/// `[entity.NAME.delete]`.
#[derive(Clone, Debug, Default)]
pub struct Delete {
    /// The system truly deletes: the record is gone afterwards.
    pub record: bool,
    pub locks: Lock,
    /// The nearest things that it does instead, each by its name (`flag`, `close`, `inactivate`).
    pub modes: Vec<(String, Mode)>,
}

#[derive(Clone, Debug)]
pub enum Mode {
    /// Fixed values are written: vendor path and value.
    Set(Vec<(Path, String)>),
    /// The record is moved to that status.
    Status(String),
}

/// `[entity.NAME.move.NAME]`.
#[derive(Clone, Debug)]
pub struct Move {
    pub name: String,
    /// Unified statuses, or `remote:` and the system's own word.
    pub from: Vec<String>,
    pub to: String,
    pub call: Call,
}

/// One call that moves a record.
#[derive(Clone, Debug)]
pub enum Call {
    /// The system's operation of that name on the record.
    Named(String),
    /// Fixed values in the record itself.
    Set(Vec<(Path, String)>),
    /// Fixed values in each of its lines that is not deleted.
    SetLines(Vec<(Path, String)>),
    /// Each of its lines is deleted.
    DeleteLines,
}

const MODES: [&str; 3] = ["flag", "close", "inactivate"];

impl Lock {
    /// Whether a record with that status is locked.
    pub fn holds(&self, status: Option<&str>, remote_status: Option<&str>) -> bool {
        is_among(&self.states, status, remote_status)
    }
}

/// Whether a record's status is one of `states`.
pub fn is_among(states: &[String], status: Option<&str>, remote_status: Option<&str>) -> bool {
    states.iter().any(|state| match state.strip_prefix("remote:") {
        Some(word) => remote_status == Some(word),
        None => status == Some(state),
    })
}

/// Its states are checked by [`check_states`], once the entity is known.
pub(super) fn lock(document: &Document<'_>, table: &Table<'_, '_>) -> Lock {
    let states = table.texts("locked_in");
    let lock = Lock {
        states,
        because: table.text("because").unwrap_or_default(),
        ours: table.boolean("ours").unwrap_or(false),
    };
    if lock.ours && (lock.states.is_empty() || lock.because.is_empty()) {
        document.find(table.line(), "a lock of ours (`ours = true`) needs `locked_in` and `because`");
    }
    lock
}

pub(super) fn update(document: &Document<'_>, entity: &'static Entity, table: &Table<'_, '_>) -> Option<Update> {
    table.is_there().then(|| {
        let locks = lock(document, table);
        check_states(document, entity, table.line(), &locks.states);
        Update { locks }
    })
}

pub(super) fn delete(document: &Document<'_>, entity: &'static Entity, table: &Table<'_, '_>) -> Option<Delete> {
    if !table.is_there() {
        return None;
    }
    let record = table.boolean("record").unwrap_or(false);
    let locks = lock(document, table);
    check_states(document, entity, table.line(), &locks.states);
    let modes_table = table.table("mode");
    let mut modes = Vec::new();
    for entry in modes_table.entries() {
        let mode = modes_table.inner(entry.name, entry.value);
        if !MODES.contains(&entry.name) {
            document.find(entry.line, format!("unknown mode `{}`; known: {}", entry.name, MODES.join(", ")));
        }
        let (status, set) = (mode.text("status"), paths(mode.pairs("set")));
        let found = match (status, set.is_empty()) {
            (Some(status), true) => {
                check_states(document, entity, entry.line, std::slice::from_ref(&status));
                Mode::Status(status)
            }
            (None, false) => Mode::Set(set),
            _ => {
                document.find(entry.line, "a mode has either `status` or `set`");
                continue;
            }
        };
        modes.push((entry.name.to_owned(), found));
    }
    if !record && modes.is_empty() {
        document.find(table.line(), "[delete] needs `record = true` or a mode");
    }
    Some(Delete { record, locks, modes })
}

pub(super) fn moves(document: &Document<'_>, entity: &'static Entity, table: &Table<'_, '_>) -> Vec<Move> {
    let mut moves = Vec::new();
    for entry in table.entries() {
        let one = table.inner(entry.name, entry.value);
        let (from, to) = (one.texts("from"), one.needed("to"));
        check_states(document, entity, entry.line, &from);
        check_states(document, entity, entry.line, std::slice::from_ref(&to));
        if from.is_empty() {
            document.find(entry.line, format!("[{}] needs `from`: the statuses that it is legal in", entry.name));
        }
        let mut calls: Vec<Call> = Vec::new();
        calls.extend(one.text("call").map(Call::Named));
        let (set, set_lines) = (paths(one.pairs("set")), paths(one.pairs("set_lines")));
        if !set.is_empty() {
            calls.push(Call::Set(set));
        }
        if !set_lines.is_empty() {
            calls.push(Call::SetLines(set_lines));
        }
        if one.boolean("delete_lines") == Some(true) {
            calls.push(Call::DeleteLines);
        }
        match (calls.pop(), calls.is_empty()) {
            (Some(call), true) => moves.push(Move { name: entry.name.to_owned(), from, to, call }),
            _ => document.find(
                entry.line,
                format!("move `{}` needs exactly one of call, set, set_lines, delete_lines", entry.name),
            ),
        }
    }
    moves
}

pub(super) fn check_states(document: &Document<'_>, entity: &'static Entity, line: usize, states: &[String]) {
    let known = match entity.field("status").map(|field| field.kind) {
        Some(Kind::Enum(words)) => words,
        _ => &[],
    };
    for state in states.iter().filter(|state| !state.starts_with("remote:") && !known.contains(&state.as_str())) {
        document.find(line, format!("`{state}` is no status of {}; known: {}", entity.name, known.join(", ")));
    }
}

fn paths(pairs: Vec<(String, String)>) -> Vec<(Path, String)> {
    pairs.into_iter().map(|(path, value)| (Path::new(&path), value)).collect()
}

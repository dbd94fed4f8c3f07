//! The fields of one object, and the walk along them.

use trunnion_model::drift::{DriftKind, Finding};

use super::types::Types;
use super::volatile::Volatile;
use crate::json::{Node, Object};

/// Fields of an entity beyond these are not looked at: an object whose members are data, not fields, has no end of them.
const MOST_FIELDS: usize = 1_000;
/// So many findings of an entity are kept.
pub(super) const MOST_FINDINGS: usize = 500;
/// Deeper objects are not looked into.
const DEEPEST: usize = 6;
/// A path longer than this is no field's.
const LONGEST: usize = 300;

#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) members: Vec<Member>,
    /// Objects seen in this run.
    pub(super) seen: u64,
}

/// One field.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) path: String,
    /// What it may be.
    pub(super) types: Types,
    /// What was found of it and waits for somebody's word: the field itself, or other types.
    pub(super) is_open: bool,
    pub(super) open_types: Types,
    /// Its inside is learned, although the rest is settled.
    pub(super) learns: bool,
    pub(super) is_volatile: bool,
    pub(super) regular: bool,
    pub(super) missing: u64,
    /// Objects of this run that had it.
    pub(super) seen: u64,
    /// Records of this run in which something open was seen, and the last of them.
    pub(super) open_records: u64,
    last_row: u64,
    pub(super) inner: Level,
}

/// What goes along with the walk over one row.
pub(super) struct Walk<'w> {
    pub(super) row: u64,
    pub(super) volatile: &'w Volatile,
    pub(super) is_expected: &'w dyn Fn(&str) -> bool,
    pub(super) fields: &'w mut usize,
    pub(super) findings: &'w mut usize,
    pub(super) news: &'w mut Vec<Finding>,
    /// Something was learned that should be kept.
    pub(super) changed: &'w mut bool,
    /// The first thing that nobody has accepted: where and what.
    pub(super) problem: &'w mut Option<(String, String)>,
}

impl Level {
    /// The member at a path, made if it is not there.
    pub(super) fn at(&mut self, path: &str) -> &mut Member {
        let (level, name) = match path.rsplit_once('/') {
            Some((parent, name)) => (&mut self.at(parent).inner, name),
            None => (self, path),
        };
        let place = level.members.iter().position(|member| member.path == path).unwrap_or_else(|| {
            let name = name.replace("~1", "/").replace("~0", "~");
            let is_volatile = is_the_protocols(&name);
            level.members.push(Member { name, path: path.to_owned(), is_volatile, ..Member::default() });
            level.members.len() - 1
        });
        &mut level.members[place]
    }

    /// Looks at one object of the row. `parent` is the path of the field that it is the value of.
    pub(super) fn look(&mut self, object: &Object<'_>, parent: &str, depth: usize, learns: bool, walk: &mut Walk<'_>) {
        self.seen += 1;
        let mut next = 0;
        for (name, node) in object.members() {
            let place = match self.place(name, next) {
                Some(place) => place,
                None => match meet(name, node, parent, learns, walk) {
                    Some(member) => {
                        // Beside its neighbour, so that the next row's walk finds it there.
                        self.members.insert(next.min(self.members.len()), member);
                        next.min(self.members.len() - 1)
                    }
                    None => continue,
                },
            };
            next = place + 1;
            self.members[place].look(node, depth, learns, walk);
        }
    }

    fn place(&self, name: &str, next: usize) -> Option<usize> {
        let is_it = |member: &Member| member.name == name;
        match self.members.get(next) {
            Some(member) if is_it(member) => Some(next),
            _ => {
                let after = self.members.iter().skip(next).position(is_it).map(|place| place + next);
                after.or_else(|| self.members.iter().take(next).position(is_it))
            }
        }
    }
}

/// What the protocol says of a row is no field of the system's: it is another in OData's next version.
fn is_the_protocols(name: &str) -> bool {
    name == "__metadata" || name.contains("@odata.")
}

/// A field that is not known: learned, or found. `None` if it is not to be looked at.
fn meet(name: &str, node: &Node<'_>, parent: &str, learns: bool, walk: &mut Walk<'_>) -> Option<Member> {
    let own = name.replace('~', "~0").replace('/', "~1");
    let path = if parent.is_empty() { own } else { format!("{parent}/{own}") };
    let (name, types) = (name.to_owned(), Types::of(node));
    if is_the_protocols(&name) || walk.volatile.covers(&path.split('/').collect::<Vec<_>>()) {
        return Some(Member { name, path, is_volatile: true, ..Member::default() });
    }
    let is_known_of = learns || (walk.is_expected)(&name);
    if !is_known_of {
        let what = if types.is_empty() { "null".to_owned() } else { types.to_string() };
        walk.trouble(&path, || format!("schema drift: a new field ({what})"));
    }
    if *walk.fields >= MOST_FIELDS || path.len() > LONGEST {
        return None;
    }
    if is_known_of {
        *walk.changed = true;
    } else {
        if !walk.may_find() {
            return None;
        }
        walk.find(DriftKind::NewField, &path, String::new(), (Types::default(), types));
    }
    *walk.fields += 1;
    // The record in which it was found is counted with the finding.
    Some(Member { name, path, is_open: !is_known_of, last_row: walk.row, ..Member::default() })
}

impl Member {
    fn look(&mut self, node: &Node<'_>, depth: usize, learns: bool, walk: &mut Walk<'_>) {
        if self.is_volatile {
            return;
        }
        self.seen += 1;
        if self.is_open {
            self.count(walk);
            walk.trouble(&self.path, || "schema drift: a new field".to_owned());
            return;
        }
        let learns = learns || self.learns;
        let types = Types::of(node);
        if !self.types.has(types) && !self.retype(types, learns, walk) || depth >= DEEPEST {
            return;
        }
        match (node.items(), node) {
            (Some(items), _) => {
                for object in items.iter().filter_map(Node::as_object) {
                    self.inner.look(object, &self.path, depth + 1, learns, walk);
                }
            }
            (None, Node::Object(object)) => self.inner.look(object, &self.path, depth + 1, learns, walk),
            _ => {}
        }
    }

    /// A type that was not there before; whether it was learned. The first one of a field is at any time: null said nothing.
    fn retype(&mut self, types: Types, learns: bool, walk: &mut Walk<'_>) -> bool {
        if learns || self.types.is_empty() {
            self.types = self.types.with(types);
            *walk.changed = true;
            return true;
        }
        walk.trouble(&self.path, || format!("schema drift: {types}, and not {} as before", self.types));
        if !self.open_types.has(types) && walk.may_find() {
            self.open_types = self.open_types.with(types);
            walk.find(DriftKind::RetypedField, &self.path, types.to_string(), (self.types, types));
            self.last_row = walk.row;
        }
        self.count(walk);
        false
    }

    fn count(&mut self, walk: &Walk<'_>) {
        if self.last_row != walk.row {
            self.last_row = walk.row;
            self.open_records += 1;
        }
    }
}

impl Walk<'_> {
    fn trouble(&mut self, path: &str, problem: impl FnOnce() -> String) {
        if self.problem.is_none() {
            *self.problem = Some((path.to_owned(), problem()));
        }
    }

    fn may_find(&self) -> bool {
        *self.findings < MOST_FINDINGS
    }

    fn find(&mut self, kind: DriftKind, field: &str, value: String, (before, now): (Types, Types)) {
        *self.findings += 1;
        self.news.push(Finding {
            kind,
            field: field.to_owned(),
            value,
            type_before: before.to_string(),
            type_now: now.to_string(),
            remote_id: None,
        });
    }
}

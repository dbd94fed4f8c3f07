//! Watching the rows of one entity of one connection, from run to run.
//!
//! Until it is settled, everything is learned and nothing told. Then a field that is not known, and was not asked for by the
//! declaration either, is a finding; so is another JSON type. A field that nearly every row had counts as vanished when a
//! complete reading of enough rows does not show it, or very many rows in a row do not. A word that has none of ours is a
//! finding from the first row on: that is a gap in the declaration, not a change.
//!
//! A strict watch refuses rows with anything in them that nobody has accepted.

use std::collections::HashSet;

use trunnion_model::drift::{DriftKind, Finding};
use trunnion_model::record::Incoming;

use super::known::Known;
use super::level::{Level, MOST_FINDINGS, Walk};
use super::types::Types;
use super::volatile::Volatile;
use crate::json::Node;
use crate::mapping::{Glance, MapError, Mapper};
use crate::spec::EntitySpec;

/// A complete reading shows that a field is gone if it has at least so many rows.
const ENOUGH_OF_ALL: u64 = 20;
/// Of rows that came one after the other, whatever they are, it takes so many.
const ENOUGH_IN_A_ROW: u64 = 50;
/// Whoever has no first sync to learn from (an entity that was empty then) settles after so many rows.
const ENOUGH_TO_SETTLE: u64 = 20;
/// A remote word is cut to so many characters.
const LONGEST_WORD: usize = 100;

/// See the module.
#[derive(Debug)]
pub struct Watch {
    root: Level,
    /// Rows that it was learned from, before this run and in it.
    rows: u64,
    settled: bool,
    changed: bool,
    fields: usize,
    findings: usize,
    words: Vec<Word>,
    news: Vec<Finding>,
    expected: HashSet<String>,
    volatile: Volatile,
    strict: bool,
    entity: &'static str,
}

/// A remote word without one of ours.
#[derive(Debug)]
struct Word {
    field: String,
    word: String,
    is_open: bool,
    records: u64,
}

/// How a run came to its good end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Over {
    /// It was the entity's first, to learn from.
    pub first: bool,
    /// It saw every row there is.
    pub complete: bool,
}

/// What a run leaves.
#[derive(Debug, Default)]
pub struct Ended {
    /// To be kept for the next run, if it is another than before.
    pub known: Option<String>,
    /// Fields that vanished.
    pub vanished: Vec<Finding>,
    /// In how many more records, beside the one of the finding, an open one was seen: kind, field, value, records. Of a field of several open types none
    /// is told from the others.
    pub counts: Vec<(DriftKind, String, String, i64)>,
}

impl Watch {
    /// `known` is what the last run left; `findings` are all there are of the entity, each with whether it was accepted.
    pub fn new(spec: &EntitySpec, known: Option<&str>, findings: Vec<(Finding, bool)>, strict: bool) -> Self {
        let known = known.map(Known::parse).unwrap_or_default();
        let (rows, settled) = (known.rows, known.settled);
        let mut watch = Self {
            root: known.level(),
            rows,
            settled,
            changed: false,
            fields: 0,
            findings: findings.len(),
            words: Vec::new(),
            news: Vec::new(),
            expected: expected(spec),
            volatile: spec.source.volatile.clone(),
            strict,
            entity: spec.entity.name,
        };
        for (finding, accepted) in findings {
            watch.remember(finding, accepted);
        }
        watch.fields = count(&watch.root);
        watch
    }

    fn remember(&mut self, finding: Finding, accepted: bool) {
        match finding.kind {
            DriftKind::NewField => {
                let member = self.root.at(&finding.field);
                // Once accepted it is kept with the others, and what it may be is known from there.
                let is_known = !member.types.is_empty() || member.regular;
                member.is_open = !accepted;
                member.learns = accepted && !is_known;
            }
            DriftKind::RetypedField => {
                let member = self.root.at(&finding.field);
                let types = Types::named(&finding.type_now);
                if accepted {
                    member.types = member.types.with(types);
                } else {
                    member.open_types = member.open_types.with(types);
                }
            }
            DriftKind::UnmappedValue => {
                self.words.push(Word { field: finding.field, word: finding.value, is_open: !accepted, records: 0 })
            }
            DriftKind::VanishedField => {}
        }
    }

    /// Whether what differs is told yet.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// The unified record of a row. A strict watch refuses one with anything in it that nobody accepted.
    pub fn read(&mut self, mapper: &Mapper, row: &mut Node<'_>) -> Result<Incoming, MapError> {
        let told = self.news.len();
        let problem = self.look(row);
        let mut unmapped = Vec::new();
        let read = mapper.read_noting(row, &mut unmapped);
        self.weigh(read, unmapped, (told, problem))
    }

    /// What can be told of a row without making a record of it, for [`Watch::read_glanced`].
    pub fn glance(&mut self, mapper: &Mapper, row: &mut Node<'_>) -> Result<Glance, MapError> {
        let told = self.news.len();
        self.look(row);
        let glance = mapper.glance(row);
        let (Ok(Glance { remote_id, .. }) | Err(MapError { remote_id, .. })) = &glance;
        self.name_news(told, remote_id);
        glance
    }

    /// The unified record of a row that was glanced at. Not for a strict watch, which refuses by what the look finds.
    pub fn read_glanced(&mut self, mapper: &Mapper, row: &mut Node<'_>, glance: Glance) -> Result<Incoming, MapError> {
        let told = self.news.len();
        let mut unmapped = Vec::new();
        let read = mapper.read_glanced(row, glance, &mut unmapped);
        self.weigh(read, unmapped, (told, None))
    }

    /// Words without one of ours that were met in a row, read without being watched.
    pub fn hear(&mut self, remote_id: &str, unmapped: Vec<(String, String)>) {
        let told = self.news.len();
        self.meet_all(unmapped);
        self.name_news(told, remote_id);
    }

    fn weigh(
        &mut self,
        read: Result<Incoming, MapError>,
        unmapped: Vec<(String, String)>,
        (told, looked): (usize, Option<(String, String)>),
    ) -> Result<Incoming, MapError> {
        let met = self.meet_all(unmapped);
        let (Ok(Incoming { remote_id, .. }) | Err(MapError { remote_id, .. })) = &read;
        self.name_news(told, remote_id);
        match (looked.or(met), read) {
            (Some((field, problem)), Ok(Incoming { remote_id, raw, .. })) if self.strict => {
                Err(MapError { entity: self.entity, remote_id, field, problem, raw })
            }
            (_, read) => read,
        }
    }

    /// The first word that still waits to be accepted: where and what.
    fn meet_all(&mut self, unmapped: Vec<(String, String)>) -> Option<(String, String)> {
        let mut problem = None;
        for (field, word) in unmapped {
            let word: String = word.chars().take(LONGEST_WORD).collect();
            if self.meet(&field, &word) && problem.is_none() {
                problem = Some((field, format!("schema drift: `{word}` has no word of ours")));
            }
        }
        problem
    }

    /// Says in which record that was found.
    fn name_news(&mut self, told: usize, remote_id: &str) {
        for news in &mut self.news[told..] {
            news.remote_id = Some(remote_id.to_owned());
        }
    }

    /// What was found since the last call.
    pub fn news(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.news)
    }

    /// The run ended; `None` where it broke off, and another goes on.
    pub fn end(&mut self, over: Option<Over>) -> Ended {
        let mut ended = Ended::default();
        let learned = !self.settled && self.root.seen > 0;
        let complete = over.is_some_and(|over| over.complete);
        if learned {
            self.rows = self.rows.saturating_add(self.root.seen);
            self.changed = true;
        }
        let mut turn = Turn { settled: self.settled, complete, changed: &mut self.changed, ended: &mut ended };
        turn.level(&mut self.root);
        if learned && let Some(over) = over {
            self.settled = over.first || over.complete || self.rows >= ENOUGH_TO_SETTLE;
        }
        for word in self.words.iter_mut().filter(|word| word.is_open && word.records > 0) {
            let records = i64::try_from(std::mem::take(&mut word.records)).unwrap_or(i64::MAX);
            ended.counts.push((DriftKind::UnmappedValue, word.field.clone(), word.word.clone(), records));
        }
        if std::mem::take(&mut self.changed) {
            ended.known = Some(Known::text(&self.root, self.rows, self.settled));
        }
        ended
    }

    fn look(&mut self, row: &Node<'_>) -> Option<(String, String)> {
        let object = row.as_object()?;
        let mut problem = None;
        let mut walk = Walk {
            row: self.root.seen + 1,
            volatile: &self.volatile,
            is_expected: &|name| self.expected.contains(name),
            fields: &mut self.fields,
            findings: &mut self.findings,
            news: &mut self.news,
            changed: &mut self.changed,
            problem: &mut problem,
        };
        self.root.look(object, "", 0, !self.settled, &mut walk);
        problem
    }

    /// Whether a word without one of ours still waits to be accepted.
    fn meet(&mut self, field: &str, word: &str) -> bool {
        let known = self.words.iter_mut().find(|known| known.field == field && known.word == word);
        if let Some(known) = known {
            known.records += 1;
            return known.is_open;
        }
        if self.findings < MOST_FINDINGS {
            self.findings += 1;
            self.words.push(Word { field: field.to_owned(), word: word.to_owned(), is_open: true, records: 0 });
            self.news.push(Finding {
                kind: DriftKind::UnmappedValue,
                field: field.to_owned(),
                value: word.to_owned(),
                type_before: String::new(),
                type_now: String::new(),
                remote_id: None,
            });
        }
        true
    }
}

/// The end of a run, level by level.
struct Turn<'t> {
    settled: bool,
    complete: bool,
    changed: &'t mut bool,
    ended: &'t mut Ended,
}

impl Turn<'_> {
    fn level(&mut self, level: &mut Level) {
        let objects = std::mem::take(&mut level.seen);
        for member in &mut level.members {
            let seen = std::mem::take(&mut member.seen);
            if member.is_volatile || objects == 0 {
                continue;
            }
            let records = i64::try_from(std::mem::take(&mut member.open_records)).unwrap_or(i64::MAX);
            if records > 0 {
                let (kind, value) = match member.is_open {
                    true => (DriftKind::NewField, String::new()),
                    false => (DriftKind::RetypedField, member.open_types.to_string()),
                };
                self.ended.counts.push((kind, member.path.clone(), value, records));
            }
            if member.is_open {
                continue;
            }
            *self.changed |= std::mem::take(&mut member.learns);
            let missing = if seen > 0 { 0 } else { member.missing.saturating_add(objects) };
            if !self.settled {
                member.regular = seen.saturating_mul(10) >= objects.saturating_mul(9);
            } else if member.regular && missing != member.missing {
                *self.changed = true;
                member.missing = missing;
                let is_gone = missing >= ENOUGH_IN_A_ROW || self.complete && objects >= ENOUGH_OF_ALL;
                if seen == 0 && is_gone {
                    (member.regular, member.missing) = (false, 0);
                    self.ended.vanished.push(Finding {
                        kind: DriftKind::VanishedField,
                        field: member.path.clone(),
                        value: String::new(),
                        type_before: member.types.to_string(),
                        type_now: String::new(),
                        remote_id: None,
                    });
                }
            }
            self.level(&mut member.inner);
        }
    }
}

/// The names that the declaration asks for: what it asked for is not new when it first comes. A query's words are among them,
/// because some systems leave out what is null.
fn expected(spec: &EntitySpec) -> HashSet<String> {
    let source = &spec.source;
    let mut names: HashSet<String> = HashSet::new();
    let mut paths: Vec<&crate::mapping::Path> = vec![&source.key];
    paths.extend(&spec.deleted_at);
    paths.extend([&spec.remote_created, &spec.remote_modified].into_iter().flatten().map(|(path, _)| path));
    paths.extend(spec.fields.iter().chain(spec.custom.iter().map(|one| &one.row)).map(|row| &row.at));
    for group in &spec.groups {
        paths.push(&group.at);
        paths.extend(group.fields.iter().chain(group.custom.iter().map(|one| &one.row)).map(|row| &row.at));
    }
    names.extend(paths.into_iter().flat_map(|path| path.names()).map(str::to_owned));
    let texts = source.more_keys.iter().chain(&source.expand).chain(&source.also);
    names.extend(texts.flat_map(|text| text.split('/')).map(str::to_owned));
    names.extend(spec.sync.modified.iter().chain(&spec.sync.created).cloned());
    let queries = [Some(&source.query), source.lines.as_ref().map(|lines| &lines.query)];
    let is_break = |letter: char| !(letter.is_alphanumeric() || letter == '_');
    names.extend(queries.into_iter().flatten().flat_map(|text| text.split(is_break)).map(str::to_lowercase));
    names.insert("lines".to_owned());
    names
}

fn count(level: &Level) -> usize {
    level.members.iter().map(|member| 1 + count(&member.inner)).sum()
}

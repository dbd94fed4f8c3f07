//! `[entity.NAME.source.odata_v4]`: the same rows over version 4 of OData, for connections whose system offers that service.
//!
//! The declaration is written in the names of version 2 once; here stands only what version 4 calls otherwise. An entity that
//! the system has in version 4 only says so in its source (`protocol = "odata_v4"`) and is declared in that version's names.

use std::sync::Arc;

use trunnion_model::catalog::Kind;

use super::table::{Document, Table};
use super::types::{EntitySpec, Protocol, ProtocolKind};
use super::writes::Call;
use crate::mapping::{Form, Names, Path};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct V4 {
    /// There is no other version of it.
    pub only: bool,
    pub service: String,
    pub set: String,
    /// A `$filter` that always holds, in the service's names.
    pub filter: String,
    /// Where rows below the record are written: their path in the declaration, the set, its keys by the service's names.
    pub rows: Vec<(String, String, Vec<String>)>,
    /// Whether several changes of a record go as one changeset of a `$batch`.
    pub changesets: bool,
    pub names: Arc<Names>,
}

impl V4 {
    /// One more value that is written in a form of its own: a field of the customer's.
    pub(crate) fn add(&mut self, list: &Path, field: &Path, form: Form) {
        let path = list.names().chain(field.names()).collect::<Vec<_>>().join("/");
        Arc::make_mut(&mut self.names).write(&path, form);
    }
}

pub(super) fn odata_v4(document: &Document<'_>, entity: &EntitySpec, table: &Table<'_, '_>) -> Option<V4> {
    if !table.is_there() {
        return None;
    }
    let filter = table.text("filter").unwrap_or_default();
    let empty_texts = table.boolean("empty_texts").unwrap_or(false);
    let changesets = table.boolean("changesets").unwrap_or(false);
    let (service, set) = (table.needed("service"), table.needed("set"));
    let mut names = declared(entity, empty_texts);
    let places = places(entity);
    for (ours, theirs) in table.pairs("names") {
        if !places.iter().any(|place| *place == ours || place.starts_with(&format!("{ours}/"))) {
            document.find(table.line(), format!("`{ours}` is called otherwise, but nothing there is declared"));
        }
        names.call(&ours, &theirs);
    }
    let mut rows = Vec::new();
    for (path, address) in table.pairs("rows") {
        match address.strip_suffix(')').and_then(|address| address.split_once('(')) {
            Some((set, keys)) => {
                rows.push((path, set.to_owned(), keys.split(',').map(|key| key.trim().to_owned()).collect()))
            }
            None => document.find(table.line(), format!("`{address}` is no set with its keys: Set(Key,Key)")),
        }
    }
    check(document, entity, table.line(), &filter, &rows);
    Some(V4 { only: false, service, set, filter, rows, changesets, names: Arc::new(names) })
}

/// Of an entity whose source has a protocol of its own, instead of the system's.
pub(super) fn own(
    document: &Document<'_>,
    entity: &EntitySpec,
    protocol: Option<&str>,
    over_v4: &Table<'_, '_>,
) -> Option<V4> {
    let name = protocol?;
    if name != "odata_v4" {
        document.find(
            entity.line,
            format!("`protocol = \"{name}\"` of a source is none that another can stand beside: odata_v4"),
        );
        return None;
    }
    if over_v4.is_there() {
        document
            .find(over_v4.line(), "a source of version 4 only calls nothing otherwise: declare it in its own names");
    }
    let only = plain(entity);
    check(document, entity, entity.line, &only.filter, &[]);
    Some(only)
}

/// Of what there is in version 4 only: everything is called as it is declared.
pub(super) fn plain(entity: &EntitySpec) -> V4 {
    let source = &entity.source;
    V4 {
        only: true,
        service: source.service.clone(),
        set: source.set.clone(),
        filter: source.filter.clone(),
        rows: Vec::new(),
        changesets: false,
        names: Arc::new(declared(entity, false)),
    }
}

/// Such a source goes with OData, and needs to know where its services are.
pub(super) fn check_protocol(document: &Document<'_>, protocol: &Protocol, entities: &[EntitySpec]) {
    for entity in entities.iter().filter(|entity| entity.source.v4.is_some()) {
        if !protocol.kind.is_odata() {
            document.find(entity.line, "version 4 of a source is understood with odata_v2 and odata_v4 only");
        } else if protocol.kind == ProtocolKind::ODataV2 && protocol.prefix_v4.is_empty() {
            document.find(entity.line, "version 4 of a source needs `prefix_v4` in [protocol]");
        }
    }
}

/// What is the same whatever it is called: the forms of values and the rows below the record.
fn declared(entity: &EntitySpec, empty_texts: bool) -> Names {
    let mut names = Names::new(empty_texts);
    let path = |prefix: &Path, path: &Path| prefix.names().chain(path.names()).collect::<Vec<_>>().join("/");
    for row in &entity.fields {
        names.write(&path(&Path::default(), &row.to), row.conversion.form);
    }
    for group in &entity.groups {
        for row in &group.fields {
            names.write(&path(&group.to, &row.to), row.conversion.form);
        }
    }
    for expanded in &entity.source.expand {
        names.look_into(expanded);
    }
    names
}

/// Every path that the declaration reads or writes.
fn places(entity: &EntitySpec) -> Vec<String> {
    let text = |path: &Path| path.names().collect::<Vec<_>>().join("/");
    let source = &entity.source;
    let mut places: Vec<String> = source.expand.iter().chain(&source.also).chain(&source.more_keys).cloned().collect();
    places.push(text(&source.key));
    places.extend(entity.sync.modified.iter().chain(&entity.sync.created).cloned());
    places.extend(entity.fields.iter().flat_map(|row| [text(&row.at), text(&row.to)]));
    for group in &entity.groups {
        let inner = group.fields.iter().flat_map(|row| [text(&row.at), text(&row.to)]);
        places.extend(inner.map(|inner| format!("{}/{inner}", text(&group.at))));
    }
    places.extend(entity.deleted_at.iter().map(text));
    places
}

fn check(
    document: &Document<'_>,
    entity: &EntitySpec,
    line: usize,
    filter: &str,
    rows: &[(String, String, Vec<String>)],
) {
    if !entity.source.filter.is_empty() && filter.is_empty() {
        document.find(line, "the source has a `filter`, so [source.odata_v4] needs its own");
    }
    let changed =
        entity.groups.iter().filter(|group| matches!(group.field.kind, Kind::List(_)) && group.write.on_update());
    for group in changed {
        let at = group.at.names().collect::<Vec<_>>().join("/");
        if !rows.iter().any(|(path, ..)| *path == at) {
            document
                .find(line, format!("`{at}` has rows that are changed: `rows` must say in which set, by which keys"));
        }
    }
    if entity.moves.iter().any(|step| matches!(step.call, Call::Named(_))) {
        document.find(line, "a move by `call` is not made over version 4");
    }
    let forms = [Form::ODataDate, Form::ODataInstant, Form::Date, Form::Instant];
    for (_, conversion) in entity.remote_created.iter().chain(&entity.remote_modified) {
        if !forms.contains(&conversion.form) {
            document.find(line, format!("`as = \"{}\"` is no form of OData", conversion.form.name()));
        }
    }
}

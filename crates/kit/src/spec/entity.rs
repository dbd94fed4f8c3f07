//! `[entity.NAME]`: its source, its fields, and whether they fit the unified model.

use std::time::Duration;

use trunnion_model::catalog::{self, Entity, Field, Kind, field_of};

use super::odata_v4::{odata_v4, own};
use super::posts::posts;
use super::table::{Document, Entry, Table};
use super::types::{
    Create, Dated, Deletes, EntitySpec, Feed, GroupSpec, LinesSource, Row, Source, Strategy, Sync, Write,
};
use super::writes;
use crate::mapping::{Conversion, Form, Path};
use crate::shape::Volatile;

pub(super) fn entity(
    document: &Document<'_>,
    name: &str,
    line: usize,
    table: &Table<'_, '_>,
    units: &[(String, String)],
) -> Option<EntitySpec> {
    let source_table = table.table("source");
    let source = source(document, &source_table);
    let (over_v4, protocol) = (source_table.table("odata_v4"), source_table.text("protocol"));
    let mut sync = sync(document, &table.table("sync"));
    sync.deletes = deletes(document, &table.table("deletes"));
    let timestamp = |key: &str| {
        let place = table.table(key);
        place.is_there().then(|| {
            let form = place.text("as").unwrap_or_else(|| "instant".to_owned());
            let form = Form::named(&form).filter(|form| form.gives(Kind::Instant)).unwrap_or_else(|| {
                document.find(place.line(), format!("`as = \"{form}\"` gives no instant"));
                Form::Instant
            });
            (Path::new(&place.needed("at")), Conversion::plain(form))
        })
    };
    let (remote_created, remote_modified) = (timestamp("remote_created"), timestamp("remote_modified"));
    if sync.strategy == Strategy::Watermark && remote_modified.is_none() {
        document.find(line, format!("[entity.{name}] is synced by watermark and needs `remote_modified`"));
    }
    if sync.strategy == Strategy::Inserted && remote_created.is_none() {
        document.find(line, format!("[entity.{name}] is synced by the time of creation and needs `remote_created`"));
    }
    let optional = table.boolean("optional").unwrap_or(false);
    let deleted_at = table.text("deleted").map(|path| Path::new(&path));
    let create = create(&table.table("create"));
    let (update, delete, moves) = (table.table("update"), table.table("delete"), table.table("move"));
    let posts = posts(document, &table.table("post"));
    let (fields_table, groups_table) = (table.table("fields"), table.table("group"));
    let Some(entity) = catalog::entity(name) else {
        let known: Vec<_> = catalog::entities().iter().map(|entity| entity.name).collect();
        document.find(line, format!("unknown entity `{name}`; known: {}", known.join(", ")));
        for unread in [&fields_table, &groups_table, &update, &delete, &moves, &over_v4] {
            unread.entries();
        }
        return None;
    };
    let fields = rows(document, entity.fields, &fields_table, units);
    let groups = groups(document, entity, &groups_table, units);
    for field in entity.fields.iter().filter(|field| field.required) {
        if !fields.iter().any(|row| row.name == field.name)
            && !groups.iter().any(|group| group.field.name == field.name)
        {
            document.find(line, format!("[entity.{name}] does not map the required field `{}`", field.name));
        }
    }
    let update = writes::update(document, entity, &update);
    let delete = writes::delete(document, entity, &delete);
    let moves = writes::moves(document, entity, &moves);
    for row in fields.iter().chain(groups.iter().flat_map(|group| &group.fields)) {
        writes::check_states(document, entity, row.line, &row.locks.states);
    }
    if update.is_none() && fields.iter().any(|row| row.write.on_update()) {
        document.find(line, format!("[entity.{name}] has fields to update and needs [entity.{name}.update]"));
    }
    let mut spec = EntitySpec {
        entity,
        optional,
        source,
        sync,
        create,
        update,
        delete,
        moves,
        posts,
        fields,
        groups,
        custom: Vec::new(),
        deleted_at,
        remote_created,
        remote_modified,
        line,
    };
    spec.source.v4 =
        own(document, &spec, protocol.as_deref(), &over_v4).or_else(|| odata_v4(document, &spec, &over_v4));
    Some(spec)
}

fn source(document: &Document<'_>, table: &Table<'_, '_>) -> Source {
    let keys = table.texts("key");
    if keys.is_empty() {
        document.find(table.line(), "`key` is missing");
    }
    Source {
        service: table.text("service").unwrap_or_default(),
        set: table.needed("set"),
        set_at: Path::new(&table.text("set_at").unwrap_or_default()),
        key: Path::new(keys.first().map_or("", String::as_str)),
        more_keys: keys.iter().skip(1).cloned().collect(),
        expand: table.texts("expand"),
        also: table.texts("also"),
        volatile: Volatile::new(&table.texts("volatile")),
        filter: table.text("filter").unwrap_or_default(),
        query: table.text("query").unwrap_or_default(),
        key_column: table.text("key_column").unwrap_or_default(),
        lines: lines(&table.table("lines")),
        v4: None,
    }
}

fn lines(table: &Table<'_, '_>) -> Option<LinesSource> {
    table.is_there().then(|| LinesSource {
        query: table.needed("query"),
        parent: table.needed("parent"),
        unique: table.needed("unique"),
        order: table.needed("order"),
    })
}

fn sync(document: &Document<'_>, table: &Table<'_, '_>) -> Sync {
    let strategy = table.needed("strategy");
    let strategy = match Strategy::NAMES.iter().find(|(name, _)| *name == strategy) {
        Some((_, strategy)) => *strategy,
        None => {
            let known: Vec<_> = Strategy::NAMES.iter().map(|(name, _)| *name).collect();
            document.find(table.line(), format!("unknown strategy `{strategy}`; known: {}", known.join(", ")));
            Strategy::Snapshot
        }
    };
    let modified = table.texts("modified");
    if strategy.is_by_time() && modified.is_empty() {
        document.find(table.line(), "a watermark needs `modified`");
    }
    let overlap = table.text("overlap").unwrap_or_else(|| "5m".to_owned());
    let overlap = duration(&overlap).unwrap_or_else(|| {
        document.find(table.line(), format!("`{overlap}` is no duration such as 30s, 5m, 2h"));
        Duration::ZERO
    });
    Sync {
        strategy,
        page: table.number("page").unwrap_or(500).max(1),
        overlap,
        modified,
        by_day: table.boolean("by_day").unwrap_or(false),
        unsettled: table.text("unsettled").unwrap_or_default(),
        created: table.texts("created"),
        deletes: Deletes::Unnoticed,
        dated: dated(document, &table.table("dated")),
    }
}

fn dated(document: &Document<'_>, table: &Table<'_, '_>) -> Option<Dated> {
    if !table.is_there() {
        return None;
    }
    let (at, form) = (table.needed("at"), table.text("as").unwrap_or_else(|| "date".to_owned()));
    let ask = table.text("ask").unwrap_or_else(|| at.clone());
    let gives = |form: &Form| form.gives(Kind::Date) || form.gives(Kind::Instant);
    let form = Form::named(&form).filter(gives).unwrap_or_else(|| {
        document.find(table.line(), format!("`as = \"{form}\"` gives neither a date nor an instant"));
        Form::Date
    });
    Some(Dated { ask, at: Path::new(&at), conversion: Conversion::plain(form) })
}

fn deletes(document: &Document<'_>, table: &Table<'_, '_>) -> Deletes {
    if !table.is_there() {
        return Deletes::Unnoticed;
    }
    match table.needed("by").as_str() {
        "keys" => {
            let every = table.text("every").unwrap_or_else(|| "24h".to_owned());
            let every = duration(&every).unwrap_or_else(|| {
                document.find(table.line(), format!("`{every}` is no duration such as 30s, 5m, 2h"));
                Duration::ZERO
            });
            Deletes::Keys { every }
        }
        "feed" => Deletes::Feed(Feed {
            query: table.text("query").unwrap_or_default(),
            key: table.text("key").unwrap_or_default(),
            at: table.text("at").unwrap_or_default(),
            at_member: table.text("at_member").unwrap_or_default(),
        }),
        other => {
            document.find(table.line(), format!("`by = \"{other}\"` is none of keys, feed"));
            Deletes::Unnoticed
        }
    }
}

fn create(table: &Table<'_, '_>) -> Option<Create> {
    if !table.is_there() {
        return None;
    }
    Some(Create {
        write_key: table.text("write_key").unwrap_or_default(),
        write_key_length: table.number("write_key_length").unwrap_or(32),
        set: table.text("set").unwrap_or_default(),
        constants: paths(table.pairs("constants")),
        settings: paths(table.pairs("settings")),
    })
}

fn groups(
    document: &Document<'_>,
    entity: &'static Entity,
    table: &Table<'_, '_>,
    units: &[(String, String)],
) -> Vec<GroupSpec> {
    let mut groups = Vec::new();
    for Entry { name, value, line } in table.entries() {
        let group = table.inner(name, value);
        let (at, write) = (group.text("at").unwrap_or_default(), write(document, &group, group.line()));
        let to = group.text("to").unwrap_or_else(|| at.clone());
        let required = group.boolean("required").unwrap_or(false);
        let required_because = group.text("required_because").unwrap_or_default();
        let (constants, settings) = (paths(group.pairs("constants")), paths(group.pairs("settings")));
        let locks = writes::lock(document, &group);
        writes::check_states(document, entity, line, &locks.states);
        let (key, key_to) = (group.text("key").unwrap_or_default(), group.text("key_to").unwrap_or_default());
        let fields_table = group.table("fields");
        match entity.field(name).map(|field| (field, field.kind)) {
            Some((field, Kind::Group(inner) | Kind::List(inner))) => {
                let fields = rows(document, inner, &fields_table, units);
                for needed in inner.iter().filter(|field| field.required) {
                    if !fields.iter().any(|row| row.name == needed.name) {
                        document.find(
                            line,
                            format!("`{name}` of {} does not map the required field `{}`", entity.name, needed.name),
                        );
                    }
                }
                groups.push(GroupSpec {
                    field,
                    at: Path::new(&at),
                    to: Path::new(&to),
                    write,
                    required,
                    required_because,
                    locks,
                    key: Path::new(&key),
                    key_to: Path::new(&key_to),
                    fields,
                    custom: Vec::new(),
                    constants,
                    settings,
                });
            }
            Some(_) => document.find(
                line,
                format!("`{name}` of {} is a plain field: put it under [entity.{}.fields]", entity.name, entity.name),
            ),
            None => document.find(line, unknown_field(name, entity.fields)),
        }
    }
    groups
}

fn rows(
    document: &Document<'_>,
    fields: &'static [Field],
    table: &Table<'_, '_>,
    units: &[(String, String)],
) -> Vec<Row> {
    table.entries().into_iter().filter_map(|entry| row(document, fields, table, &entry, units)).collect()
}

fn row(
    document: &Document<'_>,
    fields: &'static [Field],
    rows: &Table<'_, '_>,
    entry: &Entry<'_, '_>,
    units: &[(String, String)],
) -> Option<Row> {
    let table = rows.inner(entry.name, entry.value);
    let line = entry.line;
    let form_name = table.text("as");
    let at = table.text("at").unwrap_or_default();
    let to = table.text("to").unwrap_or_else(|| at.clone());
    let words = table.pairs("words");
    let write = write(document, &table, line);
    let required = table.boolean("required").unwrap_or(false);
    let required_because = table.text("required_because").unwrap_or_default();
    let max_length = table.number("max_length");
    let precision = table.number("precision").and_then(|places| u32::try_from(places).ok());
    let locks = writes::lock(document, &table);
    let with = paths(table.pairs("with"));
    let kind = kind_of(fields, entry.name).or_else(|| {
        document.find(line, unknown_field(entry.name, fields));
        None
    })?;
    let form = match form_name {
        None => Form::default_for(kind).or_else(|| {
            document.find(line, format!("`{}` is a group: declare it under group.{}", entry.name, entry.name));
            None
        })?,
        Some(name) => Form::named(&name).or_else(|| {
            let known: Vec<_> = Form::names().collect();
            document.find(line, format!("unknown conversion `{name}`; known: {}", known.join(", ")));
            None
        })?,
    };
    if !form.gives(kind) {
        document.find(
            line,
            format!("`{}` is {}, but `as = \"{}\"` does not give that", entry.name, describe(kind), form.name()),
        );
    }
    if write != Write::Never && form.is_read_only() {
        document.find(line, format!("`{}` is read only: `{}` cannot be written", entry.name, form.name()));
    }
    if required && !write.on_create() {
        document.find(line, format!("`{}` is read only, so it cannot be required of a write", entry.name));
    }
    if !required && !required_because.is_empty() {
        document.find(line, format!("`{}` is not required, but says why (`required_because`)", entry.name));
    }
    if at.is_empty() && form != Form::Position && (write == Write::Never || to.is_empty()) {
        document.find(line, format!("`{}` needs `at`", entry.name));
    }
    if let Kind::Enum(allowed) = kind {
        for (theirs, ours) in words.iter().filter(|(_, ours)| !allowed.contains(&ours.as_str())) {
            document.find(line, format!("`{theirs}` stands for `{ours}`, which is none of {}", allowed.join(", ")));
        }
        if words.is_empty() {
            document
                .find(line, format!("`{}` needs `words`: the system's words for {}", entry.name, allowed.join(", ")));
        }
    }
    let mut table_of_words = match form {
        Form::Units => units.to_vec(),
        _ => words,
    };
    // A word that the system invents tomorrow becomes `unknown` where there is such a word, rather than nothing.
    if matches!(kind, Kind::Enum(allowed) if allowed.contains(&"unknown")) {
        table_of_words.push((String::new(), "unknown".to_owned()));
    }
    let conversion = Conversion { form, table: table_of_words };
    Some(Row {
        name: entry.name.to_owned(),
        at: Path::new(&at),
        to: Path::new(&to),
        conversion,
        write,
        required,
        required_because,
        locks,
        with,
        max_length,
        precision,
        line,
    })
}

/// The kind of a catalogue field, or text for a sibling such as `vendor_code`.
fn kind_of(fields: &'static [Field], name: &str) -> Option<Kind> {
    if let Some(field) = field_of(fields, name) {
        return Some(field.kind);
    }
    let sibling = |field: &Field| field.siblings().iter().any(|(sibling, _)| sibling == name);
    fields.iter().any(sibling).then_some(Kind::Text)
}

fn unknown_field(name: &str, fields: &[Field]) -> String {
    let known: Vec<_> = fields.iter().map(|field| field.name).collect();
    format!("unknown unified field `{name}`; known: {}", known.join(", "))
}

fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "a text",
        Kind::Bool => "true or false",
        Kind::Integer => "a whole number",
        Kind::Decimal { .. } => "a decimal number",
        Kind::Date => "a date",
        Kind::Instant => "an instant",
        Kind::Currency => "a currency",
        Kind::Unit => "a unit",
        Kind::Enum(_) => "one of a few words",
        Kind::Reference(_) => "a reference",
        Kind::Group(_) => "a group",
        Kind::List(_) => "a list",
    }
}

fn write(document: &Document<'_>, table: &Table<'_, '_>, line: usize) -> Write {
    match table.text("write").as_deref() {
        None | Some("never") => Write::Never,
        Some("create") => Write::Create,
        Some("update") => Write::Update,
        Some("always") => Write::Always,
        Some(other) => {
            document.find(line, format!("`write = \"{other}\"` is none of never, create, update, always"));
            Write::Never
        }
    }
}

fn paths(pairs: Vec<(String, String)>) -> Vec<(Path, String)> {
    pairs.into_iter().map(|(path, value)| (Path::new(&path), value)).collect()
}

fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at(text.len().checked_sub(1)?);
    let number: u64 = digits.parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    Some(Duration::from_secs(number * seconds))
}

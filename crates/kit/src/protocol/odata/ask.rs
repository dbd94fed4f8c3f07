//! Reading: pages by key, one row, keys alone, and searches.

use trunnion_model::time::Timestamp;

use super::super::odata_v2::{after_key, is_key, literal};
use super::super::{encode, seconds};
use super::send::read;
use super::way::Way;
use crate::error::Error;
use crate::link::Link;
use crate::mapping::Form;
use crate::spec::EntitySpec;
use crate::vendor::{Account, Page, Window};

/// One row of every entity that a customer must have: each stands for a service and an authorisation of its own.
pub(in super::super) async fn probe(link: &Link) -> Result<Account, Error> {
    for entity in link.spec().entities.iter().filter(|entity| !entity.optional) {
        let way = Way::of(link, entity).await?;
        let key = encode(&way.key_names().join(","));
        let answer = read(link, &way, &format!("{}?$top=1&$select={key}{}", way.set_path(), way.format())).await?;
        if !answer.content_type_is("application/json") {
            return Err(Error::NotThatProduct(format!(
                "the address answers {} with no JSON: it does not seem to be the system's API",
                way.set()
            )));
        }
    }
    Ok(Account { name: link.setting("username").unwrap_or_default().to_owned() })
}

pub(in super::super) async fn page(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Page, Error> {
    let way = Way::of(link, entity).await?;
    let mut conditions: Vec<String> = Vec::new();
    if !way.filter().is_empty() {
        conditions.push(way.filter().to_owned());
    }
    if let Some(since) = window.since.filter(|_| entity.sync.strategy.is_by_time()) {
        let changed = changed_since(&way, since)?;
        let unsettled = &entity.sync.unsettled;
        conditions.push(if unsettled.is_empty() { changed } else { format!("({changed}) or ({unsettled})") });
    }
    if let (Some(from), Some(dated)) = (window.dated_from, &entity.sync.dated) {
        let (name, day) = (way.name(&dated.ask), super::super::day(from));
        let literal = match dated.conversion.form {
            Form::Instant | Form::ODataInstant => way.instant(&format!("{day}T00:00:00")),
            _ => way.day(day),
        };
        conditions.push(format!("{name} ge {literal} or {name} eq null"));
    }
    if let Some(after) = &window.after_key {
        conditions.push(after_key(&way.key_names(), after));
    }
    let order = encode(&way.key_names().join(","));
    let mut target = format!("{}?$orderby={order}&$top={}{}", way.set_path(), window.limit, way.shape());
    if !conditions.is_empty() {
        let all: Vec<String> = conditions.iter().map(|condition| format!("({condition})")).collect();
        target.push_str("&$filter=");
        target.push_str(&encode(&all.join(" and ")));
    }
    way.page(read(link, &way, &target).await?)
}

pub(in super::super) async fn keys(
    link: &Link,
    entity: &EntitySpec,
    after_key: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    let way = Way::of(link, entity).await?;
    let names = way.key_names();
    let fixed = Some(way.filter()).filter(|filter| !filter.is_empty()).map(|filter| format!("({filter})"));
    let after = after_key.map(|after| format!("({})", super::super::odata_v2::after_key(&names, after)));
    let conditions: Vec<String> = fixed.into_iter().chain(after).collect();
    let key = encode(&names.join(","));
    let mut target = format!("{}?$orderby={key}&$top={limit}&$select={key}{}", way.set_path(), way.format());
    if !conditions.is_empty() {
        target.push_str("&$filter=");
        target.push_str(&encode(&conditions.join(" and ")));
    }
    way.page(read(link, &way, &target).await?)
}

/// By a filter rather than by `Set('key')`: the unified key need not be the set's own (a vendor is a business partner).
pub(in super::super) async fn one(link: &Link, entity: &EntitySpec, remote_id: &str) -> Result<Page, Error> {
    let way = Way::of(link, entity).await?;
    among(link, &way, &is_key(&way.key_names(), remote_id), 1).await
}

/// The entity's rows for which a condition in version 2's words holds, in the order of their key and as the mapping reads them.
pub async fn having(link: &Link, entity: &EntitySpec, condition: &str, limit: usize) -> Result<Page, Error> {
    among(link, &Way::of(link, entity).await?, condition, limit).await
}

async fn among(link: &Link, way: &Way<'_>, condition: &str, limit: usize) -> Result<Page, Error> {
    // Several rows may have one key, of which one is the record: equipment has one for each time that it was moved.
    let filter = encode(&with_fixed(way, format!("({condition})")));
    let order = encode(&way.key_names().join(","));
    let target = format!("{}?$orderby={order}&$top={limit}&$filter={filter}{}", way.set_path(), way.shape());
    way.page(read(link, way, &target).await?)
}

pub(in super::super) async fn find_written(
    link: &Link,
    entity: &EntitySpec,
    write_key: &str,
) -> Result<Option<String>, Error> {
    let field = entity.create.as_ref().map_or("", |create| create.write_key.as_str());
    if field.is_empty() {
        return Err(Error::Unexpected(format!("{} has no field to search a write by", entity.source.set)));
    }
    let way = Way::of(link, entity).await?;
    find(link, &way, &format!("{} eq {}", way.name(field), literal(write_key))).await
}

/// Of the rows that are the entity's, the one with that value in a column.
pub(in super::super) async fn find_by(
    link: &Link,
    entity: &EntitySpec,
    column: &str,
    value: &str,
) -> Result<Option<String>, Error> {
    let way = Way::of(link, entity).await?;
    find(link, &way, &with_fixed(&way, format!("{} eq {}", way.name(column), literal(value)))).await
}

async fn find(link: &Link, way: &Way<'_>, filter: &str) -> Result<Option<String>, Error> {
    let (key, filter) = (encode(&way.key_names().join(",")), encode(filter));
    let target = format!("{}?$top=2&$select={key}&$filter={filter}{}", way.set_path(), way.format());
    let page = way.page(read(link, way, &target).await?)?;
    let rows = page.rows()?;
    Ok(rows.first().and_then(|row| super::write::remote_id(way.entity, row)))
}

fn with_fixed(way: &Way<'_>, filter: String) -> String {
    if way.filter().is_empty() { filter } else { format!("({}) and {filter}", way.filter()) }
}

fn changed_since(way: &Way<'_>, since: Timestamp) -> Result<String, Error> {
    let (at, sync) = (seconds(since), &way.entity.sync);
    match (sync.modified.as_slice(), sync.created.as_slice()) {
        (dates, _) if sync.by_day => {
            let day = way.day(super::super::day(since));
            Ok(dates.iter().map(|date| format!("{} ge {day}", way.name(date))).collect::<Vec<_>>().join(" or "))
        }
        ([instant], _) => Ok(format!("{} ge {}", way.name(instant), way.instant(&at))),
        ([date, time], created) => {
            let clock = at.split_once('T').map_or("00:00:00", |(_, clock)| clock);
            let (date, time) = (way.name(date), way.name(time));
            let (day, clock) = (way.day(super::super::day(since)), way.time(clock));
            let mut changed = format!("{date} gt {day} or ({date} eq {day} and {time} ge {clock})");
            if let Some(created) = created.first() {
                changed.push_str(&format!(" or ({date} eq null and {} ge {day})", way.name(created)));
            }
            Ok(changed)
        }
        _ => Err(Error::Unexpected(format!("{} declares no one or two fields of change", way.entity.source.set))),
    }
}

//! `filter[field]=value` and `filter[field:op]=value`, checked against the catalogue: an unknown field or operator is told,
//! never ignored.

use trunnion_model::catalog::{Entity, Kind};
use trunnion_model::decimal;
use trunnion_model::time::{parse_instant, rfc3339};
use trunnion_store::{FieldFilter, FieldFilters, FieldKind, FieldPlace, FieldTest};

use crate::params::Params;

const OPERATORS: [&str; 7] = ["contains", "starts_with", "gt", "gte", "lt", "lte", "in"];
const MOST_FILTERS: usize = 20;
const MOST_VALUES: usize = 100;

/// What is filtered, and in which form its values are.
struct Target {
    place: FieldPlace,
    kind: Kind,
}

/// The filters among the parameters, and the other parameters.
pub(super) type Split = (Vec<(String, String)>, Vec<(String, String)>);

/// Filters are told from other parameters by their name alone.
pub(super) fn split(params: &[(String, String)]) -> Split {
    params.iter().cloned().partition(|(name, _)| name.starts_with("filter["))
}

pub(super) fn read(entity: &Entity, given: &[(String, String)], params: &mut Params<'_>) -> FieldFilters {
    let any = match params.text("filter_match") {
        None | Some("all") => false,
        Some("any") => true,
        Some(_) => {
            params.problem("filter_match", "must be all or any");
            false
        }
    };
    if given.len() > MOST_FILTERS {
        params.problem("filter", format!("there may be at most {MOST_FILTERS} filters"));
    }
    let mut filters = Vec::new();
    for (name, value) in given {
        match one(entity, name, value) {
            Ok(filter) => filters.push(filter),
            Err(message) => params.problem(name, message),
        }
    }
    FieldFilters { filters, any }
}

fn one(entity: &Entity, name: &str, value: &str) -> Result<FieldFilter, String> {
    let inner = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']'));
    let inner = inner.ok_or("must have the form filter[field] or filter[field:op]")?;
    let (field, operator) = inner.split_once(':').unwrap_or((inner, ""));
    let Target { place, kind } = target(entity, field)?;
    if value.is_empty() {
        return Err("needs a value".to_owned());
    }
    let words = matches!(kind, Kind::Text | Kind::Currency | Kind::Unit);
    let test = match operator {
        "" => FieldTest::In(vec![canonical(kind, value)?]),
        "in" => {
            let values: Vec<&str> = value.split(',').map(str::trim).collect();
            if values.len() > MOST_VALUES {
                return Err(format!("may have at most {MOST_VALUES} values"));
            }
            FieldTest::In(values.into_iter().map(|value| canonical(kind, value)).collect::<Result<_, _>>()?)
        }
        "contains" if words => FieldTest::Contains(value.to_owned()),
        "starts_with" if words => FieldTest::StartsWith(value.to_owned()),
        "gt" | "gte" | "lt" | "lte" if !matches!(kind, Kind::Bool | Kind::Enum(_) | Kind::Reference(_)) => {
            let value = canonical(kind, value)?;
            match operator {
                "gt" => FieldTest::Greater(value),
                "gte" => FieldTest::GreaterOrEqual(value),
                "lt" => FieldTest::Less(value),
                _ => FieldTest::LessOrEqual(value),
            }
        }
        known if OPERATORS.contains(&known) => return Err(format!("`{field}` cannot be compared by {known}")),
        unknown => return Err(format!("there is no operator `{unknown}`; known are: {}", OPERATORS.join(", "))),
    };
    Ok(FieldFilter { place, test })
}

fn target(entity: &Entity, name: &str) -> Result<Target, String> {
    let member = |kind: Kind| {
        let name = name.to_owned();
        if entity.natural_key == Some(name.as_str()) {
            return Target { place: FieldPlace::NaturalKey { name }, kind };
        }
        let compared = match kind {
            Kind::Integer | Kind::Decimal { .. } => FieldKind::Number,
            Kind::Bool => FieldKind::Bool,
            _ => FieldKind::Text,
        };
        Target { place: FieldPlace::Member { name, kind: compared }, kind }
    };
    match name {
        "remote_id" => return Ok(Target { place: FieldPlace::RemoteId, kind: Kind::Text }),
        "display" => return Ok(Target { place: FieldPlace::Display, kind: Kind::Text }),
        _ => {}
    }
    if let Some(field) = entity.field(name) {
        return match field.kind {
            Kind::Group(_) | Kind::List(_) => Err(format!("`{name}` is a group of fields and cannot be filtered by")),
            kind => Ok(member(kind)),
        };
    }
    let sibling = entity.fields.iter().any(|field| field.siblings().iter().any(|(sibling, _)| sibling == name));
    if sibling { Ok(member(Kind::Text)) } else { Err(format!("{} has no field `{name}`", entity.name)) }
}

/// The value in the form in which records hold it.
fn canonical(kind: Kind, value: &str) -> Result<String, String> {
    let form = match kind {
        Kind::Text | Kind::Currency | Kind::Unit | Kind::Reference(_) => Some(value.to_owned()),
        Kind::Bool => matches!(value, "true" | "false").then(|| value.to_owned()),
        Kind::Integer => value.parse::<i64>().ok().map(|number| number.to_string()),
        Kind::Decimal { .. } => decimal::canonical(value).map(std::borrow::Cow::into_owned),
        Kind::Date => value.parse::<trunnion_model::time::Date>().ok().map(|date| date.to_string()),
        // In a query string a plus sign is a space unless it was escaped.
        Kind::Instant => parse_instant(&value.replace(' ', "+")).map(rfc3339),
        Kind::Enum(words) => {
            let known = words.contains(&value).then(|| value.to_owned());
            return known.ok_or_else(|| format!("must be one of: {}", words.join(", ")));
        }
        Kind::Group(_) | Kind::List(_) => None,
    };
    form.ok_or_else(|| {
        let what = match kind {
            Kind::Bool => "true or false",
            Kind::Integer => "a whole number",
            Kind::Decimal { .. } => "a decimal number",
            Kind::Date => "a date, as 2026-01-31",
            _ => "an instant, as 2026-01-31T10:00:00Z, or a date",
        };
        format!("must be {what}")
    })
}

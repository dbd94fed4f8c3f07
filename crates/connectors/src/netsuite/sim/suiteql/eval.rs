//! Values and how expressions over rows get theirs. Every comparison with NULL is false, as in SQL's WHERE.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, civil::Time};
use rust_decimal::Decimal;

use super::ast::Operator;
use super::bind::{Bound, Function};
use super::format;
use super::rows::Row;
use crate::netsuite::sim::data::Store;

/// What evaluation needs beside the rows.
#[derive(Clone, Copy)]
pub(super) struct Env<'s> {
    pub store: &'s Store,
    pub negative_quantities: bool,
    /// The integration user's time zone.
    pub offset: Offset,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Val<'a> {
    Null,
    Text(Cow<'a, str>),
    Number(Decimal),
    Date(Date),
    Time(Timestamp),
}

impl Val<'_> {
    pub(super) fn into_owned(self) -> Val<'static> {
        match self {
            Self::Null => Val::Null,
            Self::Text(text) => Val::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Val::Number(number),
            Self::Date(date) => Val::Date(date),
            Self::Time(at) => Val::Time(at),
        }
    }

    /// As the REST service shows it; nothing for NULL. Instants lose their time of day unless a format asks for it.
    pub(super) fn shown(&self, env: &Env<'_>) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Null => return None,
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.normalize().to_string()),
            Self::Date(date) => Cow::Owned(format::show_date(*date)),
            Self::Time(at) => Cow::Owned(format::show_date(env.offset.to_datetime(*at).date())),
        })
    }

    /// The instant that a date, a time or a date in the account's format means.
    pub(super) fn instant(&self, env: &Env<'_>) -> Option<Timestamp> {
        match self {
            Self::Time(at) => Some(*at),
            Self::Date(date) => env.offset.to_timestamp(date.to_datetime(Time::midnight())).ok(),
            Self::Text(text) => Val::Date(format::account_date(text)?).instant(env),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

/// How two values compare; nothing if one is NULL, an error if they cannot be compared.
pub(super) fn compare(a: &Val<'_>, b: &Val<'_>, env: &Env<'_>) -> Result<Option<Ordering>, String> {
    Ok(match (a, b) {
        (Val::Null, _) | (_, Val::Null) => None,
        (Val::Number(a), Val::Number(b)) => Some(a.cmp(b)),
        (Val::Text(a), Val::Text(b)) => Some(bare_status(a, b).cmp(bare_status(b, a))),
        (Val::Number(a), b @ Val::Text(_)) => Some(a.cmp(&b.number().ok_or("invalid number")?)),
        (a @ Val::Text(_), Val::Number(b)) => Some(a.number().ok_or("invalid number")?.cmp(b)),
        (Val::Date(a), Val::Date(b)) => Some(a.cmp(b)),
        (a, b) => {
            let wrong = "dates can only be compared with dates, or texts in the account's date format";
            Some(a.instant(env).ok_or(wrong)?.cmp(&b.instant(env).ok_or(wrong)?))
        }
    })
}

/// Statuses are filtered by `PurchOrd:B` as well as by the letter that the column shows.
fn bare_status<'a>(text: &'a str, other: &str) -> &'a str {
    match text.strip_prefix("PurchOrd:") {
        Some(letter) if other.len() == 1 => letter,
        _ => text,
    }
}

pub(super) fn eval<'a>(expr: &'a Bound, rows: &'a [Row<'_>], env: &Env<'a>) -> Result<Val<'a>, String> {
    Ok(match expr {
        Bound::Const(value) => value.clone(),
        Bound::Column(source, column) => rows.get(*source).map_or(Val::Null, |row| row.value(*column, env)),
        Bound::Display(source, table, column) => {
            rows.get(*source).map_or(Val::Null, |row| row.display(*table, *column, env))
        }
        Bound::Call(function, arguments) => call(*function, arguments, rows, env)?,
        condition => Val::Text(Cow::Borrowed(if holds(condition, rows, env)? { "T" } else { "F" })),
    })
}

pub(super) fn holds(expr: &Bound, rows: &[Row<'_>], env: &Env<'_>) -> Result<bool, String> {
    Ok(truth(expr, rows, env)? == Some(true))
}

/// Three-valued: nothing is SQL's UNKNOWN.
fn truth(expr: &Bound, rows: &[Row<'_>], env: &Env<'_>) -> Result<Option<bool>, String> {
    Ok(match expr {
        Bound::And(parts) => fold(parts, false, rows, env)?,
        Bound::Or(parts) => fold(parts, true, rows, env)?,
        Bound::Not(inner) => truth(inner, rows, env)?.map(|known| !known),
        Bound::Compare(operator, a, b) => {
            let order = compare(&eval(a, rows, env)?, &eval(b, rows, env)?, env)?;
            order.map(|order| satisfies(*operator, order))
        }
        Bound::In(value, list) => {
            let value = eval(value, rows, env)?;
            let mut unknown = value == Val::Null;
            for candidate in list {
                match compare(&value, &eval(candidate, rows, env)?, env)? {
                    Some(Ordering::Equal) => return Ok(Some(true)),
                    None => unknown = true,
                    Some(_) => {}
                }
            }
            if unknown { None } else { Some(false) }
        }
        Bound::IsNull(value) => Some(eval(value, rows, env)? == Val::Null),
        Bound::Like(value, pattern) => {
            let (value, pattern) = (eval(value, rows, env)?, eval(pattern, rows, env)?);
            match (value.shown(env), pattern.shown(env)) {
                (Some(value), Some(pattern)) => Some(like(&value, &pattern)),
                _ => None,
            }
        }
        value => match eval(value, rows, env)? {
            Val::Text(text) if text == "T" => Some(true),
            Val::Text(text) if text == "F" => Some(false),
            Val::Null => None,
            _ => return Err("a condition is missing where a value stands".to_owned()),
        },
    })
}

/// AND (`decisive` is false) and OR (`decisive` is true).
fn fold(parts: &[Bound], decisive: bool, rows: &[Row<'_>], env: &Env<'_>) -> Result<Option<bool>, String> {
    let mut outcome = Some(!decisive);
    for part in parts {
        match truth(part, rows, env)? {
            Some(known) if known == decisive => return Ok(Some(decisive)),
            Some(_) => {}
            None => outcome = None,
        }
    }
    Ok(outcome)
}

fn satisfies(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
    }
}

fn call<'a>(function: Function, arguments: &'a [Bound], rows: &'a [Row<'_>], env: &Env<'a>) -> Result<Val<'a>, String> {
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(eval(argument, rows, env)?);
    }
    let second = values.get(1).cloned();
    let first = values.into_iter().next().unwrap_or(Val::Null);
    Ok(match (function, second) {
        (Function::Nvl, other) => {
            if first == Val::Null {
                other.unwrap_or(Val::Null)
            } else {
                first
            }
        }
        (_, _) if first == Val::Null => Val::Null,
        (Function::Abs, _) => Val::Number(first.number().ok_or("ABS takes a number")?.abs()),
        (Function::ToChar, Some(Val::Text(format))) => {
            let at = first.instant(env).ok_or("TO_CHAR with a format takes a date")?;
            Val::Text(Cow::Owned(format::show(env.offset.to_datetime(at), &format)?))
        }
        (Function::ToChar, None) => first.shown(env).map_or(Val::Null, |text| Val::Text(Cow::Owned(text.into_owned()))),
        (Function::ToTimestamp | Function::ToDate, Some(Val::Text(format))) => {
            let text = first.shown(env).unwrap_or_default();
            let at = format::read(&text, &format)?;
            Val::Time(env.offset.to_timestamp(at).map_err(|_| format!("'{text}' is out of range"))?)
        }
        (Function::ToChar | Function::ToTimestamp | Function::ToDate, _) => {
            return Err("the second argument is the format, a text".to_owned());
        }
    })
}

/// `%` is any run of characters, `_` any one.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut t, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                back = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '_' || c == text[t] => {
                t += 1;
                p += 1;
            }
            _ => match back {
                Some((at, from)) => {
                    back = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_patterns_match_whole_texts() {
        for (text, pattern, matches) in [
            ("PO1001", "PO%", true),
            ("PO1001", "%1", true),
            ("PO1001", "PO100_", true),
            ("PO1001", "PO1", false),
            ("abcabd", "%ab_", true),
            ("", "%", true),
            ("a", "", false),
        ] {
            assert_eq!(like(text, pattern), matches, "{text} {pattern}");
        }
    }
}

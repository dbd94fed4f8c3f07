//! The forms in which systems write dates and instants. A date never passes a time zone on its way.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use trunnion_model::time::from_micros;

use crate::json::{Node, Object};

/// `2026-01-31`, also at the head of a longer text (`2026-01-31T00:00:00`).
pub fn iso_date(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

/// RFC 3339, or the same without a zone (a blank instead of `T` is fine), which then is UTC.
pub fn iso_instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| utc(text.parse().ok()?))
}

/// `/Date(1736467200000)/` or `/Date(1736496000123+0000)/`: milliseconds since 1970 (OData v2, JSON format). The offset
/// only says how the instant was meant to be shown.
pub fn odata_millis(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let digits_end =
        inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map_or(inner.len(), |(at, _)| at);
    inner[..digits_end].parse().ok()
}

/// As version 2 writes it, or as version 4 does (ISO 8601).
pub fn odata_date(text: &str) -> Option<Date> {
    match odata_millis(text) {
        Some(millis) => Some(TimeZone::UTC.to_datetime(from_micros(millis.checked_mul(1_000)?)).date()),
        None => iso_date(text),
    }
}

/// As version 2 writes it, or as version 4 does; a date alone is its midnight.
pub fn odata_instant(text: &str) -> Option<Timestamp> {
    match odata_millis(text) {
        Some(millis) => Some(from_micros(millis.checked_mul(1_000)?)),
        None => {
            iso_instant(text).or_else(|| utc(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())))
        }
    }
}

pub fn odata_date_text(date: Date) -> Option<String> {
    let midnight = utc(date.to_datetime(jiff::civil::Time::midnight()))?;
    Some(format!("/Date({})/", midnight.as_millisecond()))
}

/// `PT08H00M00S` (OData v2 Edm.Time) as seconds of the day.
pub fn odata_time_seconds(text: &str) -> Option<i64> {
    let rest = text.strip_prefix("PT")?;
    let (hours, rest) = rest.split_once('H')?;
    let (minutes, rest) = rest.split_once('M')?;
    let seconds = rest.strip_suffix('S')?.split('.').next()?;
    Some(hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60 + seconds.parse::<i64>().ok()?)
}

/// `{"__class__":"date","year":2026,"month":1,"day":31}`.
pub fn tagged_date(node: &Node<'_>) -> Option<Date> {
    Date::new(part(node, "year")?, part(node, "month")?, part(node, "day")?).ok()
}

/// `{"__class__":"datetime","year":…,"microsecond":…}`, without a zone: UTC.
pub fn tagged_instant(node: &Node<'_>) -> Option<Timestamp> {
    let time = |name| part::<i8>(node, name).unwrap_or(0);
    let nanos = part::<i32>(node, "microsecond").unwrap_or(0).checked_mul(1_000)?;
    let date = tagged_date(node)?;
    utc(DateTime::new(date.year(), date.month(), date.day(), time("hour"), time("minute"), time("second"), nanos)
        .ok()?)
}

pub fn tagged_date_node(date: Date) -> Node<'static> {
    let number = |n: i64| Node::number(n.to_string());
    Node::Object(Object::from_iter([
        (Cow::Borrowed("__class__"), Node::text("date")),
        (Cow::Borrowed("year"), number(date.year().into())),
        (Cow::Borrowed("month"), number(date.month().into())),
        (Cow::Borrowed("day"), number(date.day().into())),
    ]))
}

fn part<T: std::str::FromStr>(node: &Node<'_>, name: &str) -> Option<T> {
    node.get(name)?.as_text()?.parse().ok()
}

fn utc(datetime: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(datetime).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn a_date_of_odata_is_read_in_the_form_of_either_version() {
        assert_eq!(odata_date("2025-01-10"), odata_date("/Date(1736467200000)/"));
        assert_eq!(odata_instant("2025-01-10T08:00:00.1234567Z").unwrap().to_string(), "2025-01-10T08:00:00.1234567Z");
        assert_eq!(odata_instant("2025-01-10"), odata_instant("/Date(1736467200000)/"));
        assert!(odata_date("10.01.2025").is_none() && odata_instant("/Date(x)/").is_none());
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(iso_date("2026-01-31T23:59:59").unwrap().to_string(), "2026-01-31");
        assert_eq!(odata_date("/Date(1736467200000)/").unwrap().to_string(), "2025-01-10");
        assert_eq!(odata_date_text("2025-01-10".parse().unwrap()).unwrap(), "/Date(1736467200000)/");
        assert_eq!(odata_instant("/Date(1736496000123+0000)/").unwrap().to_string(), "2025-01-10T08:00:00.123Z");
        assert_eq!(odata_millis("/Date(-86400000)/"), Some(-86_400_000), "before 1970");
        assert_eq!(odata_time_seconds("PT08H30M05S"), Some(30_605));
        assert_eq!(iso_instant("2026-01-31 10:00:00").unwrap().to_string(), "2026-01-31T10:00:00Z");
        assert_eq!(iso_instant("2026-01-31T10:00:00+02:00").unwrap().to_string(), "2026-01-31T08:00:00Z");
        let tagged = parse(r#"{"__class__":"datetime","year":2026,"month":11,"day":23,"hour":18,"minute":28,"second":57,"microsecond":775530}"#).unwrap();
        assert_eq!(tagged_instant(&tagged).unwrap().to_string(), "2026-11-23T18:28:57.77553Z");
        assert_eq!(tagged_date(&tagged_date_node("2026-02-03".parse().unwrap())).unwrap().to_string(), "2026-02-03");
    }

    #[test]
    fn nonsense_is_nothing() {
        assert!(iso_date("31.01.2026").is_none() && iso_date("2026-13-01").is_none() && iso_date("é").is_none());
        assert!(odata_millis("/Date()/").is_none() && odata_millis("2026-01-01").is_none());
    }
}

//! Dates and times as texts: the account's own date format, and Oracle's format models.

use jiff::civil::{Date, DateTime, Time};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// Longer words first, so that `HH24` is not read as `HH`.
const WORDS: [(&str, Part); 13] = [
    ("YYYY", Part::Year),
    ("HH24", Part::Hour24),
    ("HH12", Part::Hour12),
    ("MON", Part::MonthName),
    ("FF9", Part::Fraction(9)),
    ("FF6", Part::Fraction(6)),
    ("FF3", Part::Fraction(3)),
    ("MM", Part::Month),
    ("DD", Part::Day),
    ("HH", Part::Hour12),
    ("MI", Part::Minute),
    ("SS", Part::Second),
    ("AM", Part::Half),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    MonthName,
    Day,
    Hour24,
    Hour12,
    Half,
    Minute,
    Second,
    Fraction(usize),
    Literal(String),
}

/// A date in the account's format, `M/D/YYYY`.
pub(in super::super) fn account_date(text: &str) -> Option<Date> {
    let mut parts = text.trim().split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

pub(super) fn show_date(date: Date) -> String {
    format!("{}/{}/{}", date.month(), date.day(), date.year())
}

/// `TO_CHAR`.
pub(super) fn show(at: DateTime, format: &str) -> Result<String, String> {
    let mut out = String::new();
    for part in parts(format)? {
        match part {
            Part::Year => out.push_str(&format!("{:04}", at.year())),
            Part::Month => out.push_str(&format!("{:02}", at.month())),
            Part::MonthName => out.push_str(MONTHS[usize::from(at.month().unsigned_abs()) - 1]),
            Part::Day => out.push_str(&format!("{:02}", at.day())),
            Part::Hour24 => out.push_str(&format!("{:02}", at.hour())),
            Part::Hour12 => out.push_str(&format!("{:02}", (at.hour() + 11) % 12 + 1)),
            Part::Half => out.push_str(if at.hour() < 12 { "AM" } else { "PM" }),
            Part::Minute => out.push_str(&format!("{:02}", at.minute())),
            Part::Second => out.push_str(&format!("{:02}", at.second())),
            Part::Fraction(digits) => out.push_str(&format!("{:09}", at.subsec_nanosecond())[..digits]),
            Part::Literal(text) => out.push_str(&text),
        }
    }
    Ok(out)
}

/// `TO_TIMESTAMP` and `TO_DATE`: the text must have the format's form from end to end.
pub(super) fn read(text: &str, format: &str) -> Result<DateTime, String> {
    let wrong = || format!("'{text}' does not have the format '{format}'");
    let (mut year, mut month, mut day) = (None, 1, 1);
    let (mut hour, mut half, mut minute, mut second, mut nanos) = (0, None, 0, 0, 0);
    let mut rest = text.trim();
    for part in parts(format)? {
        let mut digits = |most: usize| -> Result<i16, String> {
            let len = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
            let value = rest[..len].parse().map_err(|_| wrong())?;
            rest = &rest[len..];
            Ok(value)
        };
        match part {
            Part::Year => year = Some(digits(4)?),
            Part::Month => month = digits(2)?,
            Part::Day => day = digits(2)?,
            Part::Hour24 | Part::Hour12 => hour = digits(2)?,
            Part::Minute => minute = digits(2)?,
            Part::Second => second = digits(2)?,
            Part::Fraction(most) => {
                let len = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
                nanos = format!("{:0<9}", &rest[..len]).parse().map_err(|_| wrong())?;
                rest = &rest[len..];
            }
            Part::MonthName => {
                let name = rest.get(..3).ok_or_else(wrong)?.to_uppercase();
                let index = MONTHS.iter().position(|month| *month == name).ok_or_else(wrong)?;
                month = i16::try_from(index + 1).map_err(|_| wrong())?;
                rest = &rest[3..];
            }
            Part::Half => {
                half = Some(rest.get(..2).ok_or_else(wrong)?.to_uppercase());
                rest = &rest[2..];
            }
            Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str()).ok_or_else(wrong)?,
        }
    }
    hour = match half.as_deref() {
        Some("PM") => hour % 12 + 12,
        Some("AM") => hour % 12,
        Some(_) => return Err(wrong()),
        None => hour,
    };
    let small = |value: i16| i8::try_from(value).map_err(|_| wrong());
    let date = Date::new(year.ok_or_else(wrong)?, small(month)?, small(day)?).map_err(|_| wrong())?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, nanos).map_err(|_| wrong())?;
    if rest.is_empty() { Ok(date.to_datetime(time)) } else { Err(wrong()) }
}

fn parts(format: &str) -> Result<Vec<Part>, String> {
    let mut out = Vec::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (literal, after) = rest[1..].split_once('"').ok_or("a quote in the format is not closed")?;
            out.push(Part::Literal(literal.to_owned()));
            rest = after;
        } else if first.is_alphabetic() {
            let fits = |word: &str| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
            let alternative = ("PM", Part::Half);
            let known = WORDS.iter().chain([&alternative]).find(|(word, _)| fits(word));
            let (word, part) = known.ok_or_else(|| format!("date format '{format}' is not recognized"))?;
            out.push(part.clone());
            rest = &rest[word.len()..];
        } else {
            out.push(Part::Literal(first.to_string()));
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_models_write_and_read_the_same_instant() {
        let at: DateTime = "2025-03-09T17:04:05.25".parse().unwrap();
        for (format, text) in [
            ("YYYY-MM-DD\"T\"HH24:MI:SS", "2025-03-09T17:04:05"),
            ("MM/DD/YYYY HH:MI:SS AM", "03/09/2025 05:04:05 PM"),
            ("DD-MON-YYYY HH24:MI:SS.FF3", "09-MAR-2025 17:04:05.250"),
            ("YYYYMMDD", "20250309"),
        ] {
            assert_eq!(show(at, format).unwrap(), text);
            let back = read(text, format).unwrap();
            assert_eq!(show(back, format).unwrap(), text);
        }
        assert!(show(at, "Q").is_err());
        for wrong in ["2025-13-01", "2025-01-01x", "25-1", "", "2025-01-é"] {
            assert!(read(wrong, "YYYY-MM-DD").is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_accounts_date_format_has_no_leading_zeros() {
        let date = account_date("1/9/2025").unwrap();
        assert_eq!(date.to_string(), "2025-01-09");
        assert_eq!(show_date(date), "1/9/2025");
        for wrong in ["2025-01-09", "1/9/25", "13/1/2025", "1/9/2025/1"] {
            assert_eq!(account_date(wrong), None);
        }
    }
}

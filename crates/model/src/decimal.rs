//! Decimal numbers as text: money and quantities never become floats, and one number has one form.
//!
//! The canonical form has no exponent, no leading `+`, no needless zero: `12.5`, never `12.500`, `1.25e1` or `012.5`;
//! zero is `0`. It is exact at any length (some stock quantities have 31 digits, more than any machine type here).

use std::borrow::Cow;

pub use rust_decimal::{Decimal, RoundingStrategy};

/// Exponents beyond this are refused, so that a short text cannot become a long number.
const LARGEST_EXPONENT: i32 = 64;

/// The canonical form of a JSON number or of the same as text; `None` if it is no number.
pub fn canonical(text: &str) -> Option<Cow<'_, str>> {
    let trimmed = text.trim();
    if is_canonical(trimmed) {
        return Some(Cow::Borrowed(trimmed));
    }
    let (negative, unsigned) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0
        || !only_digits(whole)
        || !only_digits(fraction)
        || exponent.abs() > LARGEST_EXPONENT
    {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    Some(Cow::Owned(place_point(negative, &digits, whole.len() as i32 + exponent)))
}

/// [`canonical`] and then a machine number; `None` if it is no number or has more than 28 digits.
pub fn parse(text: &str) -> Option<Decimal> {
    canonical(text)?.parse().ok()
}

/// The canonical text of a machine number.
pub fn text(number: Decimal) -> String {
    number.normalize().to_string()
}

fn place_point(negative: bool, digits: &str, point: i32) -> String {
    let mut padded = digits.to_owned();
    let mut point = point;
    while point < 0 {
        padded.insert(0, '0');
        point += 1;
    }
    let point = point as usize;
    while padded.len() < point {
        padded.push('0');
    }
    let (whole, fraction) = padded.split_at(point);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let sign = if negative && !(whole.is_empty() && fraction.is_empty()) { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn is_canonical(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && !fraction.ends_with('0') => (whole, fraction),
        Some(_) => return false,
        None => (unsigned, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !whole.is_empty() && digits(whole) && digits(fraction) && (whole == "0" || !whole.starts_with('0')) && text != "-0"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_form() {
        for (given, expected) in [
            ("12.500", "12.5"),
            ("12.5", "12.5"),
            ("1.25e1", "12.5"),
            ("125E-1", "12.5"),
            ("+012.50", "12.5"),
            ("0.000", "0"),
            ("-0.0", "0"),
            ("-0.5", "-0.5"),
            ("-.5", "-0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1e-3", "0.001"),
            ("100", "100"),
            ("  7 ", "7"),
            ("12345678901234567.12345678901234", "12345678901234567.12345678901234"),
        ] {
            assert_eq!(canonical(given).as_deref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for given in ["", "-", ".", "1,5", "0x10", "1e999", "NaN", "12a", "1.2.3", "--1", "é"] {
            assert_eq!(canonical(given), None, "{given}");
        }
    }

    #[test]
    fn machine_numbers_are_written_without_needless_zeros() {
        assert_eq!(text(parse("10.00").unwrap() * parse("3.3330").unwrap()), "33.33");
    }
}

//! The values of the simulated database: how they compare and how OData v2 JSON shows them.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::schema::{Kind, Property};
use super::stamp;

/// One field of a row. `Initial` is ABAP's initial value: the empty text, zero, false, no date.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Initial,
    /// Only in a filter; no row holds it.
    Null,
    Text(Cow<'static, str>),
    Bool(bool),
    Number(Number),
    /// A date or a point in time, in ticks of 100 ns since 1970, UTC.
    Ticks(i64),
    /// Seconds since midnight.
    Time(u32),
}

/// A decimal number: `units` × 10^-`scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) units: i64,
    pub(super) scale: u8,
}

impl Number {
    pub(super) const fn new(units: i64, scale: u8) -> Self {
        Self { units, scale }
    }

    /// Reads `-12.50`; nothing but a sign, digits and one point.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
            return None;
        }
        let units: i64 = format!("{whole}{fraction}").parse().ok()?;
        let units = if digits.len() < text.len() { -units } else { units };
        Some(Self { units, scale: u8::try_from(fraction.len()).ok()? })
    }

    /// The same number with another count of decimals; nothing if digits would be lost.
    pub(super) fn rescale(self, scale: u8) -> Option<Self> {
        if scale >= self.scale {
            let units = self.units.checked_mul(10_i64.checked_pow(u32::from(scale - self.scale))?)?;
            return Some(Self { units, scale });
        }
        let divisor = 10_i64.checked_pow(u32::from(self.scale - scale))?;
        (self.units % divisor == 0).then_some(Self { units: self.units / divisor, scale })
    }

    pub(super) fn is_positive(self) -> bool {
        self.units > 0
    }

    pub(super) fn write(self, out: &mut String) {
        let scale = usize::from(self.scale);
        let mut digits = [b'0'; 40];
        let mut at = digits.len();
        let mut rest = self.units.unsigned_abs();
        let mut written = 0;
        while rest > 0 || written <= scale {
            if written == scale && scale > 0 {
                at -= 1;
                digits[at] = b'.';
            }
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            written += 1;
        }
        if self.units < 0 {
            out.push('-');
        }
        out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        let at = |number: &Self| i128::from(number.units) * 10_i128.pow(u32::from(scale - number.scale).min(19));
        at(self).cmp(&at(other))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Value {
    pub(super) fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) const fn number(units: i64, scale: u8) -> Self {
        Self::Number(Number::new(units, scale))
    }

    pub(super) fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// What an initial field compares as.
    pub(super) fn resolve<'a>(&'a self, property: &Property) -> Cow<'a, Self> {
        if *self != Self::Initial {
            return Cow::Borrowed(self);
        }
        Cow::Owned(match property.kind {
            Kind::Text { .. } => Self::text(property.initial_text()),
            Kind::Number { scale, .. } => Self::number(0, scale),
            Kind::Bool => Self::Bool(false),
            Kind::Date | Kind::Instant { .. } | Kind::Time | Kind::Guid => Self::Null,
        })
    }

    /// The order of two values of the same kind; null comes first and equals only itself.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null | Self::Initial, Self::Null | Self::Initial) => Some(Ordering::Equal),
            (Self::Null | Self::Initial, _) => Some(Ordering::Less),
            (_, Self::Null | Self::Initial) => Some(Ordering::Greater),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::Number(left), Self::Number(right)) => Some(left.cmp(right)),
            (Self::Ticks(left), Self::Ticks(right)) => Some(left.cmp(right)),
            (Self::Time(left), Self::Time(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// Appends the JSON of a value that is not initial.
    pub(super) fn write_json(&self, kind: Kind, out: &mut String) {
        match self {
            Self::Initial | Self::Null => out.push_str("null"),
            Self::Text(text) => write_json_text(text, out),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => {
                out.push('"');
                number.write(out);
                // The database keeps what is needed; the service shows all decimals of the type.
                if let Kind::Number { scale, .. } = kind
                    && scale > number.scale
                {
                    out.push_str(if number.scale == 0 { "." } else { "" });
                    (number.scale..scale).for_each(|_| out.push('0'));
                }
                out.push('"');
            }
            Self::Ticks(ticks) => stamp::write_json(*ticks, matches!(kind, Kind::Instant { .. }), out),
            Self::Time(seconds) => {
                out.push('"');
                stamp::write_time(*seconds, out);
                out.push('"');
            }
        }
    }
}

/// Appends `text` as a JSON string.
pub(super) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push_str(text);
    } else {
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                other if u32::from(other) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(other))),
                other => out.push(other),
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_padded_to_their_scale_and_compare_by_value() {
        let show = |number: Number| {
            let mut out = String::new();
            number.write(&mut out);
            out
        };
        for (units, scale, shown) in
            [(0, 3, "0.000"), (10_500, 3, "10.500"), (-7, 3, "-0.007"), (42, 0, "42"), (0, 0, "0")]
        {
            assert_eq!(show(Number::new(units, scale)), shown);
        }
        assert_eq!(Number::parse("-12.50"), Some(Number::new(-1_250, 2)));
        assert_eq!(Number::parse("12.50").unwrap().cmp(&Number::new(12_500, 3)), Ordering::Equal);
        assert_eq!(Number::new(12_501, 3).rescale(2), None);
        assert_eq!(Number::new(1_250, 2).rescale(3), Some(Number::new(12_500, 3)));
        for wrong in ["", ".", "1e3", "1.2.3", "+1", "99999999999999999999"] {
            assert_eq!(Number::parse(wrong), None, "{wrong}");
        }
    }
}

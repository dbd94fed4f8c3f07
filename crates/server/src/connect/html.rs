//! Text in HTML. Whatever did not come from this crate's own sources passes [`escape`], in text and in quoted attributes.

use trunnion_engine::services::link::Text;

/// The text as it must stand in HTML, also between quotation marks of either kind.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Not allowed in HTML, not even as a reference.
            '\0' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// What a connector says; English on a page in another language is marked, so that it is read aloud as such.
pub(super) fn said_by(text: &Text) -> String {
    let escaped = escape(&text.text);
    if text.foreign { format!("<span lang=\"en\">{escaped}</span>") } else { escaped }
}

/// The text as a value in a query, percent-encoded: letters, digits and a few marks stay.
pub(super) fn query(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02X}"));
        }
    }
    safe
}

#[test]
fn nothing_gets_out_of_text_or_attribute() {
    let escaped = escape("<script>\"x\" onerror='y' &amp;\0</script>");
    assert!(!escaped.contains(['<', '>', '"', '\'', '\0']), "{escaped}");
    assert_eq!(escape("a & b"), "a &amp; b");
    assert_eq!(escape("Müller"), "Müller");
    assert_eq!(query("a b&c=\"ü"), "a%20b%26c%3D%22%C3%BC");
}

/// The text with `{name}` replaced; the values are HTML already.
pub(super) fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        filled.push_str(&escape(before));
        filled.push_str(value);
        rest = after;
    }
    filled + &escape(rest)
}

#[test]
fn what_is_put_into_a_text_is_not_looked_into() {
    assert_eq!(filled("a & {one}, {two}.", &[("one", "<b>{two}</b>"), ("two", "2")]), "a &amp; <b>{two}</b>, 2.");
    assert_eq!(filled("{gone}x{", &[]), "x");
}

//! Text in HTML. Whatever did not come from this crate's own sources passes [`escape`], in text and in quoted attributes.

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

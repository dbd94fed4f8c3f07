//! Text that people may see: without secrets, short and readable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A vendor's text is cut to this.
const MOST: usize = 1024;
/// No more of a body than this is looked at.
const LOOKED_AT: usize = 64 * 1024;

/// `text` with every secret replaced, plain, percent-encoded or in base64 (alone or within a longer text, as in the header of
/// Basic authentication); the longest first, so that no rest of one stays.
pub fn redact(text: &str, secrets: &[&str]) -> String {
    let mut forms: Vec<String> = Vec::new();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        forms.push((*secret).to_owned());
        forms.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
        forms.push(crate::auth::oauth1::percent_encode(secret));
        forms.extend(in_base64(secret));
    }
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms.iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), "[redacted]"))
}

/// How the secret looks in base64 after 0, 1 or 2 other bytes, without the characters at either end that hold bits of others.
fn in_base64(secret: &str) -> impl Iterator<Item = String> {
    const SHORTEST: usize = 4;
    (0..3).filter_map(|before| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        // Six bits a character.
        let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        let text = STANDARD.encode(&bytes);
        text.get(first..last).filter(|form| form.len() >= SHORTEST).map(str::to_owned)
    })
}

/// The readable part of an error body: HTML tags gone, white space folded, at most a kilobyte.
pub fn vendor_text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
    let looks_like_html = text.trim_start().starts_with('<');
    let text = if looks_like_html { without_tags(&text) } else { text.into_owned() };
    let mut folded = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
        if folded.len() > MOST {
            break;
        }
    }
    cut(folded)
}

fn cut(mut text: String) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() > MOST {
        let room = MOST - ELLIPSIS.len();
        text.truncate((0..=room).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0));
        text.push_str(ELLIPSIS);
    }
    text
}

/// Also drops what stands between the tags of scripts and styles, which nobody reads.
fn without_tags(html: &str) -> String {
    let (mut text, mut rest) = (String::new(), html);
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        text.push(' ');
        rest = &rest[open..];
        let hidden = ["script", "style", "!--"].into_iter().find(|name| starts_with(&rest[1..], name));
        let end = match hidden {
            Some("!--") => "-->",
            Some("script") => "</script>",
            Some(_) => "</style>",
            None => ">",
        };
        match find(rest, end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => rest = "",
        }
    }
    text.push_str(rest);
    for (entity, sign) in
        [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
    {
        text = text.replace(entity, sign);
    }
    text
}

fn starts_with(text: &str, name: &str) -> bool {
    text.as_bytes().get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
}

fn find(text: &str, what: &str) -> Option<usize> {
    text.as_bytes().windows(what.len()).position(|window| window.eq_ignore_ascii_case(what.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_vanish_in_every_form_they_were_sent_in() {
        let text = "user bob, password p&ss w0rd, again p%26ss+w0rd and p%26ss%20w0rd, p&ss";
        let clean = redact(text, &["p&ss", "p&ss w0rd", ""]);
        assert_eq!(clean, "user bob, password [redacted], again [redacted] and [redacted], [redacted]");
    }

    #[test]
    fn secrets_vanish_from_base64_whatever_stands_before_and_after_them() {
        for (before, after) in [("", ""), ("u:", ""), ("us:", "x"), ("use:", "xy"), ("user:", "")] {
            let encoded = STANDARD.encode(format!("{before}p&ss w0rd{after}"));
            let clean = redact(&format!("authorization: Basic {encoded}"), &["p&ss w0rd"]);
            // What is left are the parts of other bytes.
            let rest = clean.trim_start_matches("authorization: Basic ").replace("[redacted]", "");
            assert!(clean.contains("[redacted]") && rest.len() <= 10, "{clean}");
        }
    }

    #[test]
    fn an_html_page_becomes_one_short_line() {
        let page = b"<!DOCTYPE html><html><head><STYLE>b{}</Style><script>x < y</script></head>\n\
            <body><!-- <b> --><h1>Logon\n failed</h1>&lt;100&gt; &amp; out</body>";
        assert_eq!(vendor_text(page), "Logon failed <100> & out");
        assert_eq!(vendor_text(b"{\"a\": 1 < 2}"), "{\"a\": 1 < 2}");
        assert_eq!(vendor_text(b"<p>never closed <b"), "never closed");
        assert_eq!(vendor_text(b" \n"), "");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = vendor_text("ä".repeat(5_000).as_bytes());
        assert!(text.len() <= MOST && text.ends_with("ä…"), "{}", text.len());
    }
}

//! SuiteQL's tokens.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or a keyword, as written.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    Text(String),
    Number(String),
    Symbol(&'static str),
}

/// Two-character symbols first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 16] = ["<>", "!=", "<=", ">=", "||", "=", "<", ">", "(", ")", ",", ".", "?", "*", "-", "+"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(out) };
        if rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").ok_or("a comment is not closed")?.1;
        } else if first == '\'' {
            let (text, after) = quoted(rest, '\'').ok_or("a text is not closed")?;
            out.push(Token::Text(text));
            rest = after;
        } else if first == '"' {
            let (name, after) = quoted(rest, '"').ok_or("a quoted name is not closed")?;
            out.push(Token::Quoted(name));
            rest = after;
        } else if first.is_ascii_digit() {
            let (number, after) = split_while(rest, |c| c.is_ascii_digit() || c == '.');
            out.push(Token::Number(number.to_owned()));
            rest = after;
        } else if first.is_alphabetic() || first == '_' {
            let (word, after) = split_while(rest, |c| c.is_alphanumeric() || c == '_' || c == '$');
            out.push(Token::Word(word.to_owned()));
            rest = after;
        } else {
            let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
            let symbol = symbol.ok_or_else(|| format!("unexpected character '{first}'"))?;
            out.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
        }
    }
}

fn split_while(text: &str, wanted: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !wanted(c)).unwrap_or(text.len()))
}

/// The text between two quotes, of which a doubled one stands for itself, and what follows.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = &text[1..];
    loop {
        let end = rest.find(quote)?;
        out.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(quote) {
            Some(after) => {
                out.push(quote);
                rest = after;
            }
            None => return Some((out, rest)),
        }
    }
}

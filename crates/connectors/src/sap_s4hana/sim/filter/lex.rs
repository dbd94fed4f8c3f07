//! Cuts a `$filter` or a key predicate into words.

use std::iter::Peekable;
use std::str::CharIndices;

/// One word with the place where it starts, for the error text.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Token {
    Open,
    Close,
    Comma,
    Equals,
    /// A name, an operator, `true`, `null` or a function.
    Word(String),
    /// A number with its type suffix, as written.
    Digits(String),
    /// `'…'` with its prefix (`datetime`, …, empty for a plain text).
    Quoted {
        prefix: String,
        text: String,
    },
}

/// The words of `text`, or the place of the first character that begins none.
pub(in super::super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, usize> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some(&(at, character)) = rest.peek() {
        let single = match character {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            '=' => Some(Token::Equals),
            _ => None,
        };
        if let Some(token) = single {
            rest.next();
            found.push((at, token));
        } else if character.is_whitespace() {
            rest.next();
        } else if character == '\'' {
            found.push((at, Token::Quoted { prefix: String::new(), text: quoted(&mut rest).ok_or(at)? }));
        } else if character.is_ascii_digit() || matches!(character, '-' | '.') {
            let digits = take(&mut rest, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+'));
            found.push((at, Token::Digits(digits)));
        } else if character.is_ascii_alphabetic() || matches!(character, '_' | '$') {
            let word = take(&mut rest, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '/'));
            let token = match rest.peek() {
                Some((_, '\'')) => Token::Quoted { prefix: word, text: quoted(&mut rest).ok_or(at)? },
                _ => Token::Word(word),
            };
            found.push((at, token));
        } else {
            return Err(at);
        }
    }
    Ok(found)
}

fn take(rest: &mut Peekable<CharIndices<'_>>, belongs: impl Fn(char) -> bool) -> String {
    let mut word = String::new();
    while let Some((_, character)) = rest.next_if(|(_, character)| belongs(*character)) {
        word.push(character);
    }
    word
}

/// The text up to the closing quote; two quotes stand for one.
fn quoted(rest: &mut Peekable<CharIndices<'_>>) -> Option<String> {
    rest.next();
    let mut text = String::new();
    loop {
        match rest.next()? {
            (_, '\'') if rest.next_if(|(_, next)| *next == '\'').is_some() => text.push('\''),
            (_, '\'') => return Some(text),
            (_, other) => text.push(other),
        }
    }
}

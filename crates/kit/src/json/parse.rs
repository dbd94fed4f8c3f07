//! Reads JSON (RFC 8259) in one pass: strict, with a bound on depth, borrowing every string that has no escape.

use std::borrow::Cow;

use super::{Node, Object};

/// Deeper documents are refused: no vendor sends them, and a stack is finite.
const DEEPEST: usize = 96;

/// So many members a row mostly has at most, with what is computed beside them, and an object inside it.
const ROW: usize = 48;
const PART: usize = 8;

/// Where and why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no valid JSON at byte {at}: {problem}")]
pub struct ParseError {
    pub at: usize,
    pub problem: &'static str,
}

/// The whole text as one value.
pub fn parse(text: &str) -> Result<Node<'_>, ParseError> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    let node = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.error("something follows the value"));
    }
    Ok(node)
}

/// The texts of the rows at `at` (names separated by `/`, empty for the whole text): the items of an array, or one object.
/// Finds them without reading them, so that a page can be read and forgotten row by row.
pub fn rows<'a>(text: &'a str, at: &str) -> Result<Vec<&'a str>, ParseError> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    for name in at.split('/').filter(|name| !name.is_empty()) {
        reader.enter(name)?;
    }
    let mut found = Vec::new();
    match reader.peek() {
        Some(b'{') => found.push(reader.pass()?),
        Some(b'[') => {
            reader.at += 1;
            reader.skip_space();
            if reader.peek() == Some(b']') {
                return Ok(found);
            }
            loop {
                reader.skip_space();
                found.push(reader.pass()?);
                reader.skip_space();
                if reader.another(b']', "a comma or the end of the array is missing")? {
                    break;
                }
            }
        }
        _ => return Err(reader.error("there are no rows")),
    }
    Ok(found)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Node<'a>, ParseError> {
        if depth > DEEPEST {
            return Err(self.error("nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Node::Text(self.string()?)),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.error("a value is missing")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, ParseError> {
        let start = self.at;
        self.at += 1;
        let mut members = Vec::with_capacity(if depth == 0 { ROW } else { PART });
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                self.skip_space();
                if self.peek() != Some(b'"') {
                    return Err(self.error("a member's name is missing"));
                }
                let name = self.string()?;
                self.skip_space();
                self.take(b':', "a colon is missing")?;
                self.skip_space();
                let node = self.value(depth + 1)?;
                members.push((name, node));
                self.skip_space();
                if self.another(b'}', "a comma or the end of the object is missing")? {
                    break;
                }
            }
        }
        Ok(Node::Object(Object { members, source: &self.text[start..self.at], renamed: false }))
    }

    fn array(&mut self, depth: usize) -> Result<Node<'a>, ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.another(b']', "a comma or the end of the array is missing")? {
                return Ok(Node::Array(items));
            }
        }
    }

    /// Goes to the value of that member of the object that begins here.
    fn enter(&mut self, wanted: &str) -> Result<(), ParseError> {
        self.take(b'{', "an object is missing")?;
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.error("the member with the rows is missing"));
            }
            let name = self.string()?;
            self.skip_space();
            self.take(b':', "a colon is missing")?;
            self.skip_space();
            if name == wanted {
                return Ok(());
            }
            self.pass()?;
            self.skip_space();
            if self.another(b'}', "a comma or the end of the object is missing")? {
                return Err(self.error("the member with the rows is missing"));
            }
        }
    }

    /// The text of the value that begins here. Looks at brackets and strings only: whoever reads the text checks the rest.
    fn pass(&mut self) -> Result<&'a str, ParseError> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => self.pass_string()?,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth <= 1 => {
                    self.at += depth;
                    break;
                }
                b'}' | b']' => depth -= 1,
                b',' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        if self.at >= bytes.len() && depth > 1 {
            Err(self.error("a value does not end"))
        } else {
            Ok(&self.text[start..self.at])
        }
    }

    /// From the opening quote to the closing one.
    fn pass_string(&mut self) -> Result<(), ParseError> {
        let bytes = self.text.as_bytes();
        loop {
            self.at += 1;
            match bytes.get(self.at) {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.at += 1,
                Some(_) => {}
                None => return Err(self.error("a string does not end")),
            }
        }
    }

    /// Steps over `,` (false) or `end` (true).
    fn another(&mut self, end: u8, problem: &'static str) -> Result<bool, ParseError> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.error(problem)),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, ParseError> {
        self.at += 1;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Cow::Borrowed(&self.text[start..at]));
                }
                Some(b'\\') => return self.escaped(start, at),
                Some(0..=0x1f) | None => {
                    self.at = at;
                    return Err(self.error("a string does not end, or holds a control character"));
                }
                Some(_) => at += 1,
            }
        }
    }

    fn escaped(&mut self, start: usize, first: usize) -> Result<Cow<'a, str>, ParseError> {
        let bytes = self.text.as_bytes();
        let mut out = String::with_capacity(first - start + 16);
        let (mut from, mut at) = (start, first);
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    out.push_str(&self.text[from..at]);
                    self.at = at + 1;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => {
                    out.push_str(&self.text[from..at]);
                    self.at = at + 1;
                    out.push(self.escape()?);
                    at = self.at;
                    from = at;
                }
                Some(0..=0x1f) | None => {
                    self.at = at;
                    return Err(self.error("a string does not end, or holds a control character"));
                }
                Some(_) => at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let kind = self.peek();
        self.at += 1;
        Ok(match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.error("no such escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, ParseError> {
        let first = self.four_digits()?;
        let code = match first {
            0xd800..=0xdbff => {
                if !self.text[self.at..].starts_with("\\u") {
                    return Err(self.error("half of a surrogate pair"));
                }
                self.at += 2;
                let second = self.four_digits()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(self.error("half of a surrogate pair"));
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.error("half of a surrogate pair"))
    }

    fn four_digits(&mut self) -> Result<u32, ParseError> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|four| four.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits
            .and_then(|four| u32::from_str_radix(four, 16).ok())
            .ok_or_else(|| self.error("four hex digits are missing"))?;
        self.at += 4;
        Ok(code)
    }

    fn number(&mut self) -> Result<Node<'a>, ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.error("a digit is missing")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(Node::Number(Cow::Borrowed(&self.text[start..self.at])))
    }

    fn some_digits(&mut self) -> Result<(), ParseError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("a digit is missing"));
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, ParseError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(node)
        } else {
            Err(self.error("a value is missing"))
        }
    }

    fn take(&mut self, byte: u8, problem: &'static str) -> Result<(), ParseError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.error(problem))
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, problem: &'static str) -> ParseError {
        ParseError { at: self.at, problem }
    }
}

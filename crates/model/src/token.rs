//! API tokens: 256 random bits behind a prefix (`tk_` for applications, `tc_` for connections) and a checksum.
//!
//! Shown once; only a hash is stored. A fast hash is right for 256-bit secrets: there is nothing to guess.

use crate::ids::encode;
use uuid::Uuid;

/// What kind of caller a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An application key, `tk_…`.
    Application,
    /// A connection token, `tc_…`.
    Connection,
}

impl TokenKind {
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Application => "tk",
            Self::Connection => "tc",
        }
    }
}

/// A token that was just made: the only moment at which its text exists.
pub struct NewToken {
    text: String,
}

impl NewToken {
    pub fn new(kind: TokenKind) -> Self {
        Self::with_prefix(kind.prefix())
    }

    /// A secret that opens one thing once: a link, a code. It is looked up by [`hash_of`] and authenticates nobody.
    pub fn one_time(prefix: &str) -> Self {
        Self::with_prefix(prefix)
    }

    fn with_prefix(prefix: &str) -> Self {
        let mut random = [0; 32];
        #[expect(clippy::expect_used, reason = "without the system's randomness no token is safe to give out")]
        getrandom::fill(&mut random).expect("the system has a source of randomness");
        let (left, right) = random.split_at(16);
        let half = |bytes: &[u8]| {
            let mut whole = [0; 16];
            whole.copy_from_slice(bytes);
            Uuid::from_bytes(whole)
        };
        let (first, second) = (encode(prefix, half(left)), encode("", half(right)));
        let body = format!("{first}{}", &second[1..]);
        let text = format!("{body}{}", checksum(&body));
        Self { text }
    }

    /// The text to show once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    pub fn hash(&self) -> [u8; 32] {
        hash_of(&self.text)
    }
}

/// The hash under which a presented one-time secret is looked up.
pub fn hash_of(text: &str) -> [u8; 32] {
    *blake3::hash(text.as_bytes()).as_bytes()
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewToken(…)")
    }
}

/// The kind and the hash by which to look a presented token up; `None` if it cannot be one of ours (a typing error, another
/// program's token), which saves the database the question.
pub fn inspect(text: &str) -> Option<(TokenKind, [u8; 32])> {
    let kind = match text.get(..3)? {
        "tk_" => TokenKind::Application,
        "tc_" => TokenKind::Connection,
        _ => return None,
    };
    let body = text.get(..text.len().checked_sub(4)?)?;
    (text.get(body.len()..)? == checksum(body)).then(|| (kind, *blake3::hash(text.as_bytes()).as_bytes()))
}

fn checksum(body: &str) -> String {
    let hash = blake3::hash(body.as_bytes());
    hash.to_hex()[..4].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_and_a_typing_error_is_not() {
        let token = NewToken::new(TokenKind::Connection);
        assert_eq!(inspect(token.reveal()), Some((TokenKind::Connection, token.hash())));
        let mut wrong = token.reveal().to_owned();
        let at = wrong.len() - 6;
        let other = if wrong.as_bytes()[at] == b'a' { "b" } else { "a" };
        wrong.replace_range(at..=at, other);
        assert_eq!(inspect(&wrong), None);
        assert_eq!(inspect("tk_"), None);
        assert_eq!(inspect("ü"), None);
        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}

//! A sender's scheme as data. Whoever can read this can add a sender without code.

use serde::{Deserialize, Serialize};

use super::handshake::Handshake;
use super::place::Place;
use super::template::Template;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    pub proof: Proof,
    /// Where the event's id stands: the first of these that is whole counts, its places joined. Without one, an event is
    /// known by its time and its bytes.
    #[serde(default)]
    pub id: Vec<Vec<Place>>,
    #[serde(default)]
    pub handshakes: Vec<Handshake>,
}

/// What proves the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    Signed(Signed),
    /// A fixed token, there or in every such place of the body.
    Token {
        at: Place,
    },
    /// RFC 7617; the secret is `user:password`.
    Basic,
    /// Nothing but the secret in the address, which the caller has compared.
    Address,
}

/// A signature over the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    pub at: Place,
    pub form: Form,
    pub entries: Vec<Entry>,
    pub content: Template,
    /// Unix seconds or milliseconds. Compared with the clock if it is signed.
    #[serde(default)]
    pub time: Option<Place>,
    /// Into the past and into the future.
    #[serde(default = "five_minutes")]
    pub tolerance_seconds: u32,
}

fn five_minutes() -> u32 {
    300
}

/// How signatures stand in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One, after its label: `sha256=…`.
    Plain,
    /// `t=…,v1=…,v1=…`.
    Pairs,
    /// `v1,… v1a,…`.
    Versioned,
}

/// One kind of signature that is understood. Others beside it are skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    #[serde(default)]
    pub label: String,
    pub algorithm: Algorithm,
    pub encoding: Encoding,
    #[serde(default)]
    pub key: KeyForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// For senders that have nothing better.
    HmacSha1,
    HmacSha256,
    HmacSha512,
    Ed25519,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    Hex,
    Base64,
    Base64Url,
}

/// How the secret's text becomes the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    /// Its bytes as they are.
    #[default]
    Text,
    /// Base64 after this prefix; a secret without the prefix is not for this entry.
    Base64 { prefix: String },
}

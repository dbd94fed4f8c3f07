//! Where a value stands in a request: `header:NAME`, `query:NAME`, `json:PATH`, or `pair:NAME` inside the signature itself.
//!
//! A path of JSON is members joined by `/`; `*` stands for every element of an array. A header that is there twice has no
//! value: two readers could choose differently.

use std::cell::OnceCell;
use std::fmt;

use http::{HeaderMap, Method, Uri};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request as it arrived. The URI need not be absolute; `url` is what the sender called, where that is signed.
#[derive(Debug)]
pub struct Incoming<'r> {
    pub method: &'r Method,
    pub uri: &'r Uri,
    pub url: &'r str,
    pub headers: &'r HeaderMap,
    pub body: &'r [u8],
    /// The body, read at most once.
    json: OnceCell<Option<Value>>,
}

impl<'r> Incoming<'r> {
    pub fn new(method: &'r Method, uri: &'r Uri, url: &'r str, headers: &'r HeaderMap, body: &'r [u8]) -> Self {
        Self { method, uri, url, headers, body, json: OnceCell::new() }
    }

    /// The texts and numbers at a path of the body.
    fn json(&self, path: &[String]) -> Vec<String> {
        let root = self.json.get_or_init(|| serde_json::from_slice(self.body).ok());
        let mut found: Vec<&Value> = root.iter().collect();
        for step in path {
            found = found.into_iter().flat_map(|value| inner(value, step)).collect();
        }
        found.into_iter().filter_map(text).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    Header(String),
    Query(String),
    Json(Vec<String>),
    /// A `name=value` beside the signature.
    Pair(String),
}

/// What stands in a place that must hold one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    One(String),
    /// Twice, or no text: nobody can say what was meant.
    Unclear,
}

impl Place {
    pub fn header(name: &str) -> Self {
        Self::Header(name.to_ascii_lowercase())
    }

    pub fn json(path: &str) -> Self {
        Self::Json(path.split('/').map(str::to_owned).collect())
    }

    /// The value in `request`; pairs are looked up by who reads the signature.
    pub fn find(&self, request: &Incoming<'_>) -> Found {
        match self {
            Self::Header(name) => header(request.headers, name),
            Self::Query(name) => only(query(request.uri, name)),
            Self::Json(path) => only(request.json(path)),
            Self::Pair(_) => Found::Nothing,
        }
    }

    /// All values in `request`, of which JSON may have many.
    pub fn all(&self, request: &Incoming<'_>) -> Vec<String> {
        match (self, self.find(request)) {
            (Self::Json(path), _) => request.json(path),
            (_, Found::One(value)) => vec![value],
            _ => Vec::new(),
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Found {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Found::Nothing,
        (Some(value), None) => value.to_str().map_or(Found::Unclear, |text| Found::One(text.trim().to_owned())),
        (Some(_), Some(_)) => Found::Unclear,
    }
}

fn only(mut values: Vec<String>) -> Found {
    match (values.pop(), values.is_empty()) {
        (None, _) => Found::Nothing,
        (Some(value), true) => Found::One(value),
        (Some(_), false) => Found::Unclear,
    }
}

/// The decoded values of a query parameter.
pub(super) fn query(uri: &Uri, name: &str) -> Vec<String> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| decode(key).as_deref() == Some(name)).filter_map(|(_, value)| decode(value)).collect()
}

/// Of `%2F` and `+`; `None` if it is no text.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn inner<'v>(value: &'v Value, step: &str) -> Vec<&'v Value> {
    match (value, step) {
        (Value::Array(all), "*") => all.iter().collect(),
        (Value::Array(all), index) => index.parse().ok().and_then(|index: usize| all.get(index)).into_iter().collect(),
        (Value::Object(members), name) => members.get(name).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some((_, "")) | None => Err(format!("`{text}` is none of header:NAME, query:NAME, json:PATH, pair:NAME")),
            Some(("header", name)) => Ok(Self::header(name)),
            Some(("query", name)) => Ok(Self::Query(name.to_owned())),
            Some(("json", path)) => Ok(Self::json(path)),
            Some(("pair", name)) => Ok(Self::Pair(name.to_owned())),
            Some((kind, _)) => Err(format!("`{kind}` is none of header, query, json, pair")),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Json(path) => write!(f, "json:{}", path.join("/")),
            Self::Pair(name) => write!(f, "pair:{name}"),
        }
    }
}

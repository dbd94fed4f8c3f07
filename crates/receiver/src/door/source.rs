//! A sender as the door knows it: how it proves itself, with which secrets, how much it may send, what its events are about.

use std::time::Duration;

use secrecy::SecretString;

use crate::verify::{Found, Incoming, Place, Scheme};

#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub scheme: Scheme,
    /// Each of them is good; several while one takes over from another.
    pub secrets: Vec<SecretString>,
    pub naming: Naming,
    pub limits: Limits,
    /// The address that senders call, where that is signed.
    pub url: String,
}

/// What one request, and one sender, may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    pub body: usize,
    /// For the whole of a body to arrive.
    pub time: Duration,
    /// Requests in one second; none: as many as can be stored.
    pub per_second: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 1024 * 1024, time: Duration::from_secs(10), per_second: None }
    }
}

/// Where an event says what it is about.
#[derive(Clone, Debug, Default)]
pub struct Naming {
    /// The first of these that is whole is the key, its places joined.
    pub key: Vec<Vec<Place>>,
    pub kind: Option<Place>,
    /// The log that the event belongs to, and its number there.
    pub stream: Option<Place>,
    pub number: Option<Place>,
}

/// What an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub key: String,
    pub kind: String,
    pub place: Option<(String, i64)>,
}

impl Source {
    /// A sender of Standard Webhooks whose body holds `type` and `data.id`.
    pub fn standard(name: &str, secrets: Vec<SecretString>) -> Self {
        let key = vec![vec![Place::json("data/id")]];
        let naming = Naming { key, kind: Some(Place::json("type")), ..Naming::default() };
        let (name, url) = (name.to_owned(), String::new());
        Self { name, scheme: Scheme::standard(), secrets, naming, limits: Limits::default(), url }
    }

    /// The same, for a sender whose events carry `sequence` without holes for each `connection_id`.
    pub fn sequenced(name: &str, secrets: Vec<SecretString>) -> Self {
        let mut source = Self::standard(name, secrets);
        source.naming.stream = Some(Place::json("connection_id"));
        source.naming.number = Some(Place::json("sequence"));
        source.naming.key.push(vec![Place::json("connection_id")]);
        source
    }
}

impl Naming {
    pub fn name(&self, request: &Incoming<'_>) -> Named {
        let one = |place: &Place| match place.find(request) {
            Found::One(value) => Some(value),
            Found::Nothing | Found::Unclear => None,
        };
        let whole = |places: &Vec<Place>| places.iter().map(one).collect::<Option<Vec<String>>>();
        let key = self.key.iter().find_map(whole).unwrap_or_default().join(" ");
        let kind = self.kind.as_ref().and_then(one).unwrap_or_default();
        let stream = self.stream.as_ref().and_then(one);
        let number = self.number.as_ref().and_then(one).and_then(|number| number.parse().ok());
        Named { key, kind, place: stream.zip(number).filter(|(_, number)| *number > 0) }
    }
}

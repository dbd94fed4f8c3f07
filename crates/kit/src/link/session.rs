//! What a protocol keeps between its calls: headers, cookies, and a context of its own.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use trunnion_model::time::Timestamp;

use crate::auth::sensitive;
use crate::error::Error;
use crate::http::Answer;

/// At most this many cookies are kept; a system that sets more is broken.
const MOST_COOKIES: usize = 50;

/// A login or a token fetch, as the protocol made it.
#[derive(Clone)]
pub struct Session {
    /// Sent with each request: an authorization, a token against cross-site requests.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Name and value.
    pub cookies: Vec<(String, String)>,
    /// What headers and cookies are made of, and nobody is to see.
    pub secrets: Vec<String>,
    /// What else the protocol has to remember, in its own form.
    pub context: Option<String>,
    pub since: Timestamp,
}

impl Session {
    pub fn new(since: Timestamp) -> Self {
        Self { headers: Vec::new(), cookies: Vec::new(), secrets: Vec::new(), context: None, since }
    }

    /// Puts the headers and the cookies into a request.
    pub fn apply(&self, to: &mut HeaderMap) -> Result<(), Error> {
        for (name, value) in &self.headers {
            to.insert(name, value.clone());
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            to.insert(header::COOKIE, sensitive(&cookies.join("; "))?);
        }
        Ok(())
    }

    /// Keeps the cookies that an answer sets. Path, domain and age do not matter: a session talks to one system and is
    /// given up as a whole when the system no longer knows it.
    pub fn take_cookies(&mut self, answer: &Answer) {
        for value in answer.headers.get_all(header::SET_COOKIE) {
            let Some((name, value)) = value.to_str().ok().and_then(name_and_value) else { continue };
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() && self.cookies.len() < MOST_COOKIES {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

fn name_and_value(set_cookie: &str) -> Option<(&str, &str)> {
    let (name, value) = set_cookie.split(';').next()?.split_once('=')?;
    Some((name.trim(), value.trim()))
}

/// A session is as good as a password.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session(since {})", self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_taken_replaced_dropped_and_sent() {
        let mut session = Session::new(Timestamp::UNIX_EPOCH);
        let take = |session: &mut Session, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::SET_COOKIE, HeaderValue::from_static(line));
            }
            session.take_cookies(&Answer { status: 200, headers, body: Vec::new() });
        };
        take(&mut session, &["SID=a=b; path=/; secure; HttpOnly", "usercontext=client=100; path=/", "odd"]);
        take(&mut session, &["SID=second; path=/", "usercontext=; Max-Age=0", "third=3"]);
        session.headers.push((HeaderName::from_static("x-csrf-token"), HeaderValue::from_static("hush")));
        let mut headers = HeaderMap::new();
        session.apply(&mut headers).unwrap();
        assert_eq!(headers["cookie"], "SID=second; third=3");
        assert_eq!(headers["x-csrf-token"], "hush");
        assert!(!format!("{session:?}").contains("second"));
    }
}

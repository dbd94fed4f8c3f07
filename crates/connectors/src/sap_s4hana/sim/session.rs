//! Who may call: Basic authentication, the lock after wrong passwords, sessions with their CSRF tokens.
//!
//! A session is idle-limited, belongs to one user and has one token, which a further fetch does not change. The cookies
//! are not marked `secure`, because the simulator speaks plain HTTP.

use std::collections::HashMap;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::errors;
use super::stamp::TICKS_PER_SECOND;

const WRONG_PASSWORDS_TO_LOCK: u32 = 5;
const IDLE_LIMIT: i64 = 1_800 * TICKS_PER_SECOND;
/// More sessions than this push the oldest out.
const MAX_SESSIONS: usize = 1_000;
const DEFAULT_CLIENT: &str = "100";

pub(super) struct Sessions {
    user: String,
    password: String,
    wrong_passwords: u32,
    made: u64,
    seed: u64,
    open: HashMap<String, Session>,
}

struct Session {
    token: String,
    last_used: i64,
}

/// What a request's headers allow.
pub(super) struct Caller {
    client: String,
    session: Option<String>,
}

/// Why a request stops before it reaches a service.
pub(super) enum Denied {
    /// Wrong, missing, locked or expired: the page that all of them get does not tell. Holds the client.
    Logon(String),
    /// A modifying request without the token of its session.
    Token,
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        match self {
            Self::Logon(client) => logon_failed(&client),
            Self::Token => token_required(),
        }
    }
}

impl Sessions {
    pub(super) fn new(user: &str, password: &str, seed: u64) -> Self {
        Self {
            user: user.to_owned(),
            password: password.to_owned(),
            wrong_passwords: 0,
            made: 0,
            seed,
            open: HashMap::new(),
        }
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Open sessions end, as they do when an administrator resets a password.
    pub(super) fn change_password(&mut self, new: String) {
        self.password = new;
        self.open.clear();
    }

    pub(super) fn unlock(&mut self) {
        self.wrong_passwords = 0;
    }

    /// The caller, if the credentials are right, the user is not locked and nothing has expired.
    pub(super) fn authenticate(
        &mut self,
        headers: &HeaderMap,
        client: Option<&str>,
        (expired, vouched): (bool, bool),
        now: i64,
    ) -> Result<Caller, Denied> {
        let client = client.unwrap_or(DEFAULT_CLIENT).to_owned();
        if expired {
            self.open.clear();
            return Err(Denied::Logon(client));
        }
        if !vouched && !self.knows(headers) {
            return Err(Denied::Logon(client));
        }
        self.open.retain(|_, session| now - session.last_used < IDLE_LIMIT);
        let session = cookie(headers, &format!("SAP_SESSIONID_SIM_{client}")).filter(|id| self.open.contains_key(id));
        if let Some(session) = session.as_ref().and_then(|id| self.open.get_mut(id)) {
            session.last_used = now;
        }
        Ok(Caller { client, session })
    }

    /// Whether user and password are right, and the user is not locked.
    fn knows(&mut self, headers: &HeaderMap) -> bool {
        let Some((user, password)) = basic(headers) else { return false };
        if !user.eq_ignore_ascii_case(&self.user) {
            return false;
        }
        if password != self.password {
            self.wrong_passwords = self.wrong_passwords.saturating_add(1);
            return false;
        }
        let locked = self.wrong_passwords >= WRONG_PASSWORDS_TO_LOCK;
        if !locked {
            self.wrong_passwords = 0;
        }
        !locked
    }

    /// Answers `x-csrf-token: Fetch`: the session's token, in a new session if there is none.
    pub(super) fn fetch(&mut self, caller: &Caller, now: i64, answer: &mut HeaderMap) {
        let known = caller.session.as_ref().and_then(|id| self.open.get(id)).map(|session| session.token.clone());
        let token = known.unwrap_or_else(|| {
            let (id, token) = (self.secret(), self.secret());
            self.make_room();
            let name = format!("SAP_SESSIONID_SIM_{}", caller.client);
            append(answer, header::SET_COOKIE, &format!("{name}={id}; path=/; HttpOnly"));
            append(answer, header::SET_COOKIE, &format!("sap-usercontext=sap-client={}; path=/", caller.client));
            self.open.insert(id, Session { token: token.clone(), last_used: now });
            token
        });
        append(answer, header::HeaderName::from_static("x-csrf-token"), &token);
    }

    /// Whether a modifying request has the token of its own session.
    pub(super) fn may_modify(&self, caller: &Caller, headers: &HeaderMap) -> Result<(), Denied> {
        let session = caller.session.as_ref().and_then(|id| self.open.get(id));
        let given = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        match (session, given) {
            (Some(session), Some(given)) if session.token == given => Ok(()),
            _ => Err(Denied::Token),
        }
    }

    fn make_room(&mut self) {
        if self.open.len() < MAX_SESSIONS {
            return;
        }
        let oldest = self.open.iter().min_by_key(|(_, session)| session.last_used).map(|(id, _)| id.clone());
        if let Some(oldest) = oldest {
            self.open.remove(&oldest);
        }
    }

    /// An opaque text that no other call gives.
    fn secret(&mut self) -> String {
        use sha2::Digest;
        self.made += 1;
        let hash = sha2::Sha256::digest(format!("{}:{}:{}", self.seed, self.made, self.password));
        BASE64_STANDARD.encode(&hash[..18]).replace('/', "_").replace('+', "-")
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    let decoded = BASE64_STANDARD.decode(rest.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("Basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

fn append(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(name, value);
    }
}

fn logon_failed(client: &str) -> Response {
    let page = "<html><head><title>Logon Error Message</title></head><body><h1>Logon failed</h1>\
                <p>What has happened? The call was terminated because the logon data is missing, wrong or not valid \
                any more.</p></body></html>";
    let mut response = errors::answer(StatusCode::UNAUTHORIZED, "text/html; charset=utf-8", page.to_owned());
    response.headers_mut().remove("dataserviceversion");
    let realm = format!("Basic realm=\"SAP NetWeaver Application Server [SIM/{client}]\"");
    append(response.headers_mut(), header::WWW_AUTHENTICATE, &realm);
    response
}

fn token_required() -> Response {
    let text = "CSRF token validation failed".to_owned();
    let mut response = errors::answer(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", text);
    append(response.headers_mut(), header::HeaderName::from_static("x-csrf-token"), "Required");
    response
}

//! What a customer gave, checked against the form all at once; the secrets among it never show by themselves.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

use super::{LONGEST, fields, words};
use crate::auth::{certificate, oauth2_jwt};
use crate::http::is_this_machine;
use crate::spec::{AuthScheme, FormField, FormKind, Spec};

/// What is wrong with one member; the text is for the customer and repeats no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON Pointer into what was given.
    pub pointer: String,
    pub message: String,
}

/// Checked values: every required field is there, defaults are filled in, nothing else is in it.
#[derive(Clone)]
pub struct Credentials {
    auth: String,
    plain: BTreeMap<String, String>,
    secret: BTreeMap<String, SecretString>,
}

impl Credentials {
    /// Reads `{"auth": "basic", "url": "https://…", …}`. Addresses must be `https`, or `http` to this very machine;
    /// `allow_http` takes `http` to any host, for systems inside a closed network.
    pub fn parse(spec: &Spec, given: &Value, allow_http: bool) -> Result<Self, Vec<Problem>> {
        let Some(given) = given.as_object() else {
            return Err(vec![problem("", "must be an object")]);
        };
        let named = given.get("auth").and_then(Value::as_str);
        let Some(method) = spec.auth.iter().find(|method| Some(method.scheme.name()) == named) else {
            let known: Vec<&str> = spec.auth.iter().map(|method| method.scheme.name()).collect();
            return Err(vec![problem("auth", &format!("must be one of: {}", known.join(", ")))]);
        };
        let mut parsed =
            Self { auth: method.scheme.name().to_owned(), plain: BTreeMap::new(), secret: BTreeMap::new() };
        let mut problems = Vec::new();
        for field in fields(spec, method) {
            match value(field, given, &method.scheme, allow_http) {
                Ok(Some(value)) => parsed.insert(field, value),
                Ok(None) => {}
                Err(message) => problems.push(problem(&field.name, &message)),
            }
        }
        for name in given.keys() {
            if name != "auth" && !fields(spec, method).any(|field| field.name == *name) {
                problems.push(problem(name, words::UNKNOWN));
            }
        }
        if problems.is_empty() { Ok(parsed) } else { Err(problems) }
    }

    /// The name of the way to log in.
    pub fn auth(&self) -> &str {
        &self.auth
    }

    /// A value, secret or not.
    pub fn get(&self, name: &str) -> Option<&str> {
        let plain = self.plain.get(name).map(String::as_str);
        plain.or_else(|| self.secret.get(name).map(ExposeSecret::expose_secret))
    }

    /// The plain settings, which may be shown: `url`, `username`, `company_code`.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.plain.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values to take out of every text that is shown.
    pub fn secret_values(&self) -> Vec<&str> {
        self.secret.values().map(ExposeSecret::expose_secret).collect()
    }

    /// Everything in the form that [`Credentials::parse`] reads, to be sealed: it holds the secrets.
    pub fn to_json(&self) -> Value {
        let mut all: Map<String, Value> =
            self.settings().map(|(name, value)| (name.to_owned(), value.into())).collect();
        all.extend(self.secret.iter().map(|(name, value)| (name.clone(), value.expose_secret().into())));
        all.insert("auth".to_owned(), self.auth.clone().into());
        Value::Object(all)
    }

    fn insert(&mut self, field: &FormField, value: String) {
        match field.kind {
            FormKind::Url | FormKind::Text => {
                self.plain.insert(field.name.clone(), value);
            }
            FormKind::Secret | FormKind::SecretText => {
                self.secret.insert(field.name.clone(), value.into());
            }
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secrets: Vec<&String> = self.secret.keys().collect();
        f.debug_struct("Credentials")
            .field("auth", &self.auth)
            .field("plain", &self.plain)
            .field("secrets", &secrets)
            .finish()
    }
}

fn problem(name: &str, message: &str) -> Problem {
    let pointer =
        if name.is_empty() { String::new() } else { format!("/{}", name.replace('~', "~0").replace('/', "~1")) };
    Problem { pointer, message: message.to_owned() }
}

/// The checked value of one field; nothing where it may be left out and was.
fn value(
    field: &FormField,
    given: &Map<String, Value>,
    scheme: &AuthScheme,
    allow_http: bool,
) -> Result<Option<String>, String> {
    let text = match given.get(&field.name) {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err(words::NO_TEXT.to_owned()),
    };
    // A password may begin or end with a blank; nothing else does on purpose.
    let text = if field.kind == FormKind::Secret { text } else { text.trim() };
    let text = match (&field.default, text.is_empty()) {
        (Some(default), true) => default,
        (None, true) if field.required => return Err(words::REQUIRED.to_owned()),
        (None, true) => return Ok(None),
        (_, false) => text,
    };
    if text.len() > LONGEST {
        return Err(format!("{} {LONGEST} bytes", words::TOO_LONG));
    }
    if field.kind != FormKind::SecretText && text.contains(char::is_control) {
        return Err(words::CONTROL.to_owned());
    }
    match (field.kind, scheme, field.name.as_str()) {
        (FormKind::Url, ..) => return address(text, allow_http).map(Some),
        // RFC 7617: the first colon ends the name.
        (_, AuthScheme::Basic, "username") if text.contains(':') => {
            return Err(words::COLON.to_owned());
        }
        (_, AuthScheme::OAuth2Jwt { .. }, "private_key") => {
            oauth2_jwt::Key::from_pem(text)?;
        }
        (_, AuthScheme::Certificate, "certificate") => certificate::check(text)?,
        (_, AuthScheme::Certificate, "private_key") => certificate::check_key(text)?,
        _ => {}
    }
    Ok(Some(text.to_owned()))
}

/// The address without a slash at its end.
fn address(text: &str, allow_http: bool) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("{}: {error}", words::NO_ADDRESS))?;
    if url.host().is_none() {
        return Err(words::NO_HOST.to_owned());
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_this_machine(&url) => {}
        _ => return Err(words::NO_HTTPS.to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(words::USER_IN_ADDRESS.to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(words::QUERY_IN_ADDRESS.to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

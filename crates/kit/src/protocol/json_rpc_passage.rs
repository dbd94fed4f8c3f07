//! A call in the system's own words: to the connection's database, in its session, with the user's context below the caller's.
//!
//! What would change a session or a password, or make a key that logs in, is not for callers: the login is the connection's.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use super::json_rpc::{context_of, owned, refused, session};
use crate::error::Error;
use crate::http::{Answer, Request};
use crate::json::{Node, parse};
use crate::link::Link;
use crate::passthrough::{Passage, Wrong};

/// Where all calls go; the database before it is the connection's own.
const PATH: &str = "/rpc/";
const KINDS: [&str; 3] = ["model", "wizard", "report"];
/// Models that log in: users with their keys and devices, and sessions.
const LOGINS: [&str; 2] = ["res.user", "ir.session"];
/// Where a warning is answered before a call is made again.
const WARNINGS: &str = "res.user.warning";

/// What speaks against a passage, beyond what speaks against any.
pub(super) fn problems(passage: &Passage) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut say = |at: &str, message: &str| wrong.push((at.to_owned(), message.to_owned()));
    if passage.path != PATH {
        say("/path", "must be `/rpc/`: all calls go there, in the connection's own database");
    }
    if passage.method != Method::POST {
        say("/method", "must be POST");
    }
    if !passage.query.is_empty() {
        say("/query", "a call has none");
    }
    let text = passage.body.as_ref().and_then(|(_, body)| std::str::from_utf8(body).ok());
    match text.and_then(|text| parse(text).ok()) {
        Some(Node::Object(call)) => {
            match call.get("method").and_then(Node::as_text) {
                Some(method) if is_open(method) => {}
                Some(_) => say("/body/method", "must be of a model, a wizard or a report, and none that logs in"),
                None => say("/body/method", "must be a text"),
            }
            match call.get("params").and_then(Node::items) {
                Some(params) if params.last().is_some_and(|context| context.as_object().is_some()) => {
                    if params.iter().any(names_a_password) {
                        say("/body/params", "must not set a password");
                    }
                }
                _ => say("/body/params", "must be a list that ends with the context, `{}` for the user's own"),
            }
        }
        _ => say("/body", "must be a call: an object with `method` and `params`"),
    }
    wrong
}

fn is_open(method: &str) -> bool {
    let Some((kind, rest)) = method.split_once('.') else { return false };
    let Some((name, function)) = rest.rsplit_once('.') else { return false };
    let logs_in = |login: &str| name == login || name.strip_prefix(login).is_some_and(|rest| rest.starts_with('.'));
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let ours = LOGINS.into_iter().any(logs_in) && name != WARNINGS;
    KINDS.contains(&kind) && !function.starts_with('_') && is_name(method) && !ours
}

/// Through a relation, a user could be written by way of another model.
fn names_a_password(node: &Node<'_>) -> bool {
    match node {
        Node::Array(items) => items.iter().any(names_a_password),
        Node::Object(object) => {
            object.members().iter().any(|(name, value)| name.starts_with("password") || names_a_password(value))
        }
        _ => false,
    }
}

/// Sends a call that has no problems. A session that ended by itself did not look at it, so it is sent once more in a new one.
pub(super) async fn send(link: &Link, mut request: Request) -> Result<Answer, Error> {
    request.url = link.url(&format!("/{}{PATH}", super::encode(link.setting("database").unwrap_or_default())))?;
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = request.body.take().unwrap_or_default();
    let unread = |_| Error::Unexpected("a call that was checked cannot be read".to_owned());
    let text = std::str::from_utf8(&body).map_err(|_| unread(()))?;
    let call = owned(&parse(text).map_err(|_| unread(()))?);
    for fresh in [false, true] {
        let session = session(link, fresh).await?;
        let mut call = call.clone();
        let params = call.as_object_mut().and_then(|call| call.get_mut("params")).and_then(Node::items_mut);
        if let Some(context) = params.and_then(|params| params.last_mut()) {
            let given = context.as_object().cloned();
            *context = context_of(&session, given.as_ref())?;
        }
        let mut request = request.clone();
        request.body = Some(call.to_json().into());
        session.apply(&mut request.headers)?;
        let answer = link.call(request).await?;
        match answer.status {
            401 if fresh => return Err(link.park(refused())),
            401 => {}
            _ => return Ok(answer),
        }
    }
    Err(Error::Unexpected("no session could be kept".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(method: Method, path: &str, body: &str) -> Vec<String> {
        let body = Some((HeaderValue::from_static("application/json"), body.to_owned().into()));
        let passage = Passage { method, path: path.to_owned(), query: Vec::new(), headers: Vec::new(), body };
        problems(&passage).into_iter().map(|(at, _)| at).collect()
    }

    #[test]
    fn calls_of_models_pass_and_those_that_log_in_do_not() {
        let call = |method: &str| wrong(Method::POST, PATH, &format!(r#"{{"method":"{method}","params":[[],{{}}]}}"#));
        for method in
            ["model.party.party.read", "wizard.a.b.execute", "report.a.execute", "model.res.user.warning.skip"]
        {
            assert!(call(method).is_empty(), "{method}");
        }
        for method in [
            "common.db.login",
            "common.db.logout",
            "common.db.reset_password",
            "system.listMethods",
            "model.res.user.read",
            "model.res.user.set_preferences",
            "model.res.user.application.create",
            "model.res.user.device.renew",
            "model.ir.session.search",
            "model.ir.session.wizard.read",
            "model.party.party._read",
            "model.read",
            "MODEL.party.party.read",
            "model.party.party.read ",
        ] {
            assert_eq!(call(method), ["/body/method"], "{method}");
        }
    }

    #[test]
    fn nothing_but_a_whole_call_to_the_one_place_passes() {
        let good = r#"{"method":"model.party.party.read","params":[[1],["name"],{}]}"#;
        assert!(wrong(Method::POST, PATH, good).is_empty());
        assert_eq!(wrong(Method::GET, "/rpc", good), ["/path", "/method"]);
        for path in ["/rpc/x", "/acme/rpc/", "/rpc//"] {
            assert_eq!(wrong(Method::POST, path, good), ["/path"]);
        }
        for (body, at) in [
            ("[]", vec!["/body"]),
            ("no json", vec!["/body"]),
            ("{}", vec!["/body/method", "/body/params"]),
            (r#"{"method":"model.party.party.read","params":[[1],["name"]]}"#, vec!["/body/params"]),
            (
                r#"{"method":"model.res.group.write","params":[[1],{"users":[["write",[1],{"password":"x"}]]},{}]}"#,
                vec!["/body/params"],
            ),
        ] {
            assert_eq!(wrong(Method::POST, PATH, body), at, "{body}");
        }
    }
}

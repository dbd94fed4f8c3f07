//! Calls that this connector makes by itself: rows of a model, one row, a button.

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::http::Effect;
use trunnion_kit::json::{Node, Object, parse};
use trunnion_kit::link::Link;
use trunnion_kit::protocol::json_rpc::{self, owned};

/// More presses of buttons than any document needs.
const MOST_STEPS: usize = 12;

/// What becomes of a document next.
pub(super) enum Next {
    Done,
    Press(&'static str),
    Refused(Error),
}

pub(super) async fn search_read(
    link: &Link,
    model: &str,
    domain: Vec<Node<'static>>,
    limit: Option<usize>,
    fields: &[&'static str],
    context: Option<&Object<'static>>,
) -> Result<Vec<Node<'static>>, Error> {
    let order = Node::Array(vec![Node::Array(vec![Node::text("id"), Node::text("ASC")])]);
    let limit = limit.map_or(Node::Null, |limit| Node::number(limit.to_string()));
    let fields = Node::Array(fields.iter().copied().map(Node::text).collect());
    let params = vec![Node::Array(domain), number(0), limit, order, fields];
    let answer = json_rpc::call(link, &format!("model.{model}.search_read"), params, context, Effect::Read).await?;
    let tree = parse(&answer).map_err(|error| Error::Unexpected(error.to_string()))?;
    Ok(tree.get("result").and_then(Node::items).unwrap_or_default().iter().map(owned).collect())
}

/// The row with that id, be it in use or not.
pub(super) async fn one(
    link: &Link,
    model: &str,
    id: &str,
    fields: &[&'static str],
) -> Result<Option<Node<'static>>, Error> {
    let domain = vec![condition("id", "=", Node::number(json_rpc::digits(id)?))];
    let all = Object::from_iter([("active_test".into(), Node::Bool(false))]);
    Ok(search_read(link, model, domain, Some(1), fields, Some(&all)).await?.pop())
}

/// Calls a method for one record: a button, or `delete`.
pub(super) async fn press(link: &Link, model: &str, button: &str, id: &str) -> Result<(), Error> {
    let ids = Node::Array(vec![Node::number(json_rpc::digits(id)?)]);
    json_rpc::call(link, &format!("model.{model}.{button}"), vec![ids], None, Effect::Write).await.map(drop)
}

/// Moves a document on from wherever it stands, button by button; `next` sees its row and what was pressed last. Doing it again
/// does nothing, so that whoever was cut off in the middle goes on.
pub(super) async fn walk(
    link: &Link,
    model: &str,
    id: &str,
    fields: &[&'static str],
    next: impl Fn(&Node<'_>, Option<&str>) -> Next + Send + Sync,
) -> Result<(), Error> {
    let mut refused: Option<(Node<'static>, Error)> = None;
    let mut pressed = None;
    for _ in 0..MOST_STEPS {
        let row = one(link, model, id, fields).await?;
        let row = row.ok_or_else(|| Error::Unexpected(format!("{model} {id} is not there any more")))?;
        // Another node may have pressed it first; then it stands elsewhere now.
        if let Some((_, error)) = refused.take().filter(|(before, _)| *before == row) {
            return Err(error);
        }
        let button = match next(&row, pressed) {
            Next::Done => return Ok(()),
            Next::Refused(error) => return Err(error),
            Next::Press(button) => button,
        };
        match press(link, model, button, id).await {
            Ok(()) => pressed = Some(button),
            Err(error @ (Error::Rejected(_) | Error::Permission(_))) => refused = Some((row, error)),
            Err(error) => return Err(error),
        }
    }
    Err(Error::Unexpected(format!("{model} {id} could not be moved on")))
}

pub(super) fn condition(field: &'static str, operator: &'static str, value: Node<'static>) -> Node<'static> {
    Node::Array(vec![Node::text(field), Node::text(operator), value])
}

pub(super) fn number(number: u64) -> Node<'static> {
    Node::number(number.to_string())
}

pub(super) fn text<'n>(row: &'n Node<'_>, name: &str) -> &'n str {
    row.get(name).and_then(Node::as_text).unwrap_or_default()
}

/// What this connector refuses by itself, before anything is sent.
pub(super) fn refused(field: &str, text: impl Into<String>) -> Error {
    Error::Rejected(VendorMessage { text: text.into(), field: Some(field.to_owned()), ..VendorMessage::default() })
}

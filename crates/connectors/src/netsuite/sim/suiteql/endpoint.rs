//! The HTTP side of SuiteQL: the request's form, and the result as a collection of texts.

use std::borrow::Cow;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use axum::http::{Method, StatusCode};
use jiff::tz::Offset;

use super::super::node::{Node, write_text};
use super::super::reply::{Failure, Outcome, page_links, resource};
use super::super::server::{App, Call};
use super::bind::bind;
use super::eval::{Env, Val};
use super::parser::parse;
use super::run::{Answer, run};

pub(in super::super) fn handle(app: &App, call: &Call) -> Outcome {
    if call.method != Method::POST {
        return Err(Failure::method());
    }
    call.only_parameters(&["limit", "offset"])?;
    let transient = call
        .header("prefer")
        .is_some_and(|prefer| prefer.split(',').any(|one| one.trim().eq_ignore_ascii_case("transient")));
    if !transient {
        return Err(Failure::header(
            "Prefer",
            "The required request header 'Prefer' is missing or is not 'transient'.",
        ));
    }
    let page = call.page()?;
    let body = call.json()?;
    let Some(Node::Text(text)) = body.get("q") else {
        return Err(Failure::request("The request body must have a member 'q' with the query."));
    };
    let parameters = match body.get("params") {
        None | Some(Node::Null) => Vec::new(),
        Some(Node::List(values)) => values.iter().map(parameter).collect::<Result<_, _>>()?,
        Some(_) => return Err(Failure::request("The member 'params' must be a list.")),
    };
    let store = app.store.read().unwrap_or_else(PoisonError::into_inner);
    let minutes = i32::try_from(app.user_offset.load(Ordering::Relaxed)).unwrap_or(0);
    let env = Env {
        store: &store,
        negative_quantities: app.negative_quantities.load(Ordering::Relaxed),
        offset: Offset::from_seconds(minutes * 60).unwrap_or(Offset::UTC),
    };
    let answer = parse(text)
        .and_then(|query| bind(&query, &parameters, &env))
        .and_then(|mut plan| {
            let most = usize::try_from(app.most_rows.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
            plan.fetch = Some(plan.fetch.unwrap_or(most).min(most));
            run(&plan, &env, page.limit, page.offset)
        })
        .map_err(|problem| {
            let lead = "Invalid search query. Detailed unprocessed description follows. Search error occurred:";
            Failure::request(format!("{lead} {problem}."))
        })?;
    let address = format!("{}/query/v1/suiteql", call.base);
    Ok(resource(StatusCode::OK, "collection", collection(&answer, &address, page.limit, page.offset)))
}

fn parameter(value: &Node) -> Result<Val<'static>, Failure> {
    Ok(match value {
        Node::Null => Val::Null,
        Node::Text(text) => Val::Text(Cow::Owned(text.clone())),
        Node::Flag(flag) => Val::Text(Cow::Borrowed(if *flag { "T" } else { "F" })),
        Node::Number(text) => Val::Number(text.parse().map_err(|_| Failure::request("A parameter is no number."))?),
        Node::List(_) | Node::Map(_) => {
            return Err(Failure::request("A parameter must be a text, a number or a boolean."));
        }
    })
}

/// Written straight into one text: a page of a large account has thousands of values.
fn collection(answer: &Answer, address: &str, limit: usize, offset: usize) -> String {
    let links = page_links(address, limit, offset, answer.total).to_json();
    let (count, total) = (answer.rows.len(), answer.total);
    let more = offset + count < total;
    let mut out = format!(r#"{{"links":{links},"count":{count},"hasMore":{more},"items":["#);
    for (index, row) in answer.rows.iter().enumerate() {
        out.push_str(if index == 0 { r#"{"links":[]"# } else { r#",{"links":[]"# });
        for (name, value) in row {
            out.push(',');
            write_text(name, &mut out);
            out.push(':');
            write_text(value, &mut out);
        }
        out.push('}');
    }
    out.push_str(&format!(r#"],"offset":{offset},"totalResults":{total}}}"#));
    out
}

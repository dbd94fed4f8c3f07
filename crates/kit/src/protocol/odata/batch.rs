//! Several changes of one record in one request: a changeset of a `$batch`, of which all is done or nothing.
//!
//! It saves a call for each change but the first, and where rows share one version also the reads in between. A changeset whose
//! answer was lost is as unclear as a single change, and is found out in the same way: by what the record then says.
//!
//! Source: OData version 4, protocol, 11.7 (multipart/mixed); RFC 2046.

use http::{HeaderMap, Method};

use super::change::Part;
use super::send::{Body, Modify, modify};
use super::way::Way;
use crate::error::Error;
use crate::http::Answer;
use crate::link::Link;

pub(super) const CONTENT_TYPE: &str = "multipart/mixed; boundary=batch";

/// `false`: the service takes no changesets, and nothing was done.
pub(super) async fn send(link: &Link, way: &Way<'_>, parts: &[Part]) -> Result<bool, Error> {
    let root = way.root();
    let (at, body) = (format!("{root}/$batch"), written(way, &root, parts));
    let body = Some(Body::Changeset { text: &body, changes: parts.len() });
    let request = Modify { root: &root, method: Method::POST, at: &at, etag: None, json: "multipart/mixed", body };
    match modify(link, request).await {
        Ok(_) => Ok(true),
        Err(Error::NotFound(_) | Error::NotThatProduct(_)) => Ok(false),
        Err(Error::Rejected(message)) if matches!(message.status, Some(405 | 415 | 501)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// No text of JSON begins a line with a boundary, because line breaks in it are escaped.
fn written(way: &Way<'_>, root: &str, parts: &[Part]) -> String {
    let mut out = "--batch\r\nContent-Type: multipart/mixed; boundary=changeset\r\n\r\n".to_owned();
    for (place, part) in parts.iter().enumerate() {
        let at = part.at.strip_prefix(root).unwrap_or(&part.at).trim_start_matches('/');
        out.push_str("--changeset\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n");
        out.push_str(&format!("Content-ID: {}\r\n\r\n{} {at} HTTP/1.1\r\n", place + 1, part.method));
        out.push_str(&format!("Accept: {}\r\n", way.json()));
        if let Some(etag) = part.etag.as_ref().and_then(|etag| etag.to_str().ok()) {
            out.push_str(&format!("If-Match: {etag}\r\n"));
        }
        match &part.body {
            Some((path, body)) => {
                let body = way.body(path, body.clone()).to_json();
                out.push_str(&format!("Content-Type: {}\r\n\r\n{body}\r\n", way.json()));
            }
            None => out.push_str("\r\n\r\n"),
        }
    }
    out.push_str("--changeset--\r\n--batch--\r\n");
    out
}

/// What became of a changeset: its one refusal as the answer that it would have been alone, if it was refused.
pub(super) fn outcome(answer: Answer, changes: usize) -> Result<Answer, Error> {
    let unclear = |what: &str| Error::OutcomeUnknown(format!("the answer to a changeset {what}"));
    let text = answer.text().map_err(|_| unclear("is no text"))?;
    let mut done = 0;
    for (start, _) in text.match_indices("HTTP/1.1 ").filter(|(at, _)| *at == 0 || text[..*at].ends_with('\n')) {
        let rest = &text[start + "HTTP/1.1 ".len()..];
        let status: u16 =
            rest.get(..3).and_then(|digits| digits.parse().ok()).ok_or_else(|| unclear("has no status"))?;
        if status < 300 {
            done += 1;
            continue;
        }
        let body = rest.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let body = body.split("\r\n--").next().unwrap_or_default();
        return Ok(Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() });
    }
    if done == changes { Ok(answer) } else { Err(unclear(&format!("tells of {done} of {changes} changes"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(parts: &str) -> Result<u16, String> {
        let answer = Answer { status: 200, headers: HeaderMap::new(), body: parts.as_bytes().to_vec() };
        outcome(answer, 2).map(|answer| answer.status).map_err(|error| error.to_string())
    }

    #[test]
    fn a_changeset_is_done_when_each_of_its_changes_says_so_and_refused_by_one_answer() {
        let part =
            |status: &str| format!("--c\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 {status}\r\n\r\n{{}}\r\n");
        let (done, refused) = (part("204 No Content"), part("412 Precondition Failed"));
        assert_eq!(told(&format!("{done}{done}--c--")), Ok(200));
        assert_eq!(told(&format!("--b\r\n{refused}--b--")), Ok(412));
        for unclear in [done.as_str(), "", "HTTP/1.1 x"] {
            assert!(told(unclear).unwrap_err().contains("answer to a changeset"), "{unclear}");
        }
    }
}

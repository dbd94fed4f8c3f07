//! What a try means for the call: an answer for the protocol, an error, or another try.
//!
//! The rule for writes: once bytes may have arrived, only an answer that says "not done" allows another try.

use std::time::Duration;

use http::header;
use trunnion_model::time::Timestamp;

use super::message::{Answer, Effect, Request, http_date};
use super::transport::Failure;
use crate::error::{Error, VendorMessage};

#[derive(Debug)]
pub(super) enum Verdict {
    Answer(Answer),
    Failed(Error),
    /// Another try is allowed, not before the given time has passed; the error stands if no try is left.
    Again(Error, Option<Duration>),
}

/// `limit` is the largest body that is read, `now` our own time.
pub(super) fn judge(request: &Request, outcome: Result<Answer, Failure>, limit: usize, now: Timestamp) -> Verdict {
    let writes = request.effect == Effect::Write;
    match outcome {
        Ok(answer) => judge_answer(request, answer, now),
        Err(Failure::NotSent { reason, try_again: true }) => {
            Verdict::Again(Error::Unreachable { reason, after: None }, None)
        }
        Err(Failure::NotSent { reason, try_again: false }) => {
            Verdict::Failed(Error::Unreachable { reason, after: None })
        }
        // Neither is mended by asking again at once.
        Err(Failure::Untrusted(reason)) => Verdict::Failed(Error::Untrusted(reason)),
        Err(Failure::CertificateRefused(text)) => {
            Verdict::Failed(Error::Authentication(VendorMessage { text, ..VendorMessage::default() }))
        }
        Err(Failure::NotAllowed(reason)) => Verdict::Failed(Error::NotAllowed(reason)),
        Err(Failure::Broken(reason)) if writes => Verdict::Failed(Error::OutcomeUnknown(reason)),
        Err(Failure::Broken(reason)) => Verdict::Again(Error::Unreachable { reason, after: None }, None),
        Err(Failure::TooLarge { status }) => {
            let reason = format!("the answer (status {status}) is larger than the limit of {limit} bytes");
            // The write may well have been done: what it answered was only too long to read.
            Verdict::Failed(if writes { Error::OutcomeUnknown(reason) } else { Error::Unexpected(reason) })
        }
    }
}

fn judge_answer(request: &Request, answer: Answer, now: Timestamp) -> Verdict {
    let after = retry_after(&answer, now);
    let reason = || format!("status {}: {}", answer.status, answer.vendor_message().text);
    match answer.status {
        301 | 302 | 303 | 307 | 308 => Verdict::Failed(redirected(request, &answer)),
        429 => Verdict::Again(Error::RateLimited { after }, after),
        // A gateway's 502 and 504 come after it passed the write on, and so may a bare 503; a 503 that names its end is
        // a server that refused at the door.
        502 | 504 if request.effect == Effect::Write => Verdict::Failed(Error::OutcomeUnknown(reason())),
        503 if request.effect == Effect::Write && after.is_none() => Verdict::Failed(Error::OutcomeUnknown(reason())),
        502..=504 => Verdict::Again(Error::Unreachable { reason: reason(), after }, after),
        _ => Verdict::Answer(answer),
    }
}

/// No API of ours redirects; a login page or another product does.
fn redirected(request: &Request, answer: &Answer) -> Error {
    let location = answer.header(header::LOCATION).and_then(|location| request.url.join(location).ok());
    let target = location.as_ref().and_then(url::Url::host_str).unwrap_or("a place that it does not name");
    Error::NotThatProduct(format!(
        "{}{} is no API: it redirects (status {}) to {target}",
        request.host(),
        request.url.path(),
        answer.status
    ))
}

/// `Retry-After` in seconds or as a date, which is read against the system's own clock.
fn retry_after(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let value = answer.header(header::RETRY_AFTER)?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(value)?.duration_since(answer.server_time().unwrap_or(now));
    Some(Duration::try_from(until).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::*;

    fn verdict(effect: Effect, status: u16, headers: &[(&'static str, &'static str)]) -> String {
        let request = Request::new(Method::POST, "https://erp.example/api?secret=1".parse().unwrap(), effect);
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let now = "2026-01-31T10:00:00Z".parse().unwrap();
        let answer = Answer { status, headers, body: b"<h1>Down</h1>".to_vec() };
        match judge(&request, Ok(answer), 10, now) {
            Verdict::Answer(answer) => answer.status.to_string(),
            Verdict::Failed(error) => format!("failed: {error:?}"),
            Verdict::Again(error, after) => format!("again {after:?}: {error}"),
        }
    }

    #[test]
    fn reads_are_tried_again_and_writes_only_when_they_were_surely_not_done() {
        let seconds: &[(&str, &str)] = &[("retry-after", "7")];
        assert_eq!(verdict(Effect::Read, 502, &[]), "again None: the system cannot be reached: status 502: Down");
        assert_eq!(verdict(Effect::Write, 502, seconds), "failed: OutcomeUnknown(\"status 502: Down\")");
        assert_eq!(verdict(Effect::Write, 503, &[]), "failed: OutcomeUnknown(\"status 503: Down\")");
        assert_eq!(
            verdict(Effect::Write, 503, seconds),
            "again Some(7s): the system cannot be reached: status 503: Down"
        );
        assert_eq!(verdict(Effect::Write, 429, &[]), "again None: the system asks to slow down");
        for status in [200, 304, 400, 401, 403, 404, 409, 500] {
            assert_eq!(verdict(Effect::Write, status, seconds), status.to_string());
        }
    }

    #[test]
    fn retry_after_as_a_date_counts_from_the_systems_clock_or_else_from_ours() {
        let date = ("retry-after", "Sat, 31 Jan 2026 10:00:20 GMT");
        let again = "again Some(20s): the system asks to slow down";
        assert_eq!(verdict(Effect::Read, 429, &[date]), again);
        let own = ("date", "Sat, 31 Jan 2026 10:00:15 GMT");
        assert_eq!(verdict(Effect::Read, 429, &[date, own]), again.replace("20s", "5s"));
        let later = ("date", "Sat, 31 Jan 2026 10:01:00 GMT");
        assert_eq!(verdict(Effect::Read, 429, &[date, later]), again.replace("20s", "0ns"));
    }

    #[test]
    fn a_redirect_names_the_hosts_and_no_query() {
        let text = verdict(Effect::Read, 302, &[("location", "https://login.example/x?token=hush")]);
        assert_eq!(
            text,
            "failed: NotThatProduct(\"erp.example/api is no API: it redirects (status 302) to login.example\")"
        );
    }
}

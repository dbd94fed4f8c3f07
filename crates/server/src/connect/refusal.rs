//! Why something did not work, in the reader's words.

use http::StatusCode;
use trunnion_engine::services::link::{Closed, Form, Refusal, Why};

use super::html::{escape, filled, said_by};
use super::languages::Texts;

/// Title and advice.
pub(super) fn words<'w>(texts: &Texts, why: &'w Why) -> (&'static str, &'w str) {
    match why {
        Why::NoSystem => (texts.no_system, texts.no_system_advice),
        Why::NotOnOffer => (texts.not_on_offer, texts.not_on_offer_advice),
        Why::NotSetUp => (texts.not_set_up, texts.not_set_up_advice),
        Why::Values => (texts.values, texts.values_advice),
        Why::Credentials => (texts.credentials, texts.credentials_advice),
        Why::Permission => (texts.permission, texts.permission_advice),
        Why::Unreachable => (texts.unreachable, texts.unreachable_advice),
        Why::SlowDown => (texts.slow_down, texts.slow_down_advice),
        Why::Unexpected => (texts.unexpected, texts.unexpected_advice),
        Why::Denied => (texts.denied, texts.denied_advice),
        Why::NotGranted => (texts.not_granted, texts.not_granted_advice),
        Why::Busy => (texts.busy, texts.busy_advice),
        Why::Other(detail) => (texts.other, detail),
    }
}

/// The same of a session that cannot be used.
pub(super) fn of_closed(texts: &Texts, why: Closed) -> (StatusCode, &'static str, &'static str) {
    match why {
        Closed::Unknown => (StatusCode::NOT_FOUND, texts.unknown, texts.unknown_advice),
        Closed::Used => (StatusCode::GONE, texts.used, texts.used_advice),
        Closed::Expired => (StatusCode::GONE, texts.expired, texts.expired_advice),
        Closed::Exhausted => (StatusCode::TOO_MANY_REQUESTS, texts.exhausted, texts.exhausted_advice),
    }
}

/// The other side's own words. What the network says is English, whatever the page's language is.
pub(super) fn said(texts: &Texts, refusal: &Refusal) -> String {
    let Some(said) = &refusal.said else { return String::new() };
    let lang = if refusal.why == Why::Unreachable && texts.code != "en" { " lang=\"en\"" } else { "" };
    let quoted = format!("<q{lang}>{}</q>", escape(said));
    format!("<p>{}</p>\n", filled(texts.answer, &[("answer", &quoted)]))
}

/// The summary takes the focus, so that a screen reader reads it first; each line leads to its field.
pub(super) fn summary(texts: &Texts, form: &Form, refusal: &Refusal) -> String {
    let (title, advice) = words(texts, &refusal.why);
    let mut summary = format!(
        "<div class=\"errors\" role=\"alert\" tabindex=\"-1\" autofocus>\n<h2>{}</h2>\n<p>{}</p>\n",
        escape(title),
        escape(advice)
    );
    summary.push_str(&said(texts, refusal));
    if !refusal.fields.is_empty() {
        summary.push_str("<ul>\n");
        for (name, message) in &refusal.fields {
            let message = escape(&texts.wrong(message));
            let line = match form.fields.iter().find(|field| field.name == *name) {
                Some(field) => format!("<a href=\"#f-{}\">{}: {message}</a>", escape(name), said_by(&field.label)),
                None => message,
            };
            summary.push_str(&format!("<li>{line}</li>\n"));
        }
        summary.push_str("</ul>\n");
    }
    summary.push_str("</div>\n");
    summary
}

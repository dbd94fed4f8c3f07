//! What the customer may choose about the sync, as radio buttons: they work by keyboard, and a screen reader reads the question
//! with each.

use trunnion_engine::services::link::{Choice, Offer, Subject};

use super::html::{escape, filled};
use super::languages::Texts;
use super::routes::CHOICE;

pub(super) fn choosing(texts: &Texts, offer: &Offer) -> String {
    let name = offer.subject.name();
    let (question, help) = match offer.subject {
        Subject::History => (texts.history, texts.history_help),
        Subject::Interval => (texts.interval, texts.interval_help),
    };
    let mut html = format!(
        "<fieldset aria-describedby=\"h-{CHOICE}{name}\">\n<legend>{}</legend>\n\
         <p class=\"help\" id=\"h-{CHOICE}{name}\">{}</p>\n",
        escape(question),
        escape(help)
    );
    for choice in &offer.options {
        html.push_str(&radio(texts, offer.subject, choice));
    }
    html.push_str("</fieldset>\n");
    html
}

fn radio(texts: &Texts, subject: Subject, choice: &Choice) -> String {
    let (name, value) = (subject.name(), choice.text());
    let checked = if choice.chosen { " checked" } else { "" };
    let usual = match choice.usual {
        true => format!(" <span class=\"optional\">{}</span>", escape(texts.suggested)),
        false => String::new(),
    };
    format!(
        "<label class=\"choice\"><input type=\"radio\" name=\"{CHOICE}{name}\" value=\"{value}\"{checked}> \
         <span>{}{usual}</span></label>\n",
        words(texts, subject, choice.value)
    )
}

/// As HTML.
fn words(texts: &Texts, subject: Subject, value: Option<i64>) -> String {
    let (text, count) = match (subject, value) {
        (Subject::History, None) => (texts.everything, 0),
        (Subject::History, Some(0)) => (texts.nothing_old, 0),
        (Subject::History, Some(1)) => (texts.last_day, 1),
        (Subject::History, Some(days)) => (texts.last_days, days),
        (Subject::Interval, None) => (texts.when_asked, 0),
        (Subject::Interval, Some(seconds)) => interval(texts, seconds),
    };
    filled(text, &[("count", &count.to_string())])
}

/// In the largest unit that fits without a rest.
fn interval(texts: &Texts, seconds: i64) -> (&'static str, i64) {
    let units = [
        (86_400, texts.every_day, texts.every_days),
        (3_600, texts.every_hour, texts.every_hours),
        (60, texts.every_minute, texts.every_minutes),
    ];
    let fitting = units.into_iter().find(|(length, ..)| seconds % length == 0);
    let (length, one, many) = fitting.unwrap_or((1, texts.every_second, texts.every_seconds));
    let count = seconds / length;
    (if count == 1 { one } else { many }, count)
}

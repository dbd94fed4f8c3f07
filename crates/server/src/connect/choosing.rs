//! What the customer may choose about the sync, as radio buttons: they work by keyboard, and a screen reader reads the question
//! with each.

use trunnion_engine::services::link::{Choice, Offer, Subject};

use super::routes::CHOICE;

pub(super) fn choosing(offer: &Offer) -> String {
    let name = offer.subject.name();
    let (question, help) = match offer.subject {
        Subject::History => {
            ("How far back should data be read?", "Once, with the first sync. Later syncs read what changed.")
        }
        Subject::Interval => ("How often should changes be read?", "More often means more requests to your system."),
    };
    let mut html = format!(
        "<fieldset aria-describedby=\"h-{CHOICE}{name}\">\n<legend>{question}</legend>\n\
         <p class=\"help\" id=\"h-{CHOICE}{name}\">{help}</p>\n"
    );
    for choice in &offer.options {
        html.push_str(&radio(offer.subject, choice));
    }
    html.push_str("</fieldset>\n");
    html
}

fn radio(subject: Subject, choice: &Choice) -> String {
    let (name, value) = (subject.name(), choice.text());
    let checked = if choice.chosen { " checked" } else { "" };
    let usual = if choice.usual { " <span class=\"optional\">(suggested)</span>" } else { "" };
    format!(
        "<label class=\"choice\"><input type=\"radio\" name=\"{CHOICE}{name}\" value=\"{value}\"{checked}> \
         <span>{}{usual}</span></label>\n",
        words(subject, choice.value)
    )
}

fn words(subject: Subject, value: Option<i64>) -> String {
    let Some(value) = value else {
        return match subject {
            Subject::History => "Everything".to_owned(),
            Subject::Interval => "Only when asked".to_owned(),
        };
    };
    match subject {
        Subject::History if value == 0 => "Nothing from before today".to_owned(),
        Subject::History if value == 1 => "The last day".to_owned(),
        Subject::History => format!("The last {value} days"),
        Subject::Interval => {
            let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
            let fitting = units.into_iter().find(|(length, _)| value % length == 0);
            let (length, unit) = fitting.unwrap_or((1, "second"));
            match value / length {
                1 => format!("Every {unit}"),
                count => format!("Every {count} {unit}s"),
            }
        }
    }
}

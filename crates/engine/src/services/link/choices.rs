//! What the integrator lets the customer choose on the page: how far back the first sync reads, and how often it syncs.
//!
//! The lists are kept with the session, and what is chosen is looked up in them: nothing else gets into the settings.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::visit::Visit;
use crate::error::FieldError;
use crate::services::connections::SyncSettings;

/// A list offers this many values.
const FEWEST: usize = 2;
const MOST: usize = 8;

/// `choices` of a session; the names are those of `sync`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// `null` among them: everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history_days: Vec<Option<i64>>,
    /// `null` among them: only when asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interval_seconds: Vec<Option<i64>>,
}

/// What a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    History,
    Interval,
}

/// One list, as it is shown.
#[derive(Clone, Debug)]
pub struct Offer {
    pub subject: Subject,
    pub options: Vec<Choice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Days or seconds; see [`Choices`] for nothing.
    pub value: Option<i64>,
    /// What is taken if the customer does not care.
    pub usual: bool,
    pub chosen: bool,
}

impl Choice {
    /// As it is sent by the form.
    pub fn text(&self) -> String {
        self.value.map_or("null".to_owned(), |value| value.to_string())
    }
}

impl Subject {
    /// Its name in `sync` and in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::History => "history_days",
            Self::Interval => "interval_seconds",
        }
    }
}

impl Choices {
    fn lists(&self) -> [(Subject, &Vec<Option<i64>>); 2] {
        [(Subject::History, &self.history_days), (Subject::Interval, &self.interval_seconds)]
    }

    /// Everything that is wrong, beside what `sync` says.
    pub(super) fn problems(&self, sync: Option<&Value>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (subject, list) in self.lists().into_iter().filter(|(_, list)| !list.is_empty()) {
            let pointer = format!("/choices/{}", subject.name());
            let repeats = list.iter().enumerate().any(|(place, value)| list[..place].contains(value));
            if !(FEWEST..=MOST).contains(&list.len()) || repeats {
                errors.push(FieldError::new(&pointer, format!("must be {FEWEST} to {MOST} different values")));
            }
            for (place, value) in list.iter().enumerate() {
                let own = settings(subject, *value).own_problems();
                errors
                    .extend(own.into_iter().map(|error| FieldError::new(format!("{pointer}/{place}"), error.message)));
            }
            if sync.and_then(|sync| sync.get(subject.name())).is_some_and(|given| !list.contains(&given.as_i64())) {
                let message = "must be one of the choices: it is the one that is suggested";
                errors.push(FieldError::new(format!("/sync/{}", subject.name()), message));
            }
        }
        if !self.interval_seconds.is_empty() && sync.is_some_and(|sync| !sync["cron"].is_null()) {
            errors.push(FieldError::new("/choices/interval_seconds", "cannot be given together with sync.cron"));
        }
        errors
    }
}

fn settings(subject: Subject, value: Option<i64>) -> SyncSettings {
    match subject {
        Subject::History => SyncSettings { history_days: Some(value), ..SyncSettings::default() },
        Subject::Interval => SyncSettings { interval_seconds: Some(value), ..SyncSettings::default() },
    }
}

/// The lists of the session, with what was chosen so far. What `sync` says is usual, else the first of a list.
pub fn offers(visit: &Visit, chosen: &[(String, String)]) -> Vec<Offer> {
    let lists = visit.choices.lists().into_iter().filter(|(_, list)| !list.is_empty());
    let offer = |(subject, list): (Subject, &Vec<Option<i64>>)| {
        let given = visit.sync.get(subject.name()).map(Value::as_i64);
        let usual = given.filter(|given| list.contains(given)).or_else(|| list.first().copied());
        let option = |value: &Option<i64>| Choice { value: *value, usual: usual == Some(*value), chosen: false };
        let mut options: Vec<Choice> = list.iter().map(option).collect();
        let named = chosen.iter().find(|(name, _)| name == subject.name()).map(|(_, text)| text);
        let place = options.iter().position(|option| Some(&option.text()) == named);
        let place = place.or_else(|| options.iter().position(|option| option.usual));
        if let Some(option) = place.and_then(|place| options.get_mut(place)) {
            option.chosen = true;
        }
        Offer { subject, options }
    };
    lists.map(offer).collect()
}

/// The session's settings with what was chosen in them. Nothing if it was not on offer.
pub(super) fn settled(visit: &Visit, chosen: &[(String, String)]) -> Option<Value> {
    let mut sync = visit.sync.clone();
    let offers = offers(visit, chosen);
    for (name, text) in chosen {
        let offer = offers.iter().find(|offer| offer.subject.name() == name)?;
        offer.options.iter().find(|option| option.text() == *text)?;
    }
    for offer in offers {
        let option = offer.options.iter().find(|option| option.chosen)?;
        sync.insert(offer.subject.name().to_owned(), option.value.into());
    }
    Some(Value::Object(sync))
}

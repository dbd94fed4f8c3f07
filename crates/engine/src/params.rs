//! Query parameters as they came, read with all problems told at once; one that is not known is a problem too.

use std::collections::BTreeMap;

use trunnion_model::time::parse_instant;

use crate::error::{FieldError, Result, ServiceError};

/// Parameters of one request.
pub(crate) struct Params<'p> {
    given: BTreeMap<&'p str, &'p str>,
    problems: Vec<FieldError>,
}

impl<'p> Params<'p> {
    pub(crate) fn new(params: &'p [(String, String)], known: &[&str]) -> Self {
        let mut given = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, value) in params {
            if !known.contains(&name.as_str()) {
                let message = format!("there is no such parameter here; known are: {}", known.join(", "));
                problems.push(FieldError::new(format!("/{name}"), message));
            } else if given.insert(name.as_str(), value.as_str()).is_some() {
                problems.push(FieldError::new(format!("/{name}"), "is given more than once"));
            }
        }
        Self { given, problems }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'p str> {
        self.given.get(name).copied().filter(|text| !text.is_empty())
    }

    pub(crate) fn number(&mut self, name: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let text = self.text(name)?;
        let number = text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.problem(name, format!("must be a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// The contract's `limit`: 1 to 500, 100 by default.
    pub(crate) fn limit(&mut self) -> usize {
        self.number("limit", 1..=500).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100)
    }

    pub(crate) fn flag(&mut self, name: &str) -> bool {
        match self.text(name) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.problem(name, "must be true or false");
                false
            }
        }
    }

    /// One of the words that are known.
    pub(crate) fn one_of(&mut self, name: &str, known: &[&str]) -> Option<&'p str> {
        let text = self.text(name)?;
        let found = known.contains(&text);
        if !found {
            self.problem(name, format!("must be one of: {}", known.join(", ")));
        }
        found.then_some(text)
    }

    /// Microseconds since 1970, of RFC 3339 or a plain date.
    pub(crate) fn instant(&mut self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        // In a query string a plus sign is a space unless it was escaped.
        let at = parse_instant(&text.replace(' ', "+"));
        if at.is_none() {
            self.problem(name, "must be an instant, as 2026-01-31T10:00:00Z, or a date");
        }
        at.map(|at| at.as_microsecond())
    }

    /// The words between commas.
    pub(crate) fn words(&self, name: &str) -> Vec<&'p str> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
    }

    pub(crate) fn problem(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(FieldError::new(format!("/{name}"), message));
    }

    pub(crate) fn finish(self) -> Result<()> {
        if self.problems.is_empty() { Ok(()) } else { Err(ServiceError::ValidationFailed { errors: self.problems }) }
    }
}

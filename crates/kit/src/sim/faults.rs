//! Faults that a simulator can be told to have, and their one-line text form for the command line.
//!
//! `ACTION[:KEY=VALUE[,KEY=VALUE]…]`, for instance `429:every=10,retry_after=2` or `cut-after:next=1,method=POST`.
//!
//! | action | what the client sees |
//! |---|---|
//! | `429`, `503`, any status from 400 | that status, before anything was done; `retry_after` in seconds adds the header |
//! | `slow` | the answer `ms` milliseconds late |
//! | `cut-before` | the connection closed, nothing was done |
//! | `cut-after` | the connection closed without an answer, everything was done |
//! | `cut-mid` | the connection closed in the middle of the answer's body, everything was done |
//!
//! When: `next=N` (the next N matching requests, then never again), `every=N` (each Nth), neither (all).
//! Where: `method=POST`, `path=SUBSTRING`.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Status { status: u16, retry_after: Option<u64> },
    Slow(Duration),
    CutBefore,
    CutAfter,
    CutMid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    Next(u64),
    Every(u64),
}

/// See the module's text for the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    action: Action,
    when: When,
    method: Option<String>,
    path: Option<String>,
    seen: u64,
}

/// Why a fault's text form was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("fault `{spec}`: {problem}")]
pub struct FaultSpecError {
    spec: String,
    problem: String,
}

impl std::str::FromStr for Fault {
    type Err = FaultSpecError;

    fn from_str(spec: &str) -> Result<Self, FaultSpecError> {
        parse(spec).map_err(|problem| FaultSpecError { spec: spec.to_owned(), problem })
    }
}

impl Fault {
    /// The action, if this request is one that the fault is for; counts the request.
    pub(super) fn fire(&mut self, method: &str, path: &str) -> Option<Action> {
        let here = self.method.as_deref().is_none_or(|only| only.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|part| path.contains(part));
        if !here {
            return None;
        }
        self.seen += 1;
        let now = match self.when {
            When::Always => true,
            When::Next(count) => self.seen <= count,
            When::Every(count) => self.seen.is_multiple_of(count),
        };
        now.then_some(self.action)
    }

    pub(super) fn spent(&self) -> bool {
        matches!(self.when, When::Next(count) if self.seen >= count)
    }
}

fn parse(spec: &str) -> Result<Fault, String> {
    let (action, options) = spec.split_once(':').unwrap_or((spec, ""));
    let (mut when, mut method, mut path) = (When::Always, None, None);
    let (mut retry_after, mut delay) = (None, Duration::from_secs(1));
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').ok_or_else(|| format!("`{option}` is not KEY=VALUE"))?;
        let number = || {
            value.parse::<u64>().ok().filter(|&n| n > 0).ok_or_else(|| format!("{key} takes a whole number above 0"))
        };
        match key {
            "next" => when = When::Next(number()?),
            "every" => when = When::Every(number()?),
            "retry_after" => retry_after = Some(number()?),
            "ms" => delay = Duration::from_millis(number()?),
            "method" => method = Some(value.to_owned()),
            "path" => path = Some(value.to_owned()),
            _ => return Err(format!("unknown key `{key}`; known: next, every, retry_after, ms, method, path")),
        }
    }
    let action = match action {
        "slow" => Action::Slow(delay),
        "cut-before" => Action::CutBefore,
        "cut-after" => Action::CutAfter,
        "cut-mid" => Action::CutMid,
        _ => match action.parse() {
            Ok(status @ 400..=599) => Action::Status { status, retry_after },
            _ => {
                return Err("the action is a status from 400 to 599, slow, cut-before, cut-after or cut-mid".to_owned());
            }
        },
    };
    Ok(Fault { action, when, method, path, seen: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_fires_where_and_when_it_was_told_to() {
        let mut fault: Fault = "429:every=2,method=post,path=/orders".parse().unwrap();
        assert_eq!(fault.fire("GET", "/orders"), None);
        assert_eq!(fault.fire("POST", "/vendors"), None);
        assert_eq!(fault.fire("POST", "/orders"), None);
        assert_eq!(fault.fire("POST", "/orders"), Some(Action::Status { status: 429, retry_after: None }));
        let mut once: Fault = "cut-after:next=1".parse().unwrap();
        assert_eq!(once.fire("GET", "/"), Some(Action::CutAfter));
        assert!(once.spent());
        assert_eq!(once.fire("GET", "/"), None);
    }

    #[test]
    fn a_wrong_spec_says_what_is_wrong() {
        for (spec, part) in
            [("boom", "status from 400"), ("429:every=0", "above 0"), ("429:often=1", "unknown key `often`")]
        {
            let error = spec.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(spec), "{error}");
        }
    }
}

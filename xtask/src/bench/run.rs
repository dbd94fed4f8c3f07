//! The list of benches.

use crate::outcome::usage;

type Bench = fn(&[String]) -> anyhow::Result<()>;

/// Name, and what runs it with the arguments that follow.
const BENCHES: &[(&str, Bench)] = &[
    ("build", super::build::run),
    ("inbox", super::inbox::run),
    ("schedule", super::schedule::run),
    ("sync", super::sync::run),
    ("webhooks", super::webhooks::run),
    ("write", super::write::run),
];

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let known = || BENCHES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let Some((name, rest)) = arguments.split_first() else {
        return Err(usage(format!("which bench? Known: {}", known())));
    };
    match BENCHES.iter().find(|(bench, _)| bench == name) {
        Some((_, bench)) => bench(rest),
        None => Err(usage(format!("there is no bench {name:?}; known: {}", known()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_bench_is_an_error_that_lists_the_known_ones() {
        let error = run(&["nonsense".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "there is no bench \"nonsense\"; known: build, inbox, schedule, sync, webhooks, write");
        assert!(run(&[]).unwrap_err().to_string().contains("Known: build, inbox, schedule, sync, webhooks, write"));
    }
}

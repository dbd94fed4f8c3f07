//! Libraries that only one crate may use, so that its rules hold everywhere.

use crate::finding::Finding;
use crate::sources::Source;

/// A library's name in code, where it may be used, and what to do elsewhere.
struct Home {
    text: &'static str,
    folders: &'static [&'static str],
    tests_too: bool,
    advice: &'static str,
}

const HOMES: &[Home] = &[
    Home {
        text: concat!("sqlx", "::query"),
        // The receiver's inbox is a library of its own for other people's programs, which have no store of ours.
        folders: &["crates/store/", "crates/receiver/"],
        tests_too: false,
        advice: "SQL lives in crates/store: add a function there",
    },
    Home {
        text: concat!("reqwest", "::"),
        // The command line is an HTTP client of our own API; it never talks to a vendor.
        folders: &["crates/kit/", "crates/cli/src/"],
        tests_too: true,
        advice: "requests to the outside go through kit::http, which bounds and redacts them",
    },
];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let strangers = HOMES.iter().filter(|home| {
        let at_home = home.folders.iter().any(|folder| source.path.starts_with(folder));
        source.is_rust() && !at_home && !(home.tests_too && source.is_test())
    });
    let found = |home: &'static Home| {
        let lines = source.lines().filter(|(_, line)| line.contains(home.text));
        lines.map(|(number, _)| Finding::new(&source.path, number, home.advice)).collect::<Vec<_>>()
    };
    strangers.flat_map(found).collect()
}

#[test]
fn a_library_away_from_home_is_found() {
    let text = format!("//! x\nlet a = {}(\"SELECT\");\nlet b = {}get(u);\n", HOMES[0].text, HOMES[1].text);
    let check = |path| crate::finding::lines(&check(&Source::new(path, &text)));
    assert_eq!(check("crates/engine/src/a.rs"), [2, 3]);
    assert_eq!(check("crates/store/src/a.rs"), [3]);
    assert_eq!(check("crates/kit/src/http/client.rs"), [2]);
    assert_eq!(check("crates/server/tests/it/main.rs"), [2]);
    assert_eq!(check("crates/connectors/src/x/tests.rs"), [2]);
}

//! Words that must not appear: vendors' names outside their folders, and marks of unfinished or silenced work.

use crate::finding::Finding;
use crate::sources::Source;

/// Names of systems that we connect to, or will. Ordinary English words among them (oracle, limble …) are left out.
const VENDORS: &[&str] = &[
    "sap",
    "s4hana",
    "netsuite",
    "tryton",
    "trytond",
    "odoo",
    "dynamics",
    "maximo",
    "infor",
    "epicor",
    "acumatica",
    "fiix",
    "maintainx",
    "erpnext",
    "dolibarr",
    "inventree",
];

/// Folders where vendors live or are met, with the reason.
const VENDOR_FOLDERS: &[(&str, &str)] = &[
    ("crates/connectors/", "a vendor is one folder here"),
    ("crates/cli/tests/", "the tests of the whole product connect to named systems"),
    ("crates/tidy/src/words.rs", "this list"),
    ("xtask/src/environment/", "sets up the real system and the foreign clients that the tests need"),
    ("xtask/src/bench/", "measures against a named simulator"),
];

/// Single files that name vendors although their folder must not, with the reason. Keep it short.
const VENDOR_EXCEPTIONS: &[(&str, &str)] = &[
    ("crates/kit/src/auth/oauth1.rs", "the published signature vectors sign the vendor's own URLs"),
    ("crates/receiver/src/verify/presets.rs", "a sender's scheme is chosen by the sender's name"),
    ("crates/receiver/src/verify/tests.rs", "tries those schemes"),
    ("crates/kit/src/protocol/suitetalk.rs", "the dialect's own header names carry the vendor's name"),
];

/// Text and what to do instead. Written in two halves, because this file is checked as well.
const BANNED: &[(&str, &str)] = &[
    (concat!("#[", "ignore"), "no ignored tests: make it pass or remove it"),
    (concat!("TO", "DO"), "no postponed work in the code: do it, or open an issue"),
    (concat!("FIX", "ME"), "no postponed work in the code: do it, or open an issue"),
    (concat!("todo", "!"), "no stubs: return an error that says what is not supported"),
    (concat!("unimplemented", "!"), "no stubs: return an error that says what is not supported"),
    (concat!("#[", "allow("), "use #[expect(…, reason = \"…\")], which fails when it is no longer needed"),
    (concat!("#![", "allow("), "use #![expect(…, reason = \"…\")], which fails when it is no longer needed"),
];

/// Vendor names outside their folders.
pub(crate) fn vendors(source: &Source) -> Vec<Finding> {
    let mut allowed = VENDOR_FOLDERS.iter().chain(VENDOR_EXCEPTIONS);
    if allowed.any(|(place, _)| source.path.starts_with(place)) {
        return Vec::new();
    }
    vendor_words(source)
}

/// Entries of the exception list that no longer match anything.
pub(crate) fn stale_exceptions(sources: &[Source]) -> Vec<Finding> {
    stale(VENDOR_EXCEPTIONS, sources)
}

pub(crate) fn banned(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let find = |(number, line): (usize, &str)| {
        let hit = BANNED.iter().find(|(text, _)| line.contains(text))?;
        Some(Finding::new(&source.path, number, hit.1))
    };
    source.lines().filter_map(find).collect()
}

fn vendor_words(source: &Source) -> Vec<Finding> {
    let find = |(number, line): (usize, &str)| {
        let name = words(line).into_iter().find(|word| VENDORS.contains(&word.as_str()))?;
        let advice = format!("{name:?} is a vendor: move this to crates/connectors, or say it in general terms");
        Some(Finding::new(&source.path, number, advice))
    };
    source.lines().filter_map(find).collect()
}

fn stale(exceptions: &[(&str, &str)], sources: &[Source]) -> Vec<Finding> {
    let used =
        |place: &str| sources.iter().any(|source| source.path.starts_with(place) && !vendor_words(source).is_empty());
    let unused = exceptions.iter().filter(|(place, _)| !used(place));
    unused.map(|(place, _)| Finding::new(place, 1, "names no vendor: remove it from VENDOR_EXCEPTIONS")).collect()
}

/// The words of a line in lower case. An identifier falls apart at underscores and at humps, and because some names
/// have a hump themselves, two neighbouring humps count as a word too.
fn words(line: &str) -> Vec<String> {
    line.split(|character: char| !character.is_alphanumeric()).flat_map(humps).collect()
}

fn humps(run: &str) -> Vec<String> {
    let mut humps: Vec<String> = Vec::new();
    let mut after_lower = true;
    for character in run.chars() {
        if humps.is_empty() || (after_lower && character.is_uppercase()) {
            humps.push(String::new());
        }
        humps.last_mut().unwrap().extend(character.to_lowercase());
        after_lower = !character.is_uppercase();
    }
    let pairs: Vec<String> = humps.windows(2).map(|pair| pair.concat()).collect();
    humps.into_iter().chain(pairs).collect()
}

#[test]
fn a_vendor_is_found_in_text_and_in_identifiers() {
    let found = |line: &str| !vendors(&Source::new("crates/kit/src/a.rs", line)).is_empty();
    for line in [
        "// as SAP does",
        "struct SapClient;",
        "fn tryton_login()",
        "\"sap-s4hana\"",
        "// NetSuite's",
        "OldNetSuiteUrl",
    ] {
        assert!(found(line), "{line}");
    }
    for line in ["// sapling information", "a dynamic value, in for a penny", "fn perhaps()"] {
        assert!(!found(line), "{line}");
    }
}

#[test]
fn vendors_are_welcome_in_their_own_folders() {
    let count = |path| vendors(&Source::new(path, "//! Odoo.\n")).len();
    assert_eq!(count("crates/connectors/src/odoo/mod.rs"), 0);
    assert_eq!(count("crates/cli/tests/it/main.rs"), 0);
    assert_eq!(count("crates/engine/src/sync.rs"), 1);
    assert_eq!(count("crates/store/migrations/1.sql"), 1);
}

#[test]
fn an_exception_without_a_vendor_is_stale() {
    let sources = [Source::new("crates/a/src/x.rs", "//! Odoo.\n"), Source::new("crates/b/src/y.rs", "//! None.\n")];
    let places = [("crates/a/src/x.rs", "why"), ("crates/b/src/y.rs", "why"), ("crates/c/", "gone")];
    let found: Vec<String> = stale(&places, &sources).into_iter().map(|finding| finding.path).collect();
    assert_eq!(found, ["crates/b/src/y.rs", "crates/c/"]);
}

#[test]
fn each_banned_text_is_found() {
    for (text, advice) in BANNED {
        let found = banned(&Source::new("crates/x/src/a.rs", &format!("//! x\n    {text}\n")));
        assert_eq!(found, [Finding::new("crates/x/src/a.rs", 2, *advice)]);
    }
    assert!(banned(&Source::new("crates/x/src/a.rs", "//! To do, in lower case, is English.\n")).is_empty());
}

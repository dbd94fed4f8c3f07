//! The shape of a file: a module doc on its first line, and a length that fits in a head.

use crate::finding::Finding;
use crate::sources::Source;

const LINES: usize = 500;
/// A vendor's tests are one file with many cases.
const LINES_OF_TESTS: usize = 800;

/// The first line of a Rust file is its purpose.
pub(crate) fn module_doc(source: &Source) -> Option<Finding> {
    let missing = source.is_rust() && !source.text.lines().next().is_some_and(|line| line.starts_with("//!"));
    missing.then(|| Finding::new(&source.path, 1, "begin the file with `//!`: its purpose and contract"))
}

/// Rust files have a bound.
pub(crate) fn length(source: &Source) -> Option<Finding> {
    let limit = if source.path.ends_with("/tests.rs") { LINES_OF_TESTS } else { LINES };
    let lines = source.text.lines().count();
    let advice = || format!("{lines} lines, at most {limit}: split it by idea");
    (source.is_rust() && lines > limit).then(|| Finding::new(&source.path, limit + 1, advice()))
}

#[test]
fn a_file_without_a_module_doc_is_found() {
    let check = |path, text| module_doc(&Source::new(path, text)).is_some();
    assert!(check("crates/x/src/a.rs", "use std::fs;\n"));
    assert!(check("crates/x/src/a.rs", ""));
    assert!(check("crates/x/src/a.rs", "\n//! Late.\n"));
    assert!(!check("crates/x/src/a.rs", "//! What it is for.\n"));
    assert!(!check("crates/x/Cargo.toml", "[package]\n"));
}

#[test]
fn a_file_one_line_too_long_is_found() {
    let check = |path, lines| length(&Source::new(path, &"x\n".repeat(lines))).map(|finding| finding.line);
    assert_eq!(check("crates/x/src/a.rs", 500), None);
    assert_eq!(check("crates/x/src/a.rs", 501), Some(501));
    assert_eq!(check("crates/x/src/tests.rs", 800), None);
    assert_eq!(check("crates/x/src/tests.rs", 801), Some(801));
    assert_eq!(check("crates/x/src/migrations/1.sql", 900), None);
}

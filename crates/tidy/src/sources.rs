//! The files that the rules look at: Rust, SQL and TOML below `crates/` and `xtask/`.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file; the path is relative to the root of the checkout, with `/`.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the file is compiled for tests only, judged by its place.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// Lines with their number, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// All source files of the checkout, in the order of their paths.
pub(crate) fn all() -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&root.join(folder), &root, &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn collect(folder: &Path, root: &Path, into: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, root, into);
            }
        } else if path
            .extension()
            .is_some_and(|extension| ["rs", "sql", "toml"].iter().any(|known| extension == *known))
        {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            into.push(Source { path: name, text });
        }
    }
}

#[test]
fn the_walk_finds_every_crate() {
    let paths: Vec<String> = all().into_iter().map(|source| source.path).collect();
    for expected in
        ["crates/model/src/lib.rs", "crates/cli/src/main.rs", "crates/store/Cargo.toml", "xtask/src/main.rs"]
    {
        assert!(paths.iter().any(|path| path == expected), "{expected} is not among {} files", paths.len());
    }
}

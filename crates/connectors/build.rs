//! Tells the code that makes records of rows from any other: a number of all sources that a row passes through, declarations
//! among them. It is another one whenever one of them is, and the same wherever the same sources are built.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

/// From this folder. The lock file tells of the libraries.
const SOURCES: [&str; 4] = ["src", "../kit/src", "../model/src", "../../Cargo.lock"];

fn main() -> io::Result<()> {
    let mut files = BTreeSet::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
        find(Path::new(source), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        (file.to_string_lossy(), fs::read(&file)?).hash(&mut hasher);
    }
    println!("cargo:rustc-env=TRUNNION_REVISION={}", hasher.finish());
    Ok(())
}

fn find(place: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if place.is_dir() {
        for entry in fs::read_dir(place)? {
            find(&entry?.path(), files)?;
        }
    } else if place.exists() {
        files.insert(place.to_owned());
    }
    Ok(())
}

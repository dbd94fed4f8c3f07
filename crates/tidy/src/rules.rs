//! Every rule over the whole checkout.

use crate::finding::assert_none;
use crate::{edges, homes, shape, sources, words};

#[test]
fn crates_depend_only_along_the_listed_edges() {
    let manifests = sources::all();
    let found = edges::declared(&edges::cargo_metadata());
    assert_none(&edges::check(&found, |name| edges::manifest_of(&manifests, name)));
}

#[test]
fn every_file_says_what_it_is_for() {
    assert_none(&sources::all().iter().flat_map(shape::module_doc).collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long() {
    assert_none(&sources::all().iter().flat_map(shape::length).collect::<Vec<_>>());
}

#[test]
fn vendors_are_named_only_where_they_live() {
    assert_none(&sources::all().iter().flat_map(words::vendors).collect::<Vec<_>>());
}

#[test]
fn nothing_is_postponed_ignored_or_silenced() {
    assert_none(&sources::all().iter().flat_map(words::banned).collect::<Vec<_>>());
}

#[test]
fn sql_and_http_clients_stay_in_their_crates() {
    assert_none(&sources::all().iter().flat_map(homes::check).collect::<Vec<_>>());
}

#[test]
fn no_exception_outlives_its_reason() {
    assert_none(&words::stale_exceptions(&sources::all()));
}

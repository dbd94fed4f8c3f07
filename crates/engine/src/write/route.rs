//! Ways between statuses over the declared moves. Pure.

use std::collections::{BTreeMap, VecDeque};

use trunnion_kit::mapping::Standing;
use trunnion_kit::spec::{EntitySpec, Move, is_among};

/// The first move of a shortest way to `to`; `None` if there is no way.
pub(super) fn first_move<'s>(spec: &'s EntitySpec, from: Standing<'_>, to: &str) -> Option<&'s Move> {
    way(spec, from, to).and_then(|way| way.first().copied())
}

/// All moves of a shortest way. After the first one, only the status that the moves lead to is known.
pub(super) fn way<'s>(spec: &'s EntitySpec, from: Standing<'_>, to: &str) -> Option<Vec<&'s Move>> {
    ways(spec, from).remove(to)
}

/// The statuses that can be reached.
pub(super) fn reachable<'s>(spec: &'s EntitySpec, from: Standing<'_>) -> Vec<&'s str> {
    ways(spec, from).into_keys().collect()
}

fn ways<'s>(spec: &'s EntitySpec, from: Standing<'_>) -> BTreeMap<&'s str, Vec<&'s Move>> {
    let mut found: BTreeMap<&str, Vec<&Move>> = BTreeMap::new();
    let legal = |standing: Standing<'_>| {
        let (status, remote) = (standing.status.map(str::to_owned), standing.remote_status.map(str::to_owned));
        spec.moves.iter().filter(move |one| is_among(&one.from, status.as_deref(), remote.as_deref()))
    };
    let mut next: VecDeque<Vec<&Move>> = legal(from).map(|one| vec![one]).collect();
    while let Some(way) = next.pop_front() {
        let Some(last) = way.last() else { continue };
        let to = last.to.as_str();
        if found.contains_key(to) || from.status == Some(to) {
            continue;
        }
        for one in legal(Standing { status: Some(to), remote_status: None }) {
            next.push_back(way.iter().copied().chain([one]).collect());
        }
        found.insert(to, way);
    }
    found
}

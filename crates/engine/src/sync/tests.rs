//! The arithmetic of cursors.

use std::time::Duration;

use trunnion_kit::mapping::{Conversion, Form, Path};
use trunnion_kit::spec::{Dated, Deletes, Strategy, Sync};
use trunnion_model::ids::ConnectionId;
use trunnion_model::schedule::Schedule;
use trunnion_model::time::{Clock, from_micros};
use trunnion_store::{PlanState, RunMode, SyncPlan};

use super::cursor::{Cursor, Going};

fn plan(cursor: Option<&Cursor>, history_days: Option<i64>) -> SyncPlan {
    SyncPlan {
        connection: ConnectionId::new(&Clock::system()),
        entity: "vendor".into(),
        schedule: Schedule::default(),
        real_time: false,
        history_days,
        strict: false,
        priority: 0,
        state: PlanState::Running,
        paused: false,
        mode: RunMode::Incremental,
        next_run_at: None,
        run: None,
        attempt: 1,
        cursor: cursor.map(Cursor::text),
        cursor_at: None,
        initial_done: false,
        last_success_at: None,
        last_error: None,
        failing_since: None,
        records: 0,
    }
}

fn watermark() -> Sync {
    Sync {
        by_day: false,
        unsettled: String::new(),
        strategy: Strategy::Watermark,
        page: 10,
        overlap: Duration::from_micros(100),
        modified: vec!["changed".into()],
        created: Vec::new(),
        deletes: Deletes::Unnoticed,
        dated: None,
    }
}

#[test]
fn the_next_watermark_is_the_newest_change_but_never_after_the_start_and_never_goes_back() {
    let cursor = Cursor { watermark: Some(1_000), ..Cursor::default() };
    let after = |newest| {
        let going = Going { since: Some(900), started: 2_000, newest, ..Going::default() };
        cursor.finished(&going, Strategy::Watermark, (0, 0)).watermark
    };
    assert_eq!(after(Some(1_500)), Some(1_500));
    assert_eq!(after(Some(9_999)), Some(2_000), "changed while the run was paging, or stamped in the future");
    assert_eq!(after(Some(950)), Some(1_000), "only rows of the overlap were seen");
    assert_eq!(after(None), Some(1_000), "nothing was seen");
}

#[test]
fn an_incremental_run_asks_from_the_watermark_less_the_overlap() {
    let cursor = Cursor { watermark: Some(1_000), ..Cursor::default() };
    let going = cursor.begin(&plan(Some(&cursor), Some(3)), RunMode::Incremental, &watermark(), from_micros(5_000));
    assert_eq!(going, Going { since: Some(900), started: 5_000, ..Going::default() });
}

#[test]
fn first_and_full_runs_ask_for_the_history_by_the_own_date_of_what_has_one_and_for_all_of_the_rest() {
    let (now, week) = (10 * 86_400_000_000, 7 * 86_400_000_000);
    let asked = |cursor: &Cursor, days, mode, sync: &Sync| {
        let going = cursor.begin(&plan(Some(cursor), days), mode, sync, from_micros(now));
        (going.since, going.dated_from, cursor.is_complete(&going, mode, sync.strategy))
    };
    let (new, old) = (Cursor::default(), Cursor { watermark: Some(now - 5), ..Cursor::default() });
    let own = Dated { ask: "day".into(), at: Path::new("day"), conversion: Conversion::plain(Form::Date) };
    let documents = Sync { dated: Some(own), ..watermark() };
    assert_eq!(asked(&new, None, RunMode::Incremental, &documents), (None, None, false));
    assert_eq!(asked(&new, Some(3), RunMode::Incremental, &documents), (None, Some(week), false));
    assert_eq!(asked(&old, Some(3), RunMode::Incremental, &documents), (Some(now - 105), None, false));
    assert_eq!(asked(&old, Some(3), RunMode::Full, &documents), (None, Some(week), false), "not all there is");
    assert_eq!(asked(&old, None, RunMode::Full, &documents), (None, None, true));
    assert_eq!(asked(&new, Some(3), RunMode::Incremental, &watermark()), (None, None, false), "a vendor has no date");
    assert_eq!(asked(&old, Some(3), RunMode::Full, &watermark()), (None, None, true));
    let inserted = Sync { strategy: Strategy::Inserted, ..watermark() };
    assert_eq!(asked(&new, Some(3), RunMode::Incremental, &inserted), (Some(week), None, false), "by its creation");
    let snapshot = Sync { strategy: Strategy::Snapshot, ..watermark() };
    assert_eq!(asked(&old, Some(3), RunMode::Incremental, &snapshot), (None, None, true));

    let empty = new.begin(&plan(None, Some(3)), RunMode::Incremental, &documents, from_micros(now));
    assert_eq!(
        new.finished(&empty, Strategy::Watermark, (now, now)).watermark,
        Some(now),
        "older ones that change count"
    );
}

#[test]
fn a_run_goes_on_where_it_or_a_failed_one_was_but_a_full_one_starts_anew() {
    let going =
        Going { since: Some(5), started: 50, after_key: Some("17".into()), newest: Some(40), ..Going::default() };
    let cursor = Cursor { run: Some(going.clone()), ..Cursor::default() };
    assert_eq!(Cursor::parse(&plan(Some(&cursor), None)), cursor);
    let run = |mode, pages| cursor.going_on(mode, pages, &watermark());
    assert_eq!(run(RunMode::Incremental, 3), Some(going.clone()));
    assert_eq!(run(RunMode::Full, 3), Some(going.clone()));
    assert_eq!(run(RunMode::Incremental, 0), Some(going), "a new run after a failed one");
    assert_eq!(run(RunMode::Full, 0), None);
}

#[test]
fn a_keyset_begins_at_the_greatest_key_that_was_known_an_overlap_before_the_last_run() {
    let keyset = Sync { strategy: Strategy::Keyset, ..watermark() };
    let mut cursor = Cursor::default();
    for (started, ended, key) in [(900, 1_000, "a"), (1_010, 1_050, "b"), (1_120, 1_200, "c")] {
        let going = Going { started, last_key: Some(key.into()), ..Going::default() };
        cursor = cursor.finished(&going, Strategy::Keyset, (0, ended));
    }
    let after = |cursor: &Cursor, mode| {
        let plan = plan(Some(cursor), None);
        cursor.begin(&plan, mode, &keyset, from_micros(9_999)).after_key
    };
    // The last run began at 1,120: all keys that were given out until 1,020 were there when it passed.
    assert_eq!(after(&cursor, RunMode::Incremental).as_deref(), Some("a"));
    assert_eq!(after(&cursor, RunMode::Full), None);
    let long = Going { started: 1_160, last_key: Some("d".into()), ..Going::default() };
    let later = cursor.finished(&long, Strategy::Keyset, (0, 5_000));
    assert_eq!(after(&later, RunMode::Incremental).as_deref(), Some("b"), "however long a run takes");
    assert_eq!(after(&Cursor::default(), RunMode::Incremental), None);
}

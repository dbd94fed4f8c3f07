//! Bringing records up to date.

use trunnion_model::change::Cause;
use trunnion_model::ids::{OperationId, RecordId};
use trunnion_model::record::{Incoming, Record};
use trunnion_store::{Applied, Begun, NewOperation, OperationOutcome, OperationState, OutcomeBody, Store};

use crate::harness::{LEASE, World, on_both, page, row, sync_page, vendor};

fn did(created: u64, updated: u64, deleted: u64, unchanged: u64, refreshed: u64) -> Applied {
    Applied { created, updated, deleted, unchanged, refreshed, drift: 0, operation: None }
}

async fn read(world: &World, row: &Incoming) -> Record {
    let connection =
        world.store.list_connections(world.store.list_applications().await.unwrap()[0].id, &one()).await.unwrap()[0].id;
    world.store.get(connection, vendor(), row.id, true).await.unwrap().unwrap()
}

fn one() -> trunnion_store::ConnectionFilter {
    trunnion_store::ConnectionFilter { limit: 1, ..Default::default() }
}

fn gone(mut row: Incoming) -> Incoming {
    row.deleted = true;
    row
}

on_both! {
    async fn a_record_is_created_updated_deleted_and_comes_back_each_with_its_event(world: World) {
        let connection = world.connection().await;
        let first = row(connection, "1", "Anna");
        let start = world.clock.now_micros();
        assert_eq!(world.apply(connection, vec![first.clone()]).await, did(1, 0, 0, 0, 0));
        world.pass(1);
        let second = row(connection, "1", "Berta");
        assert_eq!(world.apply(connection, vec![second.clone()]).await, did(0, 1, 0, 0, 0));
        world.pass(1);
        assert_eq!(world.apply(connection, vec![gone(second.clone())]).await, did(0, 0, 1, 0, 0));
        let deleted = read(&world, &second).await;
        assert_eq!((deleted.version, deleted.deleted_at), (3, Some(start + 2_000_000)));
        world.pass(1);
        assert_eq!(world.apply(connection, vec![second.clone()]).await, did(0, 1, 0, 0, 0));
        let back = read(&world, &second).await;
        assert_eq!((back.version, back.deleted_at, back.created_at), (4, None, start));
        assert_eq!(back.modified_at, start + 3_000_000);
        assert_eq!((back.data.as_str(), back.raw.as_deref()), (second.data.as_str(), Some(second.raw.as_str())));

        let log = world.log(connection).await;
        let told: Vec<_> = log[1..].iter().map(|event| (event.kind.as_str(), event.sequence, event.previous.as_deref())).collect();
        assert_eq!(told, [
            ("vendor.created", 2, None),
            ("vendor.updated", 3, Some(r#"{"name":"Anna"}"#)),
            ("vendor.deleted", 4, None),
            ("vendor.updated", 5, Some(r#"{"deleted_at":"2026-01-01T00:00:02.000000Z"}"#)),
        ]);
        let shown: serde_json::Value = serde_json::from_str(&log[2].data).unwrap();
        assert_eq!((&shown["version"], &shown["name"], shown.get("raw")), (&2.into(), &"Berta".into(), None));
        let mut whole = String::new();
        Record { raw: None, ..back }.write_json(vendor(), &mut whole);
        assert_eq!(log[4].data, whole, "the event shows the record as it is read");
        assert_eq!((log[4].record, log[4].entity.as_deref(), log[4].cause.as_deref()), (Some(second.id), Some("vendor"), Some("incremental")));
    }
}

on_both! {
    async fn an_unchanged_page_writes_nothing(world: World) {
        let connection = world.connection().await;
        let rows: Vec<_> = (0..50).map(|n| row(connection, &n.to_string(), "same")).collect();
        assert_eq!(world.apply(connection, rows.clone()).await, did(50, 0, 0, 0, 0));
        // Where a row lies, and who last wrote or locked it: changes with any write to it.
        let rows_as_they_lie = "select (id || ' ' || ctid || ' ' || xmin || ' ' || xmax || ' ' || modified_at)::text from record order by id";
        let rows_as_they_are = "select hex(id) || ' ' || rowid || ' ' || modified_at from record order by id";
        let sql = if world.is_postgres() { rows_as_they_lie } else { rows_as_they_are };
        let before = world.texts(sql).await;
        world.pass(60);
        assert_eq!(world.apply(connection, rows).await, did(0, 0, 0, 50, 0));
        assert_eq!(world.texts(sql).await, before);
        assert_eq!(world.log(connection).await.len(), 51);
        assert_eq!(world.store.last_sequence(connection).await.unwrap(), 51);
    }
}

on_both! {
    async fn a_row_that_was_only_touched_is_refreshed_without_a_version(world: World) {
        let connection = world.connection().await;
        let first = row(connection, "1", "Anna");
        world.apply(connection, vec![first.clone()]).await;
        let before = read(&world, &first).await;
        world.pass(5);
        let touched = Incoming {
            raw: r#"{"Supplier":"1","etag":"2"}"#.into(),
            remote_modified_at: Some(77),
            remote_url: Some("https://erp.example/1".into()),
            ..first
        };
        assert_eq!(world.apply(connection, vec![touched.clone()]).await, did(0, 0, 0, 0, 1));
        let after = read(&world, &touched).await;
        let expected = Record {
            raw: Some(touched.raw.clone()),
            remote_modified_at: Some(77),
            remote_url: touched.remote_url.clone(),
            ..before
        };
        assert_eq!(after, expected);
        assert_eq!(world.kinds(connection).await, ["connection.created", "vendor.created"]);
        assert_eq!(world.apply(connection, vec![touched]).await, did(0, 0, 0, 1, 0));
    }
}

on_both! {
    async fn what_differs_though_its_row_does_not_is_a_remap_and_no_drift(world: World) {
        let connection = world.connection().await;
        let [same, other, back] = ["1", "2", "3"].map(|key| row(connection, key, "Anna"));
        world.apply(connection, vec![same.clone(), other.clone(), back.clone()]).await;
        world.apply(connection, vec![gone(back.clone())]).await;
        let read_as = |row: Incoming, name: &str| Incoming { data: format!(r#"{{"label":"{name}"}}"#), ..row };
        let changed = Incoming { raw: r#"{"Supplier":"2","SupplierName":"Berta"}"#.into(), ..read_as(other, "Berta") };

        let claim = world.claim_one().await;
        let mut commit = sync_page(&claim, vec![read_as(same, "Anna"), changed, read_as(back, "Anna")], "c");
        commit.cause = Cause::Verify;
        commit.progress.as_mut().unwrap().settled_before = Some(i64::MAX);
        let applied = world.store.apply(commit).await.unwrap();

        assert_eq!((applied.updated, applied.drift), (3, 2), "the system changed two of them");
        let log = world.log(connection).await;
        let causes: Vec<_> = log[log.len() - 3..].iter().map(|event| event.cause.as_deref().unwrap()).collect();
        let mut sorted = causes.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["remap", "verify", "verify"]);
        let remapped = &log[log.len() - 3..][causes.iter().position(|cause| *cause == "remap").unwrap()];
        assert_eq!(remapped.record, Some(row(connection, "1", "Anna").id));
        assert_eq!(remapped.previous.as_deref(), Some(r#"{"code":"C1","label":null,"name":"Anna"}"#));
    }
}

on_both! {
    /// Every row looks different then; the system's own time tells which it changed.
    async fn where_a_mapping_asks_for_other_fields_only_what_the_system_changed_has_another_cause(world: World) {
        let connection = world.connection().await;
        let [same, later] = ["1", "2"].map(|key| row(connection, key, "Anna"));
        world.apply(connection, vec![same.clone(), later.clone()]).await;
        let more = |row: Incoming, at: i64| Incoming {
            raw: r#"{"Name":"Anna"}"#.into(), data: r#"{"label":"Anna"}"#.into(), remote_modified_at: Some(at), ..row
        };
        let mut commit = page(connection, vec![more(same, 2), more(later, 3), row(connection, "3", "new")]);
        commit.cause = Cause::Remap;
        world.store.apply(commit).await.unwrap();
        let log = world.log(connection).await;
        let mut told: Vec<_> = log[log.len() - 3..].iter().map(|event| (event.record.unwrap(), event.cause.as_deref().unwrap())).collect();
        let mut wanted: Vec<_> = [("1", "remap"), ("2", "full"), ("3", "full")]
            .map(|(key, cause)| (row(connection, key, "").id, cause)).into();
        told.sort_by_key(|(id, _)| id.0);
        wanted.sort_by_key(|(id, _)| id.0);
        assert_eq!(told, wanted);
    }
}

on_both! {
    async fn of_the_same_row_twice_in_a_page_the_last_counts(world: World) {
        let connection = world.connection().await;
        let rows = vec![row(connection, "1", "old"), row(connection, "2", "x"), row(connection, "1", "new")];
        assert_eq!(world.apply(connection, rows).await, did(2, 0, 0, 0, 0));
        let found = world.store.get_by_remote_id(connection, vendor(), "1", false).await.unwrap().unwrap();
        assert_eq!((found.display.as_str(), found.version, found.raw), ("new", 1, None));
    }
}

on_both! {
    async fn a_bare_deletion_keeps_what_was_stored_and_one_of_the_unknown_stores_nothing(world: World) {
        let connection = world.connection().await;
        let full = row(connection, "1", "Anna");
        world.apply(connection, vec![full.clone()]).await;
        let bare = |remote_id: &str| Incoming {
            data: "{}".into(),
            raw: "{}".into(),
            display: remote_id.into(),
            ..gone(row(connection, remote_id, ""))
        };
        assert_eq!(world.apply(connection, vec![bare("1"), bare("2")]).await, did(0, 0, 1, 1, 0));
        let kept = read(&world, &full).await;
        assert_eq!((kept.data, kept.raw, kept.display), (full.data.clone(), Some(full.raw.clone()), full.display.clone()));
        assert!(kept.deleted_at.is_some());
        assert_eq!(world.apply(connection, vec![bare("1"), bare("2")]).await, did(0, 0, 0, 2, 0));
        assert_eq!(world.kinds(connection).await, ["connection.created", "vendor.created", "vendor.deleted"]);
        let event: serde_json::Value = serde_json::from_str(&world.log(connection).await[2].data).unwrap();
        assert_eq!(event["name"], "Anna");
    }
}

on_both! {
    async fn a_page_moves_the_cursor_and_the_counters_with_it(world: World) {
        let connection = world.connection().await;
        let claim = world.claim_one().await;
        let rows = vec![row(connection, "1", "A"), row(connection, "2", "B"), row(connection, "2", "B")];
        world.store.apply(sync_page(&claim, rows, "p1")).await.unwrap();
        let mut last = sync_page(&claim, vec![row(connection, "1", "A"), gone(row(connection, "2", "B"))], "p2");
        let progress = last.progress.as_mut().unwrap();
        (progress.total_known, progress.initial_done) = (Some(4), Some(true));
        world.store.apply(last).await.unwrap();
        let plan = world.store.plans(connection).await.unwrap().remove(0);
        assert_eq!((plan.cursor.as_deref(), plan.cursor_at, plan.initial_done, plan.records), (Some("p2"), Some(5), true, 1));
        let run = world.store.run(connection, claim.run.id).await.unwrap().unwrap();
        assert_eq!((run.pages, run.seen, run.total_known), (2, 5, Some(4)));
        assert_eq!((run.created, run.updated, run.deleted, run.unchanged), (2, 0, 1, 2));
        assert_eq!(world.log(connection).await[1].cause.as_deref(), Some("initial"));
    }
}

on_both! {
    /// The last step of the commit fails: the record that the outcome speaks of is not there.
    async fn a_commit_that_fails_half_way_leaves_nothing(world: World) {
        let connection = world.connection().await;
        let claim = world.claim_one().await;
        world.store.apply(sync_page(&claim, vec![row(connection, "1", "A")], "p1")).await.unwrap();
        let lease = begin(&world.store, connection, "k").await;
        let mut commit = sync_page(&claim, vec![row(connection, "1", "changed"), row(connection, "2", "new")], "p2");
        commit.outcome = Some(OperationOutcome {
            lease,
            state: OperationState::Succeeded,
            remote_id: None,
            record: Some(RecordId::of(connection, vendor(), "none")),
            status: 201,
            body: OutcomeBody::StoredRecord,
        });
        let before = (world.log(connection).await, world.store.plans(connection).await.unwrap());
        world.store.apply(commit).await.unwrap_err();
        assert_eq!((world.log(connection).await, world.store.plans(connection).await.unwrap()), before);
        assert_eq!(world.store.count(connection, vendor(), &Default::default()).await.unwrap(), 1);
        assert_eq!(read(&world, &row(connection, "1", "")).await.display, "A");
        assert_eq!(world.store.run(connection, claim.run.id).await.unwrap().unwrap().pages, 1);
    }
}

on_both! {
    /// A worker that is stopped between any two steps: pages, events and cursor still tell the same story.
    async fn a_commit_that_is_dropped_at_any_point_is_whole_or_absent(world: World) {
        let connection = world.connection().await;
        let claim = world.claim_one().await;
        let page = |number: u32| {
            let rows = (0..20).map(|n| row(connection, &format!("{number}-{n}"), "A")).collect();
            sync_page(&claim, rows, &number.to_string())
        };
        let began = std::time::Instant::now();
        world.store.apply(page(0)).await.unwrap();
        let undisturbed = began.elapsed();
        for number in 1..60 {
            let (store, commit) = (world.store.clone(), page(number));
            let task = tokio::spawn(async move { store.apply(commit).await });
            // From at once to twice what the whole takes.
            tokio::time::sleep(undisturbed * number / 30).await;
            task.abort();
            let _whatever = task.await;
        }
        // Waits for what is still being rolled back.
        world.store.apply(sync_page(&claim, vec![], "end")).await.unwrap();
        let run = world.store.run(connection, claim.run.id).await.unwrap().unwrap();
        let records = world.store.count(connection, vendor(), &Default::default()).await.unwrap();
        assert_eq!(records % 20, 0);
        assert_eq!(u64::try_from(run.pages).unwrap(), records / 20 + 1);
        let log = world.log(connection).await;
        assert_eq!(log.len() as u64, records + 1);
        assert!(log.iter().zip(1..).all(|(event, sequence)| event.sequence == sequence));
    }
}

on_both! {
    async fn a_write_is_settled_with_the_record_that_was_read_back(world: World) {
        let connection = world.connection().await;
        let lease = begin(&world.store, connection, "k").await;
        world.store.mark_sending(&lease, None, LEASE).await.unwrap();
        let back = row(connection, "9", "Written");
        let mut commit = page(connection, vec![back.clone()]);
        commit.cause = Cause::OwnWrite;
        commit.outcome = Some(OperationOutcome {
            lease: lease.clone(),
            state: OperationState::Succeeded,
            remote_id: Some("9".into()),
            record: Some(back.id),
            status: 201,
            body: OutcomeBody::StoredRecord,
        });
        let applied = world.store.apply(commit).await.unwrap();
        let operation = applied.operation.unwrap();
        let mut shown = String::new();
        Record { raw: None, ..read(&world, &back).await }.write_json(vendor(), &mut shown);
        assert_eq!((operation.state, operation.outcome_body), (OperationState::Succeeded, Some(shown)));
        assert_eq!(world.kinds(connection).await, ["connection.created", "vendor.created", "operation.succeeded"]);
        assert_eq!(world.log(connection).await[1].cause.as_deref(), Some("own_write"));
        let stored = world.store.operation(connection, lease.operation()).await.unwrap().unwrap();
        assert_eq!((stored.record, stored.remote_id.as_deref()), (Some(back.id), Some("9")));
        assert_eq!(world.store.operation(connection, OperationId::new(&world.clock)).await.unwrap(), None);
    }
}

async fn begin(
    store: &Store,
    connection: trunnion_model::ids::ConnectionId,
    key: &str,
) -> trunnion_store::OperationLease {
    let new = NewOperation {
        idempotency_key: Some(key),
        body_hash: [1; 32],
        entity: vendor(),
        action: "create",
        target: None,
        request: "{}",
        lease_for: LEASE,
        sends: false,
        lock_for: None,
    };
    match store.begin_operation(connection, &new).await.unwrap() {
        Begun::New { lease, .. } => lease,
        other => panic!("{other:?}"),
    }
}

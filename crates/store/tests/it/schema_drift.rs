//! Findings, and what is known of the rows.

use trunnion_model::drift::{DriftKind, Finding};
use trunnion_model::ids::SchemaDriftId;
use trunnion_store::{DriftFilter, DriftState, Error, PlanChanges, RowShape, SchemaDrift};

use crate::harness::{World, item, on_both, vendor};

fn finding(kind: DriftKind, field: &str, value: &str) -> Finding {
    Finding {
        kind,
        field: field.into(),
        value: value.into(),
        type_before: String::new(),
        type_now: "string".into(),
        remote_id: Some("17".into()),
    }
}

fn fields(found: &[SchemaDrift]) -> Vec<&str> {
    found.iter().map(|drift| drift.finding.field.as_str()).collect()
}

on_both! {
    async fn what_is_found_twice_is_noted_and_told_once_and_counted_until_it_is_acknowledged(world: World) {
        let (connection, other) = (world.connection().await, world.connection().await);
        let note = async |field: &str, told: bool| {
            world.pass(1);
            let found = vec![finding(DriftKind::NewField, field, "")];
            world.store.note_schema_drift(connection, vendor(), found, told).await.unwrap();
        };
        note("a", false).await;
        note("b", true).await;
        note("b", true).await;
        note("a", true).await;
        note("a\0", true).await;
        let before = world.kinds(connection).await;
        assert_eq!(before.iter().filter(|kind| *kind == "schema.drift_detected").count(), 2, "{before:?}");

        let list = async |filter: DriftFilter<'static>, after| {
            world.store.schema_drift(connection, filter, after, 2).await.unwrap()
        };
        let first = list(DriftFilter::default(), None).await;
        assert_eq!(fields(&first), ["a\u{fffd}", "b"]);
        assert_eq!(fields(&list(DriftFilter::default(), Some(first[1].id)).await), ["a"]);
        assert_eq!(first[1].finding, finding(DriftKind::NewField, "b", ""));
        let none = DriftFilter { kind: Some(DriftKind::RetypedField), ..DriftFilter::default() };
        assert!(list(none, None).await.is_empty());
        assert!(world.store.schema_drift(other, DriftFilter::default(), None, 9).await.unwrap().is_empty());

        let counts = [(DriftKind::NewField, "b".to_owned(), String::new(), 4), (DriftKind::NewField, "x".to_owned(), String::new(), 1)];
        world.store.keep_row_shape(connection, vendor(), None, &counts).await.unwrap();
        let ids = [first[0].id, first[1].id];
        assert!(matches!(world.store.acknowledge_schema_drift(other, &ids).await, Err(Error::NotFound { .. })));
        let strange = [first[0].id, SchemaDriftId::new(&world.clock)];
        assert!(matches!(world.store.acknowledge_schema_drift(connection, &strange).await, Err(Error::NotFound { .. })));
        assert_eq!(world.store.schema_drift_counts(connection).await.unwrap(), [("vendor".to_owned(), 3)], "all or none");
        assert_eq!(world.store.acknowledge_schema_drift(connection, &ids).await.unwrap(), 2);
        world.store.keep_row_shape(connection, vendor(), None, &counts).await.unwrap();
        let open = DriftFilter { state: Some(DriftState::Open), ..DriftFilter::default() };
        assert_eq!(fields(&list(open, None).await), ["a"]);
        let all = world.store.schema_drift_of(connection, vendor()).await.unwrap();
        assert_eq!(all.iter().map(|drift| drift.records).collect::<Vec<_>>(), [1, 5, 1], "not counted when acknowledged");
        assert_eq!(world.store.acknowledge_all_schema_drift(connection, Some("item")).await.unwrap(), 0);
        assert_eq!(world.store.acknowledge_all_schema_drift(connection, None).await.unwrap(), 1);
        assert!(world.store.schema_drift_counts(connection).await.unwrap().is_empty());
    }
}

on_both! {
    async fn what_is_known_of_rows_is_kept_by_entity_and_goes_with_the_connection(world: World) {
        let application = world.application().await;
        let made = world.connect(application, &[vendor(), item()]).await.id;
        let shape = async || world.store.row_shape(made, vendor()).await.unwrap();
        assert_eq!(shape().await, Some(RowShape::default()));
        for known in ["one", "two"] {
            world.store.keep_row_shape(made, vendor(), Some(known), &[]).await.unwrap();
        }
        let strict = PlanChanges { strict: Some(true), ..PlanChanges::default() };
        assert!(world.store.set_plan(made, vendor(), &strict).await.unwrap().strict);
        assert!(world.store.set_plan(made, vendor(), &PlanChanges::default()).await.unwrap().strict, "as it was");
        assert_eq!(shape().await, Some(RowShape { known: Some("two".into()), strict: true, has_drift: false }));
        assert_eq!(world.store.row_shape(made, item()).await.unwrap(), Some(RowShape::default()));
        let found = vec![finding(DriftKind::UnmappedValue, "status", "Z")];
        world.store.note_schema_drift(made, vendor(), found, true).await.unwrap();
        assert!(shape().await.unwrap().has_drift);
        world.store.erase(application, made).await.unwrap();
        for table in ["row_shape", "schema_drift"] {
            let sql = if table == "row_shape" {
                "select cast(count(*) as text) from row_shape"
            } else {
                "select cast(count(*) as text) from schema_drift"
            };
            assert_eq!(world.number(sql).await, 0, "{table}");
        }
    }
}

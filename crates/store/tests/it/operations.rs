//! Writes to systems.

use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_store::{
    Begun, Error, NewOperation, Operation, OperationLease, OperationOutcome, OperationState, OutcomeBody,
};

use crate::harness::{LEASE, World, on_both, vendor};

fn new(key: &str) -> NewOperation<'_> {
    NewOperation {
        idempotency_key: Some(key),
        body_hash: [1; 32],
        entity: vendor(),
        action: "create",
        target: None,
        request: r#"{"name":"A"}"#,
        lease_for: LEASE,
        sends: false,
        lock_for: None,
    }
}

fn outcome(lease: &OperationLease, state: OperationState) -> OperationOutcome {
    let body = OutcomeBody::Json(r#"{"code":"SYSTEM_REJECTED"}"#.into());
    OperationOutcome { lease: lease.clone(), state, remote_id: None, record: None, status: 502, body }
}

async fn begin(world: &World, connection: ConnectionId, key: &str) -> (Operation, OperationLease) {
    match world.store.begin_operation(connection, &new(key)).await.unwrap() {
        Begun::New { operation, lease, .. } => (operation, lease),
        other => panic!("{other:?}"),
    }
}

on_both! {
    async fn of_many_that_begin_with_one_key_exactly_one_does_it(world: World) {
        let connection = world.connection().await;
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let world = world.clone();
            callers.spawn(async move { world.store.begin_operation(connection, &new("k")).await.unwrap() });
        }
        let (mut fresh, mut existing) = (Vec::new(), Vec::new());
        for begun in callers.join_all().await {
            match begun {
                Begun::New { operation, .. } => fresh.push(operation.id),
                Begun::Existing(operation) => existing.push(operation.id),
                Begun::KeyReused => panic!("the request is the same"),
            }
        }
        assert_eq!((fresh.len(), existing), (1, vec![fresh[0]; 7]));
        let other_body = NewOperation { body_hash: [2; 32], ..new("k") };
        assert!(matches!(world.store.begin_operation(connection, &other_body).await.unwrap(), Begun::KeyReused));
        let elsewhere = world.connection().await;
        assert!(matches!(world.store.begin_operation(elsewhere, &new("k")).await.unwrap(), Begun::New { .. }));
        let without = NewOperation { idempotency_key: None, ..new("") };
        for _ in 0..2 {
            assert!(matches!(world.store.begin_operation(connection, &without).await.unwrap(), Begun::New { .. }));
        }
    }
}

on_both! {
    async fn what_was_settled_is_forgotten_after_its_time_and_what_is_not_settled_never(world: World) {
        let connection = world.connection().await;
        let (_, old) = begin(&world, connection, "old").await;
        world.store.finish_operation(outcome(&old, OperationState::Failed)).await.unwrap();
        let (open, _lease) = begin(&world, connection, "open").await;
        let (_, unknown) = begin(&world, connection, "unknown").await;
        world.store.finish_operation(outcome(&unknown, OperationState::Unknown)).await.unwrap();
        world.pass(3_600);
        let before = world.clock.now_micros();
        let (new, lease) = begin(&world, connection, "new").await;
        world.store.finish_operation(outcome(&lease, OperationState::Failed)).await.unwrap();
        assert_eq!(world.store.forget_operations(before, 100).await.unwrap(), 1);
        for id in [open.id, new.id] {
            assert!(world.store.operation(connection, id).await.unwrap().is_some());
        }
        let again = self::new("old");
        assert!(matches!(world.store.begin_operation(connection, &again).await.unwrap(), Begun::New { .. }));
    }
}

on_both! {
    async fn a_settled_operation_answers_again_and_tells_once(world: World) {
        let connection = world.connection().await;
        let (_operation, lease) = begin(&world, connection, "k").await;
        world.store.mark_sending(&lease, None, LEASE).await.unwrap();
        let done = world.store.finish_operation(outcome(&lease, OperationState::Failed)).await.unwrap();
        assert_eq!((done.state, done.outcome_status), (OperationState::Failed, Some(502)));
        let twice = world.store.finish_operation(outcome(&lease, OperationState::Succeeded)).await;
        assert!(matches!(twice, Err(Error::LeaseLost)));
        assert!(matches!(world.store.mark_sending(&lease, None, LEASE).await, Err(Error::LeaseLost)));
        match world.store.begin_operation(connection, &new("k")).await.unwrap() {
            Begun::Existing(again) => assert_eq!(again, done),
            other => panic!("{other:?}"),
        }
        let log = world.log(connection).await;
        assert_eq!(log[1].kind, "operation.failed");
        let data: serde_json::Value = serde_json::from_str(&log[1].data).unwrap();
        assert_eq!(data["outcome"]["body"]["code"], "SYSTEM_REJECTED");
        let other = world.connection().await;
        assert_eq!(world.store.operation(other, done.id).await.unwrap(), None);
    }
}

on_both! {
    async fn what_nobody_finished_is_found_again_by_one_other_only(world: World) {
        let connection = world.connection().await;
        let (operation, lease) = begin(&world, connection, "k").await;
        let (settled, settled_lease) = begin(&world, connection, "settled").await;
        world.store.finish_operation(outcome(&settled_lease, OperationState::Succeeded)).await.unwrap();
        world.store.mark_sending(&lease, None, LEASE).await.unwrap();
        assert!(world.store.claim_unsettled(LEASE, 10).await.unwrap().is_empty(), "somebody works on it");
        world.pass(60);
        let found = world.store.claim_unsettled(LEASE, 10).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0.id, found[0].0.state), (operation.id, OperationState::Sending));
        assert_ne!(found[0].0.id, settled.id);
        assert!(world.store.claim_unsettled(LEASE, 10).await.unwrap().is_empty());
        let late = world.store.finish_operation(outcome(&lease, OperationState::Succeeded)).await;
        assert!(matches!(late, Err(Error::LeaseLost)), "the first one comes too late");

        for _ in 0..2 {
            let again = &found[0].1;
            let unknown = world.store.finish_operation(outcome(again, OperationState::Unknown)).await;
            if let Ok(unknown) = unknown {
                assert_eq!(unknown.state, OperationState::Unknown);
            }
        }
        world.pass(60);
        let (_, third) = world.store.claim_unsettled(LEASE, 10).await.unwrap().remove(0);
        world.store.finish_operation(outcome(&third, OperationState::Unknown)).await.unwrap();
        // As long again as the operation is old.
        world.pass(120);
        let (_, last) = world.store.claim_unsettled(LEASE, 10).await.unwrap().remove(0);
        world.store.finish_operation(outcome(&last, OperationState::Succeeded)).await.unwrap();
        let kinds = ["connection.created", "operation.succeeded", "operation.unknown", "operation.succeeded"];
        assert_eq!(world.kinds(connection).await, kinds, "that it is still unknown is told once");
    }
}

on_both! {
    async fn a_key_is_given_free_only_after_its_time_and_only_when_settled(world: World) {
        let connection = world.connection().await;
        let (done, lease) = begin(&world, connection, "done").await;
        world.store.finish_operation(outcome(&lease, OperationState::Succeeded)).await.unwrap();
        begin(&world, connection, "open").await;
        let start = world.clock.now_micros();
        assert_eq!(world.store.purge_idempotency_keys(start).await.unwrap(), 0);
        assert_eq!(world.store.purge_idempotency_keys(start + 1).await.unwrap(), 1);
        let (again, _) = begin(&world, connection, "done").await;
        assert_ne!(again.id, done.id);
        assert!(matches!(world.store.begin_operation(connection, &new("open")).await.unwrap(), Begun::Existing(_)));
        assert_eq!(world.store.operation(connection, done.id).await.unwrap().unwrap().idempotency_key, None);
    }
}

on_both! {
    async fn one_operation_at_a_time_writes_a_record_and_a_dead_one_holds_it_no_longer(world: World) {
        let connection = world.connection().await;
        let (_, first) = begin(&world, connection, "a").await;
        let (_, second) = begin(&world, connection, "b").await;
        let lock = async |lease: &OperationLease, id: &str| world.store.lock_record(lease, "vendor", id, LEASE).await.unwrap();
        assert!(lock(&first, "1").await && lock(&first, "1").await, "it is the same operation's");
        assert!(!lock(&second, "1").await && lock(&second, "2").await);
        let settle = async |lease: &OperationLease, id: &str| {
            let outcome = OperationOutcome { remote_id: Some(id.to_owned()), ..outcome(lease, OperationState::Failed) };
            world.store.finish_operation(outcome).await.unwrap();
        };
        let (_, third) = begin(&world, connection, "c").await;
        settle(&third, "1").await;
        assert!(!lock(&second, "1").await, "nobody frees what another holds");
        settle(&first, "1").await;
        assert!(lock(&second, "1").await, "what is settled holds nothing");
        let target = Some(("1", RecordId::of(connection, vendor(), "1")));
        let change = |key| NewOperation { target, lock_for: Some(LEASE), sends: true, ..new(key) };
        let Begun::New { lease: fourth, locked, .. } =
            world.store.begin_operation(connection, &change("d")).await.unwrap()
        else {
            panic!("the key is new")
        };
        assert!(!locked && !lock(&fourth, "1").await);
        world.hands.advance(LEASE);
        let begun = world.store.begin_operation(connection, &change("e")).await.unwrap();
        let Begun::New { operation, lease: fifth, locked } = begun else { panic!("the key is new") };
        assert!(locked && !lock(&fourth, "1").await, "its holder is gone, and the next one has it with its beginning");
        assert_eq!((operation.state, operation.steps), (OperationState::Sending, None));
        world.store.mark_sending(&fifth, Some(r#"{"sent":true}"#), LEASE).await.unwrap();
        world.store.mark_sending(&fifth, None, LEASE).await.unwrap();
        let now = world.store.operation(connection, fifth.operation()).await.unwrap().unwrap();
        assert_eq!(now.steps.as_deref(), Some(r#"{"sent":true}"#));
    }
}

on_both! {
    async fn operations_are_listed_the_newest_first_by_state_and_page(world: World) {
        let connection = world.connection().await;
        let (first, lease) = begin(&world, connection, "a").await;
        world.store.finish_operation(outcome(&lease, OperationState::Failed)).await.unwrap();
        world.pass(1);
        let (second, _) = begin(&world, connection, "b").await;
        let list = async |state, after| -> Vec<_> {
            let found = world.store.operations(connection, state, after, 1).await.unwrap();
            found.into_iter().map(|operation| operation.id).collect()
        };
        assert_eq!(list(None, None).await, [second.id]);
        assert_eq!(list(None, Some(second.id)).await, [first.id]);
        assert_eq!(list(Some(OperationState::Failed), None).await, [first.id]);
        assert_eq!(list(Some(OperationState::Unknown), None).await, []);
        let elsewhere = world.connection().await;
        assert!(world.store.operations(elsewhere, None, None, 9).await.unwrap().is_empty());
    }
}

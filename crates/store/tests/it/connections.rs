//! Connections: their life from creation to erasure.

use secrecy::{ExposeSecret as _, SecretString};
use trunnion_model::ids::ApplicationId;
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{
    ConnectionChanges, ConnectionFilter, ConnectionStatus, Error, NewEvent, PlanState, Reason, RunMode, RunState,
    StatusChange,
};

use crate::harness::{World, item, on_both, row, vendor};

fn to(status: ConnectionStatus) -> StatusChange {
    StatusChange { status, reason: None, event: None }
}

on_both! {
    async fn a_new_connection_has_its_event_and_plans_that_are_due(world: World) {
        let application = world.application().await;
        let made = world.connect(application, &[vendor(), item()]).await;
        assert_eq!(world.store.connection(application, made.id).await.unwrap(), Some(made.clone()));
        let log = world.log(made.id).await;
        assert_eq!((log.len(), log[0].sequence, log[0].kind.as_str()), (1, 1, "connection.created"));
        let data: serde_json::Value = serde_json::from_str(&log[0].data).unwrap();
        assert_eq!((&data["status"], &data["metadata"]["plan"]), (&"syncing".into(), &"gold".into()));
        let plans = world.store.plans(made.id).await.unwrap();
        let due: Vec<_> = plans.iter().map(|plan| (plan.entity.as_str(), plan.state, plan.next_run_at)).collect();
        let now = Some(world.clock.now_micros());
        assert_eq!(due, [("vendor", PlanState::Idle, now), ("item", PlanState::Idle, now)]);
    }
}

on_both! {
    async fn a_connection_is_found_only_by_its_own_application(world: World) {
        let (own, other) = (world.application().await, world.application().await);
        let made = world.connect(own, &[]).await;
        assert_eq!(world.store.connection(other, made.id).await.unwrap(), None);
        assert_eq!(world.store.list_connections(other, &ConnectionFilter { limit: 9, ..Default::default() }).await.unwrap(), vec![]);
        let changes = ConnectionChanges::default();
        assert!(matches!(world.store.update_connection(other, made.id, &changes).await, Err(Error::NotFound { .. })));
        assert!(matches!(world.store.disconnect(other, made.id).await, Err(Error::NotFound { .. })));
        assert!(matches!(world.store.erase(other, made.id).await, Err(Error::NotFound { .. })));
        assert!(matches!(world.store.rotate_token(other, made.id, &[1; 32]).await, Err(Error::NotFound { .. })));
        assert_eq!(world.kinds(made.id).await, ["connection.created"]);
        let nobody = ApplicationId::new(&world.clock);
        assert_eq!(world.store.connection(nobody, made.id).await.unwrap(), None);
    }
}

on_both! {
    async fn connections_are_listed_by_filter_and_page(world: World) {
        let application = world.application().await;
        let mut made = Vec::new();
        for _ in 0..5 {
            world.pass(1);
            made.push(world.connect(application, &[]).await.id);
        }
        world.store.set_status(made[3], &to(ConnectionStatus::Online)).await.unwrap();
        let list = async |filter: ConnectionFilter| -> Vec<_> {
            let found = world.store.list_connections(application, &filter).await.unwrap();
            found.into_iter().map(|connection| connection.id).collect()
        };
        let all = ConnectionFilter { limit: 3, ..Default::default() };
        assert_eq!(list(all.clone()).await, made[..3]);
        assert_eq!(list(ConnectionFilter { after: Some(made[2]), ..all.clone() }).await, made[3..]);
        assert_eq!(list(ConnectionFilter { status: Some(ConnectionStatus::Online), ..all.clone() }).await, [made[3]]);
        assert_eq!(list(ConnectionFilter { system: Some("other".into()), ..all.clone() }).await, []);
        assert_eq!(list(ConnectionFilter { customer_id: Some("c1".into()), ..all }).await.len(), 3);
    }
}

on_both! {
    async fn a_status_makes_events_only_when_it_changes(world: World) {
        let connection = world.connection().await;
        let reason = |message: &str| Some(Reason { code: "AUTHENTICATION_FAILED".into(), message: message.into() });
        let event = NewEvent { kind: "connection.reauthorization_required".into(), data: r#"{"a":1}"#.into() };
        let change = StatusChange {
            status: ConnectionStatus::ReauthorizationRequired,
            reason: reason("wrong password"),
            event: Some(event),
        };
        assert!(world.store.set_status(connection, &change).await.unwrap());
        world.pass(10);
        assert!(!world.store.set_status(connection, &change).await.unwrap());
        let other = StatusChange { reason: reason("still wrong"), ..change };
        assert!(!world.store.set_status(connection, &other).await.unwrap());
        let kinds = ["connection.created", "connection.status_changed", "connection.reauthorization_required"];
        assert_eq!(world.kinds(connection).await, kinds);
        let data: serde_json::Value = serde_json::from_str(&world.log(connection).await[1].data).unwrap();
        assert_eq!(data["previous_status"], "syncing");
        let now = world.store.connection_for_work(connection).await.unwrap().unwrap();
        assert_eq!(now.status_reason, reason("still wrong"));
        assert_eq!(now.status_since, world.clock.now_micros() - 10_000_000, "since the status, not the reason");
    }
}

on_both! {
    async fn what_is_not_named_in_a_change_stays(world: World) {
        let application = world.application().await;
        let made = world.connect(application, &[]).await;
        let changes = ConnectionChanges { metadata: Some(r#"{"plan":"lead"}"#.into()), ..Default::default() };
        let changed = world.store.update_connection(application, made.id, &changes).await.unwrap();
        assert_eq!((changed.metadata.as_str(), &changed.settings), (r#"{"plan":"lead"}"#, &made.settings));
        assert_eq!(world.store.connection(application, made.id).await.unwrap(), Some(changed));
    }
}

on_both! {
    async fn disconnecting_cancels_runs_and_reconnecting_makes_plans_due(world: World) {
        let application = world.application().await;
        let made = world.connect(application, &[vendor(), item()]).await;
        let claims = world.claim().await;
        world.store.disconnect(application, made.id).await.unwrap();
        world.store.disconnect(application, made.id).await.unwrap();
        assert!(matches!(world.store.heartbeat(&claims[0].lease, crate::harness::LEASE).await, Err(Error::LeaseLost)));
        let run = world.store.run(made.id, claims[0].run.id).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Cancelled);
        assert!(world.claim().await.is_empty());
        let states: Vec<_> = world.store.plans(made.id).await.unwrap().into_iter().map(|plan| plan.state).collect();
        assert_eq!(states, [PlanState::Paused; 2]);
        let asked = world.store.request_runs(made.id, &[], RunMode::Full).await;
        assert!(matches!(asked, Err(Error::Conflict { .. })));
        let online = world.store.set_status(made.id, &to(ConnectionStatus::Online)).await;
        assert!(matches!(online, Err(Error::Conflict { .. })));

        let token = NewToken::new(TokenKind::Connection);
        let change = StatusChange {
            event: Some(NewEvent { kind: "connection.reauthorized".into(), data: "{}".into() }),
            ..to(ConnectionStatus::Syncing)
        };
        let secret = SecretString::from("new");
        let back = world.store.replace_credentials(application, made.id, &secret, &token.hash(), &change).await.unwrap();
        assert_eq!(back.status, ConnectionStatus::Syncing);
        assert_eq!(world.store.credentials(made.id).await.unwrap().expose_secret(), "new");
        assert!(world.store.authenticate(TokenKind::Connection, &token.hash()).await.unwrap().is_some());
        assert_eq!(world.claim().await.len(), 2);
        let kinds = [
            "connection.created",
            "connection.status_changed",
            "connection.disconnected",
            "connection.status_changed",
            "connection.reauthorized",
        ];
        assert_eq!(world.kinds(made.id).await, kinds);
    }
}

on_both! {
    async fn erasing_leaves_nothing_of_the_connection_and_all_of_the_others(world: World) {
        let application = world.application().await;
        let (gone, stays) = (world.connect(application, &[vendor()]).await.id, world.connect(application, &[vendor()]).await.id);
        for connection in [gone, stays] {
            world.apply(connection, vec![row(connection, "1", "A")]).await;
            world.store.request_runs(connection, &[], RunMode::Full).await.unwrap();
        }
        let claims = world.claim().await;
        world.store.erase(application, gone).await.unwrap();
        let lost = claims.iter().find(|claim| claim.plan.connection == gone).unwrap();
        let late = crate::harness::sync_page(lost, vec![row(gone, "2", "B")], "x");
        assert!(matches!(world.store.apply(late).await, Err(Error::LeaseLost)));
        let unfenced = world.store.apply(crate::harness::page(gone, vec![row(gone, "2", "B")])).await;
        assert!(matches!(unfenced, Err(Error::NotFound { .. })), "{unfenced:?}");
        for sql in [
            "select cast(count(*) as text) from connection",
            "select cast(count(*) as text) from credential",
            "select cast(count(*) as text) from record",
            "select cast(count(*) as text) from sync_plan",
            "select cast(count(*) as text) from run",
        ] {
            assert_eq!(world.number(sql).await, 1, "{sql}");
        }
        assert_eq!(world.number("select cast(count(*) as text) from event").await, 2);
        assert!(world.store.events(gone, 0, &[], 10).await.is_err());
        assert_eq!(world.kinds(stays).await.len(), 2);
    }
}

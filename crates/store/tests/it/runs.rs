//! Runs: how they end, and how they are asked for.

use trunnion_model::schedule::{Cron, Every, Quiet, zone};
use trunnion_store::{Error, Failure, Finished, PlanChanges, PlanState, RunCause, RunMode, RunState};

use crate::harness::{World, item, on_both, row, sync_page, vendor};

fn failure() -> Failure {
    Failure { code: "SYSTEM_UNREACHABLE".into(), message: "no route".into() }
}

on_both! {
    async fn a_run_that_succeeds_is_due_again_at_the_connections_place_in_the_interval(world: World) {
        let connection = world.connection().await;
        let claim = world.claim_one().await;
        let end = Finished::Succeeded { cursor: Some("c9".into()), cursor_at: Some(9), next_run_at: None };
        world.store.finish_run(&claim.lease, &end).await.unwrap();
        let plan = world.store.plans(connection).await.unwrap().remove(0);
        let now = world.clock.now_micros();
        assert_eq!((plan.state, plan.run), (PlanState::Idle, None));
        let due = plan.next_run_at.unwrap();
        assert!((now + 90_000_000..now + 990_000_000).contains(&due), "{}", due - now);
        assert_eq!((plan.cursor.as_deref(), plan.initial_done, plan.last_success_at), (Some("c9"), true, Some(now)));
        let log = world.log(connection).await;
        assert_eq!(log[1].kind, "sync.completed");
        let data: serde_json::Value = serde_json::from_str(&log[1].data).unwrap();
        assert_eq!((&data["state"], &data["cause"]), (&"succeeded".into(), &"initial".into()));
        world.until(due - 1);
        assert!(world.claim().await.is_empty());
        world.until(due);
        let next = world.claim_one().await;
        world.store.finish_run(&next.lease, &end).await.unwrap();
        assert_eq!(world.store.plans(connection).await.unwrap()[0].next_run_at, Some(due + 900_000_000));
        assert_eq!((next.run.cause, next.plan.cursor.as_deref()), (RunCause::Incremental, Some("c9")));
        assert_ne!(next.run.id, claim.run.id);
    }
}

on_both! {
    async fn a_run_that_waits_for_another_try_goes_on_as_the_same_run(world: World) {
        let connection = world.connection().await;
        let claim = world.claim_one().await;
        world.store.apply(sync_page(&claim, vec![row(connection, "1", "A")], "p1")).await.unwrap();
        let retry = Finished::Retry { at: world.clock.now_micros() + 30_000_000, error: failure() };
        let run = world.store.finish_run(&claim.lease, &retry).await.unwrap();
        assert_eq!((run.state, run.error), (RunState::Queued, Some(failure())));
        assert!(world.claim().await.is_empty());
        let asked = world.store.request_runs(connection, &[vendor()], RunMode::Incremental).await.unwrap();
        assert_eq!(asked[0].id, claim.run.id, "it is not doubled, and need not wait any longer");
        let again = world.claim_one().await;
        assert_eq!((again.run.id, again.plan.attempt, again.plan.cursor.as_deref()), (claim.run.id, 2, Some("p1")));
        assert_eq!(world.kinds(connection).await, ["connection.created", "vendor.created"], "no failure is told yet");
    }
}

on_both! {
    async fn a_run_that_fails_says_why_and_the_next_starts_from_the_cursor(world: World) {
        let connection = world.connection().await;
        let claim = world.claim_one().await;
        world.store.apply(sync_page(&claim, vec![row(connection, "1", "A")], "p1")).await.unwrap();
        let end = Finished::Failed { error: failure(), next_run_at: Some(world.clock.now_micros() + 1) };
        world.store.finish_run(&claim.lease, &end).await.unwrap();
        let plan = world.store.plans(connection).await.unwrap().remove(0);
        assert_eq!((plan.state, plan.last_error, plan.initial_done), (PlanState::Failed, Some(failure()), false));
        assert_eq!(world.kinds(connection).await.last().unwrap(), "sync.failed");
        world.pass(1);
        let next = world.claim_one().await;
        assert_ne!(next.run.id, claim.run.id);
        assert_eq!((next.plan.cursor.as_deref(), next.run.pages, next.run.cause), (Some("p1"), 0, RunCause::Initial));
        let failed = world.store.run(connection, claim.run.id).await.unwrap().unwrap();
        assert_eq!((failed.state, failed.error), (RunState::Failed, Some(failure())));
    }
}

on_both! {
    async fn asking_for_a_run_that_is_queued_or_going_gives_that_one(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[vendor(), item()]).await.id;
        let asked = world.store.request_runs(connection, &[vendor()], RunMode::Full).await.unwrap();
        assert_eq!((asked.len(), asked[0].cause, asked[0].mode), (1, RunCause::Manual, RunMode::Full));
        let mut both = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let world = world.clone();
            both.spawn(async move { world.store.request_runs(connection, &[], RunMode::Incremental).await.unwrap() });
        }
        let answers = both.join_all().await;
        assert!(answers.iter().all(|answer| answer == &answers[0] && answer.len() == 2), "{answers:?}");
        assert!(answers[0].contains(&asked[0]));
        let claims = world.claim().await;
        assert_eq!(claims.len(), 2);
        assert_eq!(world.store.runs(connection, None, 100).await.unwrap().len(), 2);
        let going = world.store.request_runs(connection, &[vendor()], RunMode::Incremental).await.unwrap();
        assert_eq!((going[0].id, going[0].state), (asked[0].id, RunState::Running));
        let unknown = trunnion_model::catalog::entity("asset").unwrap();
        assert!(matches!(world.store.request_runs(connection, &[unknown], RunMode::Full).await, Err(Error::NotFound { .. })));
    }
}

on_both! {
    async fn a_cancelled_run_takes_the_lease_away_and_the_plan_waits_for_its_time(world: World) {
        let connection = world.connection().await;
        let claim = world.claim_one().await;
        let run = world.store.cancel_run(connection, claim.run.id).await.unwrap();
        assert_eq!(run.state, RunState::Cancelled);
        let late = world.store.apply(sync_page(&claim, vec![row(connection, "1", "A")], "p")).await;
        assert!(matches!(late, Err(Error::LeaseLost)));
        assert!(world.claim().await.is_empty());
        let again = world.store.cancel_run(connection, claim.run.id).await.unwrap();
        assert_eq!(again, run);
        let other = world.connection().await;
        assert!(matches!(world.store.cancel_run(other, claim.run.id).await, Err(Error::NotFound { .. })));
    }
}

on_both! {
    async fn a_plan_is_paused_resumed_and_rescheduled(world: World) {
        let connection = world.connection().await;
        let change = async |changes: PlanChanges| world.store.set_plan(connection, vendor(), &changes).await.unwrap();
        let paused = change(PlanChanges { paused: Some(true), ..Default::default() }).await;
        assert_eq!((paused.state, paused.next_run_at), (PlanState::Paused, None));
        assert!(world.claim().await.is_empty());
        // Somebody may still ask for a run; after it, the plan rests again.
        world.store.request_runs(connection, &[], RunMode::Incremental).await.unwrap();
        let claim = world.claim_one().await;
        let end = Finished::Succeeded { cursor: None, cursor_at: None, next_run_at: None };
        world.store.finish_run(&claim.lease, &end).await.unwrap();
        assert_eq!(world.store.plans(connection).await.unwrap()[0].state, PlanState::Paused);
        let due = change(PlanChanges { paused: Some(false), ..Default::default() }).await;
        assert_eq!(due.next_run_at, Some(world.clock.now_micros()));
        let claim = world.claim_one().await;
        world.store.finish_run(&claim.lease, &end).await.unwrap();
        let done = world.clock.now_micros();
        world.pass(10);
        let every = |every| PlanChanges { every: Some(every), ..Default::default() };
        let hourly = change(every(Every::Seconds(3600))).await;
        let wait = hourly.next_run_at.unwrap() - done;
        assert!((360_000_000..3_960_000_000).contains(&wait), "{wait}");
        let by_hand = change(every(Every::Never)).await;
        assert_eq!(by_hand.next_run_at, None);
    }
}

on_both! {
    async fn runs_are_listed_the_newest_first(world: World) {
        let connection = world.connection().await;
        let mut made = Vec::new();
        for _ in 0..5 {
            world.pass(1_000);
            let claim = world.claim_one().await;
            let end = Finished::Succeeded { cursor: None, cursor_at: None, next_run_at: None };
            made.insert(0, world.store.finish_run(&claim.lease, &end).await.unwrap());
        }
        assert_eq!(world.store.runs(connection, None, 3).await.unwrap(), made[..3]);
        assert_eq!(world.store.runs(connection, Some(made[2].id), 3).await.unwrap(), made[3..]);
        let other = world.connection().await;
        assert_eq!(world.store.run(other, made[0].id).await.unwrap(), None);
    }
}

on_both! {
    async fn runs_that_are_over_are_forgotten_after_their_time_and_others_never(world: World) {
        let connection = world.connection().await;
        let end = Finished::Succeeded { cursor: None, cursor_at: None, next_run_at: None };
        let mut made = Vec::new();
        for _ in 0..4 {
            world.pass(1_000);
            let claim = world.claim_one().await;
            made.push(world.store.finish_run(&claim.lease, &end).await.unwrap());
        }
        world.pass(1_000);
        let going = world.claim_one().await;
        assert_eq!(world.store.forget_runs(made[2].created_at, 100).await.unwrap(), 2);
        let kept = async || {
            let runs = world.store.runs(connection, None, 9).await.unwrap();
            runs.into_iter().map(|run| run.id).collect::<Vec<_>>()
        };
        assert_eq!(kept().await, [going.run.id, made[3].id, made[2].id]);
        assert_eq!(world.store.forget_runs(world.clock.now_micros() + 1_000_000, 100).await.unwrap(), 2);
        assert_eq!(kept().await, [going.run.id], "it is not over");
    }
}

on_both! {
    async fn a_plan_by_cron_keeps_its_time_zone_and_waits_for_the_end_of_quiet_hours(world: World) {
        let connection = world.connection().await;
        let changes = PlanChanges {
            every: Some(Every::Cron(Cron::parse("0 3,12 * * *").unwrap())),
            zone: zone("Europe/Berlin"),
            quiet: Some(vec![Quiet::parse("22:00", "06:00").unwrap()]),
            real_time: Some(true),
            ..Default::default()
        };
        let claim = world.claim_one().await;
        world.store.set_plan(connection, vendor(), &changes).await.unwrap();
        let end = Finished::Succeeded { cursor: None, cursor_at: None, next_run_at: None };
        world.store.finish_run(&claim.lease, &end).await.unwrap();
        let plan = world.store.plans(connection).await.unwrap().remove(0);
        assert_eq!(plan.schedule.cron().map(Cron::text), Some("0 3,12 * * *"));
        assert_eq!((plan.schedule.zone_name(), plan.schedule.quiet.len(), plan.real_time), ("Europe/Berlin", 1, true));
        // It is 01:00 in Berlin: the run of 03:00 waits until 06:00, which is 05:00 UTC, and at most 15 minutes more.
        let minutes = (plan.next_run_at.unwrap() - world.clock.now_micros()) / 60_000_000;
        assert!((300..316).contains(&minutes), "{minutes}");

        world.until(plan.next_run_at.unwrap());
        let claim = world.claim_one().await;
        let hour = world.clock.now_micros() + 3_600_000_000;
        world.store.finish_run(&claim.lease, &Finished::Retry { at: hour, error: failure() }).await.unwrap();
        let before = world.store.plans(connection).await.unwrap()[0].next_run_at.unwrap();
        assert_eq!(before, hour, "in the morning it may try again");
        world.until(before);
        let claim = world.claim_one().await;
        let late = world.clock.now_micros() + 16 * 3_600_000_000;
        world.store.finish_run(&claim.lease, &Finished::Retry { at: late, error: failure() }).await.unwrap();
        let after = world.store.plans(connection).await.unwrap()[0].next_run_at.unwrap();
        assert!(after > late, "another try waits for the end of the night as well");
    }
}

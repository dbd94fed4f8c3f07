//! The audit log.

use trunnion_store::{AuditQuery, NewAudit};

use crate::harness::{World, on_both};

on_both! {
    async fn entries_are_paged_filtered_kept_apart_by_application_and_forgotten(world: World) {
        let (one, other) = (world.application().await, world.application().await);
        let connection = world.connect(one, &[]).await.id;
        for number in 0..7_i64 {
            world.pass(1);
            let new = NewAudit {
                application: if number == 3 { other } else { one },
                actor_kind: "key",
                actor: Some(format!("key_{}", number % 2)),
                action: "rotate_token".to_owned(),
                target: Some(number.to_string()),
                connection: (number == 5).then_some(connection),
                outcome: if number == 6 { "NOT_FOUND" } else { "succeeded" }.to_owned(),
                request_id: None,
            };
            world.store.audit(new).await.unwrap();
        }
        let ask = async |query: AuditQuery| {
            let found = world.store.audit_entries(one, &query).await.unwrap();
            found.into_iter().map(|entry| (entry.target.unwrap(), entry.id)).collect::<Vec<_>>()
        };
        let names = |found: Vec<(String, _)>| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ");
        let all = AuditQuery { limit: 500, ..AuditQuery::default() };
        assert_eq!(names(ask(all.clone()).await), "6 5 4 2 1 0");
        let first = ask(AuditQuery { limit: 2, ..all.clone() }).await;
        let rest = ask(AuditQuery { before: Some(first[1].1), ..all.clone() }).await;
        assert_eq!((names(first), names(rest)), ("6 5".to_owned(), "4 2 1 0".to_owned()));
        assert_eq!(names(ask(AuditQuery { actor: Some("key_1".into()), ..all.clone() }).await), "5 1");
        assert_eq!(names(ask(AuditQuery { outcome: Some("NOT_FOUND".into()), ..all.clone() }).await), "6");
        assert_eq!(names(ask(AuditQuery { action: Some("other".into()), ..all.clone() }).await), "");
        assert_eq!(names(ask(AuditQuery { connection: Some(connection), ..all.clone() }).await), "5");
        let now = world.clock.now_micros();
        assert_eq!(names(ask(AuditQuery { since: Some(now - 1_000_000), ..all.clone() }).await), "6 5");
        assert_eq!(names(ask(AuditQuery { until: Some(now - 1_000_000), ..all.clone() }).await), "4 2 1 0");
        assert_eq!(world.store.forget_audit(now - 3_500_000, 100).await.unwrap(), 3, "one of them is the other's");
        assert_eq!(names(ask(all).await), "6 5 4");
    }
}

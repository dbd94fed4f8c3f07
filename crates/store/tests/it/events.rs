//! Reading the log.

use crate::harness::{World, item, on_both, row, row_of};

on_both! {
    async fn types_filter_the_log_and_what_is_passed_over_is_not_read_again(world: World) {
        let connection = world.connection().await;
        world.apply(connection, vec![row(connection, "1", "A"), row(connection, "2", "A")]).await;
        let mut items = crate::harness::page(connection, vec![row_of(connection, item(), "1", "A")]);
        items.entity = item();
        world.store.apply(items).await.unwrap();
        world.apply(connection, vec![row(connection, "1", "B")]).await;
        let ask = async |after: i64, types: &[&str], limit: usize| {
            let types: Vec<String> = types.iter().map(|&kind| kind.to_owned()).collect();
            let page = world.store.events(connection, after, &types, limit).await.unwrap();
            (page.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), page.next_after, page.last_sequence)
        };
        assert_eq!(ask(0, &[], 100).await, (vec![1, 2, 3, 4, 5], 5, 5));
        assert_eq!(ask(0, &[], 2).await, (vec![1, 2], 2, 5));
        assert_eq!(ask(5, &[], 2).await, (vec![], 5, 5));
        assert_eq!(ask(0, &["item.*"], 100).await, (vec![4], 5, 5));
        assert_eq!(ask(0, &["item.created", "vendor.updated"], 100).await, (vec![4, 5], 5, 5));
        assert_eq!(ask(0, &["vendor.*"], 2).await, (vec![2, 3], 3, 5));
        assert_eq!(ask(3, &["vendor.*"], 2).await, (vec![5], 5, 5));
        assert_eq!(ask(0, &["*"], 1).await, (vec![1], 1, 5));
        assert_eq!(ask(0, &["v_ndor.*", "%"], 9).await, (vec![], 5, 5), "no pattern but the star");
    }
}

on_both! {
    async fn an_event_is_shown_in_the_form_that_webhooks_have(world: World) {
        let connection = world.connection().await;
        world.apply(connection, vec![row(connection, "1", "A")]).await;
        world.apply(connection, vec![row(connection, "1", "B")]).await;
        let event = world.log(connection).await.remove(2);
        let mut text = String::new();
        event.write_json(&mut text);
        let shown: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(shown["id"], event.id.to_string());
        assert_eq!(shown["type"], "vendor.updated");
        assert_eq!(shown["timestamp"], "2026-01-01T00:00:00.000000Z");
        assert_eq!(shown["sequence"], 3);
        assert_eq!(shown["connection_id"], connection.to_string());
        assert_eq!(shown["data"]["name"], "B");
        assert_eq!(shown["previous"]["name"], "A");
    }
}

on_both! {
    /// What is deleted is the beginning of each log, and both kinds of readers learn how far; what a webhook endpoint has not
    /// got yet stays.
    async fn old_events_are_deleted_and_whoever_reads_from_before_is_told(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[crate::harness::vendor()]).await.id;
        world.apply(connection, vec![row(connection, "1", "A"), row(connection, "2", "A")]).await;
        world.pass(100);
        world.apply(connection, vec![row(connection, "1", "B")]).await;
        let before = world.clock.now_micros() - 50 * 1_000_000;
        assert_eq!(world.store.forget_events(before, 100).await.unwrap(), 0, "nothing was made into deliveries yet");
        while world.store.dispatch_deliveries(None).await.unwrap().more {}
        assert_eq!(world.store.forget_events(before, 100).await.unwrap(), 3);
        assert_eq!(world.store.forget_events(before, 100).await.unwrap(), 0);
        let own = world.store.events(connection, 0, &[], 100).await.unwrap();
        assert_eq!((own.first_sequence, own.events.len(), own.events[0].sequence), (4, 1, 4));
        let all = world.store.application_events(application, 0, &[], 100).await.unwrap();
        assert_eq!((all.first_position, all.events.len(), all.events[0].0, all.last_position), (4, 1, 4, 4));
        world.apply(connection, vec![row(connection, "1", "C")]).await;
        let next = world.store.application_events(application, 4, &[], 100).await.unwrap();
        assert_eq!((next.events[0].0, next.events[0].1.sequence), (5, 5), "numbers go on");
    }
}

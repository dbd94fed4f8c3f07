//! Subscriptions: one node looks at a time, whoever is late has no last word, and nothing is left of a connection that is erased.

use std::time::Duration;

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, ConnectionId};
use trunnion_store::{ConnectionStatus, NewAddress, Reason, SubscriptionState};

use crate::harness::{World, on_both};

const LEASE: Duration = Duration::from_secs(30);
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

fn address(path: &str) -> NewAddress {
    NewAddress {
        path_hash: [path.len() as u8; 32],
        secret: SecretString::from("trunnion:a password"),
        subscribe: Some(path.to_owned().into()),
    }
}

impl World {
    async fn subscribed(&self, path: &str) -> (ApplicationId, ConnectionId) {
        let application = self.application().await;
        let id = self.connect(application, &[]).await.id;
        self.open_address(application, id, path).await;
        (application, id)
    }

    async fn open_address(&self, application: ApplicationId, id: ConnectionId, path: &str) {
        let day = Duration::from_secs(24 * 60 * 60);
        self.store.create_inbound_hook(application, id, &address(path), day).await.unwrap();
    }

    async fn states(&self, id: ConnectionId) -> Vec<SubscriptionState> {
        self.store.subscriptions(id).await.unwrap().iter().map(|one| one.state).collect()
    }
}

on_both! {
    async fn it_is_leased_to_one_and_a_new_address_takes_over_when_it_works(world: World) {
        let (application, id) = world.subscribed("first").await;
        let looks = (0..8).map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.claim_subscriptions(LEASE, 10).await.unwrap() })
        });
        let mut taken = Vec::new();
        for look in looks.collect::<Vec<_>>() {
            taken.extend(look.await.unwrap());
        }
        assert_eq!(taken.len(), 1);
        let first = taken.remove(0);
        assert!(first.secret.is_some() && first.remote_id.is_none());
        let next = world.clock.now_micros() + DAY;
        world.store.keep_subscription(&first, "there", None, next).await.unwrap();
        assert_eq!(world.states(id).await, [SubscriptionState::Active]);
        assert!(world.store.claim_subscriptions(LEASE, 10).await.unwrap().is_empty());

        world.pass(1);
        world.open_address(application, id, "second one").await;
        let second = world.store.claim_subscriptions(LEASE, 10).await.unwrap().remove(0);
        let why = Reason { code: "SYSTEM_UNREACHABLE".into(), message: "down".into() };
        world.store.fail_subscription(&second, SubscriptionState::Failing, &why, world.clock.now_micros(), false).await.unwrap();
        assert_eq!(world.states(id).await, [SubscriptionState::Failing, SubscriptionState::Active]);
        let second = world.store.claim_subscriptions(LEASE, 10).await.unwrap().remove(0);
        assert_eq!(second.tries, 1);
        world.store.keep_subscription(&second, "there too", Some(next), next).await.unwrap();
        assert_eq!(world.states(id).await, [SubscriptionState::Active, SubscriptionState::Removing]);
        let old = world.store.claim_subscriptions(LEASE, 10).await.unwrap().remove(0);
        assert_eq!((old.id, old.secret.is_none(), old.remote_id.as_deref()), (first.id, true, Some("there")));
        world.store.forget_subscription(&old).await.unwrap();
        assert_eq!(world.states(id).await, [SubscriptionState::Active]);
        assert_eq!(world.store.inbound_hooks(id).await.unwrap().len(), 2, "the old address is good for a while yet");
        // An address that comes to its end takes its subscription with it.
        world.open_address(application, id, "the third").await;
        world.pass(24 * 60 * 60);
        let due = world.store.claim_subscriptions(LEASE, 10).await.unwrap();
        assert!(due.iter().any(|one| one.id == second.id && one.secret.is_none()), "{due:?}");
    }
}

on_both! {
    async fn a_look_that_began_before_it_was_given_up_keeps_what_is_there_and_nothing_else(world: World) {
        let (application, id) = world.subscribed("first").await;
        let look = world.store.claim_subscriptions(LEASE, 10).await.unwrap().remove(0);
        world.store.disconnect(application, id).await.unwrap();
        let connection = world.store.connection_for_work(id).await.unwrap().unwrap();
        assert_eq!(connection.status, ConnectionStatus::Disconnected);
        assert!(world.store.claim_subscriptions(LEASE, 10).await.unwrap().is_empty(), "somebody has it");
        world.store.keep_subscription(&look, "there", None, world.clock.now_micros() + DAY).await.unwrap();
        assert_eq!(world.states(id).await, [SubscriptionState::Removing]);
        let again = world.store.claim_subscriptions(LEASE, 10).await.unwrap().remove(0);
        assert_eq!((again.secret.is_none(), again.remote_id.as_deref()), (true, Some("there")));

        // Whose lease ran out writes nothing.
        world.pass(31);
        let other = world.store.claim_subscriptions(LEASE, 10).await.unwrap().remove(0);
        world.store.forget_subscription(&again).await.unwrap();
        let why = Reason { code: "X".into(), message: "y".into() };
        world.store.fail_subscription(&again, SubscriptionState::Removing, &why, 0, true).await.unwrap();
        assert_eq!(world.store.subscriptions(id).await.unwrap()[0].error, None);
        assert!(world.store.inbound_hooks(id).await.unwrap().is_empty());
        world.store.forget_subscription(&other).await.unwrap();
        assert!(world.states(id).await.is_empty());
    }
}

on_both! {
    async fn nothing_is_left_of_one_whose_connection_is_erased_and_another_secret_makes_it_anew(world: World) {
        let (application, id) = world.subscribed("first").await;
        let look = world.store.claim_subscriptions(LEASE, 10).await.unwrap().remove(0);
        world.store.keep_subscription(&look, "there", None, world.clock.now_micros() + DAY).await.unwrap();
        assert!(world.store.replace_inbound_secret(application, id, &"a:b".to_owned().into()).await.unwrap());
        let look = world.store.claim_subscriptions(LEASE, 10).await.unwrap().remove(0);
        assert!(look.remake);
        world.store.erase(application, id).await.unwrap();
        world.store.keep_subscription(&look, "there", None, 0).await.unwrap();
        assert!(world.states(id).await.is_empty());
    }
}

//! How the system is told where its hooks go, for people.

use serde::Serialize;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::{ConnectionStatus, Subscription, SubscriptionState};

use crate::Engine;
use crate::caller::Scope;
use crate::error::Result;
use crate::services::connections::ReasonView;
use crate::subscriptions::NO_PUBLIC_URL;

/// Whether we subscribed at the system ourselves, and how that does.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SubscriptionView {
    /// `by_hand`, `pending`, `active`, `failing` or `removing`.
    pub state: &'static str,
    /// Why it is done by hand.
    pub why: Option<String>,
    pub since: Option<String>,
    /// When it ends by itself; it is renewed before.
    pub expires_at: Option<String>,
    pub checked_at: Option<String>,
    pub last_error: Option<ReasonView>,
}

/// Of the newest address that we subscribe, else of what is still to be removed.
pub(super) async fn subscription(engine: &Engine, scope: &Scope) -> Result<SubscriptionView> {
    let known = engine.store().subscriptions(scope.id()).await?;
    let Some(newest) = known.into_iter().next() else {
        return Ok(by_hand(why(engine, scope).await));
    };
    match &newest.error {
        Some(reason) if newest.state == SubscriptionState::Pending && reason.code == NO_PUBLIC_URL => {
            Ok(by_hand(reason.message.clone()))
        }
        _ => Ok(view(newest)),
    }
}

fn view(known: Subscription) -> SubscriptionView {
    SubscriptionView {
        state: known.state.as_str(),
        why: None,
        since: Some(rfc3339_micros(known.since)),
        expires_at: known.expires_at.map(rfc3339_micros),
        checked_at: known.checked_at.map(rfc3339_micros),
        last_error: known.error.map(|error| ReasonView { code: error.code, message: error.message }),
    }
}

fn by_hand(why: String) -> SubscriptionView {
    SubscriptionView { state: "by_hand", why: Some(why), ..SubscriptionView::default() }
}

async fn why(engine: &Engine, scope: &Scope) -> String {
    if scope.row().status == ConnectionStatus::Disconnected {
        return "The connection is disconnected.".to_owned();
    }
    let connector = engine.catalogue().get(&scope.row().system);
    let inbound = connector.and_then(|connector| connector.spec.inbound.as_ref());
    let link = engine.links().get(engine, scope.row()).await.ok().map(|live| live.link);
    let given = |name: &str| link.as_ref().is_some_and(|link| link.setting(name).is_some());
    match inbound.and_then(|inbound| inbound.lacking(given)) {
        None => "The system has no API for subscriptions that this server understands.".to_owned(),
        Some(lacking) if lacking.is_empty() => {
            "No address is to be subscribed; POST …/inbound-hook makes one.".to_owned()
        }
        Some(lacking) => {
            let lacking = lacking.join(", ");
            format!("To have this server subscribe by itself, reconnect and give also: {lacking}.")
        }
    }
}

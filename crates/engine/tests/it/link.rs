//! Link sessions against the clock, and against somebody who submits twice at once.

use std::time::Duration;

use serde_json::json;
use trunnion_engine::services::link::{
    self, Answers, Closed, Grant, GrantError, NewLinkSession, Opened, RedirectUris, Submitted, Why,
};
use trunnion_engine::services::{connections, events};
use trunnion_engine::{Caller, Engine, scope};

use super::harness::House;
use super::source::{unreachable, wrong_password};

const BACK: &str = "https://app.example/done";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn invite(engine: &Engine, caller: &Caller) -> String {
    let uris = RedirectUris { redirect_uris: vec![BACK.to_owned()] };
    link::set_redirect_uris(engine, caller, &uris).await.unwrap();
    let new: NewLinkSession = serde_json::from_value(json!({
        "system": "acme", "customer": {"id": "c1", "name": "Customer"}, "redirect_uri": BACK,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "sync": {"interval_seconds": null}
    }))
    .unwrap();
    link::create(engine, caller, new, &["en"]).await.unwrap().secret
}

async fn submit(engine: &Engine, secret: &str) -> Submitted {
    let visit = match link::open(engine, secret).await.unwrap() {
        Opened::Visit(visit) => visit,
        Opened::Closed(why, _) => return Submitted::Closed(why),
    };
    let values = [("url", "https://acme.example"), ("username", "api"), ("password", "hush-hush")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let answers = Answers { system: None, auth: Some("basic".to_owned()), values, ..Answers::default() };
    link::submit(engine, &visit, secret, &answers, "https://connect.example").await.unwrap()
}

fn grant(address: &str) -> Grant {
    let text = |text: &str| Some(text.to_owned());
    Grant {
        grant_type: text("authorization_code"),
        code: text(address.strip_prefix(&format!("{BACK}?code=")).unwrap()),
        redirect_uri: text(BACK),
        code_verifier: text(VERIFIER),
        ..Grant::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_and_a_code_end_with_their_time() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let (late, used) = (invite(&node.engine, &caller).await, invite(&node.engine, &caller).await);
    house.hands.advance(Duration::from_secs(3_599));
    let Submitted::Done(arrival) = submit(&node.engine, &used).await else { panic!("in time") };
    house.hands.advance(Duration::from_secs(1));
    assert!(matches!(submit(&node.engine, &late).await, Submitted::Closed(Closed::Expired)));
    assert!(matches!(submit(&node.engine, &used).await, Submitted::Closed(Closed::Used)));
    assert_eq!(house.source.probes(), 1, "neither reached the system");

    house.hands.advance(Duration::from_secs(599));
    let refused = link::exchange(&node.engine, &grant(&arrival.address)).await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, GrantError::InvalidGrant(_)), "{refused:?}");
    // The connection is there all the same: its application can make a token for it.
    assert_eq!(connections::list(&node.engine, &caller, &[]).await.unwrap().data.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_submits_at_once_one_connects() {
    let house = House::new();
    let (node, other) = (house.node().await, house.node().await);
    let caller = node.caller().await;
    let secret = invite(&node.engine, &caller).await;
    let (one, two) = tokio::join!(submit(&node.engine, &secret), submit(&other.engine, &secret));
    let done = [&one, &two].iter().filter(|submitted| matches!(submitted, Submitted::Done(_))).count();
    assert_eq!((done, house.source.probes()), (1, 1));
    let all = connections::list(&node.engine, &caller, &[]).await.unwrap().data;
    assert_eq!(all.len(), 1);
    let here = scope(&node.engine, &caller, Some(&all[0].id)).await.unwrap();
    let told = events::list(&node.engine, &here, &[]).await.unwrap();
    assert_eq!(told.matches("connection.created").count(), 1, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_went_wrong_is_told_with_what_to_do_and_one_login_each() {
    let house = House::new();
    let node = house.node().await;
    let secret = invite(&node.engine, &node.caller().await).await;
    house.source.trouble_probes(Some(wrong_password));
    let Submitted::Refused(refusal) = submit(&node.engine, &secret).await else { panic!("refused") };
    assert_eq!(refusal.why, Why::Credentials);
    assert_eq!(refusal.said.as_deref(), Some("password expired"));
    house.source.trouble_probes(Some(unreachable));
    let Submitted::Refused(refusal) = submit(&node.engine, &secret).await else { panic!("refused") };
    assert_eq!(refusal.why, Why::Unreachable);
    assert_eq!(house.source.probes(), 2);
    house.source.trouble_probes(None);
    assert!(matches!(submit(&node.engine, &secret).await, Submitted::Done(_)));
}

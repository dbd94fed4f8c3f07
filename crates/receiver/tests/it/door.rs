//! HTTP in, HTTP out: what a sender sees.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use secrecy::SecretString;
use trunnion_receiver::door::{Again, Limits, Reply, Source, judge_again, receive};
use trunnion_receiver::inbox::{Filter, Inbox, Refused, State, Time};
use trunnion_receiver::verify::Scheme;

use crate::harness::{on_both, open};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn source() -> Source {
    Source::standard("s", vec![SecretString::from(SECRET)])
}

/// The standard's own vector, at the standard's own time.
async fn at_the_vectors_time(url: &str) -> Inbox {
    Inbox::open(url, crate::harness::options(), Time::new(|| 1_614_265_330_000_000)).await.unwrap()
}

fn vector(signature: &str) -> Request<Body> {
    Request::post("/hooks/s")
        .header("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
        .header("webhook-timestamp", "1614265330")
        .header("webhook-signature", signature)
        .header("authorization", "Bearer not for the disk")
        .body(Body::from(r#"{"test": 2432232314}"#))
        .unwrap()
}

const GOOD: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

async fn stored(inbox: &Inbox) -> usize {
    let all = Filter { source: "s".into(), state: State::Pending, after: 0, limit: 100 };
    inbox.list(&all).await.unwrap().len()
}

async fn body(reply: Reply) -> String {
    String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

on_both! {
    async fn what_is_genuine_is_stored_and_acknowledged_and_so_is_its_copy(url: String) {
        let inbox = at_the_vectors_time(&url).await;
        for _ in 0..2 {
            let reply = receive(&inbox, &source(), vector(GOOD)).await;
            assert_eq!(reply.status(), StatusCode::OK);
        }
        let all = Filter { source: "s".into(), state: State::Pending, after: 0, limit: 100 };
        let kept = inbox.list(&all).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].id.as_str(), kept[0].body.as_slice()), ("msg_p5jXN8AQM9LWM0D4loKWxJek", &br#"{"test": 2432232314}"#[..]));
        assert!(kept[0].headers.contains("webhook-id") && !kept[0].headers.contains("not for the disk"), "{}", kept[0].headers);
        inbox.close().await;
    }
}

on_both! {
    async fn what_is_forged_is_a_flat_401_and_leaves_nothing(url: String) {
        let inbox = at_the_vectors_time(&url).await;
        let mut answers = Vec::new();
        let without_id = { let mut request = vector(GOOD); request.headers_mut().remove("webhook-id"); request };
        let late = { let mut request = vector(GOOD); request.headers_mut().insert("webhook-timestamp", "1514265330".parse().unwrap()); request };
        for request in [vector("v1,AAAA"), vector(""), without_id, late] {
            let reply = receive(&inbox, &source(), request).await;
            assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);
            answers.push(body(reply).await);
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "the reason is nobody's business");
        assert_eq!(stored(&inbox).await, 0);
        assert_eq!(inbox.metrics().await.unwrap()[0].unverifiable, 4);
        inbox.close().await;
    }
}

/// Waits for what is written behind the sender's back.
async fn refused(inbox: &Inbox, count: usize) -> Vec<Refused> {
    crate::harness::until(|| async { inbox.refused("s", 0, 100).await.unwrap().len() == count }).await;
    inbox.refused("s", 0, 100).await.unwrap()
}

on_both! {
    async fn what_was_refused_is_judged_again_by_the_secrets_of_now(url: String) {
        let inbox = at_the_vectors_time(&url).await;
        let mistyped = Source::standard("s", vec![SecretString::from("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]);
        assert_eq!(receive(&inbox, &mistyped, vector(GOOD)).await.status(), StatusCode::UNAUTHORIZED);
        let kept = refused(&inbox, 1).await;
        assert_eq!(kept[0].reason, "no signature or token matches a secret");
        assert!(kept[0].headers.contains("webhook-signature") && !kept[0].headers.contains("not for the disk"));
        assert_eq!(receive(&inbox, &mistyped, vector("v1,AAAA")).await.status(), StatusCode::UNAUTHORIZED);
        refused(&inbox, 2).await;
        assert_eq!(judge_again(&inbox, &mistyped).await.unwrap(), Again { believed: 0, refused: 2 });
        // Long after: what counts is when it came.
        let later = Time::new(|| 1_614_265_330_000_000 + 86_400_000_000);
        let restarted = Inbox::open(&url, crate::harness::options(), later).await.unwrap();
        assert_eq!(judge_again(&restarted, &source()).await.unwrap(), Again { believed: 1, refused: 1 });
        assert_eq!((stored(&restarted).await, refused(&restarted, 1).await.len()), (1, 1));
        // The sender's own copy is known by now.
        assert_eq!(receive(&inbox, &source(), vector(GOOD)).await.status(), StatusCode::OK);
        assert_eq!(stored(&restarted).await, 1);
        restarted.erase("s").await.unwrap();
        refused(&restarted, 0).await;
        inbox.close().await;
        restarted.close().await;
    }
}

on_both! {
    async fn what_is_refused_can_fill_no_disk(url: String) {
        let inbox = at_the_vectors_time(&url).await;
        let large = Request::post("/hooks/s").body(Body::from(vec![b'x'; 70_000])).unwrap();
        assert_eq!(receive(&inbox, &source(), large).await.status(), StatusCode::UNAUTHORIZED);
        for _ in 0..5 {
            for _ in 0..300 {
                assert_eq!(receive(&inbox, &source(), vector("v1,AAAA")).await.status(), StatusCode::UNAUTHORIZED);
            }
            tokio::time::sleep(Duration::from_millis(1_050)).await;
        }
        let kept = inbox.refused("s", 0, 1_000).await.unwrap();
        assert!((100..=200).contains(&kept.len()), "{} are kept", kept.len());
        assert!(kept.iter().all(|one| one.body.len() < 100) && kept[0].seq > 1, "the oldest go first");
        assert_eq!(inbox.metrics().await.unwrap()[0].unverifiable, 1_501, "all are counted");
        inbox.close().await;
    }
}

on_both! {
    async fn a_database_that_is_gone_is_503_with_a_time_to_come_again(url: String) {
        let inbox = at_the_vectors_time(&url).await;
        inbox.close().await;
        let reply = receive(&inbox, &source(), vector(GOOD)).await;
        assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(reply.headers().contains_key("retry-after"));
        // Whoever cannot be believed still hears so.
        assert_eq!(receive(&inbox, &source(), vector("v1,AAAA")).await.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn size_time_and_rate_are_bounded_whatever_the_head_says() {
    crate::harness::on_sqlite(|url| async move {
        let inbox = open(&url).await;
        let limits = Limits { body: 1000, time: Duration::from_millis(200), per_second: Some(1000) };
        let narrow = Source { limits, ..source() };
        let chunks = |count: usize| {
            let chunk = Ok::<_, Infallible>(Bytes::from(vec![b'x'; 100]));
            Body::from_stream(futures_util::stream::iter(vec![chunk; count]))
        };
        let post = |body| Request::post("/hooks/s").body(body).unwrap();
        assert_eq!(receive(&inbox, &narrow, post(chunks(11))).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(receive(&inbox, &narrow, post(chunks(10))).await.status(), StatusCode::UNAUTHORIZED);
        let endless = Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(receive(&inbox, &narrow, post(endless)).await.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(
            receive(&inbox, &narrow, Request::get("/hooks/s").body(Body::empty()).unwrap()).await.status(),
            StatusCode::METHOD_NOT_ALLOWED
        );
        let silent = Source { limits: Limits { per_second: Some(0), ..Limits::default() }, ..source() };
        let reply = receive(&inbox, &silent, post(Body::empty())).await;
        assert_eq!(reply.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(reply.headers().contains_key("retry-after"));
        inbox.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_is_answered_and_nothing_is_stored() {
    crate::harness::on_sqlite(|url| async move {
        let inbox = open(&url).await;
        let scheme = Scheme::cloudevents(trunnion_receiver::verify::Proof::Basic);
        let events = Source { scheme, ..source() };
        let ask = Request::options("/hooks/s")
            .header("WebHook-Request-Origin", "broker.example")
            .body(Body::empty())
            .unwrap();
        let reply = receive(&inbox, &events, ask).await;
        assert_eq!(reply.status(), StatusCode::OK);
        assert_eq!(reply.headers()["webhook-allowed-origin"], "broker.example");
        assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
        assert_eq!(stored(&inbox).await, 0);
        inbox.close().await;
    })
    .await;
}

//! The client against a server on a socket that breaks on demand.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::{HeaderValue, Method};
use trunnion_model::time::Clock;

use super::*;
use crate::error::Error;
use crate::sim::{Control, Sim, start};
use crate::spec::Limits;

/// Pauses of a few milliseconds, and two seconds as the longest pause that a system may ask for.
pub(crate) fn quick() -> Pace {
    Pace { first: Duration::from_millis(4), most: Duration::from_millis(8), wait_at_most: Duration::from_secs(2) }
}

fn client(limits: &Limits) -> Client {
    Client::new(limits, Clock::system()).unwrap().with_pace(quick()).with_random(Random::seeded(1))
}

async fn sim(faults: &[&str]) -> Sim {
    let router = Router::new()
        .route("/x", get(|| async { "read" }).post(|| async { "written" }))
        .route("/big", get(|| async { vec![b'.'; 2_000] }).post(|| async { vec![b'.'; 2_000] }))
        .route(
            "/stream",
            get(|| async {
                let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'.'; 400]));
                Body::from_stream(chunks)
            }),
        )
        .route("/login", post(|| async { axum::response::Redirect::to("https://login.example/?token=hush") }));
    let sim = start(router, Control::new(Clock::system()), 0).await.unwrap();
    for fault in faults {
        sim.control.add_fault(fault.parse().unwrap());
    }
    sim
}

fn request(sim: &Sim, method: Method, path: &str, effect: Effect) -> Request {
    Request::new(method, format!("{}{path}", sim.url).parse().unwrap(), effect)
}

async fn read(sim: &Sim, limits: &Limits) -> Result<String, Error> {
    let answer = client(limits).send(&request(sim, Method::GET, "/x", Effect::Read)).await?;
    Ok(answer.text()?.to_owned())
}

async fn write(sim: &Sim, limits: &Limits) -> Result<String, Error> {
    let request = request(sim, Method::POST, "/x", Effect::Write).with_body("application/json", "{}");
    Ok(client(limits).send(&request).await?.text()?.to_owned())
}

fn statuses(sim: &Sim) -> Vec<u16> {
    sim.control.requests().iter().map(|logged| logged.status).collect()
}

#[tokio::test]
async fn a_read_is_tried_again_after_every_passing_failure() {
    for (fault, logged) in
        [("503:next=2", [503, 503, 200]), ("429:next=2", [429, 429, 200]), ("cut-after:next=2", [0, 0, 200])]
    {
        let sim = sim(&[fault]).await;
        assert_eq!(read(&sim, &Limits::default()).await.unwrap(), "read");
        assert_eq!(statuses(&sim), logged);
    }
}

#[tokio::test]
async fn tries_are_bounded_and_the_last_error_says_what_was_seen() {
    let sim = sim(&["502"]).await;
    let error = read(&sim, &Limits { tries: 3, ..Limits::default() }).await.unwrap_err();
    assert_eq!(error.to_string(), "the system cannot be reached: status 502: refused by the simulator's fault");
    assert_eq!(statuses(&sim), [502, 502, 502]);
}

#[tokio::test]
async fn other_statuses_are_answers_and_come_at_once() {
    for status in [401, 404, 500] {
        let sim = sim(&[&status.to_string()]).await;
        let answer = client(&Limits::default()).send(&request(&sim, Method::GET, "/x", Effect::Read)).await.unwrap();
        assert_eq!((answer.status, statuses(&sim)), (status, vec![status]));
        assert!(answer.server_time().is_some());
    }
}

#[tokio::test]
async fn a_write_is_never_sent_again_when_it_may_have_been_done() {
    for (fault, status) in [("cut-after", 0), ("cut-before", 0), ("502", 502), ("503", 503), ("504", 504)] {
        let sim = sim(&[fault]).await;
        let error = write(&sim, &Limits::default()).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)), "{fault}: {error:?}");
        assert_eq!(statuses(&sim), [status], "{fault}");
    }
    let sim = sim(&["slow:ms=2000"]).await;
    let limits = Limits { timeout: Duration::from_millis(200), ..Limits::default() };
    let error = write(&sim, &limits).await.unwrap_err().to_string();
    assert!(error.contains("outcome") && error.contains("no complete answer within 200ms"), "{error}");
}

#[tokio::test]
async fn a_write_is_sent_again_when_it_was_refused_at_the_door() {
    let sim = sim(&["429:next=1", "503:next=1,retry_after=1"]).await;
    assert_eq!(write(&sim, &Limits::default()).await.unwrap(), "written");
    assert_eq!(statuses(&sim), [429, 503, 200]);
}

#[tokio::test]
async fn a_connection_that_could_not_be_made_changes_nothing_and_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let request =
        Request::new(Method::POST, format!("http://127.0.0.1:{port}/x?key=hush").parse().unwrap(), Effect::Write);
    let error = client(&Limits::default()).send(&request).await.unwrap_err();
    let Error::Unreachable { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.starts_with(&format!("no connection to 127.0.0.1 on port {port}: ")), "{reason}");
    let request = Request::get("http://no-such-host.invalid/".parse().unwrap());
    let error = client(&Limits { tries: 1, ..Limits::default() }).send(&request).await.unwrap_err().to_string();
    assert!(error.contains("the name no-such-host.invalid cannot be resolved"), "{error}");
}

#[tokio::test]
async fn retry_after_is_waited_for_if_short_and_handed_on_if_long() {
    let sim = sim(&["429:next=1,retry_after=1"]).await;
    let began = tokio::time::Instant::now();
    assert_eq!(read(&sim, &Limits::default()).await.unwrap(), "read");
    assert!(began.elapsed() >= Duration::from_secs(1));
    for (fault, logged) in [("429:retry_after=3", 429), ("503:retry_after=3", 503)] {
        sim.control.clear_faults();
        sim.control.clear_requests();
        sim.control.add_fault(fault.parse().unwrap());
        let error = read(&sim, &Limits::default()).await.unwrap_err();
        let (Error::RateLimited { after } | Error::Unreachable { after, .. }) = error else { panic!("{error:?}") };
        assert_eq!((after, statuses(&sim)), (Some(Duration::from_secs(3)), vec![logged]));
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_not_read_to_its_end() {
    let sim = sim(&[]).await;
    let limits = Limits { max_body_bytes: 1_999, ..Limits::default() };
    let send = async |path: &str, method: Method, effect| {
        client(&limits).send(&request(&sim, method, path, effect)).await.unwrap_err().to_string()
    };
    for path in ["/big", "/stream"] {
        let error = send(path, Method::GET, Effect::Read).await;
        assert!(error.contains("unexpected answer") && error.contains("limit of 1999 bytes"), "{error}");
    }
    assert!(send("/big", Method::POST, Effect::Write).await.contains("outcome of the write is unknown"));
    assert_eq!(sim.control.requests().len(), 3);
    let enough = Limits { max_body_bytes: 2_000, ..Limits::default() };
    let answer = client(&enough).send(&request(&sim, Method::GET, "/big", Effect::Read)).await.unwrap();
    assert_eq!(answer.body.len(), 2_000);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_again_but_not_after_a_write() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: url::Url = format!("http://{}/x", listener.local_addr().unwrap()).parse().unwrap();
    let server = tokio::spawn(async move {
        for answers in 1.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
            let body = if answers < 3 { "half" } else { "complete" };
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let client = client(&Limits::default());
    let error = client.send(&Request::new(Method::POST, url.clone(), Effect::Write)).await.unwrap_err();
    assert!(matches!(&error, Error::OutcomeUnknown(text) if text.contains("broke")), "{error}");
    assert_eq!(client.send(&Request::get(url)).await.unwrap().text().unwrap(), "complete");
    server.abort();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let sim = sim(&[]).await;
    let error =
        client(&Limits::default()).send(&request(&sim, Method::POST, "/login", Effect::Read)).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotThatProduct(text) if text.ends_with("(status 303) to login.example")),
        "{error}"
    );
}

#[tokio::test]
async fn each_try_is_made_anew_and_no_more_run_at_once_than_allowed() {
    let sim = sim(&["503:next=2", "slow:ms=60"]).await;
    let limits = Limits { requests_at_once: 2, ..Limits::default() };
    let client = client(&limits);
    let mut made = 0;
    let answer = client.send_each(|| {
        made += 1;
        let value = HeaderValue::from(made);
        Ok(request(&sim, Method::GET, &format!("/x?try={made}"), Effect::Read).with_header(http::header::FROM, value))
    });
    assert_eq!(answer.await.unwrap().status, 200);
    let queries: Vec<String> = sim.control.requests().into_iter().map(|logged| logged.query).collect();
    assert_eq!(queries, ["try=1", "try=2", "try=3"]);
    let began = tokio::time::Instant::now();
    let one = request(&sim, Method::GET, "/x", Effect::Read);
    let answers = futures_util::future::join_all((0..6).map(|_| client.send(&one))).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    assert!(began.elapsed() >= Duration::from_millis(180), "six slow requests, two at once: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_guarded_client_calls_no_address_that_is_not_public_whatever_its_name() {
    let sim = sim(&[]).await;
    let port = sim.url.rsplit_once(':').unwrap().1;
    let guarded = |allowed: &[&str]| {
        let allowed = allowed.iter().map(|network| network.parse().unwrap()).collect();
        let clock = Clock::system();
        Client::guarded(&Limits { tries: 1, ..Limits::default() }, clock, crate::webhook::Guard::new(allowed)).unwrap()
    };
    for host in ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "169.254.169.254", "10.0.0.1"] {
        let request = Request::get(format!("http://{host}:{port}/x").parse().unwrap());
        let error = guarded(&[]).send(&request).await.unwrap_err();
        assert!(matches!(&error, Error::NotAllowed(text) if text.contains("not in a network")), "{host}: {error:?}");
    }
    assert!(sim.control.requests().is_empty());
    let request = Request::get(format!("http://127.0.0.1:{port}/x").parse().unwrap());
    assert_eq!(guarded(&["127.0.0.0/8"]).send(&request).await.unwrap().status, 200);
}

/// The account takes two at once although four are declared, and each request lasts 30 ms. A backfill keeps asking; writes
/// come between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_delays_a_write_by_no_more_than_one_request_and_the_limit_of_the_system_is_learned() {
    let sim = sim(&["slow:ms=30"]).await;
    sim.control.limit_at_once(Some(2));
    let budget = Budget::new(4);
    let client = client(&Limits { tries: 20, ..Limits::default() }).with_budget(budget.clone());
    let mut backfill = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (client, mut page) = (client.clone(), request(&sim, Method::GET, "/x", Effect::Read));
        page.lane = Lane::Backfill;
        backfill.spawn(async move {
            for _ in 0..10 {
                client.send(&page).await.unwrap();
            }
        });
    }
    while budget.learned().at_once > 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sim.control.clear_requests();
    let mut write = request(&sim, Method::POST, "/x", Effect::Write);
    write.lane = Lane::Write;
    for _ in 0..5 {
        let read_before = statuses(&sim).len();
        client.send(&write).await.unwrap();
        // While it waited, and while it was answered, one backfill request each may have ended.
        let read = sim.control.requests().iter().skip(read_before).filter(|logged| logged.method == "GET").count();
        assert!(read <= 3, "{read} pages were read before the write was done");
    }
    assert!(!statuses(&sim).contains(&429), "what was learned holds");
    while let Some(done) = backfill.join_next().await {
        done.unwrap();
    }
    assert!(sim.control.most_in_flight() <= 2);
}

#[tokio::test]
async fn a_pause_that_the_system_asks_of_one_is_kept_by_all_that_share_its_budget() {
    let sim = sim(&["429:next=1,retry_after=1"]).await;
    let first = client(&Limits { tries: 1, ..Limits::default() }).with_budget(Budget::new(4));
    let other = first.clone();
    let page = request(&sim, Method::GET, "/x", Effect::Read);
    assert!(matches!(first.send(&page).await, Err(Error::RateLimited { after: Some(_) })));
    let began = tokio::time::Instant::now();
    other.send(&page).await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(900), "it waited although nobody told it so");
    assert_eq!(statuses(&sim), [429, 200]);
}

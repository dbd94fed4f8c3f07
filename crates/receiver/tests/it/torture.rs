//! A receiver that is killed now and then, whose database is gone for a while, under copies, forgeries and any order.
//!
//! The receiver is a process of its own: this test's binary, started again as [`child`]. `TRUNNION_TORTURE` says how many
//! events there are; without it there are few enough for every day.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use sqlx::{Connection as _, Executor as _};
use tokio::sync::watch;
use tokio::time::sleep;
use trunnion_receiver::door::{Door, Source};
use trunnion_receiver::inbox::{Effect, Handler, Inbox, Message, NoCatchUp, Options, Outcome, Time, Value};

use crate::harness::on_both;

const KEY: &[u8; 24] = b"a key of 24 bytes, or so";
const CHILD: &str = "TRUNNION_TORTURE_CHILD";
const OBJECTS: usize = 50;
const SENDERS: usize = 16;

/// Writes each event down, where nothing forbids that it stands there twice.
struct Writing;

impl Handler for Writing {
    async fn handle(&self, message: &Message) -> Outcome {
        let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap_or_default();
        let number = body["sequence"].as_i64().unwrap_or_default();
        let values = vec![Value::from(message.id.as_str()), Value::from(message.key.as_str()), Value::Int(number)];
        Outcome::Done(vec![Effect { sql: "insert into processed (id, object, number) values ($1, $2, $3)", values }])
    }
}

/// The receiver, if it is started as one: `ADDRESS URL`.
#[test]
fn child() {
    let Ok(arguments) = std::env::var(CHILD) else { return };
    let (address, url) = arguments.split_once(' ').unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let secret = SecretString::from(format!("whsec_{}", STANDARD.encode(KEY)));
        let options = Options {
            max_pending: 1_000_000,
            handler_limit: Duration::from_secs(1),
            gap_wait: Duration::from_secs(3600),
            ..Options::default()
        };
        let inbox = loop {
            // Also a receiver that is started while its database is gone comes up.
            match Inbox::open(url, options.clone(), Time::system()).await {
                Ok(inbox) => break inbox,
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        };
        let _workers = inbox.start(Writing, NoCatchUp);
        let door = Door::new(inbox, [Source::sequenced("s", vec![secret])]);
        let app = axum::Router::new().route_service("/hooks/{source}", door);
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        axum::serve(listener, app).await.unwrap();
    });
}

fn start(address: &str, url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "torture::child", "--nocapture"])
        .env(CHILD, format!("{address} {url}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// One request: the event's number, and whether it is genuine.
#[derive(Clone, Copy)]
struct Send {
    number: usize,
    forged: bool,
}

/// Every event once, 30 % of them once more, and 5 % forgeries of them, in any order.
fn sends(count: usize) -> Vec<Send> {
    let mut all: Vec<Send> = (1..=count).map(|number| Send { number, forged: false }).collect();
    all.extend((1..=count).filter(|number| number % 10 < 3).map(|number| Send { number, forged: false }));
    all.extend((1..=count).filter(|number| number % 20 == 7).map(|number| Send { number, forged: true }));
    // A fixed order that looks like none (a linear congruential generator), so that a failure can be repeated.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for place in (1..all.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.swap(place, (state >> 33) as usize % (place + 1));
    }
    all
}

/// Sends until it is acknowledged, or refused for good.
async fn deliver(client: &reqwest::Client, address: &str, send: Send) {
    let id = if send.forged { format!("forged-{}", send.number) } else { format!("evt-{}", send.number) };
    let body = format!(
        r#"{{"type":"thing.updated","sequence":{},"connection_id":"con","data":{{"id":"o{}"}}}}"#,
        send.number,
        send.number % OBJECTS
    );
    for _ in 0..3_000 {
        let now = (Time::system().micros() / 1_000_000).to_string();
        let key = if send.forged { b"another key of 24 bytes." } else { KEY };
        let signed = format!("{id}.{now}.{body}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
        let request = client
            .post(format!("http://{address}/hooks/s"))
            .header("webhook-id", &id)
            .header("webhook-timestamp", now)
            .header("webhook-signature", format!("v1,{}", STANDARD.encode(tag)))
            .body(body.clone());
        match request.send().await.map(|response| response.status().as_u16()) {
            Ok(200) if !send.forged => return,
            Ok(401) if send.forged => return,
            Ok(503) | Err(_) => sleep(Duration::from_millis(30)).await,
            Ok(other) => panic!("{id} was answered {other}"),
        }
    }
    panic!("{id} was never acknowledged");
}

async fn kill_now_and_then(address: String, url: String, mut over: watch::Receiver<bool>) -> (Child, usize) {
    let mut child = start(&address, &url);
    let mut kills = 0;
    loop {
        let pause = Duration::from_millis(1_200 + 400 * (kills as u64 % 4));
        if tokio::time::timeout(pause, over.wait_for(|over| *over)).await.is_ok() {
            return (child, kills);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        child = start(&address, &url);
    }
}

/// Takes the database away for `time`, as far as the receiver can tell.
async fn without_database(url: &str, time: Duration) {
    if url.starts_with("sqlite") {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        connection.execute("pragma busy_timeout = 20000; begin immediate").await.unwrap();
        sleep(time).await;
        connection.execute("rollback").await.unwrap();
        return;
    }
    let (base, name) = url.rsplit_once('/').unwrap();
    let mut admin = sqlx::PgConnection::connect(&format!("{base}/postgres")).await.unwrap();
    let mut allow = async |allowed: bool| {
        let sql = format!("alter database {name} allow_connections {allowed}");
        admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        if !allowed {
            let sql = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
            admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        }
    };
    allow(false).await;
    sleep(time).await;
    allow(true).await;
}

async fn number(url: &str, sql: &'static str) -> i64 {
    if url.starts_with("sqlite") {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        return sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    }
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

async fn make_table(url: &str) {
    if url.starts_with("sqlite") {
        let mut connection = sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
        let sql = "create table processed (at integer primary key autoincrement, id text, object text, number integer)";
        connection.execute(sql).await.unwrap();
    } else {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let sql =
            "create table processed (at bigint generated always as identity, id text, object text, number bigint)";
        connection.execute(sql).await.unwrap();
    }
}

on_both! {
    async fn what_is_acknowledged_is_processed_once_in_order_whatever_dies(url: String) {
        let count: usize = std::env::var("TRUNNION_TORTURE").map_or(1_500, |count| count.parse().unwrap());
        make_table(&url).await;
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let (over, when_over) = watch::channel(false);
        let killer = tokio::spawn(kill_now_and_then(free.clone(), url.clone(), when_over));
        let thief = tokio::spawn({
            let url = url.clone();
            async move {
                sleep(Duration::from_secs(2)).await;
                without_database(&url, Duration::from_secs(5)).await;
            }
        });
        let (sends, next) = (Arc::new(sends(count)), Arc::new(AtomicUsize::new(0)));
        let began = tokio::time::Instant::now();
        let senders = (0..SENDERS).map(|_| {
            let (sends, next, address) = (sends.clone(), next.clone(), free.clone());
            tokio::spawn(async move {
                let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap();
                while let Some(send) = sends.get(next.fetch_add(1, Ordering::Relaxed)) {
                    deliver(&client, &address, *send).await;
                    // At least as long as the worst takes: else nothing would be killed under way.
                    if sends.len() < 10_000 {
                        sleep(Duration::from_millis(60)).await;
                    }
                }
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            sender.await.unwrap();
        }
        thief.await.unwrap();
        let sent = began.elapsed();
        // The last child lives, so that what was cut off can end.
        over.send_replace(true);
        let (mut child, kills) = killer.await.unwrap();
        let all = i64::try_from(count).unwrap();
        let mut left = 0;
        for _ in 0..3_000 {
            left = all - number(&url, "select count(*) from processed").await;
            if left <= 0 {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        eprintln!("{count} events, {} requests in {sent:.1?}, {kills} kills", sends.len());
        assert!(kills >= 2, "{kills} kills are no torture");
        assert_eq!(left, 0, "acknowledged and not processed");
        assert_eq!(number(&url, "select count(distinct id) from processed").await, all, "processed twice");
        assert_eq!(number(&url, "select count(*) from processed where id like 'forged%'").await, 0);
        let wrong = "select count(*) from processed a join processed b on a.object = b.object
                     where a.at < b.at and a.number > b.number";
        let wrong = if count > 20_000 {
            // The same by neighbours, because the pairs are too many.
            "select count(*) from (select number, lag(number) over (partition by object order by at) as before from processed) n
             where before > number"
        } else {
            wrong
        };
        assert_eq!(number(&url, wrong).await, 0, "out of order");
    }
}

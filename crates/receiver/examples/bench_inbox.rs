//! What the inbox takes: acknowledgements a second beside the same database's own group commit, and how long one takes at a
//! steady thousand a second over HTTP. `bench_inbox sqlite:FILE | postgres://… [SECONDS]`. Times are printed, never judged; what
//! was not acknowledged is counted.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement for people, which stops when it cannot go on"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use trunnion_receiver::door::{Door, Source, receive};
use trunnion_receiver::inbox::{Inbox, Options, Time};

const KEY: &[u8; 24] = b"a key of 24 bytes, or so";
/// Senders at once, and so the largest group.
const CLIENTS: usize = 256;
const RATE: u64 = 1_000;

struct Sender {
    key: hmac::Key,
    next: AtomicU64,
    body: Bytes,
}

impl Sender {
    fn new() -> Self {
        let filler = "x".repeat(930);
        let body = format!(r#"{{"type":"thing.updated","data":{{"id":"o1","text":"{filler}"}}}}"#);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, KEY), next: AtomicU64::new(0), body: body.into() }
    }

    /// Id, time and signature of the next event.
    fn signed(&self) -> [String; 3] {
        let id = format!("evt_{:016x}_{}", Time::system().micros(), self.next.fetch_add(1, Ordering::Relaxed));
        let now = (Time::system().micros() / 1_000_000).to_string();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{id}.{now}.").as_bytes());
        context.update(&self.body);
        let signature = format!("v1,{}", STANDARD.encode(context.sign()));
        [id, now, signature]
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let [id, now, signature] = self.signed();
        let request = Request::post("/hooks/s").header("webhook-id", id).header("webhook-timestamp", now);
        request.header("webhook-signature", signature).body(Full::new(self.body.clone())).unwrap()
    }
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let time = Duration::from_secs(std::env::args().nth(2).map_or(5, |seconds| seconds.parse().unwrap()));
    let (one, alone) = (floor(&url, time, 1).await, floor(&url, time, CLIENTS).await);
    let options = Options { max_pending: i64::MAX, ..Options::default() };
    let inbox = Inbox::open(&url, options, Time::system()).await.unwrap();
    let secret = SecretString::from(format!("whsec_{}", STANDARD.encode(KEY)));
    let source = Arc::new(Source::standard("s", vec![secret]));
    let sender = Arc::new(Sender::new());
    let (acknowledged, refused) = sustained(&inbox, &source, &sender, time).await;
    println!("database alone, 1 row a commit:    {one:>8.0} rows/s");
    println!("database alone, {CLIENTS} rows a commit:  {alone:>8.0} rows/s");
    println!(
        "verified and acknowledged:         {acknowledged:>8.0} /s, {CLIENTS} senders ({:.0} % of the database alone), {refused} refused",
        acknowledged / alone * 100.0
    );
    let (mut times, refused) = at_a_steady_rate(&inbox, &source, &sender, time).await;
    times.sort();
    let at = |part: f64| times.get((times.len().saturating_sub(1) as f64 * part) as usize).copied().unwrap_or_default();
    println!(
        "at {RATE}/s over HTTP, from the due time: p50 {:.1?}, p99 {:.1?}, worst {:.1?}, {} acknowledged, {refused} not",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
    inbox.close().await;
}

/// The same rows into a table of the same form, without anything else.
async fn floor(url: &str, time: Duration, group: usize) -> f64 {
    let body = vec![b'x'; 1000];
    let (mut rows, began) = (0, Instant::now());
    if url.starts_with("sqlite") {
        let mut database = sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
        database
            .execute("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000")
            .await
            .unwrap();
        database.execute("create table if not exists floor (seq integer primary key, source text, dedupe text, body blob, at integer, unique (source, dedupe))").await.unwrap();
        let chunk = group.min(32);
        let places = (0..chunk)
            .map(|row| format!("('s', ${}, ${}, 1)", 2 * row + 1, 2 * row + 2))
            .collect::<Vec<_>>()
            .join(", ");
        let sql = format!(
            "insert into floor (source, dedupe, body, at) values {places} on conflict (source, dedupe) do nothing"
        );
        while began.elapsed() < time {
            let mut tx = database.begin().await.unwrap();
            for _ in 0..group / chunk {
                let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
                for _ in 0..chunk {
                    rows += 1;
                    query = query.bind(format!("{:x}-{group}-{rows}", Time::system().micros())).bind(&body[..]);
                }
                query.execute(&mut *tx).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        return f64::from(rows) / began.elapsed().as_secs_f64();
    }
    let mut database = sqlx::PgConnection::connect(url).await.unwrap();
    database.execute("create table if not exists floor (seq bigint generated always as identity primary key, source text, dedupe text, body bytea, at bigint, unique (source, dedupe))").await.unwrap();
    let sql = "insert into floor (source, dedupe, body, at) select 's', d, b, 1 from unnest($1::text[], $2::bytea[]) as m(d, b)
               on conflict (source, dedupe) do nothing";
    while began.elapsed() < time {
        let ids: Vec<String> =
            (0..group).map(|row| format!("{:x}-{group}-{}", Time::system().micros(), rows as usize + row)).collect();
        rows += group as i32;
        sqlx::query(sql).bind(ids).bind(vec![&body[..]; group]).execute(&mut database).await.unwrap();
    }
    f64::from(rows) / began.elapsed().as_secs_f64()
}

async fn sustained(inbox: &Inbox, source: &Arc<Source>, sender: &Arc<Sender>, time: Duration) -> (f64, u64) {
    let (began, counts) = (Instant::now(), Arc::new([AtomicU64::new(0), AtomicU64::new(0)]));
    let clients = (0..CLIENTS).map(|_| {
        let (inbox, source, sender, counts) = (inbox.clone(), source.clone(), sender.clone(), counts.clone());
        tokio::spawn(async move {
            while began.elapsed() < time {
                let reply = receive(&inbox, &source, sender.request()).await;
                counts[usize::from(reply.status() != 200)].fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let count = |which: usize| counts[which].load(Ordering::Relaxed);
    (count(0) as f64 / began.elapsed().as_secs_f64(), count(1))
}

/// How long each acknowledgement took from the time at which it was due, and how many requests got none.
async fn at_a_steady_rate(
    inbox: &Inbox,
    source: &Arc<Source>,
    sender: &Arc<Sender>,
    time: Duration,
) -> (Vec<Duration>, usize) {
    let door = Door::new(inbox.clone(), [source.as_ref().clone()]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/s", listener.local_addr().unwrap());
    tokio::spawn(
        async move { axum::serve(listener, axum::Router::new().route_service("/hooks/{source}", door)).await },
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let began = tokio::time::Instant::now();
    let mut asked = Vec::new();
    for number in 0..time.as_secs() * RATE {
        let due = began + Duration::from_micros(number * 1_000_000 / RATE);
        tokio::time::sleep_until(due).await;
        let [id, now, signature] = sender.signed();
        let request = client.post(&url).header("webhook-id", id).header("webhook-timestamp", now);
        let request = request.header("webhook-signature", signature).body(sender.body.clone());
        asked.push(tokio::spawn(async move {
            // A machine that cannot keep the rate answers some with 503, or cannot take them.
            let acknowledged = request.send().await.is_ok_and(|answer| answer.status() == 200);
            acknowledged.then(|| due.elapsed())
        }));
    }
    let count = asked.len();
    let mut times = Vec::with_capacity(count);
    for one in asked {
        times.extend(one.await.unwrap());
    }
    let refused = count - times.len();
    (times, refused)
}

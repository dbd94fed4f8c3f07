//! What the inbox takes: acknowledgements a second beside the same database's own group commit, and how long one takes at a
//! steady thousand a second over HTTP. `bench_inbox sqlite:FILE | postgres://… [SECONDS]`. Times are printed, never judged; what
//! was not acknowledged is counted.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement for people, which stops when it cannot go on"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
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
/// As many as a PostgreSQL takes with its stock settings, and some are left.
const SESSIONS: usize = 64;
const RATE: u64 = 1_000;
/// More than are acknowledged in a second.
const AHEAD: usize = 60_000;

struct Sender {
    key: hmac::Key,
    next: AtomicU64,
    body: Bytes,
    /// Signed before the time runs: what a sender does is not the receiver's.
    ahead: Mutex<Vec<[String; 3]>>,
}

impl Sender {
    fn new() -> Self {
        let filler = "x".repeat(930);
        let body = format!(r#"{{"type":"thing.updated","data":{{"id":"o1","text":"{filler}"}}}}"#);
        let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
        Self { key, next: AtomicU64::new(0), body: body.into(), ahead: Mutex::default() }
    }

    fn sign_ahead(&self, count: usize) {
        let signed = (0..count).map(|_| self.signed()).collect();
        *self.ahead.lock().unwrap() = signed;
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
        let ahead = self.ahead.lock().unwrap().pop();
        let [id, now, signature] = ahead.unwrap_or_else(|| self.signed());
        let request = Request::post("/hooks/s").header("webhook-id", id).header("webhook-timestamp", now);
        request.header("webhook-signature", signature).body(Full::new(self.body.clone())).unwrap()
    }
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let time = Duration::from_secs(std::env::args().nth(2).map_or(5, |seconds| seconds.parse().unwrap()));
    let (one, alone) = (floor(&url, time, 1).await, floor(&url, time, CLIENTS).await);
    let own = own_group_commit(&url, time).await;
    let options = Options { max_pending: i64::MAX, ..Options::default() };
    let inbox = Inbox::open(&url, options, Time::system()).await.unwrap();
    let secret = SecretString::from(format!("whsec_{}", STANDARD.encode(KEY)));
    let source = Arc::new(Source::standard("s", vec![secret]));
    let sender = Arc::new(Sender::new());
    sender.sign_ahead(usize::try_from(time.as_secs()).unwrap() * AHEAD);
    let (acknowledged, refused) = sustained(&inbox, &source, &sender, time).await;
    println!("database alone, 1 row a commit:    {one:>8.0} rows/s");
    println!("database alone, {CLIENTS} rows a commit:  {alone:>8.0} rows/s");
    if let Some(own) = own {
        println!("its own group commit, {SESSIONS} sessions: {own:>8.0} rows/s");
    }
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

/// What the door keeps of a request's head.
const HEADERS: &str = r#"[["webhook-id","evt_0000000000000000_0"],["webhook-timestamp","1700000000"],["webhook-signature","v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]]"#;
const COLUMNS: &str = "insert into floor_message
    (source, dedupe, key, kind, rank, stream, number, headers, body, received_at, state, attempts, due_at)";

/// Rows a second into a table of the same form, with the same indexes, `group` in each commit, without anything else.
async fn floor(url: &str, time: Duration, group: usize) -> f64 {
    let body = vec![b'x'; 1000];
    if url.starts_with("sqlite") {
        let mut database = sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
        database
            .execute("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000; pragma cache_size = -16384")
            .await
            .unwrap();
        let tables = include_str!("../src/inbox/sqlite.sql").replace("inbox_", "floor_");
        database.execute(AssertSqlSafe(tables)).await.unwrap();
        floor_sqlite(&mut database, time, group, &body).await
    } else {
        let mut database = sqlx::PgConnection::connect(url).await.unwrap();
        let tables = include_str!("../src/inbox/postgres.sql").replace("inbox_", "floor_");
        database.execute(AssertSqlSafe(tables)).await.unwrap();
        floor_postgres(&mut database, time, group, &body).await
    }
}

async fn floor_sqlite(database: &mut sqlx::SqliteConnection, time: Duration, group: usize, body: &[u8]) -> f64 {
    let chunk = group.min(32);
    let row = |row: usize| {
        let at = 3 * row;
        format!(
            "('s', ${}, 'o1', 'thing.updated', ${}, null, null, '{HEADERS}', ${}, 1, 0, 0, 1)",
            at + 1,
            at + 2,
            at + 3
        )
    };
    let places = (0..chunk).map(row).collect::<Vec<_>>().join(", ");
    let sql = format!("{COLUMNS} values {places} on conflict (source, dedupe) do nothing returning source");
    let (mut rows, began) = (0_i64, Instant::now());
    while began.elapsed() < time {
        let mut tx = database.begin().await.unwrap();
        for _ in 0..group / chunk {
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            for _ in 0..chunk {
                rows += 1;
                let id = format!("{:x}-{group}-{rows}", Time::system().micros());
                query = query.bind(id).bind(rows).bind(body);
            }
            query.fetch_all(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    rows as f64 / began.elapsed().as_secs_f64()
}

async fn floor_postgres(database: &mut sqlx::PgConnection, time: Duration, group: usize, body: &[u8]) -> f64 {
    let sql = format!(
        "{COLUMNS} select 's', d, 'o1', 'thing.updated', r, null, null, '{HEADERS}', b, 1, 0, 0, 1
         from unnest($1::text[], $2::bigint[], $3::bytea[]) as m(d, r, b) on conflict (source, dedupe) do nothing returning source"
    );
    let (mut rows, began) = (0_i64, Instant::now());
    while began.elapsed() < time {
        let numbers: Vec<i64> = (0..group).map(|row| rows + row as i64).collect();
        let ids: Vec<String> =
            numbers.iter().map(|number| format!("{:x}-{group}-{number}", Time::system().micros())).collect();
        rows += group as i64;
        let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(ids).bind(numbers).bind(vec![body; group]);
        query.fetch_all(&mut *database).await.unwrap();
    }
    rows as f64 / began.elapsed().as_secs_f64()
}

/// Many sessions, each of which commits row by row: the database gathers the commits itself. SQLite has one writer.
async fn own_group_commit(url: &str, time: Duration) -> Option<f64> {
    if url.starts_with("sqlite") {
        return None;
    }
    let sessions = (0..SESSIONS).map(|session| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let mut database = sqlx::PgConnection::connect(&url).await.unwrap();
            let sql = format!(
                "{COLUMNS} values ('s', $1, 'o1', 'thing.updated', $2, null, null, '{HEADERS}', $3, 1, 0, 0, 1)
                 on conflict (source, dedupe) do nothing"
            );
            let (body, mut rows, began) = (vec![b'x'; 1000], 0_i64, Instant::now());
            while began.elapsed() < time {
                rows += 1;
                let id = format!("{:x}-{session}-{rows}", Time::system().micros());
                let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(id).bind(rows).bind(&body);
                query.execute(&mut database).await.unwrap();
            }
            rows as f64 / began.elapsed().as_secs_f64()
        })
    });
    let mut sum = 0.0;
    for session in sessions.collect::<Vec<_>>() {
        sum += session.await.unwrap();
    }
    Some(sum)
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

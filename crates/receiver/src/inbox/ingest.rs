//! The way in: bounds per source, then one insert for all that wait, then the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::sync::{mpsc, oneshot};

use super::db::{Tx, Value};
use super::error::{Error, Result};
use super::gather;
use super::open::{Core, Inbox};
use super::types::{New, Put, State};

/// A message, and who waits for it.
pub(super) struct Offered {
    new: New,
    answer: oneshot::Sender<Result<()>>,
}

const COLUMNS: &str = "insert into inbox_message
    (source, dedupe, key, kind, rank, stream, number, headers, body, received_at, state, attempts, due_at)";
const WIDTH: usize = 13;
/// Rows per statement on SQLite, so that a few texts serve all sizes.
const ROWS: [usize; 4] = [32, 8, 2, 1];

pub(super) async fn put(inbox: &Inbox, new: New) -> Result<Put> {
    let core = &inbox.core;
    let gauge = core.gauges.of(&new.source);
    // Both bounds are by source, so that one that floods us leaves the others room.
    let Some(_place) = gauge.enter(core.options.max_in_flight) else {
        return Ok(Put::Full { retry_after: Duration::from_secs(1) });
    };
    if gauge.waiting() >= core.options.max_pending {
        return Ok(Put::Full { retry_after: Duration::from_secs(30) });
    }
    let (answer, answered) = oneshot::channel();
    let gone = || Error::Unavailable("the inbox is closed".to_owned());
    inbox.offered.send(Offered { new, answer }).await.map_err(|_closed| gone())?;
    answered.await.map_err(|_closed| gone())??;
    Ok(Put::Stored)
}

/// Stores what is offered until nobody offers any more.
pub(super) async fn store(core: Arc<Core>, mut offered: mpsc::Receiver<Offered>) {
    let last_rank = AtomicI64::new(0);
    loop {
        let jobs = gather::next(&mut offered, core.options.group).await;
        if jobs.is_empty() {
            return;
        }
        let (mut news, mut answers) = (Vec::new(), Vec::new());
        for job in jobs {
            answers.push(job.answer);
            news.push(job.new);
        }
        let rows: Vec<Row> = news.into_iter().map(|new| Row::of(new, &last_rank)).collect();
        let together = within(insert(&core, &rows)).await;
        let results = match together {
            Ok(()) => answers.iter().map(|_| Ok(())).collect(),
            Err(error) if error.is_transient() => {
                answers.iter().map(|_| Err(Error::Unavailable(error.to_string()))).collect()
            }
            // One that the database refuses must not take the others with it.
            Err(_) => {
                let mut each = Vec::new();
                for row in &rows {
                    each.push(within(insert(&core, std::slice::from_ref(row))).await);
                }
                each
            }
        };
        if results.iter().any(Result::is_ok) {
            core.news.notify_one();
        }
        for (answer, result) in answers.into_iter().zip(results) {
            // A sender that hung up meanwhile sends again, and is told that it is known.
            let _heard = answer.send(result);
        }
    }
}

async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_elapsed| Error::Unavailable("it did not answer in time".to_owned());
    tokio::time::timeout(gather::LIMIT, work).await.map_err(late)?
}

struct Row {
    new: New,
    rank: i64,
    state: State,
}

impl Row {
    fn of(mut new: New, last_rank: &AtomicI64) -> Self {
        // No text of PostgreSQL holds a zero.
        for text in [&mut new.dedupe, &mut new.key, &mut new.kind, &mut new.headers] {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        if new.key.is_empty() {
            new.key = format!("\u{1}{}", new.dedupe);
        }
        let arrival = new.received_at.max(last_rank.load(Ordering::Relaxed) + 1);
        last_rank.store(arrival, Ordering::Relaxed);
        let held = new.place.is_some();
        let rank = new.place.as_ref().map_or(arrival, |(_, number)| *number);
        Self { new, rank, state: if held { State::Held } else { State::Pending } }
    }
}

async fn insert(core: &Core, rows: &[Row]) -> Result<()> {
    let mut tx = core.db.begin().await?;
    let stored = match &mut tx {
        Tx::Sqlite(_) => insert_sqlite(&mut tx, rows).await?,
        Tx::Postgres(_) => insert_postgres(&mut tx, rows).await?,
    };
    tx.commit().await?;
    let streams = rows.iter().filter_map(|row| Some((row.new.source.clone(), row.new.place.as_ref()?.0.clone())));
    core.gauges.touch(streams);
    let mut counts: Vec<(&str, i64)> = Vec::new();
    for row in rows {
        match counts.iter_mut().find(|(source, _)| *source == row.new.source) {
            Some((_, count)) => *count += 1,
            None => counts.push((&row.new.source, 1)),
        }
    }
    for (source, offered) in counts {
        let fresh = stored.iter().filter(|known| *known == source).count() as i64;
        core.gauges.of(source).stored(fresh, offered - fresh);
    }
    Ok(())
}

/// The sources of the rows that were new.
async fn insert_sqlite(tx: &mut Tx, rows: &[Row]) -> Result<Vec<String>> {
    let mut stored = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let size = ROWS.into_iter().find(|size| *size <= rest.len()).unwrap_or(1);
        let (now, later) = rest.split_at(size);
        rest = later;
        let row = |row: usize| {
            let places: Vec<String> = (1..=WIDTH).map(|column| format!("${}", row * WIDTH + column)).collect();
            format!("({})", places.join(", "))
        };
        let places: Vec<String> = (0..size).map(row).collect();
        let sql =
            format!("{COLUMNS} values {} on conflict (source, dedupe) do nothing returning source", places.join(", "));
        let values = now.iter().flat_map(values).collect();
        stored.extend(tx.rows::<(String,)>(AssertSqlSafe(sql), values).await?.into_iter().map(|(source,)| source));
    }
    Ok(stored)
}

fn values(row: &Row) -> Vec<Value> {
    let new = &row.new;
    let (stream, number) = match &new.place {
        Some((stream, number)) => (Value::from(stream.as_str()), Value::Int(*number)),
        None => (Value::Null, Value::Null),
    };
    vec![
        Value::from(new.source.as_str()),
        Value::from(new.dedupe.as_str()),
        Value::from(new.key.as_str()),
        Value::from(new.kind.as_str()),
        Value::Int(row.rank),
        stream,
        number,
        Value::from(new.headers.as_str()),
        Value::Bytes(new.body.to_vec()),
        Value::Int(new.received_at),
        Value::Int(row.state.number()),
        Value::Int(0),
        Value::Int(new.received_at),
    ]
}

async fn insert_postgres(tx: &mut Tx, rows: &[Row]) -> Result<Vec<String>> {
    let Tx::Postgres(tx) = tx else { return Ok(Vec::new()) };
    // In one order everywhere, so that two nodes with the same messages do not wait for each other in a circle.
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by(|a, b| (&a.new.source, &a.new.dedupe).cmp(&(&b.new.source, &b.new.dedupe)));
    fn column<'r, T>(rows: &[&'r Row], of: impl Fn(&'r Row) -> T) -> Vec<T> {
        rows.iter().map(|row| of(row)).collect()
    }
    let sql = "insert into inbox_message
            (source, dedupe, key, kind, rank, stream, number, headers, body, received_at, state, attempts, due_at)
        select s, d, k, t, r, st, n, h, b, at, state, 0, at
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::text[],
            $9::bytea[], $10::bigint[], $11::bigint[]) as m(s, d, k, t, r, st, n, h, b, at, state)
        on conflict (source, dedupe) do nothing returning source";
    let stored = sqlx::query_scalar::<_, String>(sql)
        .bind(column(&rows, |row| row.new.source.as_str()))
        .bind(column(&rows, |row| row.new.dedupe.as_str()))
        .bind(column(&rows, |row| row.new.key.as_str()))
        .bind(column(&rows, |row| row.new.kind.as_str()))
        .bind(column(&rows, |row| row.rank))
        .bind(column(&rows, |row| row.new.place.as_ref().map(|(stream, _)| stream.as_str())))
        .bind(column(&rows, |row| row.new.place.as_ref().map(|(_, number)| *number)))
        .bind(column(&rows, |row| row.new.headers.as_str()))
        .bind(column(&rows, |row| row.new.body.as_ref()))
        .bind(column(&rows, |row| row.new.received_at))
        .bind(column(&rows, |row| row.state.number()))
        .fetch_all(&mut **tx)
        .await?;
    Ok(stored)
}

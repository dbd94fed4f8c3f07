//! Streams: logs whose events carry a number without holes. They are handed out in that order, whatever order they came in,
//! and what never came is fetched from the log.
//!
//! A message of a stream is held until all before it are here. The number up to which that is so is the stream's position.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::claim::micros;
use super::db::{Tx, Value};
use super::error::Result;
use super::open::Inbox;
use super::types::{New, Put};

/// Messages released in one transaction.
const STEP: i64 = 2_000;
/// Pages of the log read for one gap, at most.
const PAGES: usize = 1_000;

/// An event as the sender's log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    pub number: i64,
    /// The same as its webhook's.
    pub id: String,
    pub kind: String,
    pub key: String,
    pub body: Vec<u8>,
}

/// What the log has after a number, in its order.
#[derive(Clone, Debug, Default)]
pub struct Caught {
    pub events: Vec<LogEvent>,
    /// There is more behind these.
    pub more: bool,
}

/// Reads the sender's log.
pub trait CatchUp: Send + Sync + 'static {
    /// Whether there is one. Without, a gap is given up after its time, and counted.
    fn is_there(&self) -> bool {
        true
    }

    /// Streams to follow although nothing came of them yet: `(source, stream)`.
    fn streams(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The events of `stream` with a greater number than `after`.
    fn after(&self, source: &str, stream: &str, after: i64) -> impl Future<Output = Result<Caught, String>> + Send;
}

/// For senders without a log.
#[derive(Clone, Copy, Debug)]
pub struct NoCatchUp;

impl CatchUp for NoCatchUp {
    fn is_there(&self) -> bool {
        false
    }

    async fn after(&self, _source: &str, _stream: &str, _after: i64) -> Result<Caught, String> {
        Ok(Caught::default())
    }
}

/// Lets go what waited for what is here now. With `all`, also what came to other nodes.
pub(super) async fn release(inbox: &Inbox, all: bool) -> Result<()> {
    let core = &inbox.core;
    let mut streams = core.gauges.take_touched();
    if all {
        let sql = "select distinct source, stream from inbox_message where state = 1";
        streams.extend(core.db.rows::<(String, String)>(sql, Vec::new()).await?);
    }
    while let Some((source, stream)) = streams.iter().next().cloned() {
        loop {
            match release_some(inbox, &source, &stream).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    // They are looked at again.
                    core.gauges.touch(streams);
                    return Err(error);
                }
            }
        }
        streams.remove(&(source, stream));
    }
    Ok(())
}

/// `true`: there may be more.
async fn release_some(inbox: &Inbox, source: &str, stream: &str) -> Result<bool> {
    let core = &inbox.core;
    let now = core.time.micros();
    let named = |more: Vec<Value>| [vec![Value::from(source), Value::from(stream)], more].concat();
    // Most looks find the same gap as before: that needs no transaction.
    let sql = "select coalesce((select upto from inbox_position where source = $1 and stream = $2), 0),
        (select min(number) from inbox_message where source = $1 and stream = $2 and state = 1),
        (select gap_since from inbox_position where source = $1 and stream = $2)";
    let found: Vec<(i64, Option<i64>, Option<i64>)> = core.db.rows(sql, named(Vec::new())).await?;
    if let Some((upto, Some(least), Some(_since))) = found.first()
        && *least > upto + 1
    {
        return Ok(false);
    }
    let mut tx = core.db.begin().await?;
    let (upto, gap_since) = lock(&mut tx, source, stream).await?;
    let sql = "select number from inbox_message where source = $1 and stream = $2 and state = 1 and number > $3
               order by number limit $4";
    let numbers: Vec<(i64,)> = tx.rows(sql, named(vec![Value::Int(upto), Value::Int(STEP)])).await?;
    let reached =
        numbers.iter().fold(upto, |reached, (number,)| if *number == reached + 1 { *number } else { reached });
    let sql = "update inbox_message set state = 0, due_at = $4 where source = $1 and stream = $2 and state = 1 and number <= $3";
    tx.execute(sql, named(vec![Value::Int(reached), Value::Int(now)])).await?;
    let gap = numbers.last().is_some_and(|(last,)| *last > reached);
    let since = match gap_since {
        Some(since) if reached == upto => since,
        _ => now,
    };
    let sql = "update inbox_position set upto = $3, gap_since = $4 where source = $1 and stream = $2";
    let since = if gap { Value::Int(since) } else { Value::Null };
    tx.execute(sql, named(vec![Value::Int(reached), since])).await?;
    tx.commit().await?;
    Ok(!gap && numbers.len() as i64 == STEP)
}

/// The position, and since when there is a gap behind it; locked until the transaction ends.
async fn lock(tx: &mut Tx, source: &str, stream: &str) -> Result<(i64, Option<i64>)> {
    let named = || vec![Value::from(source), Value::from(stream)];
    let sql = "insert into inbox_position (source, stream, upto, missed) values ($1, $2, 0, 0)
               on conflict (source, stream) do nothing";
    tx.execute(sql, named()).await?;
    let sql = tx.pick(
        "select upto, gap_since from inbox_position where source = $1 and stream = $2",
        "select upto, gap_since from inbox_position where source = $1 and stream = $2 for update",
    );
    Ok(tx.rows(sql, named()).await?.pop().unwrap_or((0, None)))
}

/// Fills gaps until the node stops.
pub(super) async fn follow<C: CatchUp>(inbox: Inbox, log: Arc<C>, mut stopping: watch::Receiver<bool>) {
    let mut reconciled: Option<Instant> = None;
    while !*stopping.borrow() {
        let all = reconciled.is_none_or(|at| at.elapsed() >= inbox.core.options.reconcile);
        if all {
            reconciled = Some(Instant::now());
        }
        if let Err(error) = fill(&inbox, log.as_ref(), all).await {
            tracing::warn!(%error, "gaps could not be looked for");
        }
        tokio::select! {
            () = tokio::time::sleep(inbox.core.options.poll) => {}
            _ = stopping.changed() => {}
        }
    }
}

async fn fill<C: CatchUp>(inbox: &Inbox, log: &C, all: bool) -> Result<()> {
    let sql = "select source, stream, upto, gap_since from inbox_position";
    let mut positions: Vec<(String, String, i64, Option<i64>)> = inbox.core.db.rows(sql, Vec::new()).await?;
    if all {
        let unknown = log.streams().into_iter().filter(|(source, stream)| {
            !positions.iter().any(|(known_source, known, ..)| known_source == source && known == stream)
        });
        let unknown: Vec<_> = unknown.map(|(source, stream)| (source, stream, 0, None)).collect();
        positions.extend(unknown);
    }
    let patient = inbox.core.time.micros().saturating_sub(micros(inbox.core.options.gap_wait));
    for (source, stream, upto, gap_since) in positions {
        let overdue = gap_since.is_some_and(|since| since <= patient);
        let filled = match (log.is_there(), overdue) {
            (true, _) if overdue || all => catch_up(inbox, log, &source, &stream, upto).await,
            (false, true) => give_up(inbox, &source, &stream).await,
            _ => Ok(()),
        };
        if let Err(error) = filled {
            tracing::warn!(source, stream, %error, "a gap could not be filled");
        }
    }
    Ok(())
}

/// Stores what the log has and we do not.
async fn catch_up<C: CatchUp>(inbox: &Inbox, log: &C, source: &str, stream: &str, upto: i64) -> Result<()> {
    let mut at = upto;
    for _ in 0..PAGES {
        let caught = match log.after(source, stream, at).await {
            Ok(caught) => caught,
            Err(error) => {
                tracing::warn!(source, stream, error, "the sender's log cannot be read");
                return Ok(());
            }
        };
        let (Some(first), Some(last)) = (caught.events.first(), caught.events.last()) else { return Ok(()) };
        if first.number > at + 1 {
            // The log begins later: what was before is gone for good.
            tracing::warn!(source, stream, from = at + 1, to = first.number - 1, "events are no longer in the log");
            skip(inbox, source, stream, first.number - 1, first.number - 1 - at).await?;
        }
        let last = last.number;
        let sql = "select number from inbox_message where source = $1 and stream = $2 and state = 1 and number > $3
                   and number <= $4";
        let values = vec![Value::from(source), Value::from(stream), Value::Int(at), Value::Int(last)];
        let here: Vec<(i64,)> = inbox.core.db.rows(sql, values).await?;
        let (upto, _) = position(inbox, source, stream).await?;
        let is_here = |number: i64| number <= upto || here.iter().any(|(known,)| *known == number);
        let absent: Vec<LogEvent> = caught.events.into_iter().filter(|event| !is_here(event.number)).collect();
        let count = absent.len() as i64;
        let stored = futures_util::future::join_all(absent.into_iter().map(|event| put(inbox, source, stream, event)));
        if !stored.await.into_iter().collect::<Result<Vec<bool>>>()?.into_iter().all(|stored| stored) {
            // Too much waits here already; the rest is asked for again.
            return Ok(());
        }
        if count > 0 {
            let sql = "update inbox_position set missed = missed + $3 where source = $1 and stream = $2";
            let values = vec![Value::from(source), Value::from(stream), Value::Int(count)];
            if inbox.core.db.execute(sql, values).await? == 0 {
                skip(inbox, source, stream, 0, count).await?;
            }
            inbox.core.news.notify_one();
        }
        at = last;
        if !caught.more {
            return Ok(());
        }
    }
    Ok(())
}

async fn position(inbox: &Inbox, source: &str, stream: &str) -> Result<(i64, Option<i64>)> {
    let sql = "select upto, gap_since from inbox_position where source = $1 and stream = $2";
    let mut found: Vec<(i64, Option<i64>)> =
        inbox.core.db.rows(sql, vec![Value::from(source), Value::from(stream)]).await?;
    Ok(found.pop().unwrap_or((0, None)))
}

async fn put(inbox: &Inbox, source: &str, stream: &str, event: LogEvent) -> Result<bool> {
    let new = New {
        source: source.to_owned(),
        dedupe: event.id,
        key: event.key,
        kind: event.kind,
        place: Some((stream.to_owned(), event.number)),
        headers: "[]".to_owned(),
        body: event.body.into(),
        received_at: inbox.core.time.micros(),
    };
    Ok(inbox.put(new).await? == Put::Stored)
}

/// Without a log: goes on with what is here, and counts what is not.
async fn give_up(inbox: &Inbox, source: &str, stream: &str) -> Result<()> {
    let sql = "select min(number) from inbox_message where source = $1 and stream = $2 and state = 1";
    let values = vec![Value::from(source), Value::from(stream)];
    let least: Vec<(Option<i64>,)> = inbox.core.db.rows(sql, values).await?;
    let (upto, _) = position(inbox, source, stream).await?;
    let Some((Some(least),)) = least.first() else { return Ok(()) };
    if *least > upto + 1 {
        tracing::warn!(
            source,
            stream,
            from = upto + 1,
            to = least - 1,
            "events never came, and there is no log to ask"
        );
        skip(inbox, source, stream, least - 1, least - 1 - upto).await?;
        inbox.core.news.notify_one();
    }
    Ok(())
}

async fn skip(inbox: &Inbox, source: &str, stream: &str, to: i64, missed: i64) -> Result<()> {
    let mut tx = inbox.core.db.begin().await?;
    let (upto, _) = lock(&mut tx, source, stream).await?;
    let sql =
        "update inbox_position set upto = $3, missed = missed + $4, gap_since = null where source = $1 and stream = $2";
    let values = vec![Value::from(source), Value::from(stream), Value::Int(upto.max(to)), Value::Int(missed)];
    tx.execute(sql, values).await?;
    tx.commit().await
}

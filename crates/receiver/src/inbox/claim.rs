//! Taking messages into work: for each key the first that waits, and those behind it.
//!
//! The keys of a source are walked along the index, from one key to the next greater one, so that a key with ten thousand
//! messages costs as much as a key with one.

use std::collections::HashMap;
use std::time::Duration;

use super::db::Value;
use super::error::Result;
use super::open::Core;
use super::types::{Batch, Message};

/// Keys looked at in one step.
const STEP: i64 = 200;
/// Steps in one look at a source.
const STEPS: usize = 50;

const HEADS: &str = "with recursive keys(key, n) as (
        select min(key), 1 from inbox_message where source = $1 and state = 0 and key > $2
        union all
        select (select min(m.key) from inbox_message m where m.source = $1 and m.state = 0 and m.key > keys.key), n + 1
        from keys where keys.key is not null and n < 200
    )
    select h.seq, h.key, h.due_at,
        (select count(*) from (select 1 from inbox_message f where f.source = $1 and f.key = h.key and f.state = 0 limit 2) f)
    from keys join inbox_message h on h.seq = (select m.seq from inbox_message m
        where m.source = $1 and m.key = keys.key and m.state = 0 order by m.rank, m.seq limit 1)
    where keys.key is not null order by h.key";

/// The lease of a batch is in the rows: whoever finishes must name it.
const TAKE_SQLITE: &str = "update inbox_message set lease = $2, due_at = $3, attempts = attempts + 1
    where seq in (select value from json_each($1)) and state = 0 and due_at <= $4
    returning seq, source, dedupe, key, kind, headers, body, received_at, attempts, rank";
const TAKE_POSTGRES: &str = "update inbox_message set lease = $2, due_at = $3, attempts = attempts + 1
    where seq in (select value::bigint from json_array_elements_text($1::json)) and state = 0 and due_at <= $4
    returning seq, source, dedupe, key, kind, headers, body, received_at, attempts, rank";

const RENEW_SQLITE: &str = "update inbox_message set due_at = $3
    where seq in (select value from json_each($1)) and lease = $2 and state = 0";
const RENEW_POSTGRES: &str = "update inbox_message set due_at = $3
    where seq in (select value::bigint from json_array_elements_text($1::json)) and lease = $2 and state = 0";

#[derive(sqlx::FromRow)]
struct Taken {
    seq: i64,
    source: String,
    dedupe: String,
    key: String,
    kind: String,
    headers: String,
    body: Vec<u8>,
    received_at: i64,
    attempts: i64,
    rank: i64,
}

/// Up to `limit` keys of `source` that are due, from after `after` on, leased for `time`; and where to look from next, if that
/// was not the end.
pub(super) async fn claim(
    core: &Core,
    source: &str,
    after: &str,
    limit: usize,
    time: Duration,
) -> Result<(Vec<Batch>, Option<String>)> {
    let mut due = Vec::new();
    let mut at = after.to_owned();
    let mut ended = false;
    for _ in 0..STEPS {
        let now = core.time.micros();
        let found: Vec<(i64, String, i64, i64)> =
            core.db.rows(HEADS, vec![Value::from(source), Value::from(at.as_str())]).await?;
        ended = (found.len() as i64) < STEP;
        if let Some((_, last, ..)) = found.last() {
            at.clone_from(last);
        }
        for (seq, key, due_at, waiting) in found {
            if due_at <= now && due.len() < limit {
                if due.len() + 1 == limit {
                    at.clone_from(&key);
                    ended = false;
                }
                due.push((seq, key, waiting > 1));
            }
        }
        if ended || due.len() >= limit {
            break;
        }
    }
    let batches = if due.is_empty() { Vec::new() } else { take(core, source, &due, time).await? };
    Ok((batches, (!ended).then_some(at)))
}

/// Takes those that nobody took meanwhile.
async fn take(core: &Core, source: &str, due: &[(i64, String, bool)], time: Duration) -> Result<Vec<Batch>> {
    let now = core.time.micros();
    let until = now.saturating_add(micros(time));
    let lease = lease(now);
    let mut tx = core.db.begin().await?;
    let sql = tx.pick(TAKE_SQLITE, TAKE_POSTGRES);
    let take = |seqs: Vec<i64>| {
        let list = serde_json::to_string(&seqs).unwrap_or_default();
        vec![Value::Text(list), Value::Int(lease), Value::Int(until), Value::Int(now)]
    };
    let mut taken = tx.rows::<Taken>(sql, take(due.iter().map(|(seq, ..)| *seq).collect())).await?;
    let mut behind = Vec::new();
    for (seq, key, more) in due {
        // Only behind a head that is ours: all others of its key are nobody's then.
        if !more || core.options.batch < 2 || !taken.iter().any(|head| head.seq == *seq) {
            continue;
        }
        let sql = "select seq, due_at from inbox_message where source = $1 and key = $2 and state = 0 and seq <> $3
                   order by rank, seq limit $4";
        let values =
            vec![Value::from(source), Value::from(key.as_str()), Value::Int(*seq), Value::Int(core.options.batch - 1)];
        let followers: Vec<(i64, i64)> = tx.rows(sql, values).await?;
        // One that is to wait holds up those behind it.
        behind.extend(followers.into_iter().take_while(|(_, due_at)| *due_at <= now).map(|(seq, _)| seq));
    }
    if !behind.is_empty() {
        taken.extend(tx.rows::<Taken>(sql, take(behind)).await?);
    }
    tx.commit().await?;
    taken.sort_by_key(|row| (row.rank, row.seq));
    let mut by_key: HashMap<String, Batch> = HashMap::new();
    for row in taken {
        by_key
            .entry(row.key.clone())
            .or_insert_with(|| Batch { messages: Vec::new(), lease })
            .messages
            .push(row.message());
    }
    Ok(by_key.into_values().collect())
}

/// Holds what is in work for `time` more. `false`: nothing of the batch is ours any longer.
pub(super) async fn renew(core: &Core, batch: &Batch, time: Duration) -> Result<bool> {
    let seqs: Vec<i64> = batch.messages.iter().map(|message| message.seq).collect();
    let list = serde_json::to_string(&seqs).unwrap_or_default();
    let until = core.time.micros().saturating_add(micros(time));
    let mut tx = core.db.begin().await?;
    let sql = tx.pick(RENEW_SQLITE, RENEW_POSTGRES);
    let touched = tx.execute(sql, vec![Value::Text(list), Value::Int(batch.lease), Value::Int(until)]).await?;
    tx.commit().await?;
    Ok(touched > 0)
}

impl Taken {
    fn message(self) -> Message {
        Message {
            seq: self.seq,
            source: self.source,
            id: self.dedupe,
            key: self.key,
            kind: self.kind,
            headers: self.headers,
            body: self.body,
            received_at: self.received_at,
            // Counted as it is taken, so that one that kills its node is counted too.
            attempts: self.attempts - 1,
        }
    }
}

fn lease(now: i64) -> i64 {
    let mut bytes = [0; 8];
    // Without randomness the instant is nearly as good: two nodes would have to look in the same microsecond.
    getrandom::fill(&mut bytes).map_or(now, |()| i64::from_le_bytes(bytes))
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

//! The way out: what came of messages, and what their handlers want written, in one commit for all that wait.

use std::sync::Arc;

use sqlx::AssertSqlSafe;
use tokio::sync::{mpsc, oneshot};

use super::db::{Tx, Value};
use super::error::{Error, Result};
use super::gather;
use super::open::{Core, Inbox};
use super::types::State;

/// A statement that commits with the mark that its message is done: it takes place exactly once. `$1`, `$2` … are its
/// values. The text is the programmer's own; what comes from outside belongs into `values`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub sql: &'static str,
    pub values: Vec<Value>,
}

/// What came of one message.
pub(super) struct Finish {
    pub(super) seq: i64,
    pub(super) lease: i64,
    pub(super) state: State,
    pub(super) due_at: i64,
    pub(super) error: Option<String>,
    pub(super) effects: Vec<Effect>,
    /// A message that is given back untouched has not been tried.
    pub(super) tried: bool,
}

pub(super) struct Ended {
    finish: Finish,
    answer: oneshot::Sender<Result<bool>>,
}

/// `false` if the lease was lost: then nothing was written.
pub(super) async fn finish(inbox: &Inbox, finish: Finish) -> Result<bool> {
    let (answer, answered) = oneshot::channel();
    let gone = || Error::Unavailable("the inbox is closed".to_owned());
    inbox.ended.send(Ended { finish, answer }).await.map_err(|_closed| gone())?;
    answered.await.map_err(|_closed| gone())?
}

pub(super) async fn store(core: Arc<Core>, mut ended: mpsc::Receiver<Ended>) {
    loop {
        let jobs = gather::next(&mut ended, core.options.group).await;
        if jobs.is_empty() {
            return;
        }
        let together = tokio::time::timeout(gather::LIMIT, commit(&core, &jobs)).await;
        let results = match together {
            Ok(Ok(results)) => results.into_iter().map(Ok).collect(),
            Ok(Err(error)) => jobs.iter().map(|_| Err(Error::Unavailable(error.to_string()))).collect::<Vec<_>>(),
            Err(_) => jobs.iter().map(|_| Err(Error::Unavailable("it did not answer in time".to_owned()))).collect(),
        };
        for (job, result) in jobs.into_iter().zip(results) {
            let _heard = job.answer.send(result);
        }
    }
}

async fn commit(core: &Core, jobs: &[Ended]) -> Result<Vec<bool>> {
    let mut tx = core.db.begin().await?;
    let mut held = Vec::with_capacity(jobs.len());
    let plain: Vec<&Finish> = jobs.iter().map(|job| &job.finish).filter(|finish| finish.is_plain()).collect();
    let done = if plain.is_empty() { Vec::new() } else { mark_done(&mut tx, &plain, core.time.micros()).await? };
    for Ended { finish, .. } in jobs {
        held.push(if finish.is_plain() { done.contains(&finish.seq) } else { one(core, &mut tx, finish).await? });
    }
    tx.commit().await?;
    Ok(held)
}

impl Finish {
    /// Done, and nothing to be written with it: the many of these take one statement.
    fn is_plain(&self) -> bool {
        self.state == State::Done && self.effects.is_empty()
    }
}

async fn mark_done(tx: &mut Tx, finished: &[&Finish], now: i64) -> Result<Vec<i64>> {
    let rows: Vec<(i64, i64)> = finished.iter().map(|finish| (finish.seq, finish.lease)).collect();
    let list = serde_json::to_string(&rows).unwrap_or_default();
    let sql = tx.pick(
        "update inbox_message as m set state = 2, lease = null, error = null, finished_at = $2
         from (select json_extract(value, '$[0]') as seq, json_extract(value, '$[1]') as lease from json_each($1)) f
         where m.seq = f.seq and m.lease = f.lease and m.state = 0 returning seq",
        "update inbox_message as m set state = 2, lease = null, error = null, finished_at = $2
         from (select (value->>0)::bigint as seq, (value->>1)::bigint as lease from json_array_elements($1::json)) f
         where m.seq = f.seq and m.lease = f.lease and m.state = 0 returning m.seq",
    );
    let marked = tx.rows::<(i64,)>(sql, vec![Value::Text(list), Value::Int(now)]).await?;
    Ok(marked.into_iter().map(|(seq,)| seq).collect())
}

/// With effects, or not done. An effect that the database refuses leaves the message to be tried again.
async fn one(core: &Core, tx: &mut Tx, finish: &Finish) -> Result<bool> {
    if finish.effects.is_empty() {
        return mark(core, tx, finish, finish.state, finish.error.as_deref()).await;
    }
    tx.execute("savepoint one", Vec::new()).await?;
    let mut failed = None;
    let held = mark(core, tx, finish, finish.state, finish.error.as_deref()).await?;
    if held {
        for effect in &finish.effects {
            match tx.execute(AssertSqlSafe(effect.sql), effect.values.clone()).await {
                Ok(_) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    failed = Some(format!("what the handler wanted written was refused: {error}"));
                    break;
                }
            }
        }
    }
    if let Some(error) = failed {
        tx.execute("rollback to savepoint one", Vec::new()).await?;
        tx.execute("release savepoint one", Vec::new()).await?;
        return mark(core, tx, finish, State::Dead, Some(&error)).await;
    }
    tx.execute("release savepoint one", Vec::new()).await?;
    Ok(held)
}

async fn mark(core: &Core, tx: &mut Tx, finish: &Finish, state: State, error: Option<&str>) -> Result<bool> {
    let finished = match state {
        State::Done | State::Dead => Value::Int(core.time.micros()),
        State::Pending | State::Held => Value::Null,
    };
    let touched = tx
        .execute(
            "update inbox_message set state = $3, due_at = $4, lease = null, attempts = attempts - $5, error = $6,
                 finished_at = $7
             where seq = $1 and lease = $2 and state = 0",
            vec![
                Value::Int(finish.seq),
                Value::Int(finish.lease),
                Value::Int(state.number()),
                Value::Int(finish.due_at),
                Value::Int(i64::from(!finish.tried)),
                Value::from(error.unwrap_or_default()),
                finished,
            ],
        )
        .await?;
    Ok(touched == 1)
}

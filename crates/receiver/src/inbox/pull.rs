//! Messages for those who come and fetch them: handed out under a lease, and done when they say so.

use super::claim::claim;
use super::db::Value;
use super::error::Result;
use super::open::Inbox;
use super::sequence;
use super::types::{Message, Outcome};
use super::work::settle;

/// A message, and what to say when it is done.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// Good until the handler's time is over; then the message is handed out again.
    pub receipt: String,
    pub message: Message,
}

impl Inbox {
    /// The first messages of up to `most` keys that nobody works on, with those behind them.
    pub async fn pull(&self, source: &str, most: usize) -> Result<Vec<Pulled>> {
        sequence::release(self, true).await?;
        let (batches, _) = claim(&self.core, source, "", most, self.core.options.handler_limit).await?;
        let pulled = batches.into_iter().flat_map(|batch| {
            let lease = batch.lease;
            batch
                .messages
                .into_iter()
                .map(move |message| Pulled { receipt: format!("{}.{lease}", message.seq), message })
        });
        Ok(pulled.collect())
    }

    /// Says what became of a message that was pulled. `false` if its lease is over, or the receipt is none.
    pub async fn settle(&self, source: &str, receipt: &str, outcome: Outcome) -> Result<bool> {
        let parsed = receipt.split_once('.').and_then(|(seq, lease)| Some((seq.parse().ok()?, lease.parse().ok()?)));
        let Some((seq, lease)) = parsed else { return Ok(false) };
        let sql = "select attempts from inbox_message where source = $1 and seq = $2 and lease = $3 and state = 0";
        let values = vec![Value::from(source), Value::Int(seq), Value::Int(lease)];
        let Some((attempts,)) = self.core.db.rows::<(i64,)>(sql, values).await?.pop() else { return Ok(false) };
        let message = Message {
            seq,
            source: source.to_owned(),
            id: String::new(),
            key: String::new(),
            kind: String::new(),
            headers: String::new(),
            body: Vec::new(),
            received_at: 0,
            attempts: attempts - 1,
        };
        Ok(settle(self, lease, &message, outcome).await)
    }
}

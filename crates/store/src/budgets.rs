//! Rate budgets that outlive a process and are shared by nodes: what a system taught, and who has how many places.
//!
//! Places are leased for seconds, not taken per request: a node asks for many budgets in one transaction.

use std::time::Duration;

use crate::db::{Tx, args};
use crate::sync::until;
use crate::{Result, Store};

/// Nodes share out places one after the other.
const SHARING: i64 = 0x7472_756e_0025;

/// One budget that a node works with.
#[derive(Clone, Debug)]
pub struct BudgetAsk {
    pub key: [u8; 32],
    /// As declared: at a time, by all nodes together.
    pub most: usize,
    /// What this node learned and nobody knows yet.
    pub news: Option<BudgetNews>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetNews {
    pub at_once: usize,
    /// The system wants no request before that instant.
    pub closed_until: i64,
}

/// What a node has of a budget until its lease runs out, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetLease {
    pub places: usize,
    pub known: BudgetNews,
}

impl Store {
    /// Leases a fair share of each budget to the node, and exchanges what was learned. A share is what the others left, but
    /// no more than an equal part; nodes that have more than that give it back when they ask again.
    pub async fn lease_budgets(
        &self,
        node: &[u8; 16],
        lease_for: Duration,
        asks: &[BudgetAsk],
    ) -> Result<Vec<BudgetLease>> {
        let mut tx = self.inner.db.begin().await?;
        tx.alone(SHARING).await?;
        let now = self.now();
        let mut leases = Vec::with_capacity(asks.len());
        for ask in asks {
            let known = exchange(&mut tx, ask, now).await?;
            let sql = "select count(*), cast(coalesce(sum(places), 0) as bigint) from rate_grant
                       where key = $1 and node <> $2 and lease_until > $3";
            let bound = args![&ask.key, node.to_vec(), now];
            let (others, taken) = tx.row::<(i64, i64)>(sql, bound).await?.unwrap_or((0, 0));
            let most = i64::try_from(known.at_once).unwrap_or(i64::MAX);
            let places = (most / (others + 1)).max(1).min(most - taken).max(0);
            tx.execute(
                "insert into rate_grant (key, node, places, lease_until) values ($1, $2, $3, $4)
                 on conflict (key, node) do update set places = excluded.places, lease_until = excluded.lease_until",
                args![&ask.key, node.to_vec(), places, until(now, lease_for)],
            )
            .await?;
            leases.push(BudgetLease { places: usize::try_from(places).unwrap_or(0), known });
        }
        tx.commit().await?;
        Ok(leases)
    }

    /// Forgets what nobody used since `before`.
    pub async fn purge_budgets(&self, before: i64) -> Result<u64> {
        let grants = self.inner.db.execute("delete from rate_grant where lease_until < $1", args![before]).await?;
        let sql = "delete from rate_budget where modified_at < $1 and closed_until < $1";
        Ok(grants + self.inner.db.execute(sql, args![before]).await?)
    }
}

/// What is known of the budget, with the node's news in it.
async fn exchange(tx: &mut Tx, ask: &BudgetAsk, now: i64) -> Result<BudgetNews> {
    let stored = tx
        .row::<(i64, i64)>("select at_once, closed_until from rate_budget where key = $1", args![&ask.key])
        .await?
        .map(|(at_once, closed_until)| BudgetNews { at_once: usize::try_from(at_once).unwrap_or(1), closed_until });
    let known = match (ask.news, stored) {
        (Some(news), stored) => {
            // Of two pauses the longer one holds.
            let closed_until = stored.map_or(0, |stored| stored.closed_until).max(news.closed_until);
            let known = BudgetNews { closed_until, ..news };
            tx.execute(
                "insert into rate_budget (key, at_once, closed_until, modified_at) values ($1, $2, $3, $4)
                 on conflict (key) do update set at_once = excluded.at_once, closed_until = excluded.closed_until,
                     modified_at = excluded.modified_at",
                args![&ask.key, i64::try_from(known.at_once).unwrap_or(i64::MAX), closed_until, now],
            )
            .await?;
            known
        }
        (None, Some(stored)) => stored,
        (None, None) => BudgetNews { at_once: ask.most, closed_until: 0 },
    };
    Ok(BudgetNews { at_once: known.at_once.clamp(1, ask.most.max(1)), ..known })
}

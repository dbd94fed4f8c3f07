//! Who did what with an application's settings and connections. Rows are only ever added, and deleted when they are old.

use trunnion_model::ids::{ApplicationId, AuditId, ConnectionId};
use uuid::Uuid;

use crate::db::{args, columns};
use crate::{Result, Store};

/// A page holds at most this many.
const MOST: usize = 500;
/// Deleted in one transaction.
const BATCH: i64 = 1_000;

/// What was done, to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    pub application: ApplicationId,
    /// `key`, `connection`, `link_session`, `command_line` or `system`.
    pub actor_kind: &'static str,
    /// Its id.
    pub actor: Option<String>,
    pub action: String,
    /// The id of what it was done to.
    pub target: Option<String>,
    pub connection: Option<ConnectionId>,
    /// `succeeded`, or the code of the problem that was answered.
    pub outcome: String,
    pub request_id: Option<String>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: i64,
    pub actor_kind: String,
    pub actor: Option<String>,
    pub action: String,
    pub target: Option<String>,
    pub connection: Option<ConnectionId>,
    pub outcome: String,
    pub request_id: Option<String>,
}

/// Which entries; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Entries made before that one.
    pub before: Option<AuditId>,
    pub actor: Option<String>,
    pub action: Option<String>,
    pub connection: Option<ConnectionId>,
    pub outcome: Option<String>,
    /// At or after.
    pub since: Option<i64>,
    /// Before.
    pub until: Option<i64>,
    /// At most 500.
    pub limit: usize,
}

columns! {
    struct AuditRow {
        id: Uuid,
        at: i64,
        actor_kind: String,
        actor: Option<String>,
        action: String,
        target: Option<String>,
        connection_id: Option<Uuid>,
        outcome: String,
        request_id: Option<String>,
    }
}

/// The entries that a query wants, and of them those that `$more` leaves.
macro_rules! select_audit {
    ($more:literal) => {
        concat!(
            "select id, at, actor_kind, actor, action, target, connection_id, outcome, request_id from audit
             where application_id = $1 and id < $2 and at >= $3 and at < $4
               and (cast($5 as text) is null or actor = $5) and (cast($6 as text) is null or action = $6)
               and (cast($7 as text) is null or outcome = $7) ",
            $more,
            " order by id desc limit $8"
        )
    };
}

impl Store {
    pub async fn audit(&self, new: NewAudit) -> Result<()> {
        self.inner
            .db
            .execute(
                "insert into audit (id, application_id, at, actor_kind, actor, action, target, connection_id, outcome,
                     request_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                args![
                    AuditId::new(&self.inner.clock),
                    new.application,
                    self.now(),
                    new.actor_kind,
                    new.actor,
                    new.action,
                    new.target,
                    new.connection,
                    new.outcome,
                    new.request_id,
                ],
            )
            .await?;
        Ok(())
    }

    /// The application's entries, the newest first.
    pub async fn audit_entries(&self, application: ApplicationId, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        // With a connection the text is another one, so that the index of its entries is used.
        let (sql, of_one) = (select_audit!(""), select_audit!("and connection_id = $9"));
        let mut bound = args![
            application,
            query.before.unwrap_or(AuditId(Uuid::max())),
            query.since.unwrap_or(i64::MIN),
            query.until.unwrap_or(i64::MAX),
            query.actor.clone(),
            query.action.clone(),
            query.outcome.clone(),
            i64::try_from(query.limit.clamp(1, MOST)).unwrap_or(i64::MAX),
        ];
        let rows = match query.connection {
            None => self.inner.db.rows::<AuditRow>(sql, bound).await?,
            Some(id) => {
                bound.extend(args![id]);
                self.inner.db.rows::<AuditRow>(of_one, bound).await?
            }
        };
        Ok(rows.into_iter().map(AuditRow::entry).collect())
    }

    /// Deletes what was done before `before`, at most `most` entries; how many.
    pub async fn forget_audit(&self, before: i64, most: i64) -> Result<i64> {
        let mut forgotten = 0;
        while forgotten < most {
            let sql = "delete from audit where id in (select id from audit where at < $1 order by at limit $2)";
            let deleted = self.inner.db.execute(sql, args![before, BATCH]).await?;
            let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
            forgotten += deleted;
            if deleted < BATCH {
                break;
            }
        }
        Ok(forgotten)
    }
}

impl AuditRow {
    fn entry(self) -> AuditEntry {
        AuditEntry {
            id: AuditId(self.id),
            at: self.at,
            actor_kind: self.actor_kind,
            actor: self.actor,
            action: self.action,
            target: self.target,
            connection: self.connection_id.map(ConnectionId),
            outcome: self.outcome,
            request_id: self.request_id,
        }
    }
}

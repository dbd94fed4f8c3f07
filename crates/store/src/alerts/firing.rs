//! Where rules fire, and what is to be told of it: kept, so that it is told once also when the node dies.

use trunnion_model::ids::AlertId;
use uuid::Uuid;

use super::{Firing, Found};
use crate::db::{args, columns};
use crate::{Result, Store};

columns! {
    struct FiringRow {
        subject: Uuid,
        name: String,
        message: String,
        since: i64,
        told: bool,
        over_at: Option<i64>,
        tries: i64,
        last_error: Option<String>,
    }
}

impl FiringRow {
    fn firing(self) -> Firing {
        let Self { subject, name, message, since, told, over_at, tries, last_error } = self;
        Firing { subject, name, message, since, told, over_at, tries, last_error }
    }
}

impl Store {
    /// Writes down where the rule holds now: what is new fires, what is gone is over. What is gone before anybody was told is
    /// forgotten.
    pub async fn settle_alert(&self, id: AlertId, found: &[Found]) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let sql = "select subject, name, message, since, told, over_at, tries, last_error from alert_firing
                   where alert_id = $1";
        let known = tx.rows::<FiringRow>(sql, args![id]).await?;
        for new in found.iter().filter(|new| !known.iter().any(|known| known.subject == new.subject)) {
            let sql = "insert into alert_firing (alert_id, subject, name, message, since, told, tries, due_at)
                       values ($1, $2, $3, $4, $5, $6, 0, $5)";
            tx.execute(sql, args![id, new.subject, &new.name, &new.message, now, false]).await?;
        }
        for known in known {
            let holds = found.iter().find(|found| found.subject == known.subject);
            match holds {
                Some(found) => {
                    let sql =
                        "update alert_firing set message = $3, over_at = null where alert_id = $1 and subject = $2";
                    if known.over_at.is_some() || known.message != found.message {
                        tx.execute(sql, args![id, known.subject, &found.message]).await?;
                    }
                }
                None if known.told && known.over_at.is_none() => {
                    let sql = "update alert_firing set over_at = $3, tries = 0, due_at = $3
                               where alert_id = $1 and subject = $2";
                    tx.execute(sql, args![id, known.subject, now]).await?;
                }
                None if known.told => {}
                None => {
                    let sql = "delete from alert_firing where alert_id = $1 and subject = $2";
                    tx.execute(sql, args![id, known.subject]).await?;
                }
            }
        }
        tx.commit().await
    }

    /// Where the rule fires, the longest first.
    pub async fn firings(&self, id: AlertId) -> Result<Vec<Firing>> {
        let sql = "select subject, name, message, since, told, over_at, tries, last_error from alert_firing
                   where alert_id = $1 order by since, subject";
        let rows = self.inner.db.rows::<FiringRow>(sql, args![id]).await?;
        Ok(rows.into_iter().map(FiringRow::firing).collect())
    }

    /// What is to be told now: that it fires, or that it is over.
    pub async fn untold(&self, id: AlertId) -> Result<Vec<Firing>> {
        let sql = "select subject, name, message, since, told, over_at, tries, last_error from alert_firing
                   where alert_id = $1 and due_at <= $2 and (over_at is not null or not told) order by since, subject";
        let rows = self.inner.db.rows::<FiringRow>(sql, args![id, self.now()]).await?;
        Ok(rows.into_iter().map(FiringRow::firing).collect())
    }

    /// It was told, or nobody will be: what is over is forgotten, what fires is not told again.
    pub async fn told(&self, id: AlertId, firing: &Firing) -> Result<()> {
        let sql = match firing.over_at {
            Some(_) => "delete from alert_firing where alert_id = $1 and subject = $2 and over_at is not null",
            None => {
                "update alert_firing set told = true, tries = 0, last_error = null where alert_id = $1 and subject = $2"
            }
        };
        self.inner.db.execute(sql, args![id, firing.subject]).await?;
        Ok(())
    }

    /// It could not be told; it is tried again at `next`.
    pub async fn not_told(&self, id: AlertId, firing: &Firing, next: i64, error: &str) -> Result<()> {
        let sql = "update alert_firing set tries = tries + 1, due_at = $3, last_error = $4
                   where alert_id = $1 and subject = $2";
        self.inner.db.execute(sql, args![id, firing.subject, next, error]).await?;
        Ok(())
    }
}

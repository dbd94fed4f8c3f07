//! Making, reading, changing and removing rules; and one node looking at each at a time.

use std::time::Duration;

use secrecy::SecretString;
use trunnion_model::ids::{AlertId, ApplicationId};
use uuid::Uuid;

use super::{Alert, AlertChanges, NewAlert};
use crate::db::{args, columns};
use crate::seal::{self, Place, Sealed};
use crate::sync::until;
use crate::{Error, Result, Store};

const NO_ALERT: Error = Error::NotFound { what: "alert" };

columns! {
    struct AlertRow {
        id: Uuid,
        application_id: Uuid,
        name: String,
        rule: String,
        channel: String,
        silenced_until: Option<i64>,
        created_at: i64,
        modified_at: i64,
    }
}

/// `select` with the columns of [`AlertRow`], then the rest of the statement.
macro_rules! select_alert {
    ($rest:literal) => {
        concat!(
            "select id, application_id, name, rule, channel, silenced_until, created_at, modified_at from alert ",
            $rest
        )
    };
}

impl AlertRow {
    fn alert(self) -> Alert {
        Alert {
            id: AlertId(self.id),
            application: ApplicationId(self.application_id),
            name: self.name,
            rule: self.rule,
            channel: self.channel,
            silenced_until: self.silenced_until,
            created_at: self.created_at,
            modified_at: self.modified_at,
        }
    }
}

impl Store {
    pub async fn create_alert(&self, application: ApplicationId, new: &NewAlert) -> Result<Alert> {
        let id = AlertId::new(&self.inner.clock);
        let sealed = seal::seal(&self.inner.keyring, alert_place(id.0), &new.secret)?;
        let sql =
            "insert into alert (id, application_id, name, rule, channel, data_key, sealed, checked_at, created_at,
                       modified_at)
                   select $1, id, $3, $4, $5, $6, $7, 0, $8, $8 from application where id = $2";
        let bound =
            args![id, application, &new.name, &new.rule, &new.channel, sealed.data_key, sealed.sealed, self.now()];
        if self.inner.db.execute(sql, bound).await? == 0 {
            return Err(Error::NotFound { what: "application" });
        }
        self.alert(application, id).await
    }

    /// All rules of the application, the oldest first.
    pub async fn list_alerts(&self, application: ApplicationId) -> Result<Vec<Alert>> {
        let sql = select_alert!("where application_id = $1 order by id");
        let rows = self.inner.db.rows::<AlertRow>(sql, args![application]).await?;
        Ok(rows.into_iter().map(AlertRow::alert).collect())
    }

    /// The rule, if it is the application's.
    pub async fn alert(&self, application: ApplicationId, id: AlertId) -> Result<Alert> {
        let sql = select_alert!("where id = $1 and application_id = $2");
        let found = self.inner.db.row::<AlertRow>(sql, args![id, application]).await?;
        found.map(AlertRow::alert).ok_or(NO_ALERT)
    }

    /// Changes a rule. One that looks for something else forgets what it found.
    pub async fn update_alert(&self, application: ApplicationId, id: AlertId, changes: &AlertChanges) -> Result<Alert> {
        let before = self.alert(application, id).await?;
        let mut tx = self.inner.db.begin().await?;
        let rule = changes.rule.clone().unwrap_or_else(|| before.rule.clone());
        if rule != before.rule {
            tx.execute("delete from alert_firing where alert_id = $1", args![id]).await?;
        }
        let sql = "update alert set name = $2, rule = $3, channel = $4, silenced_until = $5, checked_at = 0,
                       modified_at = $6 where id = $1";
        let bound = args![
            id,
            changes.name.clone().unwrap_or(before.name),
            rule,
            changes.channel.clone().unwrap_or(before.channel),
            changes.silenced_until.unwrap_or(before.silenced_until),
            self.now(),
        ];
        tx.execute(sql, bound).await?;
        tx.commit().await?;
        self.alert(application, id).await
    }

    pub async fn delete_alert(&self, application: ApplicationId, id: AlertId) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let sql = "delete from alert where id = $1 and application_id = $2";
        if tx.execute(sql, args![id, application]).await? == 0 {
            return Err(NO_ALERT);
        }
        tx.execute("delete from alert_firing where alert_id = $1", args![id]).await?;
        tx.commit().await
    }

    /// What signs the rule's messages.
    pub async fn alert_secret(&self, id: AlertId) -> Result<SecretString> {
        let sql = "select data_key, sealed from alert where id = $1";
        let (data_key, sealed) = self.inner.db.row::<(Vec<u8>, Vec<u8>)>(sql, args![id]).await?.ok_or(NO_ALERT)?;
        seal::open(&self.inner.keyring, alert_place(id.0), &Sealed { data_key, sealed })
    }

    /// The rules at which no node looked within `every`; no other node gets them meanwhile.
    pub async fn claim_alerts(&self, every: Duration) -> Result<Vec<Alert>> {
        let due = |now: i64| now.saturating_sub(until(0, every));
        let sql = select_alert!("where checked_at <= $1 order by checked_at limit 200");
        let found = self.inner.db.rows::<AlertRow>(sql, args![due(self.now())]).await?;
        let mut claimed = Vec::new();
        for row in found {
            let now = self.now();
            let sql = "update alert set checked_at = $2 where id = $1 and checked_at <= $3";
            if self.inner.db.execute(sql, args![row.id, now, due(now)]).await? == 1 {
                claimed.push(row.alert());
            }
        }
        Ok(claimed)
    }
}

pub(crate) fn alert_place(row: Uuid) -> Place {
    Place { table: "alert", row, field: "sealed" }
}

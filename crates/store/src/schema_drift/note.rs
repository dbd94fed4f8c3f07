//! Writing findings down, and what a run leaves.

use trunnion_model::catalog::Entity;
use trunnion_model::drift::{DriftKind, Finding};
use trunnion_model::ids::{ConnectionId, SchemaDriftId};

use super::{DriftState, SchemaDrift};
use crate::db::{args, replace_nul};
use crate::events::{NewEvent, append};
use crate::{Result, Store};

impl Store {
    /// Notes what was found, and appends `schema.drift_detected` for each finding that is new, if it is to be told. One that
    /// is known already stays as it is.
    pub async fn note_schema_drift(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        findings: Vec<Finding>,
        told: bool,
    ) -> Result<()> {
        if findings.is_empty() {
            return Ok(());
        }
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let mut events = Vec::new();
        for finding in findings {
            let drift = SchemaDrift {
                id: SchemaDriftId::new(&self.inner.clock),
                connection,
                entity: entity.name.to_owned(),
                finding: without_nul(finding),
                records: 1,
                state: DriftState::Open,
                first_at: now,
                last_at: now,
                acknowledged_at: None,
            };
            let Finding { kind, field, value, type_before, type_now, remote_id } = &drift.finding;
            let inserted = tx
                .execute(
                    "insert into schema_drift (id, connection_id, entity, kind, field, value, type_before, type_now,
                         remote_id, records, state, first_at, last_at)
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
                     on conflict (connection_id, entity, kind, field, value) do nothing",
                    args![
                        drift.id,
                        connection,
                        entity.name,
                        kind.as_str(),
                        field,
                        value,
                        type_before,
                        type_now,
                        remote_id.as_deref(),
                        drift.records,
                        drift.state.as_str(),
                        now,
                    ],
                )
                .await?;
            if inserted > 0 && told {
                let data = drift.to_json().to_string();
                events.push(NewEvent { kind: "schema.drift_detected".to_owned(), data });
            }
        }
        append(&mut tx, &self.inner.clock, connection, &events).await?;
        tx.commit().await?;
        if !events.is_empty() {
            self.tell_events();
        }
        Ok(())
    }

    /// Keeps what a run left: what is known of the rows, if that changed, and in how many more records open findings were
    /// seen.
    pub async fn keep_row_shape(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        known: Option<&str>,
        counts: &[(DriftKind, String, String, i64)],
    ) -> Result<()> {
        if known.is_none() && counts.is_empty() {
            return Ok(());
        }
        let mut tx = self.inner.db.begin().await?;
        if let Some(known) = known {
            let sql = "insert into row_shape (connection_id, entity, known) values ($1, $2, $3)
                       on conflict (connection_id, entity) do update set known = excluded.known";
            tx.execute(sql, args![connection, entity.name, known]).await?;
        }
        for (kind, field, value, records) in counts {
            // Of a field with several new types nobody told which of them it was.
            tx.execute(
                "update schema_drift set records = records + $6, last_at = $7
                 where connection_id = $1 and entity = $2 and kind = $3 and field = $4
                   and (value = $5 or kind = 'retyped_field') and state = 'open'",
                args![connection, entity.name, kind.as_str(), field, value, *records, self.now()],
            )
            .await?;
        }
        tx.commit().await
    }
}

fn without_nul(mut finding: Finding) -> Finding {
    for text in [&mut finding.field, &mut finding.value].into_iter().chain(&mut finding.remote_id) {
        replace_nul(text);
    }
    finding
}

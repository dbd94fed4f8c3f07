//! What past writes say about what a connection may do.

use trunnion_model::ids::ConnectionId;

use crate::db::{args, columns};
use crate::{Result, Store};

columns! {
    /// When writes of one kind last succeeded, and when the system last said that they are forbidden.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct WriteEvidence {
        pub entity: String,
        pub action: String,
        pub succeeded_at: Option<i64>,
        pub forbidden_at: Option<i64>,
    }
}

impl Store {
    /// Of the writes that were begun at `since` or later, by entity and action.
    pub async fn write_evidence(&self, connection: ConnectionId, since: i64) -> Result<Vec<WriteEvidence>> {
        let sql = "select entity, action, max(case when state = 'succeeded' then updated_at end) as succeeded_at,
                       max(case when outcome_status = 403 then updated_at end) as forbidden_at
                   from operation where connection_id = $1 and created_at >= $2
                   group by entity, action order by entity, action";
        self.inner.db.rows(sql, args![connection, since]).await
    }
}

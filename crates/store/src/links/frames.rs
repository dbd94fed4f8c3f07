//! Whose pages may show an application's connect page in a frame: a list of exact origins.

use trunnion_model::ids::ApplicationId;

use crate::db::args;
use crate::{Error, Result, Store};

impl Store {
    /// The application's origins, sorted.
    pub async fn frame_origins(&self, application: ApplicationId) -> Result<Vec<String>> {
        let sql = "select origin from frame_origin where application_id = $1 order by origin";
        let rows = self.inner.db.rows::<(String,)>(sql, args![application]).await?;
        Ok(rows.into_iter().map(|(origin,)| origin).collect())
    }

    /// Replaces the whole list.
    pub async fn set_frame_origins(&self, application: ApplicationId, origins: &[String]) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        // The application's row is what two callers meet at.
        let touched = tx.execute("update application set name = name where id = $1", args![application]).await?;
        if touched == 0 {
            return Err(Error::NotFound { what: "application" });
        }
        tx.execute("delete from frame_origin where application_id = $1", args![application]).await?;
        for origin in origins {
            let sql = "insert into frame_origin (application_id, origin) values ($1, $2) on conflict do nothing";
            tx.execute(sql, args![application, origin]).await?;
        }
        tx.commit().await
    }
}

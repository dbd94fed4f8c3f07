//! Where an application may be redirected to: a list of exact addresses.

use trunnion_model::ids::ApplicationId;

use crate::db::args;
use crate::{Error, Result, Store};

impl Store {
    /// The application's addresses, sorted.
    pub async fn redirect_uris(&self, application: ApplicationId) -> Result<Vec<String>> {
        let sql = "select uri from redirect_uri where application_id = $1 order by uri";
        let rows = self.inner.db.rows::<(String,)>(sql, args![application]).await?;
        Ok(rows.into_iter().map(|(uri,)| uri).collect())
    }

    /// Replaces the whole list.
    pub async fn set_redirect_uris(&self, application: ApplicationId, uris: &[String]) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        // The application's row is what two callers meet at.
        let touched = tx.execute("update application set name = name where id = $1", args![application]).await?;
        if touched == 0 {
            return Err(Error::NotFound { what: "application" });
        }
        tx.execute("delete from redirect_uri where application_id = $1", args![application]).await?;
        for uri in uris {
            let sql = "insert into redirect_uri (application_id, uri) values ($1, $2) on conflict do nothing";
            tx.execute(sql, args![application, uri]).await?;
        }
        tx.commit().await
    }
}

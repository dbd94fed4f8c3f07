//! Where an application's customers may be: addresses that they may be sent back to, and origins of pages that may show the
//! connect page in a frame. Two lists of exact texts, each replaced as a whole.

use trunnion_model::ids::ApplicationId;

use crate::db::args;
use crate::{Error, Result, Store};

/// A list's statements.
struct List {
    read: &'static str,
    clear: &'static str,
    add: &'static str,
}

const REDIRECT_URIS: List = List {
    read: "select uri from redirect_uri where application_id = $1 order by uri",
    clear: "delete from redirect_uri where application_id = $1",
    add: "insert into redirect_uri (application_id, uri) values ($1, $2) on conflict do nothing",
};

const FRAME_ORIGINS: List = List {
    read: "select origin from frame_origin where application_id = $1 order by origin",
    clear: "delete from frame_origin where application_id = $1",
    add: "insert into frame_origin (application_id, origin) values ($1, $2) on conflict do nothing",
};

impl Store {
    /// The addresses that the application's customers may be sent back to, sorted.
    pub async fn redirect_uris(&self, application: ApplicationId) -> Result<Vec<String>> {
        self.read_list(&REDIRECT_URIS, application).await
    }

    pub async fn set_redirect_uris(&self, application: ApplicationId, uris: &[String]) -> Result<()> {
        self.replace_list(&REDIRECT_URIS, application, uris).await
    }

    /// The origins whose pages may show the application's connect page in a frame, sorted.
    pub async fn frame_origins(&self, application: ApplicationId) -> Result<Vec<String>> {
        self.read_list(&FRAME_ORIGINS, application).await
    }

    pub async fn set_frame_origins(&self, application: ApplicationId, origins: &[String]) -> Result<()> {
        self.replace_list(&FRAME_ORIGINS, application, origins).await
    }

    async fn read_list(&self, list: &List, application: ApplicationId) -> Result<Vec<String>> {
        let rows = self.inner.db.rows::<(String,)>(list.read, args![application]).await?;
        Ok(rows.into_iter().map(|(text,)| text).collect())
    }

    async fn replace_list(&self, list: &List, application: ApplicationId, texts: &[String]) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        // The application's row is what two callers meet at.
        let touched = tx.execute("update application set name = name where id = $1", args![application]).await?;
        if touched == 0 {
            return Err(Error::NotFound { what: "application" });
        }
        tx.execute(list.clear, args![application]).await?;
        for text in texts {
            tx.execute(list.add, args![application, text]).await?;
        }
        tx.commit().await
    }
}

//! How an application shows itself to its customers: words, a colour and a logo.

use trunnion_model::ids::ApplicationId;

use crate::db::args;
use crate::{Error, Result, Store};

/// What an application gave; what is `None` is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    pub name: Option<String>,
    pub accent: Option<String>,
    pub privacy_url: Option<String>,
    /// Of customers whose browsers ask for none that the page speaks.
    pub language: Option<String>,
    /// The hash of its logo.
    pub logo: Option<String>,
}

/// An image as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    pub media_type: String,
    pub image: Vec<u8>,
}

const NO_APPLICATION: Error = Error::NotFound { what: "application" };

type BrandingRow = (String, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

impl Store {
    /// The application's own name, and what it gave.
    pub async fn branding(&self, application: ApplicationId) -> Result<(String, Branding)> {
        let sql = "select a.name, b.name, b.accent, b.privacy_url, b.language, l.hash from application a
                   left join branding b on b.application_id = a.id left join logo l on l.application_id = a.id
                   where a.id = $1";
        let row = self.inner.db.row::<BrandingRow>(sql, args![application]).await?;
        let (own, name, accent, privacy_url, language, logo) = row.ok_or(NO_APPLICATION)?;
        Ok((own, Branding { name, accent, privacy_url, language, logo }))
    }

    /// Replaces everything but the logo.
    pub async fn set_branding(&self, application: ApplicationId, new: &Branding) -> Result<()> {
        let sql = "insert into branding (application_id, name, accent, privacy_url, language, modified_at)
                   select id, $2, $3, $4, $5, $6 from application where id = $1
                   on conflict (application_id) do update set name = excluded.name, accent = excluded.accent,
                       privacy_url = excluded.privacy_url, language = excluded.language, modified_at = excluded.modified_at";
        let texts = [&new.name, &new.accent, &new.privacy_url, &new.language].map(Option::as_deref);
        let [name, accent, privacy_url, language] = texts;
        let bound = args![application, name, accent, privacy_url, language, self.now()];
        if self.inner.db.execute(sql, bound).await? == 0 { Err(NO_APPLICATION) } else { Ok(()) }
    }

    /// Replaces the one before.
    pub async fn set_logo(&self, application: ApplicationId, hash: &str, logo: Logo) -> Result<()> {
        let sql = "insert into logo (application_id, hash, media_type, image)
                   select id, $2, $3, $4 from application where id = $1
                   on conflict (application_id) do update set hash = excluded.hash, media_type = excluded.media_type,
                       image = excluded.image";
        let bound = args![application, hash, logo.media_type, logo.image];
        if self.inner.db.execute(sql, bound).await? == 0 { Err(NO_APPLICATION) } else { Ok(()) }
    }

    /// False if there was none.
    pub async fn delete_logo(&self, application: ApplicationId) -> Result<bool> {
        let sql = "delete from logo where application_id = $1";
        Ok(self.inner.db.execute(sql, args![application]).await? > 0)
    }

    /// The image with this hash, whoever gave it.
    pub async fn logo(&self, hash: &str) -> Result<Option<Logo>> {
        let sql = "select media_type, image from logo where hash = $1 limit 1";
        let row = self.inner.db.row::<(String, Vec<u8>)>(sql, args![hash]).await?;
        Ok(row.map(|(media_type, image)| Logo { media_type, image }))
    }
}

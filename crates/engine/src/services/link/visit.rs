//! Opening a session by the secret in its address.

use serde_json::{Map, Value};
use trunnion_model::token::hash_of;
use trunnion_store::Link;

use super::choices::Choices;
use crate::Engine;
use crate::error::{Result, ServiceError};

/// How often one session may be submitted. Systems lock accounts after a few wrong passwords; this bounds what one address
/// can do to any number of them.
pub(super) const MOST_ATTEMPTS: i64 = 20;

/// Somebody with the address of a session that can still be used.
pub struct Visit {
    pub(super) link: Link,
    pub(super) brand: Brand,
    /// What is filled in already and is no secret: of the connection to reconnect, or as the application gave it.
    pub(super) settings: Value,
    /// How to sync, as the application gave it, and what the customer may choose of it.
    pub(super) sync: Map<String, Value>,
    pub(super) choices: Choices,
}

/// Why a session cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    Unknown,
    Used,
    Expired,
    /// It was submitted too often.
    Exhausted,
}

pub enum Opened {
    Visit(Box<Visit>),
    /// Of a session that is known, whose it was.
    Closed(Closed, Brand),
}

/// How the application shows itself. Of nobody: nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    /// `#rrggbb`
    pub accent: Option<String>,
    pub privacy_url: Option<String>,
    /// The language of this session's page, whatever the browser asks for.
    pub session_language: Option<String>,
    /// The one for browsers that ask for none that the page speaks.
    pub language: Option<String>,
    /// The hash of its logo.
    pub logo: Option<String>,
    /// Whose pages may show it in a frame.
    pub frame_origins: Vec<String>,
}

impl Visit {
    /// The application that asks.
    pub fn brand(&self) -> &Brand {
        &self.brand
    }

    pub fn customer(&self) -> &str {
        &self.link.customer_name
    }

    /// Whether the customer chooses the system.
    pub fn chooses_system(&self) -> bool {
        self.link.system.is_none()
    }

    /// Whether it gives a connection new credentials.
    pub fn reconnects(&self) -> bool {
        self.link.reconnects
    }

    pub fn id(&self) -> String {
        self.link.id.to_string()
    }

    /// Scheme, host and port of where the browser goes afterwards.
    pub fn redirect_origin(&self) -> String {
        url::Url::parse(&self.link.redirect_uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").field("link", &self.link.id).finish_non_exhaustive()
    }
}

pub async fn open(engine: &Engine, secret: &str) -> Result<Opened> {
    let Some(link) = engine.store().link_by_secret(&hash_of(secret)).await? else {
        return Ok(Opened::Closed(Closed::Unknown, Brand::default()));
    };
    let (own, given) = engine.store().branding(link.application).await?;
    let brand = Brand {
        name: given.name.unwrap_or(own),
        accent: given.accent,
        privacy_url: given.privacy_url,
        session_language: link.language.clone(),
        language: given.language,
        logo: given.logo,
        frame_origins: engine.store().frame_origins(link.application).await?,
    };
    if let Some(closed) = closed(engine, &link) {
        return Ok(Opened::Closed(closed, brand));
    }
    let connection = match link.connection {
        Some(id) => engine.store().connection(link.application, id).await?,
        None => None,
    };
    let known = connection.map_or_else(|| link.prefill.clone(), |row| row.settings);
    let settings = serde_json::from_str(&known).unwrap_or_default();
    let sync = serde_json::from_str(&link.sync).map_err(|error| ServiceError::internal(&error))?;
    let choices = serde_json::from_str(&link.choices).map_err(|error| ServiceError::internal(&error))?;
    Ok(Opened::Visit(Box::new(Visit { link, brand, settings, sync, choices })))
}

/// Nothing, if it can be used.
pub(super) fn closed(engine: &Engine, link: &Link) -> Option<Closed> {
    if link.used_at.is_some() {
        Some(Closed::Used)
    } else if link.expires_at <= engine.clock().now_micros() {
        Some(Closed::Expired)
    } else {
        (link.attempts >= MOST_ATTEMPTS).then_some(Closed::Exhausted)
    }
}

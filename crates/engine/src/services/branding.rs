//! How an application shows itself to its customers on the connect page: its name, its logo, a colour, a privacy policy.

mod accent;
mod logo;

use serde::{Deserialize, Serialize};
use trunnion_store::{Branding, Logo};
use url::Url;

pub use accent::Accent;
pub use logo::{LARGEST_LOGO, media_type};

use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};

const LONGEST_NAME: usize = 100;
const LONGEST_URL: usize = 2_000;

/// What `PUT /branding` takes: all of it, but for the logo. What is left out is as usual.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBranding {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub accent: Option<String>,
    #[serde(default)]
    pub privacy_url: Option<String>,
    #[serde(default)]
    pub language: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct BrandingView {
    pub name: Option<String>,
    pub accent: Option<String>,
    pub privacy_url: Option<String>,
    pub language: Option<String>,
    pub logo_url: Option<String>,
}

/// The path of a logo; `hash` is that of its image.
pub fn logo_path(hash: &str) -> String {
    format!("/connect/logo/{hash}")
}

/// `base` is the address of this server, without a slash at its end.
pub async fn get(engine: &Engine, caller: &Caller, base: &str) -> Result<BrandingView> {
    caller.may(Permission::Manage)?;
    let (_, found) = engine.store().branding(caller.application()).await?;
    let logo_url = found.logo.as_ref().map(|hash| format!("{base}{}", logo_path(hash)));
    let Branding { name, accent, privacy_url, language, .. } = found;
    Ok(BrandingView { name, accent, privacy_url, language, logo_url })
}

/// Replaces all but the logo. `languages` are those that the page speaks.
pub async fn set(
    engine: &Engine,
    caller: &Caller,
    new: NewBranding,
    languages: &[&str],
    base: &str,
) -> Result<BrandingView> {
    caller.may(Permission::Manage)?;
    let mut errors = Vec::new();
    let mut check = |pointer: &str, wrong: Option<String>| {
        errors.extend(wrong.map(|message| FieldError::new(pointer, message)));
    };
    check("/name", new.name.as_deref().and_then(wrong_name));
    check("/accent", new.accent.as_deref().and_then(|text| Accent::parse(text).err()));
    check("/privacy_url", new.privacy_url.as_deref().and_then(wrong_url));
    check("/language", new.language.as_deref().and_then(|language| wrong_language(language, languages)));
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    let accent = new.accent.map(|text| text.to_ascii_lowercase());
    let new = Branding { name: new.name, accent, privacy_url: new.privacy_url, language: new.language, logo: None };
    engine.store().set_branding(caller.application(), &new).await?;
    get(engine, caller, base).await
}

/// The image's kind is told by its content.
pub async fn set_logo(engine: &Engine, caller: &Caller, image: Vec<u8>, base: &str) -> Result<BrandingView> {
    caller.may(Permission::Manage)?;
    let media_type = media_type(&image).map_err(|message| ServiceError::invalid("", message))?;
    let hash = blake3::hash(&image).to_hex();
    let logo = Logo { media_type: media_type.to_owned(), image };
    engine.store().set_logo(caller.application(), &hash, logo).await?;
    get(engine, caller, base).await
}

pub async fn delete_logo(engine: &Engine, caller: &Caller) -> Result<()> {
    caller.may(Permission::Manage)?;
    match engine.store().delete_logo(caller.application()).await? {
        true => Ok(()),
        false => Err(ServiceError::missing("logo")),
    }
}

/// For everybody: customers see it.
pub async fn logo(engine: &Engine, hash: &str) -> Result<Option<Logo>> {
    Ok(engine.store().logo(hash).await?)
}

/// What is wrong with the code of a language that the page should be in.
pub(crate) fn wrong_language(language: &str, known: &[&str]) -> Option<String> {
    (!known.contains(&language)).then(|| format!("must be one of: {}", known.join(", ")))
}

fn wrong_name(name: &str) -> Option<String> {
    let fits = !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    (!fits).then(|| format!("must have 1 to {LONGEST_NAME} characters, without line breaks"))
}

fn wrong_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.username().is_empty());
    let fits = url.is_some() && text.len() <= LONGEST_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    (!fits).then(|| format!("must be an https:// address of at most {LONGEST_URL} ASCII characters"))
}

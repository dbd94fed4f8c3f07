//! The addresses that customers may be sent back to. A session names one of them, letter by letter.

use serde::{Deserialize, Serialize};
use trunnion_kit::http::is_this_machine;
use url::Url;

use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};

/// How many an application may have.
const MOST: usize = 50;
const LONGEST: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedirectUris {
    pub redirect_uris: Vec<String>,
}

pub async fn redirect_uris(engine: &Engine, caller: &Caller) -> Result<RedirectUris> {
    caller.may(Permission::Manage)?;
    Ok(RedirectUris { redirect_uris: engine.store().redirect_uris(caller.application()).await? })
}

/// Replaces the whole list.
pub async fn set_redirect_uris(engine: &Engine, caller: &Caller, new: &RedirectUris) -> Result<RedirectUris> {
    caller.may(Permission::Manage)?;
    check_list("/redirect_uris", &new.redirect_uris, MOST, |uri| checked(uri).map(drop))?;
    engine.store().set_redirect_uris(caller.application(), &new.redirect_uris).await?;
    redirect_uris(engine, caller).await
}

/// All problems of a list at once.
pub(super) fn check_list(
    pointer: &str,
    list: &[String],
    most: usize,
    check: impl Fn(&str) -> std::result::Result<(), &'static str>,
) -> Result<()> {
    let mut errors = Vec::new();
    if list.len() > most {
        errors.push(FieldError::new(pointer, format!("must not be more than {most}")));
    }
    for (place, text) in list.iter().enumerate() {
        if let Err(message) = check(text) {
            errors.push(FieldError::new(format!("{pointer}/{place}"), message));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(ServiceError::ValidationFailed { errors }) }
}

/// An address to which a code may be sent: nobody on the way may read it.
pub(super) fn checked(uri: &str) -> std::result::Result<Url, &'static str> {
    if uri.len() > LONGEST || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be at most 2000 visible ASCII characters");
    }
    let url = Url::parse(uri).map_err(|_| "must be an address such as https://app.example.com/connected")?;
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine(&url) => {}
        _ => return Err("must begin with https:// (http:// is for this very machine only)"),
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("must have neither a fragment nor a user");
    }
    Ok(url)
}

#[test]
fn a_code_is_sent_only_where_nobody_on_the_way_can_read_it() {
    for fine in ["https://app.example", "https://app.example/a?b=c", "http://127.0.0.1:9/x", "http://localhost/"] {
        assert!(checked(fine).is_ok(), "{fine}");
    }
    for wrong in [
        "http://app.example/",
        "app:/done",
        "/done",
        "https://a.example/#x",
        "https://u@a.example/",
        "https://a.example/\n",
    ] {
        assert!(checked(wrong).is_err(), "{wrong}");
    }
}

//! The addresses that customers may be sent back to. A session names one of them, letter by letter.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

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
    let mut errors = Vec::new();
    if new.redirect_uris.len() > MOST {
        errors.push(FieldError::new("/redirect_uris", format!("must not be more than {MOST}")));
    }
    for (place, uri) in new.redirect_uris.iter().enumerate() {
        if let Err(message) = checked(uri) {
            errors.push(FieldError::new(format!("/redirect_uris/{place}"), message));
        }
    }
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    engine.store().set_redirect_uris(caller.application(), &new.redirect_uris).await?;
    redirect_uris(engine, caller).await
}

/// An address to which a code may be sent: nobody on the way may read it.
pub(super) fn checked(uri: &str) -> std::result::Result<Url, &'static str> {
    if uri.len() > LONGEST || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be at most 2000 visible ASCII characters");
    }
    let url = Url::parse(uri).map_err(|_| "must be an address such as https://app.example.com/connected")?;
    let this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if this_machine => {}
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

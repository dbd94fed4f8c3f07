//! Whose pages may show the connect page in a frame, and be told the code there.

use serde::{Deserialize, Serialize};

use super::redirects::{check_list, checked};
use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::Result;

/// How many an application may have: they all stand in a header of each page.
const MOST: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameOrigins {
    pub frame_origins: Vec<String>,
}

pub async fn frame_origins(engine: &Engine, caller: &Caller) -> Result<FrameOrigins> {
    caller.may(Permission::Manage)?;
    Ok(FrameOrigins { frame_origins: engine.store().frame_origins(caller.application()).await? })
}

/// Replaces the whole list.
pub async fn set_frame_origins(engine: &Engine, caller: &Caller, new: &FrameOrigins) -> Result<FrameOrigins> {
    caller.may(Permission::Manage)?;
    check_list("/frame_origins", &new.frame_origins, MOST, wrong)?;
    engine.store().set_frame_origins(caller.application(), &new.frame_origins).await?;
    frame_origins(engine, caller).await
}

/// An origin as browsers write it: anything else would never be equal to one, or would be a pattern.
fn wrong(origin: &str) -> std::result::Result<(), &'static str> {
    let url = checked(origin)?;
    let wildcard = url.host_str().is_some_and(|host| host.contains('*'));
    if wildcard || url.origin().ascii_serialization() != origin {
        return Err("must be an origin and nothing more, in lower case, as https://app.example.com");
    }
    Ok(())
}

#[test]
fn an_origin_is_exact() {
    for fine in ["https://app.example", "https://app.example:8443", "http://localhost:3000", "http://127.0.0.1:3000"] {
        assert_eq!(wrong(fine), Ok(()), "{fine}");
    }
    for bad in [
        "*",
        "null",
        "https://*.example",
        "https://app.example/",
        "https://App.example",
        "https://app.example:443",
        "https://app.example/x",
        "http://app.example",
        "https://a.example; script-src *",
        "https://a.example https://b.example",
    ] {
        assert!(wrong(bad).is_err(), "{bad}");
    }
}

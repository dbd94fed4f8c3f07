//! A proxy through which webhooks leave, for networks in which nothing else may.
//!
//! The proxy connects for us, so the address that it uses cannot be pinned here. Names are looked up and checked before
//! each try all the same; the proxy should refuse private addresses as well.

use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::error::Error;

/// `http://user:password@proxy.example:3128`, and which hosts are reached without it.
#[derive(Clone, Debug)]
pub struct Proxy {
    url: SecretString,
    bypass: String,
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("the proxy is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err("the proxy must begin with http:// or https://".to_owned());
        }
        Ok(Self { url: SecretString::from(text), bypass: String::new() })
    }
}

impl Proxy {
    /// Hosts and networks, apart by commas, that are reached directly: `10.0.0.0/8, hooks.internal`.
    #[must_use]
    pub fn bypassing(self, bypass: &str) -> Self {
        Self { bypass: bypass.to_owned(), ..self }
    }

    pub(super) fn host(&self) -> Option<String> {
        Url::parse(self.url.expose_secret()).ok()?.host_str().map(str::to_owned)
    }

    pub(super) fn set(&self) -> Result<reqwest::Proxy, Error> {
        let wrong = |_| Error::Unexpected("the proxy's URL cannot be used".to_owned());
        let proxy = reqwest::Proxy::all(self.url.expose_secret()).map_err(wrong)?;
        Ok(proxy.no_proxy(reqwest::NoProxy::from_string(&self.bypass)))
    }
}

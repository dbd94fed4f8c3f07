//! Addresses for hooks, and whether we can tell a system of one ourselves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use trunnion_kit::http::is_this_machine;
use trunnion_kit::spec::{Inbound, SecretForm, Spec};
use trunnion_kit::webhook::Secret;
use trunnion_model::ids::ConnectionId;
use trunnion_store::{NewAddress, Reason};
use url::Url;
use uuid::Uuid;

use crate::Engine;
use crate::error::{Result, ServiceError};
use crate::services::inbound::path_hash;

/// The code of the reason for which a subscription waits.
pub(crate) const NO_PUBLIC_URL: &str = "NO_PUBLIC_URL";

const USER: &str = "trunnion";

/// A new address, in the open.
pub(crate) struct Minted {
    /// The secret part of the address.
    pub(crate) path: SecretString,
    /// What proves the sender.
    pub(crate) secret: SecretString,
    pub(crate) secret_kind: &'static str,
}

impl Minted {
    pub(crate) fn new(inbound: &Inbound) -> Result<Self> {
        let (secret, secret_kind) = match inbound.secret {
            SecretForm::Standard => {
                (Secret::generate().map_err(|error| ServiceError::internal(&error))?, "standard_webhooks")
            }
            SecretForm::Basic => (SecretString::from(format!("{USER}:{}", random()?)), "basic"),
        };
        Ok(Self { path: random()?.into(), secret, secret_kind })
    }

    /// As it is stored; `subscribe`: the system is told by us.
    pub(crate) fn stored(&self, subscribe: bool) -> NewAddress {
        NewAddress {
            path_hash: path_hash(secrecy::ExposeSecret::expose_secret(&self.path)),
            secret: self.secret.clone(),
            subscribe: subscribe.then(|| self.path.clone()),
        }
    }
}

/// Whether we are to subscribe for a connection; `given` tells which fields of the form it has.
pub(crate) fn wanted(engine: &Engine, inbound: &Inbound, given: impl Fn(&str) -> bool) -> bool {
    engine.inbox().is_some() && inbound.lacking(given).is_some_and(|lacking| lacking.is_empty())
}

/// An address for a connection that is being made, if we are to subscribe for it.
pub(crate) fn mint(engine: &Engine, spec: &Spec, given: impl Fn(&str) -> bool) -> Result<Option<NewAddress>> {
    match &spec.inbound {
        Some(inbound) if wanted(engine, inbound, given) => Ok(Some(Minted::new(inbound)?.stored(true))),
        _ => Ok(None),
    }
}

/// Under which systems reach this server, or why they do not.
pub(super) fn base(engine: &Engine) -> std::result::Result<String, Reason> {
    let options = engine.options();
    let why = |message: &str| Reason { code: NO_PUBLIC_URL.to_owned(), message: message.to_owned() };
    let Some(given) = options.public_url.as_deref() else {
        return Err(why(
            "This server has no public_url, under which systems could reach it: set it, or enter address and \
                        secret at the system by hand.",
        ));
    };
    let url = Url::parse(given).map_err(|error| why(&format!("This server's public_url is no address: {error}.")))?;
    if url.scheme() != "https" && !is_this_machine(&url) && !options.allow_http {
        return Err(why(
            "This server's public_url must begin with https:// for systems to send their hooks there, unless \
                        systems.allow_http is set.",
        ));
    }
    Ok(given.trim_end_matches('/').to_owned())
}

/// What a subscription is called at the system: by connection and address, so that it is found again.
pub(super) fn name(connection: ConnectionId, address: Uuid) -> String {
    let address = address.simple().to_string();
    format!("trunnion-{}-{}", connection.0.simple(), address.get(..12).unwrap_or(&address))
}

/// 256 bits, in letters that every URL takes.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ServiceError::internal(&error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

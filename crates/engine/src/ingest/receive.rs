//! One request at the address of a connection.

use std::fmt::Display;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use secrecy::SecretString;
use trunnion_kit::spec::Inbound;
use trunnion_model::ids::ConnectionId;
use trunnion_receiver::door::{Limits, Named, Naming, Source, receive_with};
use trunnion_receiver::verify::Incoming;

pub use trunnion_receiver::door::Reply;

use crate::Engine;
use crate::services::inbound::path_hash;

/// The key of what a hook is about: entity and remote id.
pub(super) const BETWEEN: char = ' ';

/// Takes a request at `/hooks/{connection}/{secret}`; `url` is what the sender called. Whoever does not know the secret
/// hears that there is nothing.
pub async fn receive<B>(engine: &Engine, connection: &str, secret: &str, url: String, request: Request<B>) -> Reply
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let (Some(id), Some(inbox)) = (ConnectionId::parse(connection), engine.inbox()) else { return nothing() };
    let key = match engine.store().inbound_hook_key(id, &path_hash(secret)).await {
        Ok(Some(key)) => key,
        Ok(None) => return nothing(),
        Err(error) => {
            tracing::warn!(connection = %id, %error, "a hook could not be looked up");
            return later();
        }
    };
    let connector = engine.catalogue().get(&key.system);
    let Some(inbound) = connector.and_then(|connector| connector.spec.inbound.as_ref()) else { return nothing() };
    let source = source(inbound, id, vec![key.secret], url);
    receive_with(inbox, &source, request, |incoming| name(inbound, incoming)).await
}

/// Where a connection's hooks come from, as the door knows it.
pub(crate) fn source(inbound: &Inbound, id: ConnectionId, secrets: Vec<SecretString>, url: String) -> Source {
    Source {
        name: id.to_string(),
        scheme: inbound.scheme.clone(),
        secrets,
        naming: Naming::default(),
        limits: Limits::default(),
        url,
    }
}

pub(crate) fn name(inbound: &Inbound, incoming: &Incoming<'_>) -> Named {
    let (kind, object) = inbound.object(incoming);
    let key = object.map(|(entity, remote_id)| format!("{entity}{BETWEEN}{remote_id}")).unwrap_or_default();
    Named { key, kind, place: None }
}

fn nothing() -> Reply {
    let mut reply = Response::new(Bytes::new().into());
    *reply.status_mut() = StatusCode::NOT_FOUND;
    reply
}

fn later() -> Reply {
    let mut reply = Response::new(Bytes::new().into());
    *reply.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    reply
}

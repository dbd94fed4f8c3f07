//! Webhook subscriptions of SAP Event Mesh, which has a login of its own: the service key's.
//!
//! Source: SAP Business Accelerator Hub, SAP Event Mesh, REST APIs for messaging; SAP's own clients for names of members
//! (`name`, `address`, `qos`, `pushConfig`), the conflict of names, and the handshake. How Basic authentication is written in
//! `securitySchema` is published nowhere that we found: the form here is our reading, tried with our simulator only.
//!
//! A subscription does not end by itself.

use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use trunnion_kit::auth::oauth2_code::OAuthClient;
use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::http::{Answer, vendor_text};
use trunnion_kit::link::{Beside, Link};
use trunnion_kit::subscription::{Subscribed, Wanted};

const SUBSCRIPTIONS: &str = "messagingrest/v1/subscriptions";

pub(super) async fn subscribe(link: &Link, wanted: &Wanted) -> Result<Subscribed, Error> {
    let mesh = log_in(link).await?.hiding(secrets(wanted));
    match find(&mesh, &wanted.name).await? {
        Some(found) if !wanted.remake && is_as_wanted(link, wanted, &found) => {}
        Some(_) => {
            remove(&mesh, &wanted.name).await?;
            create(link, &mesh, wanted).await?;
        }
        None => create(link, &mesh, wanted).await?,
    }
    shake_hands(&mesh, &wanted.name).await?;
    Ok(Subscribed { id: wanted.name.clone(), expires_at: None })
}

pub(super) async fn renew(link: &Link, wanted: &Wanted, name: &str) -> Result<Option<Subscribed>, Error> {
    let mesh = log_in(link).await?.hiding(secrets(wanted));
    let found = find(&mesh, name).await?.filter(|found| name == wanted.name && is_as_wanted(link, wanted, found));
    Ok(found.map(|_| Subscribed { id: name.to_owned(), expires_at: None }))
}

pub(super) async fn unsubscribe(link: &Link, name: &str) -> Result<(), Error> {
    remove(&log_in(link).await?, name).await
}

async fn log_in(link: &Link) -> Result<Beside<'_>, Error> {
    let need = |name: &str| {
        link.setting(name).ok_or_else(|| Error::Unexpected(format!("the connection has no value for `{name}`")))
    };
    let client = OAuthClient {
        id: need("event_mesh_client_id")?.to_owned(),
        secret: need("event_mesh_client_secret")?.to_owned().into(),
    };
    let logged_in = link.beside(need("event_mesh_url")?, need("event_mesh_token_url")?, &client).await;
    logged_in.map_err(|error| match error {
        Error::Authentication(message) => Error::Authentication(VendorMessage {
            text: format!(
                "Event Mesh refused the client ({}). Take event_mesh_client_id and event_mesh_client_secret from oa2 of its \
                 service key (messaging, protocol httprest), and reconnect.",
                message.text
            ),
            ..message
        }),
        error => error,
    })
}

/// The secret part of the address alone is a secret as well, and so is the password alone.
fn secrets(wanted: &Wanted) -> Vec<SecretString> {
    let part = |text: &SecretString, at: char| text.expose_secret().rsplit(at).next().map(SecretString::from);
    let mut all = vec![wanted.url.clone(), wanted.secret.clone()];
    all.extend(part(&wanted.url, '/'));
    all.extend(part(&wanted.secret, ':'));
    all
}

fn queue(link: &Link) -> String {
    format!("queue:{}", link.setting("event_mesh_queue").unwrap_or_default())
}

fn is_as_wanted(link: &Link, wanted: &Wanted, found: &Value) -> bool {
    found["address"] == queue(link) && found["pushConfig"]["endpoint"] == wanted.url.expose_secret()
}

async fn find(mesh: &Beside<'_>, name: &str) -> Result<Option<Value>, Error> {
    let answer = mesh.call(Method::GET, &format!("{SUBSCRIPTIONS}/{name}"), None).await?;
    match answer.status {
        200 => serde_json::from_slice(&answer.body)
            .map(Some)
            .map_err(|_| Error::NotThatProduct("event_mesh_url answers, but not as Event Mesh does".to_owned())),
        404 => Ok(None),
        _ => Err(refusal(&answer)),
    }
}

async fn create(link: &Link, mesh: &Beside<'_>, wanted: &Wanted) -> Result<(), Error> {
    let (user, password) = wanted.secret.expose_secret().split_once(':').unwrap_or_default();
    let body = json!({
        "name": wanted.name,
        "address": queue(link),
        "qos": 1,
        "pushConfig": {
            "type": "webhook",
            "endpoint": wanted.url.expose_secret(),
            "exemptHandshake": false,
            "defaultContentType": "application/json",
            "securitySchema": { "type": "basic", "user": user, "password": password },
        },
    });
    let answer = mesh.call(Method::POST, SUBSCRIPTIONS, Some(&body)).await?;
    if answer.is_success() { Ok(()) } else { Err(refusal(&answer)) }
}

/// Nothing is delivered before our address agreed to it.
async fn shake_hands(mesh: &Beside<'_>, name: &str) -> Result<(), Error> {
    let answer = mesh.call(Method::POST, &format!("{SUBSCRIPTIONS}/{name}/handshake"), None).await?;
    // 409: it was done already.
    if answer.is_success() || answer.status == 409 { Ok(()) } else { Err(refusal(&answer)) }
}

async fn remove(mesh: &Beside<'_>, name: &str) -> Result<(), Error> {
    let answer = mesh.call(Method::DELETE, &format!("{SUBSCRIPTIONS}/{name}"), None).await?;
    if answer.is_success() || answer.status == 404 { Ok(()) } else { Err(refusal(&answer)) }
}

fn refusal(answer: &Answer) -> Error {
    let mut message = answer.vendor_message();
    if let Ok(body) = serde_json::from_slice::<Value>(&answer.body) {
        let text = |name: &str| body["error"][name].as_str().map(str::to_owned);
        message.text = text("message").map_or(message.text, |text| vendor_text(text.as_bytes()));
        message.code = text("code").map(|code| vendor_text(code.as_bytes()));
    }
    message.text = format!("Event Mesh: {}", message.text);
    match answer.status {
        401 | 403 => Error::Permission(message),
        404 => Error::NotFound(message),
        500.. => Error::Unreachable { reason: message.text, after: None },
        _ => Error::Rejected(message),
    }
}

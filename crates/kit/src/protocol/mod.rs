//! The wire dialects, each in a file of its own. What a vendor does not override ends here.

use trunnion_model::time::Timestamp;

use crate::error::{Error, VendorMessage};
use crate::http::Answer;
use crate::json::Node;
use crate::link::Link;
use crate::mapping::Path;
use crate::spec::{EntitySpec, ProtocolKind};
use crate::vendor::{Account, Deleted, Page, Window};

pub mod json_rpc;
pub mod odata_v2;
pub mod suitetalk;

#[cfg(test)]
mod tests;

pub(crate) async fn probe(link: &Link) -> Result<Account, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 => odata_v2::probe(link).await,
        ProtocolKind::SuiteTalk => suitetalk::probe(link).await,
        ProtocolKind::JsonRpc => json_rpc::probe(link).await,
    }
}

pub(crate) async fn page(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Page, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 => odata_v2::page(link, entity, window).await,
        ProtocolKind::SuiteTalk => suitetalk::page(link, entity, window).await,
        ProtocolKind::JsonRpc => json_rpc::page(link, entity, window).await,
    }
}

pub(crate) async fn one(link: &Link, entity: &EntitySpec, remote_id: &str) -> Result<Page, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 => odata_v2::one(link, entity, remote_id).await,
        ProtocolKind::SuiteTalk => suitetalk::one(link, entity, remote_id).await,
        ProtocolKind::JsonRpc => json_rpc::one(link, entity, remote_id).await,
    }
}

pub(crate) async fn keys(
    link: &Link,
    entity: &EntitySpec,
    after_key: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 => odata_v2::keys(link, entity, after_key, limit).await,
        ProtocolKind::SuiteTalk => suitetalk::keys(link, entity, after_key, limit).await,
        ProtocolKind::JsonRpc => json_rpc::keys(link, entity, after_key, limit).await,
    }
}

pub(crate) async fn deleted(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Vec<Deleted>, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::SuiteTalk => suitetalk::deleted(link, entity, window).await,
        ProtocolKind::ODataV2 | ProtocolKind::JsonRpc => {
            Err(Error::Unexpected(format!("the protocol has no list of deleted {}", entity.source.set)))
        }
    }
}

pub(crate) async fn create(
    link: &Link,
    entity: &EntitySpec,
    body: Node<'static>,
    write_key: &str,
) -> Result<String, Error> {
    if entity.create.is_none() {
        let text = format!("{} records are read from this system, not created in it", entity.entity.name);
        return Err(Error::Rejected(VendorMessage { text, ..VendorMessage::default() }));
    }
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 => odata_v2::create(link, entity, &body).await,
        ProtocolKind::SuiteTalk => suitetalk::create(link, entity, &body, write_key).await,
        ProtocolKind::JsonRpc => json_rpc::create(link, entity, body).await,
    }
}

pub(crate) async fn find_written(link: &Link, entity: &EntitySpec, write_key: &str) -> Result<Option<String>, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 => odata_v2::find_written(link, entity, write_key).await,
        ProtocolKind::SuiteTalk => suitetalk::find_written(link, entity, write_key).await,
        ProtocolKind::JsonRpc => json_rpc::find_written(link, entity, write_key).await,
    }
}

/// The vendor fields that the mapping reads, in a stable order, each once. `join` makes the projection's name of a path.
fn projection(entity: &EntitySpec, join: &dyn Fn(&[&str]) -> String) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |prefix: &Path, path: &Path| {
        let steps: Vec<&str> = prefix.names().chain(path.names()).collect();
        // What a hook computes begins with `@`; the system knows nothing of it.
        if !path.is_empty() && !steps.iter().any(|step| step.starts_with('@')) {
            let name = join(&steps);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    };
    let root = Path::default();
    add(&root, &entity.source.key);
    for row in &entity.fields {
        add(&root, &row.at);
    }
    for group in &entity.groups {
        for row in &group.fields {
            add(&group.at, &row.at);
        }
    }
    for (path, _) in entity.remote_created.iter().chain(&entity.remote_modified) {
        add(&root, path);
    }
    if let Some(path) = &entity.deleted_at {
        add(&root, path);
    }
    for name in entity.sync.modified.iter().chain(&entity.sync.created).chain(&entity.source.also) {
        add(&root, &Path::new(name));
    }
    names
}

fn into_text(answer: Answer) -> Result<String, Error> {
    String::from_utf8(answer.body).map_err(|_| Error::Unexpected("the answer is not UTF-8 text".to_owned()))
}

/// Whole seconds are enough for a watermark, and every dialect has them; cut, never rounded up.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

//! The opaque cursor of record lists: the place of the last record given, bound to the list that it belongs to.
//!
//! A cursor that is used with another connection, entity, order or filter would silently skip or repeat records, so it is
//! refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_store::{ListQuery, Position};
use uuid::Uuid;

/// Which list a cursor belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListKey([u8; 8]);

impl ListKey {
    /// Everything that decides which records are listed and in which order; not how many or in which form.
    pub(crate) fn of(connection: ConnectionId, entity: &Entity, query: &ListQuery) -> Self {
        let filters = (
            query.sort,
            query.modified_after,
            query.modified_before,
            query.created_after,
            query.created_before,
            query.include_deleted,
            &query.fields,
        );
        let hash = blake3::hash(format!("{connection} {} {filters:?}", entity.name).as_bytes());
        let mut key = [0; 8];
        key.copy_from_slice(&hash.as_bytes()[..8]);
        Self(key)
    }
}

pub(crate) fn write(key: ListKey, position: Position) -> String {
    let mut bytes = key.0.to_vec();
    bytes.extend(position.modified_at.to_be_bytes());
    bytes.extend(position.id.0.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `None` if it is no cursor of this list.
pub(crate) fn read(key: ListKey, text: &str) -> Option<Position> {
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let modified_at = i64::from_be_bytes(bytes[8..16].try_into().ok()?);
    let id: [u8; 16] = bytes[16..].try_into().ok()?;
    (bytes[..8] == key.0).then(|| Position { modified_at, id: RecordId(Uuid::from_bytes(id)) })
}

//! A unified record on its way into the store, and on its way out to a reader.
//!
//! The unified fields travel as one JSON text with sorted keys (`data`): written once by the mapping, hashed, stored and
//! answered as it is, never parsed in between.

use std::fmt::Write as _;
use std::ops::Range;

use crate::catalog::Entity;
use crate::ids::RecordId;
use crate::time::rfc3339_micros;

/// One source row, mapped: what a sync hands to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    pub id: RecordId,
    /// The system's own key, whole, as text.
    pub remote_id: String,
    /// What people call it; the remote id if it has no name.
    pub display: String,
    /// The value of the entity's natural key (a vendor's code), if the entity has one and the row gives it.
    pub natural_key: Option<String>,
    /// Where a person can look at it in the system.
    pub remote_url: Option<String>,
    /// Microseconds since 1970, UTC, by the system's own account.
    pub remote_created_at: Option<i64>,
    pub remote_modified_at: Option<i64>,
    /// The row itself says that it is deleted.
    pub deleted: bool,
    /// The unified fields and `custom_fields`: a JSON object with sorted keys and no white space.
    pub data: String,
    /// The row as the system sent it.
    pub raw: String,
    pub volatile: Volatile,
}

/// What of a row does not count when it is compared with what is stored: the system makes it anew with each answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volatile {
    /// Pieces of `data`, in order.
    pub data: Vec<Range<usize>>,
    /// [`raw_hash`] of the raw form without them; `None` if there are none.
    pub raw_hash: Option<i64>,
}

impl Incoming {
    /// Nothing but that the row is gone: what is stored of it stays for reading.
    pub fn gone(id: RecordId, remote_id: String) -> Self {
        Self {
            id,
            display: remote_id.clone(),
            remote_id,
            natural_key: None,
            remote_url: None,
            remote_created_at: None,
            remote_modified_at: None,
            deleted: true,
            data: "{}".to_owned(),
            raw: "{}".to_owned(),
            volatile: Volatile::default(),
        }
    }

    /// What decides whether the record changed: 16 bytes of BLAKE3 over the unified fields and the deletion mark. The raw
    /// form and the system's timestamps do not count, nor what is volatile, so a row that was only touched makes no change.
    pub fn content_hash(&self) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[u8::from(self.deleted)]);
        let data = self.data.as_bytes();
        let mut from = 0;
        for skip in &self.volatile.data {
            hasher.update(&data[from..skip.start]);
            from = skip.end;
        }
        hasher.update(&data[from..]);
        let mut hash = [0; 16];
        hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        hash
    }

    /// Eight bytes that tell whether the raw form changed, so that a touched row can be refreshed without a new version.
    pub fn raw_hash(&self) -> i64 {
        self.volatile.raw_hash.unwrap_or_else(|| raw_hash(&self.raw))
    }
}

/// See [`Incoming::raw_hash`].
pub fn raw_hash(raw: &str) -> i64 {
    checksum(raw.as_bytes()).cast_signed()
}

/// Sixteen bytes at a time by folded multiplication (the way of wyhash and rapidhash), at the speed of reading: raw rows are
/// most of what a sync moves. It need not withstand malice: a system that forged two raw forms with one checksum would only
/// keep its own row from being refreshed.
fn checksum(bytes: &[u8]) -> u64 {
    const SALT: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let (pairs, rest) = bytes.as_chunks::<16>();
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    let mut state = fold(bytes.len() as u64 ^ SALT[0], SALT[1]);
    for pair in pairs.iter().chain([&last]) {
        let pair = u128::from_le_bytes(*pair);
        state = fold(pair as u64 ^ SALT[1], (pair >> 64) as u64 ^ state) ^ state.rotate_left(29);
    }
    fold(state ^ SALT[2], SALT[1])
}

/// One record as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub id: RecordId,
    pub remote_id: String,
    pub display: String,
    pub remote_url: Option<String>,
    /// Microseconds since 1970, UTC, by our clock: when the record first came, and when it last changed.
    pub created_at: i64,
    pub modified_at: i64,
    pub remote_created_at: Option<i64>,
    pub remote_modified_at: Option<i64>,
    pub deleted_at: Option<i64>,
    /// 1 when created, one more with each change.
    pub version: i64,
    pub data: String,
    /// Only where it was asked for.
    pub raw: Option<String>,
}

impl Record {
    /// Appends the record as the API shows it: the envelope, then the unified fields, then `raw` if it is there.
    pub fn write_json(&self, entity: &Entity, out: &mut String) {
        out.reserve(self.data.len() + self.raw.as_ref().map_or(0, String::len) + 480);
        out.push_str("{\"id\":\"");
        out.push_str(&self.id.text(entity));
        out.push_str("\",\"remote_id\":");
        push_json_string(out, &self.remote_id);
        out.push_str(",\"display\":");
        push_json_string(out, &self.display);
        if let Some(url) = &self.remote_url {
            out.push_str(",\"remote_url\":");
            push_json_string(out, url);
        }
        push_time(out, "created_at", Some(self.created_at));
        push_time(out, "modified_at", Some(self.modified_at));
        push_time(out, "remote_created_at", self.remote_created_at);
        push_time(out, "remote_modified_at", self.remote_modified_at);
        push_time(out, "deleted_at", self.deleted_at);
        // Writing to a String cannot fail.
        let _infallible = write!(out, ",\"version\":{}", self.version);
        if self.data.len() > 2 {
            out.push(',');
            out.push_str(&self.data[1..self.data.len() - 1]);
        }
        if let Some(raw) = &self.raw {
            out.push_str(",\"raw\":");
            out.push_str(raw);
        }
        out.push('}');
    }
}

/// Appends `text` as a JSON string, quotes included.
pub fn push_json_string(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

fn push_time(out: &mut String, name: &str, micros: Option<i64>) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    match micros {
        None => out.push_str("null"),
        Some(micros) => {
            out.push('"');
            out.push_str(&rfc3339_micros(micros));
            out.push('"');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::ids::ConnectionId;
    use crate::time::Clock;

    #[test]
    fn a_checksum_differs_with_every_bit_and_with_the_length() {
        let mut seen = std::collections::BTreeSet::new();
        for length in 0..70 {
            let mut bytes = vec![0; length];
            assert!(seen.insert(checksum(&bytes)), "{length} zeros");
            for bit in 0..length * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(seen.insert(checksum(&bytes)), "bit {bit} of {length} bytes");
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
        // It is stored, so it must stay as it is.
        assert_eq!(checksum(b"{\"PurchaseOrder\":\"4500000000\"}"), 11_816_363_715_893_114_162);
    }

    #[test]
    fn a_record_is_shown_as_one_json_object() {
        let vendor = catalog::entity("vendor").unwrap();
        let connection = ConnectionId::new(&Clock::system());
        let record = Record {
            id: RecordId::of(connection, vendor, "17"),
            remote_id: "17".into(),
            display: "Müller \"Guss\"\n".into(),
            remote_url: None,
            created_at: 0,
            modified_at: 1_500_000,
            remote_created_at: None,
            remote_modified_at: Some(0),
            deleted_at: None,
            version: 3,
            data: r#"{"custom_fields":{},"name":"Müller"}"#.into(),
            raw: Some(r#"{"Supplier":"17"}"#.into()),
        };
        let mut text = String::new();
        record.write_json(vendor, &mut text);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["display"], "Müller \"Guss\"\n");
        assert_eq!(value["modified_at"], "1970-01-01T00:00:01.500000Z");
        assert_eq!(value["version"], 3);
        assert_eq!(value["raw"]["Supplier"], "17");
        assert_eq!(value["name"], "Müller");
        assert!(value["deleted_at"].is_null());
    }
}

//! Prefixed ids: `con_…`, `evt_…`, `po_…`. The prefix says what it is; the rest is 128 bits in lower-case Crockford base 32.
//!
//! Ids that Trunnion gives out itself are UUIDv7 (RFC 9562), so they sort by time. A record's id is different: it is
//! computed from (connection, entity, remote id), so that the same source row has the same id on every node and after
//! every re-sync, and a reference to a record that has not arrived yet already has its id.

use uuid::Uuid;

use crate::catalog::Entity;
use crate::time::Clock;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

macro_rules! prefixed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            pub fn new(clock: &Clock) -> Self {
                Self(time_ordered(clock))
            }

            /// `None` unless `text` is this prefix, `_`, and 26 digits.
            pub fn parse(text: &str) -> Option<Self> {
                decode(text.strip_prefix(Self::PREFIX)?.strip_prefix('_')?).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&encode(Self::PREFIX, self.0))
            }
        }
    )*};
}

prefixed_ids! {
    /// The integrator's account.
    ApplicationId = "app";
    /// An application key (not the key itself: its handle, for listing and revoking).
    KeyId = "key";
    /// One customer's authorised link to one instance of a system.
    ConnectionId = "con";
    /// One invitation to connect a system on the hosted page.
    LinkId = "link";
    /// One entry of the event log; also the `webhook-id`.
    EventId = "evt";
    /// Deletions that wait for somebody to say whether they are to be believed.
    HeldDeletionId = "hdl";
    /// A row that cannot be mapped.
    QuarantineId = "qrt";
    /// One write to a system.
    OperationId = "op";
    /// Many writes that came in one call.
    BulkId = "bulk";
    /// One sync of one entity of one connection.
    RunId = "run";
    /// Where an application wants its events sent.
    WebhookEndpointId = "whe";
    /// One event on its way to one endpoint.
    DeliveryId = "dlv";
    /// A rule, and whom to tell when it holds.
    AlertId = "alr";
    /// One cause of trouble with a connection, from its beginning to its end.
    IncidentId = "inc";
    /// Events of a span of time being sent to an endpoint again.
    ReplayId = "rpl";
    /// An application's client at a system, for OAuth 2.0.
    OauthClientId = "oac";
    /// One entry of the audit log.
    AuditId = "aud";
    /// Something in a system's rows that nobody expected.
    SchemaDriftId = "drf";
    /// One HTTP request, for `X-Request-Id`.
    RequestId = "req";
}

/// The id of a unified record; its text carries the entity's prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(pub Uuid);

impl RecordId {
    /// The id of the source row `remote_id`. The first 4 bytes hash (connection, entity) alone, so that the rows of one
    /// entity of one connection lie together in the primary key's index and can be listed from it. Where the remote id holds
    /// a number, the next 3 bytes come from that: rows that a system numbered one after the other are mostly read together,
    /// and then touch few pages of the index, not one each. The last 9 bytes hash all of it.
    pub fn of(connection: ConnectionId, entity: &Entity, remote_id: &str) -> Self {
        RecordScope::new(connection, entity).id(remote_id)
    }

    pub fn text(self, entity: &Entity) -> String {
        encode(entity.prefix, self.0)
    }

    pub fn parse(entity: &Entity, text: &str) -> Option<Self> {
        decode(text.strip_prefix(entity.prefix)?.strip_prefix('_')?).map(Self)
    }
}

/// The half of [`RecordId::of`] that all rows of one entity of one connection share.
#[derive(Clone, Debug)]
pub struct RecordScope {
    seed: Vec<u8>,
    prefix: [u8; 4],
}

/// What is hashed for an id is mostly not longer.
const SHORT: usize = 128;

impl RecordScope {
    pub fn new(connection: ConnectionId, entity: &Entity) -> Self {
        let seed = [connection.0.as_bytes(), entity.name.as_bytes(), &[0]].concat();
        let mut prefix = [0; 4];
        prefix.copy_from_slice(&blake3::hash(&seed).as_bytes()[..4]);
        Self { seed, prefix }
    }

    pub fn id(&self, remote_id: &str) -> RecordId {
        let (seed, own) = (self.seed.as_slice(), remote_id.as_bytes());
        let mut short = [0; SHORT];
        // In one piece, without a hasher, whose state is two kilobytes.
        let hash = match short.get_mut(..seed.len() + own.len()) {
            Some(input) => {
                input[..seed.len()].copy_from_slice(seed);
                input[seed.len()..].copy_from_slice(own);
                blake3::hash(input)
            }
            None => blake3::Hasher::new().update(seed).update(own).finalize(),
        };
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&self.prefix);
        bytes[4..].copy_from_slice(&hash.as_bytes()[..12]);
        if let Some(number) = number_in(remote_id) {
            // Neighbours share these 24 bits; they wrap round, which puts strangers beside them and nothing else.
            bytes[4..7].copy_from_slice(&(number / NEIGHBOURS).to_be_bytes()[5..]);
        }
        RecordId(Uuid::from_bytes(bytes))
    }

    /// The smallest and the largest id that a record of this scope can have.
    pub fn range(&self) -> (RecordId, RecordId) {
        let (mut low, mut high) = ([0; 16], [0xff; 16]);
        low[..4].copy_from_slice(&self.prefix);
        high[..4].copy_from_slice(&self.prefix);
        (RecordId(Uuid::from_bytes(low)), RecordId(Uuid::from_bytes(high)))
    }
}

/// So many numbers in a row share the place of their ids.
const NEIGHBOURS: u64 = 64;

/// The number in a remote id: of the longest run of digits the first, and of it at most the last 18.
fn number_in(remote_id: &str) -> Option<u64> {
    let runs = remote_id.split(|letter: char| !letter.is_ascii_digit());
    let longest = runs.rev().max_by_key(|run| run.len()).unwrap_or_default();
    longest[longest.len().saturating_sub(18)..].parse().ok()
}

/// `prefix_` and the 128 bits as 26 base 32 digits.
pub fn encode(prefix: &str, uuid: Uuid) -> String {
    let mut text = String::with_capacity(prefix.len() + 27);
    text.push_str(prefix);
    text.push('_');
    let bits = uuid.as_u128();
    for digit in (0..26).rev() {
        let index = (bits >> (digit * 5)) & 31;
        text.push(char::from(ALPHABET[index as usize]));
    }
    text
}

fn decode(digits: &str) -> Option<Uuid> {
    if digits.len() != 26 {
        return None;
    }
    let mut bits: u128 = 0;
    for (place, byte) in digits.bytes().enumerate() {
        let value = ALPHABET.iter().position(|&known| known == byte)? as u128;
        // 26 digits hold 130 bits: the first may only be 0..=7.
        if place == 0 && value > 7 {
            return None;
        }
        bits = (bits << 5) | value;
    }
    Some(Uuid::from_u128(bits))
}

fn time_ordered(clock: &Clock) -> Uuid {
    let mut random = [0; 10];
    #[expect(clippy::expect_used, reason = "without the system's randomness no id, token or key is safe to give out")]
    getrandom::fill(&mut random).expect("the system has a source of randomness");
    let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn ids_survive_text_and_sort_by_time() {
        let (clock, hands) = Clock::manual("2026-01-01T00:00:00Z".parse().unwrap());
        let first = EventId::new(&clock);
        hands.advance(std::time::Duration::from_millis(1));
        let second = EventId::new(&clock);
        assert!(first.to_string() < second.to_string());
        assert_eq!(EventId::parse(&first.to_string()), Some(first));
        assert_eq!(ConnectionId::parse(&first.to_string()), None);
        assert_eq!(EventId::parse("evt_zzzzzzzzzzzzzzzzzzzzzzzzzz"), None, "more than 128 bits");
    }

    #[test]
    fn a_record_id_depends_on_connection_entity_and_remote_id_only() {
        let clock = Clock::system();
        let (one, other) = (ConnectionId::new(&clock), ConnectionId::new(&clock));
        let vendor = catalog::entity("vendor").unwrap();
        let item = catalog::entity("item").unwrap();
        let id = RecordId::of(one, vendor, "17");
        assert_eq!(id, RecordId::of(one, vendor, "17"));
        assert_ne!(id, RecordId::of(other, vendor, "17"));
        assert_ne!(id, RecordId::of(one, item, "17"));
        let apart = |a: &str, b: &str| {
            let place = |remote_id| RecordId::of(one, vendor, remote_id).0.as_u128() >> 72;
            place(a).abs_diff(place(b))
        };
        assert_eq!((apart("4500000128", "4500000191"), apart("4500000191", "4500000192")), (0, 1), "numbered in a row");
        assert_eq!(apart("PO-0128/10", "PO-0129/20"), 0, "the longest number counts");
        assert!(apart("north", "south") > 1, "nothing is known of these");
        assert_ne!(RecordId::of(one, vendor, "1"), RecordId::of(one, vendor, "01"));
        assert_ne!(apart(&"9".repeat(40), "1"), 0, "too long a number is cut");
        let (low, high) = RecordScope::new(one, vendor).range();
        assert!(low <= id && id <= high);
        assert_eq!(RecordId::parse(vendor, &id.text(vendor)), Some(id));
    }
}

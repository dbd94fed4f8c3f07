//! The declaration as plain data. `parse` makes it from TOML, `check` holds it against the unified model.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderName;
use trunnion_model::catalog::{Entity, Field};

use super::inbound::Inbound;
use super::odata_v4::V4;
use super::posts::Post;
use super::writes::{Delete, Lock, Move, Update};
use crate::custom::CustomRow;
use crate::mapping::{Conversion, Path};
use crate::shape::Volatile;

/// One `connector.toml`.
#[derive(Clone, Debug)]
pub struct Spec {
    pub system: System,
    pub protocol: Protocol,
    pub limits: Limits,
    /// The connection form's fields, without those of the ways to log in.
    pub form: Vec<FormField>,
    /// The ways to log in, the best first.
    pub auth: Vec<AuthMethod>,
    pub entities: Vec<EntitySpec>,
    /// Entities of the model that the system does not have: the name, and why, for people.
    pub without: Vec<(String, String)>,
    /// Unit codes: ours and the system's.
    pub units: Vec<(String, String)>,
    /// How the system tells of changes by itself, if it can.
    pub inbound: Option<Inbound>,
    /// Of the code and the declaration that make records of rows: another one may make others of the same rows. Whoever makes the
    /// catalogue says it.
    pub revision: Option<u64>,
}

impl Spec {
    /// Why the system has no such entity, if it has none.
    pub fn lacks(&self, entity: &str) -> Option<&str> {
        self.without.iter().find(|(name, _)| name == entity).map(|(_, why)| why.as_str())
    }
}

/// What the catalogue says of the product.
#[derive(Clone, Debug)]
pub struct System {
    /// In URLs and in the API: lower case, with hyphens.
    pub id: String,
    pub name: String,
    /// `erp`, `cmms` or `wms`.
    pub family: String,
    pub doc: String,
    /// Of `doc`.
    pub text: Translations,
    /// Against what it was verified: `simulator` or `real system`.
    pub verified: String,
}

/// The texts of a table in other languages than English: by language (`de`), then by key (`label`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translations(pub BTreeMap<String, BTreeMap<String, String>>);

impl Translations {
    /// The text in that language, if it was given.
    pub fn get(&self, language: &str, key: &str) -> Option<&str> {
        self.0.get(language)?.get(key).map(String::as_str)
    }
}

/// Which wire dialect, with its options.
#[derive(Clone, Debug)]
pub struct Protocol {
    pub kind: ProtocolKind,
    /// Put between the connection's URL and what an entity names: `/opu/odata`.
    pub prefix: String,
    /// The same for what an entity names in `source.odata_v4`.
    pub prefix_v4: String,
    /// The paths at the connection's address below which requests are passed through; none: no request is.
    pub passthrough: Vec<String>,
    /// Query parameters taken from the connection's form: (parameter, form field).
    pub query: Vec<(String, String)>,
    /// How the names of fields begin that customers add to the system's records.
    pub custom: Vec<String>,
    /// Parts of the texts by which the system says that somebody has the object open: what it refused so is sent again.
    pub locked: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolKind {
    ODataV2,
    ODataV4,
    SuiteTalk,
    JsonRpc,
}

impl ProtocolKind {
    pub fn is_odata(self) -> bool {
        matches!(self, Self::ODataV2 | Self::ODataV4)
    }
}

/// How gentle we are; every number has a default.
#[derive(Clone, Debug)]
pub struct Limits {
    pub requests_at_once: usize,
    /// The form field that names the account whose limit it is, if several connections may have the same.
    pub shared_by: Option<String>,
    /// Of one try, from connecting to the last byte.
    pub timeout: Duration,
    pub tries: u32,
    pub max_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_at_once: 4,
            shared_by: None,
            timeout: Duration::from_secs(60),
            tries: 4,
            max_body_bytes: 64 << 20,
        }
    }
}

/// One field of the connection form.
#[derive(Clone, Debug)]
pub struct FormField {
    pub name: String,
    pub label: String,
    /// Where the customer's administrator finds the value.
    pub help: String,
    pub kind: FormKind,
    pub required: bool,
    pub default: Option<String>,
    /// Of `label` and `help`.
    pub text: Translations,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    Url,
    Text,
    /// Never shown again, never logged.
    Secret,
    /// A secret of several lines: a private key in PEM.
    SecretText,
}

/// One way to log in.
#[derive(Clone, Debug)]
pub struct AuthMethod {
    pub scheme: AuthScheme,
    pub label: String,
    pub help: String,
    /// Of `label` and `help`.
    pub text: Translations,
    pub form: Vec<FormField>,
}

/// The schemes that the kit speaks. Each names the form fields that it needs (see `auth`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// `username`, `password` (RFC 7617).
    Basic,
    /// `api_key`: sent as it is in a header, after a prefix.
    ApiKey { header: HeaderName, prefix: String },
    /// `certificate`, `private_key` (PEM): proved by the connection itself (TLS client certificate, X.509).
    Certificate,
    /// `token_url`, `client_id`, `client_secret`: OAuth 2.0 client credentials (RFC 6749, section 4.4).
    OAuth2Client { scope: String },
    /// `username`, `password`: exchanged for a session by the protocol's own login call.
    Session,
    /// `client_id`, `certificate_id`, `private_key` (PEM): OAuth 2.0 client credentials with a signed JWT (RFC 7523).
    OAuth2Jwt { token_path: String, scope: String },
    /// OAuth 2.0 authorisation code with PKCE: the customer consents at the system, and its grant is renewed. In
    /// `authorize_hosts` the ending of the host of the API and the one of the page for people.
    OAuth2Code { authorize_path: String, authorize_hosts: Vec<(String, String)>, token_path: String, scope: String },
    /// `account`, `consumer_key`, `consumer_secret`, `token_id`, `token_secret`: OAuth 1.0a (RFC 5849), HMAC-SHA256.
    OAuth1,
}

impl AuthScheme {
    /// The form fields that it needs.
    pub fn fields(&self) -> &'static [&'static str] {
        match self {
            Self::Basic | Self::Session => &["url", "username", "password"],
            Self::ApiKey { .. } => &["url", "api_key"],
            Self::Certificate => &["url", "certificate", "private_key"],
            Self::OAuth2Client { .. } => &["url", "token_url", "client_id", "client_secret"],
            Self::OAuth2Code { .. } => &["url"],
            Self::OAuth2Jwt { .. } => &["url", "client_id", "certificate_id", "private_key"],
            Self::OAuth1 => &["url", "account", "consumer_key", "consumer_secret", "token_id", "token_secret"],
        }
    }

    /// As in `credentials.auth` of the API and `[auth.NAME]` of the declaration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Session => "session",
            Self::ApiKey { .. } => "api_key",
            Self::Certificate => "certificate",
            Self::OAuth2Client { .. } => "oauth2_client",
            Self::OAuth2Code { .. } => "oauth2_code",
            Self::OAuth2Jwt { .. } => "oauth2_jwt",
            Self::OAuth1 => "oauth1",
        }
    }
}

/// How one unified entity is kept in the system.
#[derive(Clone, Debug)]
pub struct EntitySpec {
    pub entity: &'static Entity,
    /// Not every customer has it set up: connecting does not depend on it.
    pub optional: bool,
    pub source: Source,
    pub sync: Sync,
    /// Absent: the entity cannot be created through us.
    pub create: Option<Create>,
    /// Absent: no field of a record that is there can be changed.
    pub update: Option<Update>,
    /// Absent: neither deleted nor anything like it.
    pub delete: Option<Delete>,
    /// How a record gets from one status to another.
    pub moves: Vec<Move>,
    /// Documents that change a record without being one of ours.
    pub posts: Vec<Post>,
    pub fields: Vec<Row>,
    pub groups: Vec<GroupSpec>,
    /// The customer's own fields: of a connection, never of a declaration.
    pub custom: Vec<CustomRow>,
    /// Where the row says that it is deleted: present and truthy.
    pub deleted_at: Option<Path>,
    pub remote_created: Option<(Path, Conversion)>,
    pub remote_modified: Option<(Path, Conversion)>,
    /// Line of `[entity.NAME]` in the file.
    pub line: usize,
}

/// Where the rows come from. What each member means is said by the protocol's module.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub service: String,
    pub set: String,
    /// Where a row, and the body of a create, says in which set it is written; empty: all are in `set`.
    pub set_at: Path,
    /// The path of the remote id in a row.
    pub key: Path,
    /// The others of a key that has several members, in order. All values, joined by `/`, are the remote id.
    pub more_keys: Vec<String>,
    pub expand: Vec<String>,
    /// Fields to ask for beyond those that the mapping reads.
    pub also: Vec<String>,
    /// Members that do not count when rows are compared.
    pub volatile: Volatile,
    /// A fixed condition in the protocol's own language.
    pub filter: String,
    /// The query's text up to its conditions, where the protocol wants one.
    pub query: String,
    /// The key as the query's language names it, if that is not the row's own member.
    pub key_column: String,
    /// Children that come by a query of their own.
    pub lines: Option<LinesSource>,
    /// The same rows over version 4 of OData: instead, where the system offers them; always, where that is its protocol or this
    /// source's own.
    pub v4: Option<V4>,
}

/// Lines that are read by a query of their own and put under the member `lines` of their row.
#[derive(Clone, Debug)]
pub struct LinesSource {
    pub query: String,
    /// The column with the parent's key, and the one that no two lines share.
    pub parent: String,
    pub unique: String,
    /// The member of a line by whose number the lines are ordered.
    pub order: String,
}

/// How changes are found.
#[derive(Clone, Debug)]
pub struct Sync {
    pub strategy: Strategy,
    /// Rows per request.
    pub page: usize,
    /// How far behind the last seen change the next run begins.
    pub overlap: Duration,
    /// Vendor fields that hold the time of the last change, in the protocol's meaning; empty for a snapshot.
    pub modified: Vec<String>,
    /// `modified` are dates without a time, of which any may tell.
    pub by_day: bool,
    /// Rows that change without a time, as a condition in the protocol's own language: each run reads them too.
    pub unsettled: String,
    /// Vendor fields that hold the time of creation, asked where `modified` is null until the first change.
    pub created: Vec<String>,
    /// How rows that vanish are noticed, where a row does not say so itself.
    pub deletes: Deletes,
    /// The date that the record itself is of, which a history window looks at; what has none is read whole.
    pub dated: Option<Dated>,
}

/// A document's own date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// As the protocol asks for it.
    pub ask: String,
    /// Where it is in a row.
    pub at: Path,
    /// Gives a date or an instant.
    pub conversion: Conversion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Only what changed since the watermark, in the order of the key.
    Watermark,
    /// As a watermark, over the time of creation: for documents that never change.
    Inserted,
    /// Only rows with greater keys than the greatest that was known an overlap before the last run: for documents that never change and
    /// whose keys grow.
    Keyset,
    /// Everything, every time; unchanged rows cost nothing after the comparison. What is not there any more is deleted.
    Snapshot,
    /// The system says what changed since a token that it gave the last time.
    Delta,
}

impl Strategy {
    /// In the declaration.
    pub const NAMES: [(&str, Self); 5] = [
        ("watermark", Self::Watermark),
        ("inserted", Self::Inserted),
        ("keyset", Self::Keyset),
        ("snapshot", Self::Snapshot),
        ("delta", Self::Delta),
    ];

    /// Whether rows are asked for by a time.
    pub fn is_by_time(self) -> bool {
        matches!(self, Self::Watermark | Self::Inserted)
    }
}

/// How rows that vanish are noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Deletes {
    /// By complete reads only.
    #[default]
    Unnoticed,
    /// By listing all keys, at most so often.
    Keys { every: Duration },
    /// The system keeps a list of what was deleted.
    Feed(Feed),
}

/// A list of deleted records, in the protocol's own terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// The question up to its conditions.
    pub query: String,
    /// The columns with the record's key and with the time of its deletion.
    pub key: String,
    pub at: String,
    /// The member of an answered row with the time, as an instant.
    pub at_member: String,
}

/// How a record is created.
#[derive(Clone, Debug)]
pub struct Create {
    /// The vendor field that carries our write key, so that an unanswered write can be found again.
    pub write_key: String,
    /// How long the write key may be there.
    pub write_key_length: usize,
    /// Another set than the one that is read from, where the system wants that.
    pub set: String,
    /// Fixed values: vendor path and value.
    pub constants: Vec<(Path, String)>,
    /// Values from the connection form: vendor path and form field; one with `?` at its end may be missing.
    pub settings: Vec<(Path, String)>,
}

/// A nested group or a list of lines.
#[derive(Clone, Debug)]
pub struct GroupSpec {
    pub field: &'static Field,
    /// Where the group's object or the list's array is; empty for the row itself.
    pub at: Path,
    /// Where it is written, often the same.
    pub to: Path,
    pub write: Write,
    /// A create without it is refused before anything is sent.
    pub required: bool,
    /// Why we require it, where the system itself would do without.
    pub required_because: String,
    pub locks: Lock,
    /// Of a list: what names a line in the system's row, where `remote_line_id` is not it.
    pub key: Path,
    /// Where that name is written in a changed line; empty where the protocol addresses the line itself.
    pub key_to: Path,
    pub fields: Vec<Row>,
    /// The customer's own fields of a line, as [`EntitySpec::custom`].
    pub custom: Vec<CustomRow>,
    pub constants: Vec<(Path, String)>,
    pub settings: Vec<(Path, String)>,
}

/// One field: where it is in the system and how it is converted, for both directions.
#[derive(Clone, Debug)]
pub struct Row {
    /// The unified member: a catalogue field, or a sibling such as `vendor_code`.
    pub name: String,
    /// Where it is read; empty where it is only written.
    pub at: Path,
    /// Where it is written, often the same.
    pub to: Path,
    pub conversion: Conversion,
    pub write: Write,
    /// A create without it is refused before anything is sent.
    pub required: bool,
    /// Why we require it, where the system itself would do without.
    pub required_because: String,
    /// The statuses in which an update may not touch it.
    pub locks: Lock,
    /// Fixed values that an update writes along with it: the quantity that a price is for.
    pub with: Vec<(Path, String)>,
    pub max_length: Option<usize>,
    /// Decimal places that the system keeps; more are refused, not rounded.
    pub precision: Option<u32>,
    /// Line in the file.
    pub line: usize,
}

/// When a field may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    Never,
    Create,
    /// On update only: what a new record cannot have yet.
    Update,
    /// On create and on update.
    Always,
}

impl Write {
    pub fn on_create(self) -> bool {
        matches!(self, Self::Create | Self::Always)
    }

    pub fn on_update(self) -> bool {
        matches!(self, Self::Update | Self::Always)
    }
}

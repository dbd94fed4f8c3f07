//! Arguments of a statement, for either database.

use rusqlite::ToSql;
use rusqlite::types::{Null, ToSqlOutput};
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use trunnion_model::ids::{
    AlertId, ApplicationId, AuditId, BulkId, ConnectionId, DeliveryId, EventId, HeldDeletionId, IncidentId, KeyId,
    LinkId, OauthClientId, OperationId, QuarantineId, RecordId, ReplayId, RunId, SchemaDriftId, WebhookEndpointId,
};
use uuid::Uuid;

use crate::{Error, Result};

/// One argument, owned: a statement outlives no borrow.
pub(crate) enum Arg {
    Id(Option<Uuid>),
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Bool(bool),
}

/// The arguments of a statement, in the order of its placeholders.
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::db::arg::Arg::from($value)),*]
    };
}

pub(crate) use args;

impl ToSql for Arg {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Id(Some(value)) => value.as_bytes()[..].to_sql(),
            Self::Id(None) => Null.to_sql(),
            Self::Int(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
            Self::Bytes(value) => value.to_sql(),
            Self::Bool(value) => value.to_sql(),
        }
    }
}

pub(crate) fn postgres(args: Vec<Arg>) -> Result<PgArguments> {
    let mut bound = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Id(value) => bound.add(value),
            Arg::Int(value) => bound.add(value),
            Arg::Text(value) => bound.add(value),
            Arg::Bytes(value) => bound.add(value),
            Arg::Bool(value) => bound.add(value),
        }
        .map_err(Error::Database)?;
    }
    Ok(bound)
}

macro_rules! from {
    ($($source:ty => $variant:ident($value:ident: $make:expr);)*) => {$(
        impl From<$source> for Arg {
            fn from($value: $source) -> Self {
                Self::$variant($make)
            }
        }
    )*};
}

from! {
    Uuid => Id(value: Some(value));
    ApplicationId => Id(value: Some(value.0));
    ConnectionId => Id(value: Some(value.0));
    EventId => Id(value: Some(value.0));
    OauthClientId => Id(value: Some(value.0));
    AuditId => Id(value: Some(value.0));
    AlertId => Id(value: Some(value.0));
    HeldDeletionId => Id(value: Some(value.0));
    IncidentId => Id(value: Some(value.0));
    KeyId => Id(value: Some(value.0));
    LinkId => Id(value: Some(value.0));
    OperationId => Id(value: Some(value.0));
    QuarantineId => Id(value: Some(value.0));
    RecordId => Id(value: Some(value.0));
    RunId => Id(value: Some(value.0));
    SchemaDriftId => Id(value: Some(value.0));
    BulkId => Id(value: Some(value.0));
    DeliveryId => Id(value: Some(value.0));
    ReplayId => Id(value: Some(value.0));
    WebhookEndpointId => Id(value: Some(value.0));
    Option<Uuid> => Id(value: value);
    Option<ConnectionId> => Id(value: value.map(|id| id.0));
    Option<RecordId> => Id(value: value.map(|id| id.0));
    i64 => Int(value: Some(value));
    Option<i64> => Int(value: value);
    bool => Bool(value: value);
    String => Text(value: Some(value));
    &String => Text(value: Some(value.clone()));
    &str => Text(value: Some(value.to_owned()));
    Option<String> => Text(value: value);
    Option<&str> => Text(value: value.map(str::to_owned));
    Vec<u8> => Bytes(value: Some(value));
    &[u8; 32] => Bytes(value: Some(value.to_vec()));
    Option<Vec<u8>> => Bytes(value: value);
}

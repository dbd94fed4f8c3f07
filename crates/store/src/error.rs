//! What can go wrong in the store, by what the caller can do about it.

/// What the database's client said.
type Cause = Box<dyn std::error::Error + Send + Sync>;

pub type Result<T> = std::result::Result<T, Error>;

/// Why the store did not do what it was asked. Texts hold no secret and no record's content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it belongs to another tenant.
    #[error("no such {what}")]
    NotFound { what: &'static str },
    /// What is stored already speaks against it.
    #[error("conflict: {what}")]
    Conflict { what: &'static str },
    /// Somebody else holds the work now (the lease ran out, or the run was cancelled): stop, and write nothing more.
    #[error("the lease on this work is no longer held")]
    LeaseLost,
    /// While the rows were read, one of them was stored from another reading, and nothing tells which is newer: read them
    /// again.
    #[error("a row was stored from another reading meanwhile")]
    Overtaken,
    /// The database cannot be reached or is too busy: worth another try later.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] Cause),
    /// What is stored cannot be read: damaged, written by something else, or sealed with a key that is not in the keyring.
    #[error("stored {what} cannot be read: {why}")]
    Corrupt { what: &'static str, why: String },
    /// The store was given something that it cannot work with: a URL, a key file, a version of the database.
    #[error("{0}")]
    Configuration(String),
    /// The database refused a statement: an error in this program.
    #[error("the database refused: {0}")]
    Database(#[source] Cause),
}

impl Error {
    pub(crate) fn corrupt(what: &'static str, why: &str) -> Self {
        Self::Corrupt { what, why: format!("unexpected value {why:?}") }
    }

    /// Whether the same call may succeed later without anybody's doing.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Overtaken)
    }
}

/// PostgreSQL's codes for connection trouble, shutdown and lost races.
fn is_passing(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "53300" | "57P01" | "57P02" | "57P03")
        || (code.len() == 5 && code.starts_with("08"))
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::PoolTimedOut | E::PoolClosed | E::Io(_) | E::WorkerCrashed | E::Tls(_) => {
                Self::Unavailable(Box::new(error))
            }
            E::Database(inner) if inner.code().is_some_and(|code| is_passing(&code)) => {
                Self::Unavailable(Box::new(error))
            }
            E::Configuration(_) => Self::Configuration(error.to_string()),
            E::ColumnDecode { .. } | E::Decode(_) => Self::Corrupt { what: "row", why: error.to_string() },
            _ => Self::Database(Box::new(error)),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        match &error {
            E::SqliteFailure(inner, _) if matches!(inner.code, DatabaseBusy | DatabaseLocked) => {
                Self::Unavailable(Box::new(error))
            }
            E::FromSqlConversionFailure(..) | E::InvalidColumnType(..) | E::IntegralValueOutOfRange(..) => {
                Self::Corrupt { what: "row", why: error.to_string() }
            }
            _ => Self::Database(Box::new(error)),
        }
    }
}

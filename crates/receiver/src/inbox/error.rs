//! What can go wrong between the inbox and its database.

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Passes by itself: the sender should come again.
    #[error("the inbox's database cannot be reached: {0}")]
    Unavailable(String),
    #[error("the inbox's database refuses: {0}")]
    Database(String),
    #[error("{0}")]
    Configuration(String),
}

impl Error {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        use sqlx::Error as Cause;
        let passes = match error {
            Cause::Io(_)
            | Cause::Tls(_)
            | Cause::Protocol(_)
            | Cause::PoolTimedOut
            | Cause::PoolClosed
            | Cause::WorkerCrashed => true,
            Cause::Database(inner) => inner.code().is_some_and(|code| is_passing(&code)),
            _ => false,
        };
        if passes { Self::Unavailable(error.to_string()) } else { Self::Database(error.to_string()) }
    }

    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::of(&error)
    }
}

/// PostgreSQL has classes of five characters: connections, resources, an operator at work, lost races. SQLite has numbers
/// whose last byte says the kind: busy, locked, disk trouble, no room, cannot open.
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<i64>().is_ok_and(|code| [5, 6, 10, 13, 14].contains(&(code & 0xff)))
}

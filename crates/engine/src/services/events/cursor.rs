//! Where a reader of a log goes on. In a connection's log that is a sequence, in an application's `log_` and a position, so
//! that a cursor of one log is not taken for one of another.

use super::reach::Log;

const PREFIX: &str = "log_";

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// With the oldest that is kept.
    Oldest,
    /// With what comes from now on.
    Latest,
    /// Behind that place: what was there must still be there.
    Place(i64),
}

pub(super) fn write(log: Log, place: i64) -> String {
    match log {
        Log::Connection(_) => place.to_string(),
        Log::Application(_) => format!("{PREFIX}{place}"),
    }
}

/// What is wrong with it, if it is none of this log.
pub(super) fn read(log: Log, text: &str) -> Result<After, &'static str> {
    let place = |text: &str| text.parse().ok().filter(|place| *place >= 0).map(After::Place);
    match (log, text) {
        (_, "latest") => Ok(After::Latest),
        (_, "0") => Ok(After::Place(0)),
        (Log::Connection(_), text) if text.starts_with(PREFIX) => {
            Err("is a place in the log over all connections; this is the log of one connection")
        }
        (Log::Connection(_), text) => place(text).ok_or("must be a sequence, a next_cursor, or latest"),
        (Log::Application(_), text) => match text.strip_prefix(PREFIX) {
            Some(digits) => place(digits).ok_or("must be a next_cursor, or latest"),
            None => Err("is no place in the log over all connections: give its next_cursor, or name a connection"),
        },
    }
}

#[cfg(test)]
mod tests {
    use trunnion_model::ids::{ApplicationId, ConnectionId};
    use trunnion_model::time::Clock;

    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_kind_of_log() {
        let clock = Clock::system();
        let own = Log::Connection(ConnectionId::new(&clock));
        let all = Log::Application(ApplicationId::new(&clock));
        for log in [own, all] {
            assert_eq!(read(log, &write(log, 17)), Ok(After::Place(17)));
            assert_eq!((read(log, "latest"), read(log, "0")), (Ok(After::Latest), Ok(After::Place(0))));
            for odd in ["-1", "log_-1", "x", "log_", "17 ", "log_log_1", "99999999999999999999"] {
                assert!(read(log, odd).is_err(), "{odd}");
            }
        }
        assert!(read(all, "17").is_err() && read(own, "log_17").is_err());
    }
}

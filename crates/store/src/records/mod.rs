//! Unified records: one way in, several ways out.

mod apply;
mod judge;
mod postgres;
mod read;
mod sqlite;
mod types;

pub use types::{Applied, Commit, ListQuery, NaturalMatch, PageProgress, Position, Sort};

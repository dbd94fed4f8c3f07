//! Unified records: one way in, several ways out.

mod apply;
mod filter;
mod judge;
mod postgres;
mod read;
mod sqlite;
mod types;

pub use filter::{FieldFilter, FieldFilters, FieldKind, FieldPlace, FieldTest};
pub use types::{Applied, Commit, ListQuery, NaturalMatch, PageProgress, Position, Sort};

//! Unified records: one way in, several ways out.

mod apply;
mod filter;
mod judge;
mod known;
mod listing;
mod postgres;
mod read;
mod sqlite;
mod sweep;
mod types;

pub use filter::{FieldFilter, FieldFilters, FieldKind, FieldPlace, FieldTest};
pub(crate) use judge::Prepared;
pub use known::{Known, Mapping};
pub use listing::Gone;
pub(crate) use sweep::sweep_in;
pub use types::{Applied, Commit, ListQuery, NaturalMatch, PageProgress, Poison, Position, Reading, Sort};

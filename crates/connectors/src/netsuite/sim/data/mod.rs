//! The account's data: which records there are, the seed, and the rules by which they change.

mod account;
mod changes;
mod fields;
mod levels;
mod master_seed;
mod order;
mod order_seed;
mod purchasing;
mod receipts;
mod record;
mod schema;
mod store;
mod transactions;

pub(super) use changes::Draft;
pub(super) use levels::Level;
pub(super) use order::UNITS;
pub(super) use purchasing::Link;
pub(super) use record::{Line, Record, Value};
pub(super) use schema::{Access, Family, Field, Kind, Sublist, TYPES, Type, script_name, type_named};
pub(super) use store::{Deleted, Saved, Store};
pub(super) use transactions::Transactions;

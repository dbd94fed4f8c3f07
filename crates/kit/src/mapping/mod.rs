//! One row per field, compiled once, running both ways: vendor row to unified record, unified body to vendor request.
//!
//! A closed set of typed conversions and no expression language: what data cannot say is a Rust hook of the vendor.

mod convert;
pub mod dates;
mod names;
mod operation;
mod path;
mod read;
mod write;

pub use convert::{Conversion, Form};
pub use names::Names;
pub use path::Path;
pub use read::{Glance, MapError, Mapper, RowHook};
pub use write::{Change, Edit, FieldProblem, ListChange, Standing, WriteContext, fixed, to_change, to_vendor};

#[cfg(test)]
mod tests;

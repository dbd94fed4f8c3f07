//! What the rows of an entity look like, and what of it nobody expected.

mod decide;
mod note;
mod read;
mod types;

pub use types::{DriftFilter, DriftState, RowShape, SchemaDrift};

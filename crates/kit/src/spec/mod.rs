//! A connector's declaration: what its `connector.toml` may say, as plain data; how it is read; how it is checked.
//!
//! Facts are declared once and everything else follows from them: the connection form, the mapping in both directions,
//! what is asked of the system, the capability matrix, the conformance tests.

pub mod form;
pub mod types;

pub use types::*;

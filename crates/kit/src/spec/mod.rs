//! A connector's declaration: what its `connector.toml` may say, as plain data; how it is read; how it is checked.
//!
//! Facts are declared once and everything else follows from them: the connection form, the mapping in both directions,
//! what is asked of the system, the capability matrix, the conformance tests.

mod entity;
pub mod form;
mod inbound;
mod odata_v4;
mod parse;
mod posts;
mod table;
pub mod types;
pub mod writes;

pub use inbound::{Inbound, InboundEntity, SecretForm, Subscription};
pub use odata_v4::V4;
pub use parse::load;
pub use posts::Post;
pub use table::Finding;
pub use types::*;
pub use writes::{Call, Delete, Lock, Mode, Move, Update, is_among};

#[cfg(test)]
mod tests;

//! Deletions that are held back until somebody says whether they are to be believed.

mod decide;
mod hold;
mod types;

pub use types::{HeldDeletion, HeldReason, HeldState};

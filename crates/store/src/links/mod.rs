//! Link sessions: a customer's invitation to connect a system, its single use, and the code that is exchanged for the token.

mod places;
mod session;
mod used;

pub use session::{Link, NewLink};
pub(crate) use used::use_up;
pub use used::{LinkUse, Redeemed};

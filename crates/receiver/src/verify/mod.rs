//! Proof that a request comes from who it says, over exactly the bytes that arrived; and the handshakes before the first one.
//!
//! A [`Scheme`] is data: where the signature, the time and the id stand, how they are written, what was signed. [`check`]
//! reads it. Outside, each failure is the same flat refusal; [`Refusal`] is for the log and the operator.

mod check;
mod handshake;
mod place;
mod presets;
mod scheme;
mod template;

#[cfg(test)]
mod tests;

pub use check::{Refusal, Verified, check};
pub use handshake::{Answer, Handshake, answer};
pub use place::{Found, Incoming, Place};
pub use scheme::{Algorithm, Encoding, Entry, Form, KeyForm, Proof, Scheme, Signed};
pub use template::Template;

//! Webhooks as they leave: signed by Standard Webhooks 1.0, sent to nobody's inside, bounded in time and bytes.
//!
//! [`sign`] makes secrets and signatures, [`guard`] says which addresses may be reached, [`post`] sends one request under
//! both. What is sent to whom, and how often, is the engine's business.

mod asymmetric;
mod guard;
mod headers;
mod post;
mod proxy;
mod resolver;
mod sign;

#[cfg(test)]
mod tests;

pub use asymmetric::{PrivateKey, verify};
pub use guard::{Guard, Network, Refusal};
pub use headers::check_header;
pub use post::{Message, Poster, Reply};
pub use proxy::Proxy;
pub(crate) use resolver::{Guarded, system};
pub use sign::{Secret, SigningKey, signature};

//! The only way out to the vendor systems: bounded in time, bytes and tries; a write is never sent twice by doubt.

mod budget;
mod classify;
mod client;
mod here;
mod limits;
mod message;
mod random;
mod redact;
mod transport;

#[cfg(feature = "sim")]
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trouble_tests;

pub use budget::{Budget, Lane, Learned};
pub use client::{Client, Pace};
pub use here::is_this_machine;
pub use message::{Answer, Effect, Request, http_date};
pub use random::Random;
pub use redact::{redact, vendor_text};
pub(crate) use transport::NOT_ALLOWED;

//! What the tests need around them: PostgreSQL, a real ERP, and clients that we did not write.
//!
//! Slow things (packages, a seeded database) are made once and cached; servers are started anew for each run on free
//! ports of 127.0.0.1, from equal data. Tests find them through the `TRUNNION_TEST_…` variables only.

mod apt;
mod browser;
pub(crate) mod lock;
mod peers;
mod port;
pub(crate) mod postgres;
pub(crate) mod python;
mod receivers;
pub(crate) mod serve;
mod start;
mod tryton;

pub(crate) use start::Environment;

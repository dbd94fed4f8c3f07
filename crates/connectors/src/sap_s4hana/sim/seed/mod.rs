//! The data that a simulator starts with: the same for the same seed and the same start.

mod orders;
mod partners;
mod products;
mod random;

pub(super) use orders::{FIRST_ORDER, HeaderColumns, OrderSeed};
pub(super) use partners::partners;
pub(super) use products::products;

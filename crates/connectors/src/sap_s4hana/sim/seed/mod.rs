//! The data that a simulator starts with: the same for the same seed and the same start.

mod assets;
mod measurements;
mod orders;
mod partners;
mod plant_data;
mod products;
mod purchasing;
mod random;
mod stock;
mod work;

pub(super) use orders::{FIRST_ORDER, HeaderColumns, OrderSeed};
pub(super) use partners::partners;
pub(super) use plant_data::plant_data;
pub(super) use products::products;

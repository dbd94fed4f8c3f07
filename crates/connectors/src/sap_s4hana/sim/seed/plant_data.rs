//! What goes on in the plants: stock and receipts, requisitions and invoices, equipment and what is measured at it,
//! notifications and maintenance orders.

use super::{assets, measurements, purchasing, stock, work};
use crate::sap_s4hana::sim::world::World;

/// Fills the tables, in the order in which one refers to the other.
pub(in super::super) fn plant_data(world: &mut World, seed: u64, start: i64, user: &str) {
    stock::levels(world, seed);
    stock::receipts(world, start, user);
    purchasing::requisitions(world, seed, start, user);
    purchasing::invoices(world, start, user);
    assets::places(world, start, user);
    assets::equipment(world, seed, start, user);
    measurements::points(world, start);
    measurements::readings(world, seed, start, user);
    work::notifications(world, seed, start);
    work::orders(world, seed, start, user);
}

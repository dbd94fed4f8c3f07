//! The connectors against systems on sockets: the simulators in this process, and the real systems that the environment
//! names.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on says so by a panic")]

mod client;
mod conform;
mod deletions;
mod event_mesh;
mod foreign;
mod meters;
mod odata_v4;
mod sap_names;
mod systems;
mod traps;
mod traps_gate;
mod traps_netsuite;
mod traps_orders;
mod traps_plant;
mod traps_wire;

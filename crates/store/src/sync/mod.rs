//! Syncs as work: plans that become due, leases, runs.

mod claim;
mod finish;
mod plans;
mod remap;
mod request;
mod rows;
mod runs;
mod types;

pub(crate) use claim::{random, until};
pub(crate) use plans::{Locked, cancel_all, insert_plan, lock_all, lock_lease, lock_one, make_due, rest_or_work};
pub(crate) use remap::{note_half_read, read_again, turn_into_remap};
pub use types::{
    Claim, ClaimRequest, Failure, Finished, Lane, Lease, PlanChanges, PlanState, Room, Run, RunCause, RunMode,
    RunState, SyncPlan,
};

//! Syncs as work: plans that become due, leases, runs.

mod claim;
mod finish;
mod plans;
mod request;
mod rows;
mod runs;
mod types;

pub(crate) use claim::{random, until};
pub(crate) use plans::{cancel_all, insert_plan, lock_lease, make_due, newest_listing};
pub use types::{
    Claim, ClaimRequest, Failure, Finished, Lease, PlanChanges, PlanState, Run, RunCause, RunMode, RunState, SyncPlan,
};

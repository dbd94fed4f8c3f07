//! The only SQL of the product: one [`Store`] over SQLite (the default) and PostgreSQL.
//!
//! What is promised here, and tested on both databases: a page of records, its events and its cursor commit together or
//! not at all; events of a connection are numbered without holes and become visible in that order; an unchanged record
//! writes nothing; work is found and fenced by a lease in the database; secrets are sealed before they are stored. Every
//! question names its tenant (application, connection). Nothing here knows a vendor or talks HTTP.

mod alerts;
mod applications;
mod audit;
mod branding;
mod budgets;
mod bulks;
mod connections;
mod db;
mod deletions;
mod error;
mod events;
mod field_mapping;
mod forget;
mod grants;
mod health;
mod inbound;
mod keyring;
mod links;
mod news;
mod operations;
mod quarantine;
mod records;
mod reseal;
mod schema_drift;
mod seal;
mod standing;
mod store;
mod subscriptions;
mod sync;
mod webhooks;
mod words;

pub use alerts::{Alert, AlertChanges, Condition, Firing, Found, NewAlert};
pub use applications::{Application, KeyInfo, Principal};
pub use audit::{AuditEntry, AuditQuery, NewAudit};
pub use branding::{Branding, Logo};
pub use budgets::{BudgetAsk, BudgetLease, BudgetNews};
pub use bulks::{Bulk, BulkItem, BulkLease, BulkOutcome, NewBulkItem, OpenItem};
pub use connections::{
    Connection, ConnectionChanges, ConnectionFilter, ConnectionStatus, NewConnection, NewCredentials, NewPlan, Reason,
    StatusChange,
};
pub use deletions::{HeldDeletion, HeldReason, HeldState};
pub use error::{Error, Result};
pub use events::{Event, EventPage, LogPage, NewEvent};
pub use field_mapping::FieldMapping;
pub use grants::{NewGrant, NewPending, StoredGrant};
pub use health::{CallHour, Cleared, DueProbe, Incident, ProbeState, Tally, Trouble};
pub use inbound::{InboundHook, InboundHookKey, MissedHooks, NewAddress};
pub use keyring::Keyring;
pub use links::{Link, LinkUse, NewLink, Redeemed};
pub use operations::{
    Begun, NewOperation, Operation, OperationLease, OperationOutcome, OperationState, OutcomeBody, WriteEvidence,
};
pub use quarantine::Quarantined;
pub use records::{
    Applied, Commit, FieldFilter, FieldFilters, FieldKind, FieldPlace, FieldTest, Gone, Known, ListQuery, Mapping,
    NaturalMatch, PageProgress, Poison, Position, Reading, Sort,
};
pub use reseal::Resealed;
pub use schema_drift::{DriftFilter, DriftState, RowShape, SchemaDrift};
pub use standing::{Named, Standing};
pub use store::Store;
pub use subscriptions::{DueSubscription, Subscription, SubscriptionState};
pub use sync::{
    Claim, ClaimRequest, Failure, Finished, Lane, Lease, PlanChanges, PlanState, Room, Run, RunCause, RunMode,
    RunState, SyncPlan,
};
pub use webhooks::{
    Attempt, AttemptOutcome, BlockedKey, Concluded, Delivery, DeliveryClaim, DeliveryRequest, DeliveryState,
    Dispatched, DueEndpoint, Ending, EndpointChanges, EndpointSettings, FinishedAttempt, Hands, HealthPolicy,
    NewEndpoint, NewReplay, NewSecret, Ordering, PayloadForm, Replay, ReplayState, ReplayWhich, RetryPolicy,
    SecretKind, Taken, Target, WebhookEndpoint, WebhookSecret,
};

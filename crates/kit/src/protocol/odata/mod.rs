//! OData with the habits of ABAP gateways: CSRF token and cookies for writes, errors in an envelope. What versions 2 and 4
//! share is one code; where they differ is [`way`].
//!
//! `source.service` is the service, `source.set` the entity set, `source.key` its key property (or several: their values,
//! joined by `/`, are the remote id), `source.expand` the navigations, `source.filter` a `$filter` that always holds.
//! `sync.modified` names one DateTimeOffset property, or a date and a time property (then `sync.created` says what to ask
//! while they are null); with `sync.by_day`, dates of which any may tell. `source.odata_v4` says what version 4 calls otherwise.
//!
//! Source: OData v2 (odata.org) and v4 (OASIS); the gateway's documentation for CSRF and error envelopes.

mod ask;
mod batch;
mod change;
mod custom;
mod offer;
mod send;
mod way;
mod write;

pub use ask::having;
pub(super) use ask::{find_by, find_written, keys, one, page, probe};
pub(super) use custom::discover;
pub(super) use send::{Body, Modify, get, modify, passthrough};
pub(super) use write::{create, delete, delete_lines, named, update};

pub(crate) use offer::Offers;

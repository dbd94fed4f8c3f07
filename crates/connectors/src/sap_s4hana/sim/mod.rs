//! A simulated SAP S/4HANA: the OData services for purchasing, stock and maintenance.
//!
//! Written from the vendor's documentation (service metadata, published examples), not from the connector. It checks and
//! stores what is sent, so that a later read shows it. Start it with [`start`]; [`Options`] says with which data.
//!
//! **Served.** `/sap/opu/odata/sap/{API_BUSINESS_PARTNER, API_PRODUCT_SRV, API_PURCHASEORDER_PROCESS_SRV,
//! API_MATERIAL_DOCUMENT_SRV, API_MATERIAL_STOCK_SRV, API_FUNCTIONALLOCATION, API_EQUIPMENT, API_MAINTENANCEORDER;v=2,
//! API_MAINTNOTIFICATION, API_PURCHASEREQ_PROCESS_SRV, API_SUPPLIERINVOICE_PROCESS_SRV}` with service document, `$metadata`, lists (`$filter $orderby $top $skip $skiptoken $inlinecount
//! $select $expand`), `$count`, entities by key, navigations, single properties; deep insert, `PATCH`/`MERGE`, `DELETE`,
//! function imports. Purchase orders also in version 4, measuring points and their documents in version 4 only, if [`Options`]
//! say so: see `v4/mod.rs`.
//!
//! **As the vendor does.** Basic authentication whose failures all look alike and lock the user after five, and three other
//! ways in (see `gate.rs`); CSRF tokens
//! bound to a session; decimals as texts; `/Date(…)/`; numeric texts with leading zeros; upper case; versions with 428
//! and 412; the error envelope; `sap-message`; a release strategy; deleted items stay with code `L`; goods movements that
//! cannot be changed, only cancelled by another document, and whose answer shows no items; stock that only movements
//! change; validity rows of equipment; the status of a maintenance order that only functions move.
//!
//! **Otherwise.** Every answer is JSON, also without `$format=json` (the vendor's default is Atom). `$batch` is multipart, with changesets of
//! which all is done or nothing. `PUT` and `$links` are answered with 501 or 404. No answer has more than 5 000 rows unless told otherwise. A goods receipt
//! changes the order only when it completes an item, and then its change time. Releasing and completing a maintenance
//! order confirms its operations. Supplier invoices are posted, released and cancelled by their functions, but not made; the
//! functions of requisitions are not there. Measuring points are not made or changed, and their documents taken back by a control
//! function only. A new description of a requisition moves no change time, which only items have. A change of a supplier's data counts as a change of its business partner. Message
//! classes and numbers follow the vendor's form; where no example is published they are ours. Nothing here was compared
//! with a live system. Event Mesh is simulated beside it, on the same port: see `event_mesh.rs`.

mod batch;
mod conditions;
mod errors;
mod event_mesh;
mod events;
mod filter;
pub mod gate;
mod inside;
mod metadata;
mod node;
mod org;
mod place;
mod read;
mod remote;
mod schema;
mod seed;
mod server;
mod session;
mod stamp;
mod v4;
mod value;
mod world;
mod write;

#[cfg(test)]
mod tests;

pub use event_mesh::{CLIENT_ID, CLIENT_SECRET, QUEUE};
pub use server::{Options, start};

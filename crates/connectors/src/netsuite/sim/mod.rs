//! A NetSuite account to build and test against: REST records, SuiteQL and both ways to log in, on a local port.
//!
//! Written from Oracle's documentation and independent of our connector. Records are stored and changed for real;
//! purchase orders of the seed are computed when they are asked for, so that an account of a million costs nothing.
//!
//! Beside the harness's control functions there are:
//!
//! | request | effect |
//! |---|---|
//! | `POST /_control/touch_purchase_order?id=ID` | changes the first line's rate, as a user would; 204 |
//! | `POST /_control/negative_quantities?on=true` | SuiteQL shows purchase quantities as negative numbers, as some accounts do |
//! | `POST /_control/user_time_zone?minutes=-480` | the integration user's offset from UTC, by which SuiteQL reads and writes instants |
//! | `POST /_control/forbid?record=vendorBill` | the role lacks the permission for that record type |
//! | `POST /_control/unexpected_error?next=N` | the next N requests end in an error that nobody expected, with nothing done |
//! | `POST /_control/most_rows?rows=N` | no query shows more rows, where Oracle's limit is too far for a test |
//! | `POST /_control/latency?ms=200` | how long each request keeps its concurrency slot |
//! | `POST /_control/install_script?url=U&secret=whsec_…` | the user event script is there from now on, and tells of changes, also of those by the API |
//! | `POST /_control/lose_posts?count=N` | the script's next posts get lost |
//! | `POST /_control/suiteql` | as the service of that name, without a login: what the account holds, whatever is cut |
//! | `GET /_control/login_audit` | why logins failed, newest last; the client only ever hears one and the same 401 |
//!
//! Each answer tells the account's time in its `Date`.
//!
//! Bills are seeded, changed in their header and deleted, but not made; what is ordered of a requisition is seeded only.
//!
//! Not simulated, and refused as such: other transforms than a purchase order's into its receipt, asynchronous requests and batches, the OpenAPI form of the metadata.

mod auth;
mod control;
mod data;
mod inside;
mod node;
mod options;
mod reply;
mod rest;
mod script;
mod server;
mod suiteql;
#[cfg(test)]
mod tests;

pub use options::{M2m, Options, SANDBOX_PRIVATE_KEY_PEM, Tba};
pub use server::start;

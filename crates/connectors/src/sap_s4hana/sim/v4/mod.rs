//! Version 4 of OData: purchase orders, the same documents as in version 2 with other names, addresses and forms; measuring
//! points and measurement documents, which there are in version 4 only.
//!
//! `/sap/opu/odata4/sap/{api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001, api_measuringpoint/srvd_a2x/sap/measuringpoint/0001,
//! api_measurementdocument/srvd_a2x/sap/measurementdocument/0001}`. Served: service document, `$metadata` (CSDL 4.0),
//! lists (`$filter $orderby $top $skip $skiptoken $count $select $expand` with `$select` and `$expand` in it), `$count`, rows by
//! key (also as segments), navigations, deep insert, `PATCH`, `DELETE`. Numbers are JSON numbers unless `IEEE754Compatible` is
//! asked for; floats are numbers always, large ones with an exponent. Bound actions, lambdas, `$search`, `$apply` and single
//! properties are refused; `$batch` is served for all services alike. All rows of an order have its version.
//!
//! Source: OData 4.0 (OASIS), the service's metadata and examples on the SAP Business Accelerator Hub.

mod address;
mod body;
mod filter;
mod metadata;
mod query;
mod render;
mod serve;
mod service;
mod view;

pub(super) use serve::{Below, answer, below, mark};
pub(super) use service::Service;

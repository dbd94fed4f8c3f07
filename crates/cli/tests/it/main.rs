//! The whole product, tested from outside: the real binary, its HTTP API, the vendors' simulators and the real system.
//!
//! `cargo xtask test` starts what these tests need and tells them where it is by `TRUNNION_TEST_…` variables.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test that cannot go on panics")]

mod bulk;
mod check;
mod commands;
mod consent;
mod crash;
mod custom_fields;
mod database;
mod declared;
mod demo;
mod faults;
mod hooks;
mod hour;
mod inbox;
mod inbox_torture;
mod invoices;
mod kills;
mod listening;
mod logins;
mod mail;
mod matrix;
mod meters;
mod metrics;
mod moods;
mod passthrough;
mod peers;
mod process;
mod provider;
mod proxy;
mod reauth;
mod receive;
mod receiver;
mod same_change;
mod same_item;
mod same_order;
mod same_receipt;
mod same_requisition;
mod same_stock;
mod secrets;
mod storm;
mod subscriptions;
mod systems_page;
mod torture;
mod tryton;
mod tryton_items;
mod tryton_refusals;
mod work_order;

//! SAP S/4HANA: its declaration, and the few things that follow from several fields at once.

mod derive;
pub mod sim;

use std::sync::Arc;

use trunnion_kit::mapping::RowHook;
use trunnion_kit::vendor::Vendor;

pub(crate) const DECLARATION: &str = include_str!("connector.toml");

struct SapS4Hana;

impl Vendor for SapS4Hana {
    fn row_hook(&self) -> Option<RowHook> {
        Some(derive::row)
    }
}

pub(crate) fn vendor() -> Arc<dyn Vendor> {
    Arc::new(SapS4Hana)
}

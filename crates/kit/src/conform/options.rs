//! What a run of the suite is told about the system in front of it.

use std::collections::BTreeMap;

use serde_json::Value;
use trunnion_model::time::Clock;

/// The default is right for a system with a few hundred records of each entity.
#[derive(Clone, Debug)]
pub struct Options {
    pub clock: Clock,
    /// Values for bodies, by place: `purchase_order/currency`, `purchase_order/lines/unit_price`,
    /// `purchase_order/vendor_remote_id`. What is not here is made up, or taken from records that are there.
    pub examples: BTreeMap<String, Value>,
    /// Rows per page where small pages are tried.
    pub small_page: usize,
    /// No entity may have more pages than this, small ones included.
    pub most_pages: usize,
    /// Records that are read one by one, per entity.
    pub singles: usize,
    /// Lines of the document that is written with everything in it.
    pub lines: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Clock::system(), examples: BTreeMap::new(), small_page: 7, most_pages: 500, singles: 5, lines: 3 }
    }
}

impl Options {
    #[must_use]
    pub fn with_example(mut self, place: &str, value: impl Into<Value>) -> Self {
        self.examples.insert(place.to_owned(), value.into());
        self
    }
}

//! The types of events: name, meaning, JSON Schema and an example of each. The API's list, the OpenAPI document, the page in
//! `docs`, the check of what somebody subscribes to and test events are all made from here.

mod example;
mod page;
mod shape;
mod types;

pub use page::page;
pub use types::{About, EventType, all, get, is_known};

//! The REST record service: `/services/rest/record/v1`.

mod apply;
mod list;
mod metadata;
mod q;
mod read;
mod resource;
mod write;

pub(super) use resource::handle;

//! Reading: from a URL's path and query to JSON text.

mod bounds;
mod list;
mod options;
mod path;
mod render;
mod shape;

pub(super) use list::{Listing, count, list};
pub(super) use options::{Options, decode};
pub(super) use path::{Resource, Tail, resolve};
pub(super) use render::{etag, render_entity, uri};
pub(super) use shape::Shape;

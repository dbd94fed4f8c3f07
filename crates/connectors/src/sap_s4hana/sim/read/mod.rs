//! Reading: from a URL's path and query to JSON text.

mod bounds;
mod list;
mod options;
mod path;
mod render;
mod shape;

pub(super) use list::{Drawn, Listing, Pen, count, draw, list};
pub(super) use options::{Options, decode, decode_path};
pub(super) use path::{Resource, Tail, resolve};
pub(super) use render::{encoded, etag, render_entity, uri};
pub(super) use shape::Shape;

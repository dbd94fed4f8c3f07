//! The connect page: what a customer sees who was sent to a link session's address. Plain HTML that works without scripts,
//! for eyes, keyboards and screen readers; drawn from what the connector declares.

mod brand;
mod callback;
mod choosing;
mod html;
mod page;
mod routes;
mod view;

pub(crate) use brand::{accent, logo};
pub(crate) use callback::{CALLBACK, returned};
pub(crate) use page::STYLE;
pub(crate) use routes::{show, style, submit};
pub(crate) use view::closed;

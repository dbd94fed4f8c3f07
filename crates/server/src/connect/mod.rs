//! The connect page: what a customer sees who was sent to a link session's address. Plain HTML that works without scripts,
//! for eyes, keyboards and screen readers; drawn from what the connector declares.

mod brand;
mod callback;
mod choosing;
mod framed;
mod html;
pub(crate) mod languages;
mod page;
mod refusal;
mod routes;
mod scene;
mod view;

pub(crate) use brand::{accent, logo};
pub(crate) use callback::{CALLBACK, returned};
pub(crate) use framed::{SCRIPT, opener, script};
pub(crate) use page::STYLE;
pub(crate) use routes::{show, style, submit};
pub(crate) use scene::Scene;
pub(crate) use view::closed;

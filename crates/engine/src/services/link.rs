//! Link sessions: a customer connects a system, or gives a connection new credentials, on the hosted page, and never shows
//! them to the application.
//!
//! The application makes a session and sends its customer to the session's address. Whoever has the address may use it once.
//! Success ends in a code at the application's redirect address, which the application exchanges for the connection's token.

mod choices;
mod consent;
mod create;
mod exchange;
mod form;
mod frames;
mod list;
mod redirects;
mod refusal;
mod submit;
mod visit;
mod way;

pub use choices::{Choice, Choices, Offer, Subject, offers};
pub use consent::{Back, Returned, returned};
pub use create::{LinkCreated, NewLinkSession, create};
pub use exchange::{Grant, GrantError, Granted, exchange};
pub use form::{FieldKind, Form, FormField, Method, SystemChoice, Text, form, systems};
pub use frames::{FrameOrigins, frame_origins, set_frame_origins};
pub use list::{LinkPage, LinkView, list, withdraw};
pub use redirects::{RedirectUris, redirect_uris, set_redirect_uris};
pub use refusal::{Refusal, Why};
pub use submit::{Answers, Arrival, Submitted, submit};
pub use visit::{Brand, Closed, Opened, Visit, open};
pub use way::Way;

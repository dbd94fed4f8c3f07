//! Both ways to log in: OAuth 2.0 with a signed assertion, and token-based authentication (OAuth 1.0a).

mod audit;
mod gate;
mod m2m;
pub(super) mod tba;

pub(super) use audit::Logins;
pub(super) use gate::admit;
pub(super) use m2m::token;

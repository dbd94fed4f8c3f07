//! A subscription at a system that has an API for them: what we want there, and what is there.

use secrecy::SecretString;
use trunnion_model::time::Timestamp;

/// That the system sends its hooks to one of our addresses.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Always the same for the same address, and no other's: whoever does not know whether it was made finds it by this.
    pub name: String,
    /// Whoever knows it may send hooks.
    pub url: SecretString,
    /// What proves the sender, in the form that the declaration names.
    pub secret: SecretString,
    /// Whose changes are to be told.
    pub entities: Vec<String>,
    /// The secret is another than before, which what is there does not show: it must be made anew.
    pub remake: bool,
}

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The system's own name for it.
    pub id: String,
    /// When it ends by itself, unless it is renewed.
    pub expires_at: Option<Timestamp>,
}

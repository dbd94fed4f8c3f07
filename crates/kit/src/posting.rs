//! What is posted to change stock by a document: by a difference, or from one place to another.

use trunnion_model::decimal::Decimal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posting {
    /// More, or less if it is negative; never zero.
    Adjust { by: Decimal, reason: String },
    /// So much to the place with that remote id; more than zero.
    Transfer { to: String, quantity: Decimal, reason: Option<String> },
}

impl Posting {
    /// As the declaration and the routes call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Adjust { .. } => "adjust",
            Self::Transfer { .. } => "transfer",
        }
    }

    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Adjust { reason, .. } => Some(reason),
            Self::Transfer { reason, .. } => reason.as_deref(),
        }
    }
}

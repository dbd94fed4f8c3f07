//! Schema drift: what a system's rows have, or lack, that nobody expected.

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DriftKind {
    /// A field that no row had before.
    NewField,
    /// A field that nearly every row had, and none has any more.
    VanishedField,
    /// A field whose values have another JSON type than before.
    RetypedField,
    /// A word of the system's that the declaration has none of ours for.
    UnmappedValue,
}

impl DriftKind {
    pub const ALL: &'static [Self] = &[Self::NewField, Self::VanishedField, Self::RetypedField, Self::UnmappedValue];

    /// The word, as it is stored and as the API shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewField => "new_field",
            Self::VanishedField => "vanished_field",
            Self::RetypedField => "retyped_field",
            Self::UnmappedValue => "unmapped_value",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == word)
    }
}

/// One thing that was found. Kind, field and value name it; the rest says more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: DriftKind,
    /// Where in the system's row (names separated by `/`, lists passed through); of a value the unified field.
    pub field: String,
    /// Of a value the system's word, of a retyped field the new type; else empty.
    pub value: String,
    /// The JSON types that the field had before, as `string or number`; empty where nothing was known.
    pub type_before: String,
    /// The JSON type that it has now.
    pub type_now: String,
    /// The record in which it was seen first.
    pub remote_id: Option<String>,
}

impl Finding {
    /// What names it among those of its entity.
    pub fn is(&self, kind: DriftKind, field: &str, value: &str) -> bool {
        self.kind == kind && self.field == field && self.value == value
    }
}

//! JSON types, as a set: a field may have several.

use crate::json::Node;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Types(u8);

const NAMES: [&str; 5] = ["string", "number", "boolean", "object", "array"];

impl Types {
    /// Of null there is none: it says nothing of what else could be there. A list is one also in a dialect's wrapping.
    pub fn of(node: &Node<'_>) -> Self {
        match node {
            Node::Null => Self(0),
            Node::Text(_) => Self(1),
            Node::Number(_) => Self(2),
            Node::Bool(_) => Self(4),
            Node::Object(_) if node.items().is_none() => Self(8),
            Node::Array(_) | Node::Object(_) => Self(16),
        }
    }

    /// As it is written by `Display`.
    pub fn named(text: &str) -> Self {
        let bit = |name: &str| NAMES.iter().position(|known| *known == name).map_or(0, |place| 1 << place);
        Self(text.split(" or ").map(bit).fold(0, |all, bit| all | bit))
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `others` are among these.
    pub fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(super) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        Self(bits & 31)
    }
}

impl std::fmt::Display for Types {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> =
            NAMES.iter().enumerate().filter(|(place, _)| self.0 & (1 << place) != 0).map(|(_, name)| *name).collect();
        f.write_str(&names.join(" or "))
    }
}

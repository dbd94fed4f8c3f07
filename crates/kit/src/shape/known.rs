//! What is known of an entity's rows, as it is kept from run to run.

use serde::{Deserialize, Serialize};

use super::level::{Level, Member};
use super::types::Types;

/// The fields in the order of the rows, so that a walk over the next one goes along.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    /// Rows that it was learned from.
    pub(super) rows: u64,
    /// What differs from now on is told.
    pub(super) settled: bool,
    fields: Vec<(String, Field)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Field {
    /// A set of types.
    #[serde(rename = "t")]
    types: u8,
    /// In nearly every row.
    #[serde(rename = "r", default, skip_serializing_if = "is_false")]
    regular: bool,
    /// In none of so many rows that came last.
    #[serde(rename = "m", default, skip_serializing_if = "is_zero")]
    missing: u64,
}

impl Known {
    /// A text that cannot be read is as good as none: everything is learned anew.
    pub(super) fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub(super) fn text(root: &Level, rows: u64, settled: bool) -> String {
        let mut known = Self { rows, settled, fields: Vec::new() };
        collect(root, &mut known.fields);
        // A struct of numbers and texts has a JSON form.
        serde_json::to_string(&known).unwrap_or_default()
    }

    pub(super) fn level(self) -> Level {
        let mut root = Level::default();
        for (path, field) in self.fields {
            let member = root.at(&path);
            member.types = Types::from_bits(field.types);
            (member.regular, member.missing) = (field.regular, field.missing);
        }
        root
    }
}

fn collect(level: &Level, fields: &mut Vec<(String, Field)>) {
    // What waits for somebody's word is known from its finding.
    for member in level.members.iter().filter(|member| !member.is_open && !member.is_volatile) {
        let Member { types, regular, missing, .. } = *member;
        fields.push((member.path.clone(), Field { types: types.bits(), regular, missing }));
        collect(&member.inner, fields);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

//! The unified entities, as data: what a vendor, an item, a purchase order is, field by field.
//!
//! Everything that depends on the shape of a record is derived from here: JSON Schemas, the checks of a connector's
//! declaration, the validation of a write, the OpenAPI document, the references between records.

/// One kind of unified record.
#[derive(Debug)]
pub struct Entity {
    /// Singular, snake case: `purchase_order`. Event types begin with it.
    pub name: &'static str,
    /// Plural, kebab case, as in URLs: `purchase-orders`.
    pub path: &'static str,
    /// Of its ids: `po` gives `po_…`.
    pub prefix: &'static str,
    /// What it is, in a sentence for somebody new.
    pub doc: &'static str,
    /// The field whose value people call the record by (an order's number, a vendor's name).
    pub display: &'static str,
    /// The field by which a write may name the record instead of its id (a vendor's code, an item's SKU), if there is one.
    pub natural_key: Option<&'static str>,
    pub fields: &'static [Field],
}

/// One field of an entity or of a group within it.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// Every record has it: a connector that cannot give it cannot offer the entity.
    pub required: bool,
    pub doc: &'static str,
}

/// What a field's value can be, and its form in JSON.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A string.
    Text,
    /// `true` or `false`.
    Bool,
    /// A JSON integer.
    Integer,
    /// A decimal string. `of` names the field beside it that holds the currency or the unit, if it has one.
    Decimal { of: Option<&'static str> },
    /// `2026-01-31`: a date that never passes a time zone.
    Date,
    /// RFC 3339 in UTC.
    Instant,
    /// An ISO 4217 code.
    Currency,
    /// A normalised unit code; the vendor's own stands in the field `remote_…` beside it.
    Unit,
    /// One of these words.
    Enum(&'static [&'static str]),
    /// Our id of a record of that entity. The field is named `…_id`; `…_remote_id` stands beside it.
    Reference(&'static str),
    /// One group of fields.
    Group(&'static [Field]),
    /// A list of groups, in the vendor's order.
    List(&'static [Field]),
}

impl Field {
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, required: false, doc }
    }

    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The members that stand beside this one in JSON without being listed, with what they hold:
    ///
    /// * `vendor_id` has `vendor_remote_id` and, where the target has a natural key, `vendor_code`;
    /// * `status` (any enum) has `remote_status`, `unit` has `remote_unit`: the system's own word.
    pub fn siblings(&self) -> Vec<(String, &'static str)> {
        match self.kind {
            Kind::Reference(target) => {
                let stem = self.name.strip_suffix("_id").unwrap_or(self.name);
                let mut members = vec![(format!("{stem}_remote_id"), "The system's own id of it")];
                if let Some(key) = entity(target).and_then(|target| target.natural_key) {
                    members.push((
                        format!("{stem}_{key}"),
                        "The name by which people know it; a write may give it instead of the id",
                    ));
                }
                members
            }
            Kind::Enum(_) | Kind::Unit => vec![(format!("remote_{}", self.name), "The system's own word for it")],
            _ => Vec::new(),
        }
    }
}

impl Entity {
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        field_of(self.fields, name)
    }
}

/// The field called `name` among `fields`.
pub fn field_of(fields: &'static [Field], name: &str) -> Option<&'static Field> {
    fields.iter().find(|field| field.name == name)
}

/// All entities, the core first.
pub fn entities() -> &'static [&'static Entity] {
    &ENTITIES
}

/// The entity called `name` (`purchase_order`).
pub fn entity(name: &str) -> Option<&'static Entity> {
    entities().iter().copied().find(|entity| entity.name == name)
}

/// The entity whose URLs begin with `path` (`purchase-orders`).
pub fn entity_at(path: &str) -> Option<&'static Entity> {
    entities().iter().copied().find(|entity| entity.path == path)
}

mod entities;
mod groups;
mod meters;
mod purchasing;
use entities::ENTITIES;

#[cfg(test)]
mod tests;

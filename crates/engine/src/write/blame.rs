//! The system's name of the field that it refused, as ours.

use trunnion_kit::mapping::Path;
use trunnion_kit::spec::{EntitySpec, Row};
use trunnion_model::catalog::Kind;

use crate::error::{FieldError, ServiceError};

/// The error with a pointer to our field, where the system named one of its own that a row of the declaration writes.
pub(super) fn with_fields(error: ServiceError, spec: &EntitySpec) -> ServiceError {
    let ServiceError::SystemRejected { vendor, errors } = error else { return error };
    let found = vendor.field.as_deref().filter(|_| errors.is_empty()).and_then(|field| pointer(spec, field));
    let errors = match found {
        Some(pointer) => vec![FieldError::new(pointer, vendor.message.clone())],
        None => errors,
    };
    ServiceError::SystemRejected { vendor, errors }
}

/// `item.items[1].rate`, `to_PurchaseOrderItem/OrderQuantity`, `Supplier`: the last name decides, a number is a line's.
fn pointer(spec: &EntitySpec, field: &str) -> Option<String> {
    let parts: Vec<&str> = field.split(['.', '/', '[', ']']).filter(|part| !part.is_empty()).collect();
    let line = parts.iter().rev().find_map(|part| part.parse::<usize>().ok());
    let names: Vec<&str> = parts.into_iter().filter(|part| part.parse::<usize>().is_err()).collect();
    let writes = |row: &Row| {
        let ends = |path: &Path| path.names().any(|name| names.last() == Some(&name));
        row.write != trunnion_kit::spec::Write::Never && ends(&row.to)
    };
    let within = |path: &Path| path.names().any(|name| names.contains(&name));
    let grouped = spec.groups.iter().find_map(|group| {
        let row = group.fields.iter().find(|row| writes(row))?;
        let place = match (group.field.kind, line) {
            (Kind::List(_), Some(line)) => format!("/{}/{line}/{}", group.field.name, row.name),
            (Kind::List(_), None) => format!("/{}", group.field.name),
            _ => format!("/{}/{}", group.field.name, row.name),
        };
        (names.len() == 1 || within(&group.to)).then_some(place)
    });
    let own = spec.fields.iter().find(|row| writes(row)).map(|row| format!("/{}", row.name));
    if names.len() > 1 { grouped.or(own) } else { own.or(grouped) }
}

//! The catalogue keeps its own promises.

use std::collections::HashSet;

use super::{Field, Kind, entities, entity, field_of};

fn each_group(fields: &'static [Field], visit: &mut dyn FnMut(&'static [Field])) {
    visit(fields);
    for field in fields {
        if let Kind::Group(inner) | Kind::List(inner) = field.kind {
            each_group(inner, visit);
        }
    }
}

#[test]
fn names_paths_and_prefixes_are_unique() {
    for part in [|e: &super::Entity| e.name, |e: &super::Entity| e.path, |e: &super::Entity| e.prefix] {
        let distinct: HashSet<_> = entities().iter().map(|e| part(e)).collect();
        assert_eq!(distinct.len(), entities().len());
    }
}

#[test]
fn every_field_is_documented_and_points_to_something_that_exists() {
    for entity_here in entities() {
        assert!(entity_here.display == "item_sku" || entity_here.field(entity_here.display).is_some());
        each_group(entity_here.fields, &mut |fields| {
            let mut members = HashSet::new();
            for field in fields {
                assert!(!field.doc.is_empty(), "{}.{}", entity_here.name, field.name);
                assert!(members.insert(field.name.to_owned()), "{} twice", field.name);
                for (sibling, _) in field.siblings() {
                    assert!(members.insert(sibling.clone()), "{sibling} twice in {}", entity_here.name);
                }
                match field.kind {
                    Kind::Reference(target) => {
                        assert!(entity(target).is_some(), "{target}");
                        assert!(field.name.ends_with("_id"), "{}", field.name);
                    }
                    // The currency of a line stands in the header.
                    Kind::Decimal { of: Some(unit) } => {
                        let beside = field_of(fields, unit).or_else(|| entity_here.field(unit));
                        assert!(matches!(beside.map(|f| f.kind), Some(Kind::Currency | Kind::Unit)), "{unit}");
                    }
                    _ => {}
                }
            }
        });
    }
}

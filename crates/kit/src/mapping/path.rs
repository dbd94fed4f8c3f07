//! Where a value is in a vendor's row: names separated by `/`, a number picks an item of a list.
//!
//! `Supplier`, `to_Supplier/SupplierName`, `to_BusinessPartnerAddress/0/CityName`, `party./code` (names may hold dots).

use std::borrow::Cow;

use crate::json::{Node, Object};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Item(usize),
}

impl Path {
    /// The empty text is the row itself.
    pub fn new(text: &str) -> Self {
        let step = |part: &str| part.parse().map_or_else(|_| Step::Name(part.to_owned()), Step::Item);
        Self { steps: text.split('/').filter(|part| !part.is_empty()).map(step).collect() }
    }

    /// This path and then a name.
    pub fn then(&self, name: &str) -> Self {
        let mut steps = self.steps.clone();
        steps.push(Step::Name(name.to_owned()));
        Self { steps }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The names on the way, without list positions: what a projection (`$select`, `fields`) asks for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Item(_) => None,
        })
    }

    /// The value there; `None` where the way ends early or ends at null.
    pub fn find<'n, 'a>(&self, row: &'n Node<'a>) -> Option<&'n Node<'a>> {
        let mut here = row;
        for step in &self.steps {
            here = match step {
                Step::Name(name) => here.get(name)?,
                Step::Item(place) => here.items()?.get(*place)?,
            };
        }
        (*here != Node::Null).then_some(here)
    }

    /// Puts `value` there, making the objects and lists on the way.
    pub fn put(&self, row: &mut Node<'static>, value: Node<'static>) {
        put(row, &self.steps, value);
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, step) in self.steps.iter().enumerate() {
            if place > 0 {
                f.write_str("/")?;
            }
            match step {
                Step::Name(name) => f.write_str(name)?,
                Step::Item(item) => write!(f, "{item}")?,
            }
        }
        Ok(())
    }
}

fn put(here: &mut Node<'static>, steps: &[Step], value: Node<'static>) {
    let Some((step, rest)) = steps.split_first() else {
        *here = value;
        return;
    };
    match step {
        Step::Name(name) => {
            if here.as_object().is_none() {
                *here = Node::Object(Object::new());
            }
            if let Some(object) = here.as_object_mut() {
                if object.get(name).is_none() {
                    object.set(Cow::Owned(name.clone()), Node::Null);
                }
                if let Some(inner) = object.get_mut(name) {
                    put(inner, rest, value);
                }
            }
        }
        Step::Item(place) => {
            if !matches!(here, Node::Array(_)) {
                *here = Node::Array(Vec::new());
            }
            if let Node::Array(items) = here {
                while items.len() <= *place {
                    items.push(Node::Null);
                }
                put(&mut items[*place], rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn a_path_finds_what_it_put() {
        let mut row = Node::Null;
        for (path, value) in [("a", "1"), ("b/c", "2"), ("d/1/e", "3"), ("party./code", "4")] {
            Path::new(path).put(&mut row, Node::text(value));
            assert_eq!(Path::new(path).find(&row), Some(&Node::text(value)), "{path}");
            assert_eq!(Path::new(path).to_string(), path);
        }
        assert_eq!(row.to_json(), r#"{"a":"1","b":{"c":"2"},"d":[null,{"e":"3"}],"party.":{"code":"4"}}"#);
    }

    #[test]
    fn null_and_a_missing_step_are_nothing_and_wrapped_lists_are_lists() {
        let row = parse(r#"{"a":null,"to_X":{"results":[{"b":"x"}]},"sub":{"items":[{"b":"y"}]}}"#).unwrap();
        assert_eq!(Path::new("a").find(&row), None);
        assert_eq!(Path::new("to_X/1/b").find(&row), None);
        assert_eq!(Path::new("to_X/0/b").find(&row), Some(&Node::text("x")));
        assert_eq!(Path::new("sub/0/b").find(&row), Some(&Node::text("y")));
    }
}

//! Members of a row that change without meaning anything: what the server computes anew with each answer.

use trunnion_model::record::push_json_string;

use crate::json::{Node, Object};

/// Which members those are, as a declaration names them: `__metadata` is that member wherever it stands, `to_Item/Age` the
/// one at that place, lists passed through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volatile {
    names: Vec<String>,
    places: Vec<Vec<String>>,
}

impl Volatile {
    pub fn new(declared: &[String]) -> Self {
        let (places, names): (Vec<&String>, Vec<&String>) = declared.iter().partition(|text| text.contains('/'));
        Self {
            names: names.into_iter().cloned().collect(),
            places: places.into_iter().map(|text| text.split('/').map(str::to_owned).collect()).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.places.is_empty()
    }

    /// Whether the member at these steps, or one that it lies in, is one of them.
    pub fn covers(&self, steps: &[&str]) -> bool {
        let begins = |place: &Vec<String>| {
            steps.len() >= place.len() && place.iter().zip(steps).all(|(place, step)| place == step)
        };
        steps.iter().any(|step| self.names.iter().any(|name| name == step)) || self.places.iter().any(begins)
    }

    /// The row without them, as a text that is compared and not read: nearly JSON.
    pub fn without(&self, row: &Object<'_>) -> String {
        let mut out = String::with_capacity(row.raw().len());
        self.write(row, &mut Vec::new(), &mut out);
        out
    }

    fn write<'n>(&self, object: &'n Object<'_>, steps: &mut Vec<&'n str>, out: &mut String) {
        out.push('{');
        for (name, node) in object.members() {
            steps.push(name);
            if !self.covers(steps) {
                push_json_string(out, name);
                out.push(':');
                self.write_value(node, steps, out);
                out.push(',');
            }
            steps.pop();
        }
        out.push('}');
    }

    fn write_value<'n>(&self, node: &'n Node<'_>, steps: &mut Vec<&'n str>, out: &mut String) {
        match (node.items(), node) {
            (Some(items), _) => {
                out.push('[');
                for item in items {
                    self.write_value(item, steps, out);
                    out.push(',');
                }
                out.push(']');
            }
            (None, Node::Object(object)) => self.write(object, steps, out),
            (None, node) => node.write(out),
        }
    }
}

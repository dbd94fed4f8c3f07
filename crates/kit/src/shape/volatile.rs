//! Members of a row that change without meaning anything: what the server computes anew with each answer.

use std::borrow::Cow;
use std::ops::Range;

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
        let raw = row.raw();
        let mut skips = Vec::new();
        let mut out = String::with_capacity(raw.len());
        if matches!(raw, Cow::Borrowed(_)) && self.find(row, &raw, &mut Vec::new(), &mut skips).is_some() {
            let mut from = 0;
            for skip in skips {
                // Where two follow each other at the end, the second begins with the comma behind the first.
                out.push_str(&raw[from..skip.start.max(from)]);
                from = skip.end;
            }
            out.push_str(&raw[from..]);
        } else {
            self.write(row, &mut Vec::new(), &mut out);
        }
        out
    }

    /// Where they are in the text that the row was read from, in order. Names and objects borrow from it, so their places are
    /// known without reading it again. `None` for what was changed since, or has a name with an escape.
    fn find<'n>(
        &self,
        object: &'n Object<'_>,
        raw: &str,
        steps: &mut Vec<&'n str>,
        skips: &mut Vec<Range<usize>>,
    ) -> Option<()> {
        let Cow::Borrowed(own) = object.raw() else { return None };
        let end = place(own, raw)? + own.len() - 1;
        for (number, (name, node)) in object.members().iter().enumerate() {
            steps.push(name);
            if self.covers(steps) {
                let next = object.members().get(number + 1);
                let until = next.map_or(Some(end), |(next, _)| Some(place(next, raw)? - 1))?;
                let before = &raw[..place(name, raw)? - 1];
                // Of the last member the comma before it goes along.
                let from = if next.is_none() { before.trim_end().trim_end_matches(',') } else { before }.len();
                skips.push(from..until);
            } else {
                self.find_in(node, raw, steps, skips)?;
            }
            steps.pop();
        }
        Some(())
    }

    fn find_in<'n>(
        &self,
        node: &'n Node<'_>,
        raw: &str,
        steps: &mut Vec<&'n str>,
        skips: &mut Vec<Range<usize>>,
    ) -> Option<()> {
        match (node.items(), node) {
            (Some(items), _) => items.iter().try_for_each(|item| self.find_in(item, raw, steps, skips)),
            (None, Node::Object(object)) => self.find(object, raw, steps, skips),
            (None, _) => Some(()),
        }
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

/// Where `piece` is in `whole`, if it is a piece of it.
fn place(piece: &str, whole: &str) -> Option<usize> {
    let at = (piece.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (at + piece.len() <= whole.len()).then_some(at)
}

//! A document of the simulated database: a row with its children, and the way from its root down to one row.

use std::borrow::Cow;

use super::schema::Entity;
use super::value::Value;

/// A row and, slot by slot, the rows below it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) entity: &'static Entity,
    pub(super) values: Vec<Value>,
    pub(super) children: Vec<Vec<Self>>,
}

/// What a filter, an order and the output need of a row; a row may work out its values only when asked.
pub(super) trait Row {
    fn at(&self, column: usize) -> Cow<'_, Value>;
}

impl Row for Node {
    fn at(&self, column: usize) -> Cow<'_, Value> {
        Cow::Borrowed(&self.values[column])
    }
}

/// The steps from a document's root down to a row: into which slot, to which child of it.
pub(super) type Steps = Vec<(usize, usize)>;

impl Node {
    pub(super) fn new(entity: &'static Entity) -> Self {
        Self {
            entity,
            values: vec![Value::Initial; entity.properties.len()],
            children: (0..entity.slots).map(|_| Vec::new()).collect(),
        }
    }

    pub(super) fn get(&self, name: &str) -> &Value {
        &self.values[self.entity.own_column(name)]
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).as_text()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Value::Bool(true))
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        let column = self.entity.own_column(name);
        self.values[column] = value;
    }

    pub(super) fn set_text(&mut self, name: &str, text: impl Into<Cow<'static, str>>) {
        let text = text.into();
        self.set(name, if text.is_empty() { Value::Initial } else { Value::Text(text) });
    }

    /// Sets a field that is still initial.
    pub(super) fn default_text(&mut self, name: &str, text: &str) {
        if *self.get(name) == Value::Initial {
            self.set_text(name, text.to_owned());
        }
    }

    /// The children that a navigation leads to.
    pub(super) fn children(&self, nav: &str) -> &[Self] {
        &self.children[self.slot(nav)]
    }

    pub(super) fn children_mut(&mut self, nav: &str) -> &mut Vec<Self> {
        let slot = self.slot(nav);
        &mut self.children[slot]
    }

    /// The text of the key, as it stands between quotes in a URL; the parts of a longer key are named.
    pub(super) fn key_text(&self, column: usize) -> Cow<'_, Value> {
        self.values[column].resolve(&self.entity.properties[column])
    }

    /// The rows from the root (first) to the row that `steps` lead to (last).
    pub(super) fn chain(&self, steps: &[(usize, usize)]) -> Option<Vec<&Self>> {
        let mut chain = vec![self];
        let mut here = self;
        for &(slot, index) in steps {
            here = here.children.get(slot)?.get(index)?;
            chain.push(here);
        }
        Some(chain)
    }

    pub(super) fn descend_mut(&mut self, steps: &[(usize, usize)]) -> Option<&mut Self> {
        let mut here = self;
        for &(slot, index) in steps {
            here = here.children.get_mut(slot)?.get_mut(index)?;
        }
        Some(here)
    }

    /// Calls `visit` with the steps to every row at `path` below this one, in order, until it says stop (`false`).
    pub(super) fn walk(&self, path: &[usize], visit: &mut dyn FnMut(&Steps, &Self) -> bool) -> bool {
        self.walk_from(path, &mut Vec::new(), visit)
    }

    fn walk_from(&self, path: &[usize], steps: &mut Steps, visit: &mut dyn FnMut(&Steps, &Self) -> bool) -> bool {
        let Some((&slot, below)) = path.split_first() else { return visit(steps, self) };
        for (index, child) in self.children[slot].iter().enumerate() {
            steps.push((slot, index));
            let goes_on = child.walk_from(below, steps, visit);
            steps.pop();
            if !goes_on {
                return false;
            }
        }
        true
    }

    fn slot(&self, nav: &str) -> usize {
        match self.entity.nav(nav).map(|nav| nav.reach) {
            Some(super::schema::Reach::Down(slot)) => slot,
            _ => unreachable!("{} has no children {nav}", self.entity.set),
        }
    }
}

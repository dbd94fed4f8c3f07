//! Answers for people and for scripts: tables of chosen members, or JSON as it came.

use serde_json::Value;

use crate::terminal::{DIM, NAME, say, styled, table};

/// Pretty JSON, as it came.
pub(crate) fn json(value: &Value) {
    say(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// A heading per column, and the member of each item that stands in it (`data/id` goes deeper).
pub(crate) type Columns = &'static [(&'static str, &'static str)];

/// A table of the items.
pub(crate) fn items(items: &[Value], columns: Columns) {
    let headings: Vec<&str> = columns.iter().map(|(heading, _)| *heading).collect();
    let row = |item: &Value| columns.iter().map(|(_, member)| cell(item, member)).collect();
    table(&headings, &items.iter().map(row).collect::<Vec<Vec<String>>>(), 0);
}

/// The members of one thing, one per line.
pub(crate) fn thing(thing: &Value) {
    let members: Vec<_> = thing.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).collect();
    let width = members.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in members {
        say(&format!("{}  {}", styled(NAME, &format!("{name:<width$}")), text(value)));
    }
}

/// What is there to say where there is nothing to show.
pub(crate) fn nothing(what: &str) {
    note(&format!("no {what}"));
}

/// A remark beside what was asked for.
pub(crate) fn note(text: &str) {
    say(&styled(DIM, text));
}

/// The member at `path`, for a table's cell.
pub(crate) fn cell(item: &Value, path: &str) -> String {
    text(item.pointer(&format!("/{path}")).unwrap_or(&Value::Null))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        // What somebody else wrote must not steer the terminal.
        Value::String(text) => text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[test]
fn a_cell_holds_nothing_that_steers_a_terminal() {
    let item = serde_json::json!({"a": {"b": "x\u{1b}[2Jy\n"}, "list": ["p", 1], "none": null});
    assert_eq!(cell(&item, "a/b"), "x [2Jy ");
    assert_eq!(
        (cell(&item, "list").as_str(), cell(&item, "none").as_str(), cell(&item, "absent").as_str()),
        ("p,1", "-", "-")
    );
}

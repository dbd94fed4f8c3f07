//! The types as a page for people: `docs/events.md`.

use std::fmt::Write as _;

use super::types::{About, EventType, all};
use crate::catalog::entities;

const HEAD: &str = "\
# Events

What happens is an event: an entry of the log (`GET /events`), and the body of a webhook. This page is made from the code
(`crates/model/src/events`); `GET /event-types` has the same with a JSON Schema for each type.

Every event has these members:

| member | |
|---|---|
| `id` | `evt_…`; the same on every try, and the header `webhook-id` of a webhook |
| `type` | one of those below |
| `timestamp` | when it happened |
| `sequence` | 1, 2, 3 … per connection, without holes |
| `connection_id` | where it happened |
| `data` | what it is about, as it is after what happened |
| `previous` | of an update: the old values of the fields that changed |

New types and new members may come: skip what you do not know.
";

/// The whole page.
pub fn page() -> String {
    let mut out = HEAD.to_owned();
    let types = all();
    out.push_str("\n## Connections, syncs, writes, endpoints\n\n| type | what happened |\n|---|---|\n");
    for one in types.iter().filter(|one| !is_of_a_record(one)) {
        // Writing to a String cannot fail.
        let _infallible = writeln!(out, "| `{}` | {} |", one.name, one.doc);
    }
    out.push_str(
        "\n## Records\n\n`data` is the record as `GET /{entities}/{id}` answers it.\n\n| record | types |\n|---|---|\n",
    );
    for entity in entities() {
        let _infallible = writeln!(
            out,
            "| {} | `{name}.created`, `{name}.updated`, `{name}.deleted` |",
            entity.name.replace('_', " "),
            name = entity.name
        );
    }
    out.push_str("\n## Examples\n");
    let shown = ["connection.status_changed", "sync.completed", "operation.succeeded", "vendor.updated"];
    for one in types.iter().filter(|one| shown.contains(&one.name.as_str())) {
        let example = serde_json::to_string_pretty(&one.example()).unwrap_or_default();
        let _infallible = write!(out, "\n`{}`:\n\n```json\n{example}\n```\n", one.name);
    }
    out
}

fn is_of_a_record(one: &EventType) -> bool {
    matches!(one.about, About::Record(..))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_page_is_the_one_that_the_code_makes() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(file, super::page()).unwrap();
        }
        let committed = std::fs::read_to_string(file).unwrap_or_default();
        assert!(committed == super::page(), "docs/events.md is old: run this test with UPDATE_DOCS=1");
    }
}

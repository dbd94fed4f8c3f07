//! `[entity.NAME.post.NAME]`: a document that changes a record without being a record of ours, as a goods movement changes stock.

use super::table::{Document, Table};

/// One kind of document.
#[derive(Clone, Debug)]
pub struct Post {
    /// `adjust` or `transfer`.
    pub name: String,
    /// The field of the document that keeps our write key, by which it is searched for.
    pub write_key: String,
    pub write_key_length: usize,
    /// The longest reason that the document takes.
    pub reason: usize,
    /// Fields of the connection's form without which it cannot be made.
    pub needs: Vec<String>,
}

const KNOWN: [&str; 2] = ["adjust", "transfer"];

pub(super) fn posts(document: &Document<'_>, table: &Table<'_, '_>) -> Vec<Post> {
    let mut posts = Vec::new();
    for entry in table.entries() {
        let one = table.inner(entry.name, entry.value);
        if !KNOWN.contains(&entry.name) {
            document.find(entry.line, format!("unknown post `{}`; known: {}", entry.name, KNOWN.join(", ")));
        }
        posts.push(Post {
            name: entry.name.to_owned(),
            write_key: one.needed("write_key"),
            write_key_length: one.number("write_key_length").unwrap_or(26),
            reason: one.number("reason").unwrap_or(50),
            needs: one.texts("needs"),
        });
    }
    posts
}

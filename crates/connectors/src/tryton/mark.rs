//! A write key behind a text of people's, in the one field that a document has for texts: `DN-4711 #7zk3m9q2x0c4v8b1`.

use trunnion_kit::error::Error;
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;

use super::rpc::{self, condition};

/// How many digits of a write key stand there.
const LENGTH: usize = 16;

/// What the field says.
pub(super) fn marked(text: &str, key: &str) -> String {
    format!("{} #{key}", text.trim()).trim_start().to_owned()
}

/// The document of the model that has the key in its reference.
pub(super) async fn find(
    link: &Link,
    model: &str,
    key: &str,
    fields: &[&'static str],
) -> Result<Option<Node<'static>>, Error> {
    let domain = vec![condition("reference", "like", Node::text(format!("%#{key}")))];
    Ok(rpc::search_read(link, model, domain, Some(1), fields, None).await?.pop())
}

/// What people wrote there.
pub(super) fn unmarked(text: &str) -> &str {
    let is_key = |key: &str| key.len() == LENGTH && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match text.rsplit_once('#') {
        Some((before, key)) if is_key(key) && (before.is_empty() || before.ends_with(' ')) => before.trim_end(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_comes_back_without_the_key() {
        for text in ["", "DN-4711", "DN #4711", "DN #0123456789abcdefg", "a b  c#d"] {
            assert_eq!(unmarked(&marked(text, "0123456789abcdef")), text);
            assert_eq!(unmarked(text), text);
        }
    }
}

//! The two keys of a write: the fingerprint of its request, and the digits by which it is found in the system.

use serde_json::Value;
use trunnion_model::ids::OperationId;

/// The last `length` digits of the operation's id. The id begins with its time, so only its end is random: twelve digits
/// of it hold 60 random bits.
pub(super) fn write_key(operation: OperationId, length: usize) -> String {
    let text = operation.to_string();
    let digits = text.rsplit('_').next().unwrap_or_default();
    digits[digits.len().saturating_sub(length)..].to_owned()
}

/// The fingerprint of a request: the same for the same JSON in another order or with other white space.
pub(super) fn body_hash(entity: &str, action: &str, body: &Value) -> [u8; 32] {
    let mut canonical = format!("{action} {entity} ");
    write(body, &mut canonical);
    *blake3::hash(canonical.as_bytes()).as_bytes()
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in sorted {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunnion_model::time::Clock;

    use super::*;

    #[test]
    fn write_keys_of_the_same_millisecond_differ() {
        let (clock, _hands) = Clock::manual("2026-01-31T10:00:00Z".parse().unwrap());
        let keys: std::collections::HashSet<_> = (0..1_000).map(|_| write_key(OperationId::new(&clock), 12)).collect();
        assert_eq!(keys.len(), 1_000);
        assert!(keys.iter().all(|key| key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }

    #[test]
    fn the_order_of_members_does_not_count_but_that_of_items_does() {
        let hash = |value: Value| body_hash("vendor", "create", &value);
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(hash(parse(r#"{"a":1,"b":{"c":2,"d":3}}"#)), hash(parse(r#"{ "b":{"d":3,"c":2}, "a":1 }"#)));
        assert_ne!(hash(json!({"a":[1,2]})), hash(json!({"a":[2,1]})));
        assert_ne!(hash(json!({"a":"1"})), hash(json!({"a":1})));
        assert_ne!(body_hash("vendor", "create", &json!({})), body_hash("item", "create", &json!({})));
    }
}

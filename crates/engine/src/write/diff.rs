//! What of a wanted change a record does not say yet. Pure: the answer decides what is sent, and after a lost answer
//! whether anything must be sent again.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use trunnion_kit::custom::CUSTOM_FIELDS;
use trunnion_model::catalog::{Field, Kind, field_of};
use trunnion_model::decimal;

/// The part of `wanted` that `now` (a record's unified fields) does not hold. `before` are the keys of the lines that were
/// there before the change began: a wanted new line counts as added if one like it has come since.
pub(super) fn missing(
    fields: &'static [Field],
    wanted: &Map<String, Value>,
    now: &Map<String, Value>,
    before: &BTreeSet<String>,
) -> Map<String, Value> {
    let mut left = Map::new();
    for (name, value) in wanted {
        let there = now.get(name).unwrap_or(&Value::Null);
        let field = field_of(fields, name);
        let rest = match (field.map(|field| field.kind), value) {
            (Some(Kind::Group(inner)), Value::Object(wanted)) => {
                let empty = Map::new();
                let rest = missing(inner, wanted, there.as_object().unwrap_or(&empty), before);
                (!rest.is_empty()).then_some(Value::Object(rest))
            }
            // Their forms are the declaration's: what was asked for was brought into them.
            (None, Value::Object(wanted)) if name == CUSTOM_FIELDS => {
                let empty = Map::new();
                let rest = missing(&[], wanted, there.as_object().unwrap_or(&empty), before);
                (!rest.is_empty()).then_some(Value::Object(rest))
            }
            (Some(Kind::List(inner)), Value::Array(wanted)) => {
                let there = there.as_array().map(Vec::as_slice).unwrap_or_default();
                let rest = lines(inner, wanted, there, before);
                (!rest.is_empty()).then_some(Value::Array(rest))
            }
            (kind, value) => (!same(kind, value, there)).then(|| value.clone()),
        };
        left.extend(rest.map(|rest| (name.clone(), rest)));
    }
    left
}

/// Whether only quantities of zero are wanted: a record that is not shown any more says that too.
pub(super) fn is_nothing(fields: &'static [Field], wanted: &Map<String, Value>) -> bool {
    let zero = Value::from("0");
    let is_zero = |name: &str, value: &Value| {
        let kind = field_of(fields, name).map(|field| field.kind);
        matches!(kind, Some(Kind::Decimal { .. })) && same(kind, value, &zero)
    };
    !wanted.is_empty() && wanted.iter().all(|(name, value)| is_zero(name, value))
}

/// The keys of a record's lines.
pub(super) fn line_keys(now: &Map<String, Value>) -> BTreeSet<String> {
    let lines = now.values().filter_map(Value::as_array).flatten();
    lines.filter_map(|line| line.get(LINE)?.as_str()).map(str::to_owned).collect()
}

const LINE: &str = "remote_line_id";

fn lines(fields: &'static [Field], wanted: &[Value], there: &[Value], before: &BTreeSet<String>) -> Vec<Value> {
    let key = |line: &Value| line.get(LINE).and_then(Value::as_str).map(str::to_owned);
    let mut come: Vec<&Value> =
        there.iter().filter(|line| key(line).is_some_and(|key| !before.contains(&key))).collect();
    let mut left = Vec::new();
    for line in wanted {
        let Some(members) = line.as_object() else {
            left.push(line.clone());
            continue;
        };
        let holds = |now: &Value| {
            now.as_object().is_some_and(|now| missing(fields, members, now, before).keys().all(|name| name == LINE))
        };
        match key(line) {
            Some(wanted) => {
                let found = there.iter().find(|line| key(line).as_deref() == Some(&wanted));
                let empty = Map::new();
                let mut rest = missing(fields, members, found.and_then(Value::as_object).unwrap_or(&empty), before);
                if found.is_none() || !rest.is_empty() {
                    rest.insert(LINE.to_owned(), wanted.into());
                    left.push(Value::Object(rest));
                }
            }
            None => match come.iter().position(|line| holds(line)) {
                Some(place) => {
                    come.remove(place);
                }
                None => left.push(line.clone()),
            },
        }
    }
    left
}

fn same(kind: Option<Kind>, wanted: &Value, there: &Value) -> bool {
    if let (Some(Kind::Decimal { .. }), Some(there)) = (kind, there.as_str()) {
        let wanted = match wanted {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        return decimal::parse(&wanted).is_some_and(|wanted| Some(wanted) == decimal::parse(there));
    }
    wanted == there || (wanted.as_str() == Some("") && there.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunnion_model::catalog::entity;

    use super::*;

    fn left(wanted: &Value, now: &Value, before: &[&str]) -> Value {
        let fields = entity("purchase_order").unwrap().fields;
        let before = before.iter().map(|key| (*key).to_owned()).collect();
        Value::Object(missing(fields, wanted.as_object().unwrap(), now.as_object().unwrap(), &before))
    }

    #[test]
    fn only_what_differs_is_left() {
        let now = json!({"memo": "a", "net_total": "12.5", "vendor_remote_id": "7",
            "lines": [{"remote_line_id": "10", "quantity": "2", "unit_price": "1.5"}]});
        assert_eq!(left(&json!({"memo": "a", "vendor_remote_id": "7", "reference": null}), &now, &[]), json!({}));
        assert_eq!(left(&json!({"memo": "b", "reference": "r"}), &now, &[]), json!({"memo": "b", "reference": "r"}));
        let lines = json!({"lines": [{"remote_line_id": "10", "quantity": "2.00", "unit_price": "1.6"}]});
        assert_eq!(left(&lines, &now, &["10"]), json!({"lines": [{"remote_line_id": "10", "unit_price": "1.6"}]}));
        let gone = json!({"lines": [{"remote_line_id": "11"}]});
        assert_eq!(left(&gone, &now, &["10"]), gone);
    }

    #[test]
    fn a_level_that_is_gone_says_what_a_change_to_zero_wants() {
        let wants_nothing =
            |wanted: Value| is_nothing(entity("inventory_level").unwrap().fields, wanted.as_object().unwrap());
        assert!(wants_nothing(json!({"on_hand": "0.000"})));
        assert!(!wants_nothing(json!({"on_hand": "1"})));
        assert!(!wants_nothing(json!({"on_hand": "0", "item_sku": "0"})));
        assert!(!wants_nothing(json!({})));
    }

    #[test]
    fn a_new_line_that_came_since_is_not_added_again_and_an_old_one_like_it_does_not_count() {
        let line = |key: &str| json!({"remote_line_id": key, "item_remote_id": "7", "quantity": "1"});
        let wanted =
            json!({"lines": [{"item_remote_id": "7", "quantity": "1.0"}, {"item_remote_id": "7", "quantity": "1.0"}]});
        let one_left = json!({"lines": [{"item_remote_id": "7", "quantity": "1.0"}]});
        assert_eq!(left(&wanted, &json!({"lines": [line("10")]}), &["10"]), wanted);
        assert_eq!(left(&wanted, &json!({"lines": [line("10"), line("20")]}), &["10"]), one_left);
        assert_eq!(left(&wanted, &json!({"lines": [line("10"), line("20"), line("30")]}), &["10"]), json!({}));
    }
}

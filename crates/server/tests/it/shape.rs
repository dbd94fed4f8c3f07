//! Whether a JSON value has the shape that a schema of the document describes: the part of JSON Schema that it uses. A
//! member that the schema does not name is a finding too, so that nothing is answered that is not documented.

use serde_json::Value;

/// What is wrong with `value`, with the place.
pub(crate) fn check(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    hold(document, schema, value, "", &mut findings);
    findings
}

/// What `$ref` points to, or `value` itself.
pub(crate) fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').unwrap();
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} points nowhere"))
        }
        None => value,
    }
}

fn hold(document: &Value, schema: &Value, value: &Value, at: &str, findings: &mut Vec<String>) {
    let schema = follow(document, schema);
    for choices in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choices].as_array() {
            let tried: Vec<_> = choices.iter().map(|choice| check(document, choice, value)).collect();
            if tried.iter().all(|findings| !findings.is_empty()) {
                findings.push(format!("{at}: none of the choices fits: {tried:?}"));
            }
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        hold(document, part, value, at, findings);
    }
    if !has_type(&schema["type"], value) {
        findings.push(format!("{at}: {value} is not {}", schema["type"]));
        return;
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        findings.push(format!("{at}: {value} is not among {words:?}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        hold(document, &schema["items"], item, &format!("{at}/{index}"), findings);
    }
    if value.is_object() {
        members(document, schema, value, at, findings);
    }
}

fn members(document: &Value, schema: &Value, value: &Value, at: &str, findings: &mut Vec<String>) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            findings.push(format!("{at}/{name}: is missing"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let place = format!("{at}/{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Object(_)) => {
                hold(document, &schema["additionalProperties"], member, &place, findings)
            }
            (Value::Null, _) if schema["properties"].is_object() => {
                findings.push(format!("{place}: is not documented"))
            }
            (Value::Null, _) => {}
            (property, _) => hold(document, property, member, &place, findings),
        }
    }
}

fn has_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other}"),
    };
    match types {
        Value::Null => true,
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

#[test]
fn a_wrong_shape_is_found() {
    let schema =
        serde_json::json!({"type": "object", "required": ["a"], "properties": {"a": {"type": ["string", "null"]}}});
    let findings = |value: Value| check(&Value::Null, &schema, &value).len();
    assert_eq!(findings(serde_json::json!({"a": null})), 0);
    for wrong in [serde_json::json!({}), serde_json::json!({"a": 1}), serde_json::json!({"a": "", "b": 1}), Value::Null]
    {
        assert_eq!(findings(wrong.clone()), 1, "{wrong}");
    }
}

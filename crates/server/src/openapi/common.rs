//! What holds for every operation: who may call it, its problems, the headers of its answers.

use serde_json::{Value, json};

use super::tags::{Who, who};
use crate::problem::Code;

/// Adds it all to `document`.
pub(crate) fn complete(document: &mut Value) {
    document["components"]["securitySchemes"] = schemes();
    document["components"]["responses"] = json!({"Problem": problem_response()});
    document["components"]["parameters"] = json!({"Connection": connection_parameter()});
    document["components"]["headers"] = headers();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] = json!(codes);
    for item in document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
        for operation in item.as_object_mut().into_iter().flat_map(|item| item.values_mut()) {
            complete_operation(operation);
        }
    }
}

fn complete_operation(operation: &mut Value) {
    let who = who(operation["tags"][0].as_str().unwrap_or_default());
    operation["security"] = match who {
        Who::Anybody => json!([]),
        Who::Application => json!([{"application_key": []}]),
        Who::Connection | Who::Log => json!([{"connection_token": []}, {"application_key": []}]),
    };
    let of_a_connection = matches!(who, Who::Connection | Who::Log);
    if of_a_connection {
        push(&mut operation["parameters"], json!({"$ref": "#/components/parameters/Connection"}));
    }
    let has_path = operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["in"] == "path"));
    let has_query = operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["in"] == "query"));
    // A body in another form has its own refusals.
    let has_body = operation.pointer("/requestBody/content/application~1json").is_some();
    for response in operation["responses"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        response["headers"]["X-Request-Id"] = json!({"$ref": "#/components/headers/RequestId"});
        if who != Who::Anybody {
            response["headers"]["RateLimit"] = json!({"$ref": "#/components/headers/RateLimit"});
            response["headers"]["RateLimit-Policy"] = json!({"$ref": "#/components/headers/RateLimitPolicy"});
        }
        if response["description"].as_str().is_none_or(str::is_empty) {
            response["description"] = json!("Success");
        }
    }
    let problems = [
        (400, has_query || has_body),
        (401, who != Who::Anybody),
        (403, who != Who::Anybody),
        (404, has_path || of_a_connection),
        (410, who == Who::Log && has_query),
        (429, who != Who::Anybody),
        (413, has_body),
        (415, has_body),
        (422, has_query || has_body),
        (503, true),
    ];
    for (status, _) in problems.iter().filter(|(_, possible)| *possible) {
        operation["responses"][status.to_string()] = json!({"$ref": "#/components/responses/Problem"});
    }
    operation["responses"]["default"] = json!({"$ref": "#/components/responses/Problem"});
}

fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "RequestId": text("The request's id, for questions about it."),
        "RateLimit": text("How many requests are left (`r`), and in how many seconds all of them are there again (`t`): of the \
                           application, and of the connection that the request is about. \
                           `\"application\";r=59998;t=1, \"connection\";r=11998;t=1`"),
        "RateLimitPolicy": text("How many requests (`q`) may be made in how many seconds (`w`). \
                                 `\"application\";q=60000;w=60, \"connection\";q=12000;w=60`"),
    })
}

fn push(list: &mut Value, value: Value) {
    match list {
        Value::Array(list) => list.push(value),
        other => *other = Value::Array(vec![value]),
    }
}

fn schemes() -> Value {
    json!({
        "application_key": {
            "type": "http", "scheme": "bearer", "bearerFormat": "tk_…",
            "description": "Your application's key. It reaches all of your connections; on routes of a connection, name one with \
                            the header `Trunnion-Connection`. Its scopes are `read`, `write` and `manage`."
        },
        "connection_token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "tc_…",
            "description": "A connection's token, from `POST /connections`. It reaches that connection only."
        }
    })
}

fn connection_parameter() -> Value {
    json!({
        "name": "Trunnion-Connection", "in": "header", "required": false,
        "description": "With an application key: the connection that the request is about. Not needed with a connection token.",
        "schema": {"type": "string", "pattern": "^con_[0-9a-z]{26}$"},
        "example": "con_01k8n3v5j2x4w6y8z0a1b2c3d4"
    })
}

fn problem_response() -> Value {
    json!({
        "description": "A problem (RFC 9457). `code` tells programs what it is, `detail` tells people.",
        "headers": {
            "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
            "RateLimit": {"$ref": "#/components/headers/RateLimit"},
            "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
            "Retry-After": {
                "description": "With 429 and 503: seconds to wait before another try.", "schema": {"type": "integer"}
            }
        },
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    })
}

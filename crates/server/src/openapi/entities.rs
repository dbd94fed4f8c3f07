//! The operations on records, described from the catalogue: a new entity is documented without a line here.

use serde_json::{Value, json};
use trunnion_engine::services::bulks::MOST_ITEMS;
use trunnion_engine::services::writes::ACTIONS;
use trunnion_model::catalog::{self, Entity, Field, Kind};

use super::history;

/// Members that Trunnion or the system gives; a write does not.
const ENVELOPE: &[&str] = &[
    "id",
    "remote_id",
    "display",
    "remote_url",
    "created_at",
    "modified_at",
    "remote_created_at",
    "remote_modified_at",
    "deleted_at",
    "version",
    "raw",
];

/// What an order's line would look poor without.
const ALSO_IN_EXAMPLES: &[&str] = &["item_id", "unit", "unit_price"];

/// Adds paths and schemas of all entities to `document`.
pub(super) fn describe(document: &mut Value) {
    document["components"]["schemas"]["DryRun"] = dry_run_schema();
    for entity in catalog::entities() {
        let path = format!("/api/v1/{}", entity.path);
        document["paths"][&path] = json!({"get": list(entity), "post": create(entity)});
        document["paths"][format!("{path}/bulk")] = json!({"post": bulk(entity)});
        document["paths"][format!("{path}/{{id}}")] =
            json!({"get": get(entity), "patch": update(entity), "delete": delete(entity)});
        document["paths"][format!("{path}/{{id}}/history")] = json!({"get": history::operation(entity)});
        let actions = actions(entity);
        if !actions.is_empty() {
            document["paths"][format!("{path}/{{id}}/{{action}}")] = json!({"post": act(entity, &actions)});
        }
        let name = type_name(entity);
        let schema = trunnion_model::schema::of(entity);
        let schemas = &mut document["components"]["schemas"];
        schemas[format!("{name}Write")] = writable(&schema, entity);
        schemas[format!("{name}List")] = list_schema(&name);
        schemas[format!("{name}History")] = history::schema(&name);
        schemas[&name] = schema;
    }
}

/// One chapter per entity.
pub(super) fn chapters() -> impl Iterator<Item = Value> {
    catalog::entities().iter().map(|entity| json!({"name": title(entity), "description": entity.doc}))
}

fn list(entity: &Entity) -> Value {
    let plural = entity.path.replace('-', "_");
    json!({
        "operationId": format!("list_{plural}"),
        "tags": [title(entity)],
        "summary": format!("List {}", words(entity.path)),
        "description": "Deleted records are left out unless `include_deleted=true`.",
        "parameters": list_parameters(),
        "responses": {"200": response("A page of records.", &format!("{}List", type_name(entity)), &json!({}))}
    })
}

fn get(entity: &Entity) -> Value {
    json!({
        "operationId": format!("get_{}", entity.name),
        "tags": [title(entity)],
        "summary": format!("Get one {}", words(entity.name)),
        "description": "A deleted record too: `deleted_at` tells when.",
        "parameters": [
            id_parameter(),
            include_parameter(),
            fields_parameter(),
            {
                "name": "live", "in": "query", "required": false, "schema": {"type": "boolean"},
                "description": "`true`: the system is asked first, and what it says is stored and answered."
            },
            {
                "name": "as_of", "in": "query", "required": false,
                "schema": {"type": "string", "format": "date-time", "examples": ["2026-01-31T10:00:00Z"]},
                "description": "The record as it was stored at this instant. 404 if it was not there yet, 422 if that version is \
                    no longer kept."
            }
        ],
        "responses": {"200": response("The record.", &type_name(entity), &version_header())}
    })
}

fn create(entity: &Entity) -> Value {
    let name = type_name(entity);
    let mut headers = version_header();
    headers["Location"] = json!({"description": "Where the record is.", "schema": {"type": "string"}});
    headers["Idempotency-Replayed"] = replayed_header();
    json!({
        "operationId": format!("create_{}", entity.name),
        "tags": [title(entity)],
        "summary": format!("Create {}", with_article(entity)),
        "description": "Writes to the connected system, reads back what it made of it, and answers that. The body is the same \
            for every system; which fields a system can take and which it needs, `GET /systems/{system}/capabilities` tells. \
            Repeating a request with the same key never writes twice.",
        "parameters": [key_parameter(entity, "create"), prefer_parameter(), dry_run_parameter()],
        "requestBody": {
            "required": true,
            "content": {"application/json": {
                "schema": {"$ref": format!("#/components/schemas/{name}Write")},
                "example": example(entity.fields)
            }}
        },
        "responses": {
            "200": planned_response(),
            "201": response("The record as the system has it now.", &name, &headers),
            "202": accepted_response()
        }
    })
}

fn bulk(entity: &Entity) -> Value {
    let item = json!({
        "type": "object",
        "required": ["idempotency_key", "record"],
        "properties": {
            "idempotency_key": {"type": "string", "minLength": 1, "maxLength": 255},
            "record": {"$ref": format!("#/components/schemas/{}Write", type_name(entity))}
        }
    });
    let example = json!([{"idempotency_key": format!("{}-4711-bulk", entity.path), "record": example(entity.fields)}]);
    let schema = json!({"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": &item});
    let at = json!({"Location": {"description": "Where the bulk is.", "schema": {"type": "string"}}});
    json!({
        "operationId": format!("create_{}_bulk", entity.path.replace('-', "_")),
        "tags": [title(entity)],
        "summary": format!("Create many {}", words(entity.path)),
        "description": "1 to 1,000 items, each with an idempotency key of its own and the body that a create of it alone would \
            have: a JSON array, or NDJSON with one item a line. They are written within the connection's rate budget, after the \
            answer; a server that dies in the middle changes nothing about that. What speaks against one item is told with that \
            item: `GET /bulks/{id}/items`. Repeating the call makes another bulk of the same writes, and nothing is written twice.",
        "requestBody": {
            "required": true,
            "content": {
                "application/json": {"schema": schema, "example": example},
                "application/x-ndjson": {"schema": item}
            }
        },
        "responses": {"202": response("The bulk, before it is done.", "Bulk", &at)}
    })
}

fn update(entity: &Entity) -> Value {
    let name = type_name(entity);
    json!({
        "operationId": format!("update_{}", entity.name),
        "tags": [title(entity)],
        "summary": format!("Change {}", with_article(entity)),
        "description": "Only the members that are given; `null` empties one. Of a list, a line is named by its `remote_line_id` or \
            `position`; one without is added; lines that are not named stay. A new `status` moves the record there, by as many \
            calls as the system needs. What the record says already is not sent. Which fields can be changed, and in which \
            statuses not, `GET /systems/{system}/capabilities` tells. The answer is the record as read back.",
        "parameters": [
            id_parameter(), key_parameter(entity, "update"), if_match_parameter(), prefer_parameter(), dry_run_parameter()
        ],
        "requestBody": {
            "required": true,
            "content": {"application/json": {
                "schema": {"$ref": format!("#/components/schemas/{name}Write")},
                "example": change_example(entity)
            }}
        },
        "responses": changed_responses(&name)
    })
}

fn act(entity: &Entity, actions: &[&str]) -> Value {
    json!({
        "operationId": format!("move_{}", entity.name),
        "tags": [title(entity)],
        "summary": format!("Move {} to another status", with_article(entity)),
        "description": "The same as `PATCH` with the status that the action stands for. An illegal move is refused with the legal \
            ones named.",
        "parameters": [
            id_parameter(),
            {
                "name": "action", "in": "path", "required": true, "schema": {"type": "string", "enum": actions},
                "description": "What to do.", "example": actions[0]
            },
            key_parameter(entity, "move"), if_match_parameter(), prefer_parameter(), dry_run_parameter()
        ],
        "responses": changed_responses(&type_name(entity))
    })
}

fn delete(entity: &Entity) -> Value {
    json!({
        "operationId": format!("delete_{}", entity.name),
        "tags": [title(entity)],
        "summary": format!("Delete {}", with_article(entity)),
        "description": "Only where the system truly deletes; otherwise the refusal names the nearest things, which are done when they \
            are asked for by `mode`.",
        "parameters": [
            id_parameter(),
            {
                "name": "mode", "in": "query", "required": false,
                "schema": {"type": "string", "enum": ["flag", "close", "inactivate"]},
                "description": "The nearest thing that the system does instead."
            },
            key_parameter(entity, "delete"), if_match_parameter(), prefer_parameter(), dry_run_parameter()
        ],
        "responses": changed_responses(&type_name(entity))
    })
}

pub(super) fn changed_responses(name: &str) -> Value {
    let mut headers = version_header();
    headers["Idempotency-Replayed"] = replayed_header();
    let mut done = response("The record as the system has it now; of a dry run, the requests.", name, &headers);
    done["content"]["application/json"]["schema"] = json!({"anyOf": [
        {"$ref": format!("#/components/schemas/{name}")}, {"$ref": "#/components/schemas/DryRun"}
    ]});
    let problem = json!({"$ref": "#/components/responses/Problem"});
    json!({"200": done, "202": accepted_response(), "409": problem, "412": problem, "502": problem})
}

/// The actions that lead to a status of the entity.
fn actions(entity: &Entity) -> Vec<&'static str> {
    let words = match entity.field("status").map(|field| field.kind) {
        Some(Kind::Enum(words)) => words,
        _ => &[],
    };
    ACTIONS.iter().filter(|(_, status)| words.contains(status)).map(|(action, _)| *action).collect()
}

fn change_example(entity: &Entity) -> Value {
    let field = entity.fields.iter().find(|field| matches!(field.kind, Kind::Text) && field.name != "code");
    field.map_or_else(|| json!({}), |field| json!({field.name: example_value(field)}))
}

pub(super) fn id_parameter() -> Value {
    json!({
        "name": "id", "in": "path", "required": true, "schema": {"type": "string"},
        "description": "Trunnion's id, or `remote:` and the system's own id (with `/` written as `%2F`).",
        "example": "remote:1001"
    })
}

pub(super) fn key_parameter(entity: &Entity, verb: &str) -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": verb == "create",
        "description": "A key of your own for this write, 1 to 255 visible ASCII characters; kept for 7 days. Not needed for a dry run.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "example": format!("{}-4711-{verb}", entity.path)
    })
}

pub(super) fn if_match_parameter() -> Value {
    json!({
        "name": "If-Match", "in": "header", "required": false, "schema": {"type": "string"},
        "description": "The version that the record must have, in quotes, as `ETag` gave it. Otherwise 412 `VERSION_MISMATCH`."
    })
}

pub(super) fn prefer_parameter() -> Value {
    json!({
        "name": "Prefer", "in": "header", "required": false, "schema": {"type": "string"},
        "description": "`respond-async`: the answer is 202 with the operation, before it is done."
    })
}

pub(super) fn dry_run_parameter() -> Value {
    json!({
        "name": "dry_run", "in": "query", "required": false, "schema": {"type": "boolean"},
        "description": "`true`: everything is checked, nothing is written; the answer is the requests that would be sent, with \
            secrets masked. What must be looked up in the system for that is read."
    })
}

pub(super) fn replayed_header() -> Value {
    json!({
        "description": "`true`: the key was used before; this is the answer of that time, and nothing was written now.",
        "schema": {"type": "string", "enum": ["true"]}
    })
}

pub(super) fn planned_response() -> Value {
    response("Of a dry run: the requests that would be sent.", "DryRun", &json!({}))
}

pub(super) fn accepted_response() -> Value {
    let at = json!({"Location": {"description": "Where the operation is.", "schema": {"type": "string"}}});
    response("With `Prefer: respond-async`: the operation.", "Operation", &at)
}

fn dry_run_schema() -> Value {
    json!({
        "type": "object",
        "description": "What a write would send.",
        "required": ["dry_run", "action", "requests"],
        "properties": {
            "dry_run": {"type": "boolean", "enum": [true]},
            "action": {"type": "string", "description": "`create`, `update`, `delete`, or the action."},
            "requests": {
                "type": "array",
                "description": "In their order. One that needs the answer to another is not foretold.",
                "items": {
                    "type": "object",
                    "required": ["method", "url", "headers", "body"],
                    "properties": {
                        "method": {"type": "string"},
                        "url": {"type": "string"},
                        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                        "body": {"description": "JSON where it is JSON, else text, else null. A write key stands there in zeros."}
                    }
                }
            }
        }
    })
}

fn list_parameters() -> Value {
    let query = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema});
    let instant = |name: &str, description: &str| {
        let mut parameter = query(name, description, json!({"type": "string"}));
        parameter["example"] = json!("2026-01-31T10:00:00Z");
        parameter
    };
    json!([
        limit_parameter(),
        cursor_parameter(),
        instant("modified_after", "Only records that changed after this instant, by Trunnion's clock."),
        instant("modified_before", "Only records that changed before this instant."),
        instant("created_after", "Only records that first came after this instant."),
        instant("created_before", "Only records that first came before this instant."),
        query("include_deleted", "Also records that were deleted in the system.", json!({"type": "boolean"})),
        include_parameter(),
        fields_parameter(),
        query("sort", "The order.", json!({"type": "string", "enum": ["modified_at", "-modified_at"]})),
        {
            "name": "filter", "in": "query", "required": false, "style": "deepObject", "explode": true,
            "description": "Only records whose field has that value: `filter[status]=approved`. With an operator, \
                `filter[net_total:gte]=100`: `contains`, `starts_with`, `gt`, `gte`, `lt`, `lte`, or `in` with commas between \
                the values. Any field that is no group or list, `remote_id` and `display`; an unknown one is refused.",
            "schema": {"type": "object", "additionalProperties": {"type": "string"}}
        },
        query("filter_match", "Whether all filters must hold, or any.", json!({"type": "string", "enum": ["all", "any"], "default": "all"})),
        query("count", "Also how many records there are in all, as `count`.", json!({"type": "boolean"}))
    ])
}

pub(super) fn limit_parameter() -> Value {
    json!({
        "name": "limit", "in": "query", "required": false, "description": "How many at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
    })
}

pub(super) fn cursor_parameter() -> Value {
    json!({
        "name": "cursor", "in": "query", "required": false, "schema": {"type": "string"},
        "description": "Where to go on: the `next_cursor` of the page before."
    })
}

fn include_parameter() -> Value {
    json!({
        "name": "include", "in": "query", "required": false, "schema": {"type": "string", "enum": ["raw"]},
        "description": "`raw`: also the row as the system sent it."
    })
}

fn fields_parameter() -> Value {
    json!({
        "name": "fields", "in": "query", "required": false, "schema": {"type": "string"},
        "description": "Only these fields, separated by commas; `id` comes always."
    })
}

pub(super) fn response(description: &str, schema: &str, headers: &Value) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({
        "description": description,
        "headers": headers,
        "content": {"application/json": {"schema": schema}}
    })
}

pub(super) fn version_header() -> Value {
    json!({"ETag": {"description": "The record's version, in quotes.", "schema": {"type": "string"}}})
}

pub(super) fn list_schema(name: &str) -> Value {
    json!({
        "type": "object",
        "required": ["data", "next_cursor"],
        "properties": {
            "data": {"type": "array", "items": {"$ref": format!("#/components/schemas/{name}")}},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Give it as `cursor` to get the next page; null on the last one."
            },
            "count": {"type": "integer", "description": "With `count=true`."}
        }
    })
}

/// What a write may hold: the record's schema without what is given to it. Nothing is required for all systems alike.
fn writable(record: &Value, entity: &Entity) -> Value {
    let mut schema = record.clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.retain(|name, _| !["required", "$schema", "$id", "title"].contains(&name.as_str()));
    }
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.retain(|name, _| !ENVELOPE.contains(&name.as_str()));
    }
    schema["description"] = json!(format!("What to create or change {} from.", with_article(entity)));
    schema
}

/// The least that makes sense: what every record has and the system does not give itself, and a line of each list.
/// References are given by the name that people know, where there is one.
fn example(fields: &[Field]) -> Value {
    let wanted = |field: &&Field| {
        (field.required && field.name != "status")
            || matches!(field.kind, Kind::List(_))
            || ALSO_IN_EXAMPLES.contains(&field.name)
    };
    let member = |field: &Field| match (field.kind, natural_key(field)) {
        (Kind::Reference(_), Some(name)) => (name, json!("1001")),
        _ => (field.name.to_owned(), example_value(field)),
    };
    fields.iter().filter(wanted).map(member).collect()
}

/// `vendor_code` of `vendor_id`.
fn natural_key(field: &Field) -> Option<String> {
    field.siblings().into_iter().map(|(name, _)| name).find(|name| !name.ends_with("_remote_id"))
}

fn example_value(field: &Field) -> Value {
    match field.kind {
        Kind::Text => json!(format!("Example {}", words(field.name))),
        Kind::Bool => json!(true),
        Kind::Integer => json!(1),
        Kind::Decimal { .. } => json!("12.5"),
        Kind::Date => json!("2026-01-31"),
        Kind::Instant => json!("2026-01-31T10:00:00Z"),
        Kind::Currency => json!("EUR"),
        Kind::Unit => json!("EA"),
        Kind::Enum(words) => json!(words.first()),
        Kind::Reference(entity) => {
            json!(catalog::entity(entity).map(|entity| format!("{}_01k8n3v5j2x4w6y8z0a1b2c3d4", entity.prefix)))
        }
        Kind::Group(fields) => example(fields),
        Kind::List(fields) => json!([example(fields)]),
    }
}

/// `purchase_order` as `PurchaseOrder`.
pub(super) fn type_name(entity: &Entity) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    entity.name.split('_').map(capital).collect()
}

/// `purchase-orders` as `Purchase orders`.
pub(super) fn title(entity: &Entity) -> String {
    let words = words(entity.path);
    words[..1].to_uppercase() + &words[1..]
}

pub(super) fn with_article(entity: &Entity) -> String {
    let words = words(entity.name);
    let article = if words.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {words}")
}

fn words(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

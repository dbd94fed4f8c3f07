//! The operations on records, described from the catalogue: a new entity is documented without a line here.

use serde_json::{Value, json};
use trunnion_model::catalog::{self, Entity, Field, Kind};

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
    for entity in catalog::entities() {
        let path = format!("/api/v1/{}", entity.path);
        document["paths"][&path] = json!({"get": list(entity), "post": create(entity)});
        document["paths"][format!("{path}/{{id}}")] = json!({"get": get(entity)});
        let name = type_name(entity);
        let schema = trunnion_model::schema::of(entity);
        let schemas = &mut document["components"]["schemas"];
        schemas[format!("{name}Write")] = writable(&schema, entity);
        schemas[format!("{name}List")] = list_schema(&name);
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
            {
                "name": "id", "in": "path", "required": true, "schema": {"type": "string"},
                "description": "Trunnion's id, or `remote:` and the system's own id (with `/` written as `%2F`).",
                "example": "remote:1001"
            },
            include_parameter(),
            fields_parameter(),
            {
                "name": "live", "in": "query", "required": false, "schema": {"type": "boolean"},
                "description": "`true`: the system is asked first, and what it says is stored and answered."
            }
        ],
        "responses": {"200": response("The record.", &type_name(entity), &version_header())}
    })
}

fn create(entity: &Entity) -> Value {
    let name = type_name(entity);
    let mut headers = version_header();
    headers["Location"] = json!({"description": "Where the record is.", "schema": {"type": "string"}});
    headers["Idempotency-Replayed"] = json!({
        "description": "`true`: the key was used before; this is the answer of that time, and nothing was written now.",
        "schema": {"type": "string", "enum": ["true"]}
    });
    json!({
        "operationId": format!("create_{}", entity.name),
        "tags": [title(entity)],
        "summary": format!("Create {}", with_article(entity)),
        "description": "Writes to the connected system, reads back what it made of it, and answers that. The body is the same \
            for every system; which fields a system can take and which it needs, `GET /systems/{system}/capabilities` tells. \
            Repeating a request with the same key never writes twice.",
        "parameters": [{
            "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "A key of your own for this write, 1 to 255 visible ASCII characters; kept for 7 days.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": format!("{}-4711", entity.path)
        }, {
            "name": "dry_run", "in": "query", "required": false, "schema": {"type": "boolean"},
            "description": "Not offered yet: `true` is answered with 422 `UNSUPPORTED_OPERATION`, and nothing is written."
        }],
        "requestBody": {
            "required": true,
            "content": {"application/json": {
                "schema": {"$ref": format!("#/components/schemas/{name}Write")},
                "example": example(entity.fields)
            }}
        },
        "responses": {"201": response("The record as the system has it now.", &name, &headers)}
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
        query("limit", "How many at most.", json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 100})),
        query("cursor", "Where to go on: the `next_cursor` of the page before.", json!({"type": "string"})),
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

fn response(description: &str, schema: &str, headers: &Value) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({
        "description": description,
        "headers": headers,
        "content": {"application/json": {"schema": schema}}
    })
}

fn version_header() -> Value {
    json!({"ETag": {"description": "The record's version, in quotes.", "schema": {"type": "string"}}})
}

fn list_schema(name: &str) -> Value {
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
    schema["description"] = json!(format!("What to create {} from.", with_article(entity)));
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
fn type_name(entity: &Entity) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    entity.name.split('_').map(capital).collect()
}

/// `purchase-orders` as `Purchase orders`.
fn title(entity: &Entity) -> String {
    let words = words(entity.path);
    words[..1].to_uppercase() + &words[1..]
}

fn with_article(entity: &Entity) -> String {
    let words = words(entity.name);
    let article = if words.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {words}")
}

fn words(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

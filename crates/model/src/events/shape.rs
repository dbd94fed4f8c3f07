//! The form of events: the envelope, and of what is no record the members.

use serde_json::{Map, Value, json};

use super::types::{About, EventType};
use crate::change::Change;
use crate::schema;

/// What a member can be; an example goes with it.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Id(&'static str),
    Text(&'static str),
    MaybeText(&'static str),
    Instant,
    MaybeInstant,
    Count(i64),
    MaybeCount,
    /// Any members.
    Free,
    MaybeFree,
    /// A list of words.
    Words(&'static str),
    Object(&'static [Member]),
    MaybeObject(&'static [Member]),
}

/// Name, form, meaning.
pub(super) type Member = (&'static str, Kind, &'static str);

const REASON: &[Member] = &[
    ("code", Kind::Text("SYSTEM_UNREACHABLE"), "A stable word"),
    ("message", Kind::Text("The system did not answer."), "For people"),
];

pub(super) const CONNECTION: &[Member] = &[
    ("id", Kind::Id("con"), "The connection"),
    ("system", Kind::Text("example-erp"), "Which system it is to"),
    (
        "customer",
        Kind::Object(&[
            ("id", Kind::Text("cust-17"), "Your id of the customer"),
            ("name", Kind::Text("Widgets Ltd"), "Its name"),
        ]),
        "Whose system it is",
    ),
    ("account", Kind::MaybeText("INTEGRATION"), "As whom Trunnion is logged in there"),
    ("metadata", Kind::Free, "Your own, as you gave it"),
    ("tags", Kind::Words("eu"), "Your own words for it"),
    ("status", Kind::Text("online"), "How it is doing"),
    ("status_reason", Kind::MaybeObject(REASON), "Why, if it is not well"),
    ("status_since", Kind::Instant, "Since when"),
    ("created_at", Kind::Instant, "When it was made"),
    ("modified_at", Kind::Instant, "When it last changed"),
];

const PREVIOUS_STATUS: Member = ("previous_status", Kind::Text("syncing"), "The status before");

pub(super) const SYNC: &[Member] = &[
    ("id", Kind::Id("run"), "The run"),
    ("connection_id", Kind::Id("con"), "Of which connection"),
    ("entity", Kind::Text("purchase_order"), "Of which entity"),
    ("mode", Kind::Text("incremental"), "How much it read"),
    ("cause", Kind::Text("incremental"), "Why it was"),
    ("state", Kind::Text("succeeded"), "How it ended"),
    ("created_at", Kind::Instant, "When it was asked for"),
    ("started_at", Kind::MaybeInstant, "When it began"),
    ("finished_at", Kind::MaybeInstant, "When it ended"),
    ("pages", Kind::Count(1), "How many pages were stored"),
    ("seen", Kind::Count(3), "How many rows came"),
    ("created", Kind::Count(1), "Of them new records"),
    ("updated", Kind::Count(1), "Of them changed records"),
    ("deleted", Kind::Count(0), "Of them records that are gone"),
    ("unchanged", Kind::Count(1), "Of them as they were"),
    ("total_known", Kind::MaybeCount, "How many rows the system said that there are"),
    ("held", Kind::Count(0), "How many deletions were held back"),
    ("quarantined", Kind::Count(0), "How many rows could not be mapped"),
    ("drift", Kind::MaybeCount, "Of a run that verifies: how many records differed that should not have"),
    ("error", Kind::MaybeObject(REASON), "Why it failed, if it did"),
];

pub(super) const HELD: &[Member] = &[
    ("id", Kind::Id("hdl"), "The held deletion"),
    ("connection_id", Kind::Id("con"), "Of which connection"),
    ("entity", Kind::Text("purchase_order"), "Of which entity"),
    ("run_id", Kind::MaybeText("run_01k8n3v5j2x4w6y8z0a1b2c3d4"), "The run that noticed it"),
    ("reason", Kind::Text("threshold"), "Why it is not believed: threshold, inconsistent or empty"),
    ("gone", Kind::Count(40), "How many records the listing did not show"),
    ("total", Kind::Count(100), "Of how many"),
    ("state", Kind::Text("held"), "What became of it"),
    ("created_at", Kind::Instant, "When it was noticed"),
    ("modified_at", Kind::Instant, "When it last changed"),
];

pub(super) const DRIFT: &[Member] = &[
    ("id", Kind::Id("drf"), "The finding"),
    ("connection_id", Kind::Id("con"), "Of which connection"),
    ("entity", Kind::Text("purchase_order"), "Of which entity"),
    ("kind", Kind::Text("retyped_field"), "What it is: new_field, vanished_field, retyped_field or unmapped_value"),
    ("field", Kind::Text("Lines/Price"), "Where in the system's row; of unmapped_value the field of the record"),
    ("value", Kind::MaybeText("Z9"), "Of unmapped_value: the system's word"),
    ("type_before", Kind::MaybeText("string"), "The JSON types that the field had"),
    ("type_now", Kind::MaybeText("number"), "The JSON type that it has"),
    ("remote_id", Kind::MaybeText("4500000250"), "The system's id of the record in which it was seen first"),
    ("records", Kind::Count(1), "In how many records it was seen"),
    ("state", Kind::Text("open"), "Whether somebody acknowledged it"),
    ("first_at", Kind::Instant, "When it was found"),
    ("last_at", Kind::Instant, "When it was seen last"),
    ("acknowledged_at", Kind::MaybeInstant, "When somebody acknowledged it"),
];

pub(super) const SUBSCRIPTION: &[Member] = &[
    ("connection_id", Kind::Id("con"), "Of which connection"),
    ("state", Kind::Text("active"), "How it does"),
    ("since", Kind::Instant, "Since when"),
    ("code", Kind::MaybeText("AUTHENTICATION_FAILED"), "Why it fails"),
    ("message", Kind::MaybeText("the client was refused"), "The same for people, with what to mend"),
];

pub(super) const OPERATION: &[Member] = &[
    ("id", Kind::Id("op"), "The write"),
    ("connection_id", Kind::Id("con"), "Of which connection"),
    ("entity", Kind::Text("purchase_order"), "Of which entity"),
    ("action", Kind::Text("create"), "What was to be done"),
    ("state", Kind::Text("succeeded"), "How far it got"),
    ("idempotency_key", Kind::MaybeText("order-4711"), "Your key of the write"),
    ("remote_id", Kind::MaybeText("4500000250"), "The system's own id of what it made"),
    ("record_id", Kind::MaybeText("po_01k8n3v5j2x4w6y8z0a1b2c3d4"), "Our id of it"),
    ("outcome", Kind::MaybeFree, "What was or would have been answered: `status` and `body`"),
    ("created_at", Kind::Instant, "When it was asked for"),
    ("updated_at", Kind::Instant, "When its state last changed"),
];

pub(super) const FAILING: &[Member] = &[
    ("webhook_endpoint_id", Kind::Id("whe"), "The endpoint"),
    ("description", Kind::Text("Production"), "What you call it"),
    ("failing_since", Kind::Instant, "When the first attempt failed after the last one that succeeded"),
    ("failures", Kind::Count(41), "Attempts that failed since then"),
    ("percent", Kind::Count(50), "How much of the time until it is disabled is over"),
    ("disabled_at", Kind::Instant, "When it is disabled, if nothing succeeds before"),
    ("last_status", Kind::MaybeCount, "What the receiver answered last, if it did"),
    ("last_error", Kind::MaybeText("no connection: connection refused"), "What went wrong last, if no answer came"),
];

pub(super) const DISABLED: &[Member] = &[
    ("webhook_endpoint_id", Kind::Id("whe"), "The endpoint"),
    ("description", Kind::Text("Production"), "What you call it"),
    ("reason", Kind::Text("every attempt failed for too long"), "Why"),
    ("disabled_at", Kind::Instant, "When"),
    ("failing_since", Kind::MaybeInstant, "When the first attempt failed after the last one that succeeded"),
    ("failures", Kind::Count(97), "Attempts that failed since then"),
];

pub(super) const TEST: &[Member] = &[("webhook_endpoint_id", Kind::Id("whe"), "The endpoint that was tried out")];

/// The members of what is no record.
pub(super) fn members(about: About) -> Vec<Member> {
    match about {
        About::Connection => CONNECTION.to_vec(),
        About::ConnectionStatus => [CONNECTION, &[PREVIOUS_STATUS]].concat(),
        About::Sync => SYNC.to_vec(),
        About::Held => HELD.to_vec(),
        About::Drift => DRIFT.to_vec(),
        About::Subscription => SUBSCRIPTION.to_vec(),
        About::Operation => OPERATION.to_vec(),
        About::EndpointFailing => FAILING.to_vec(),
        About::EndpointDisabled => DISABLED.to_vec(),
        About::Test => TEST.to_vec(),
        About::Record(..) => Vec::new(),
    }
}

/// The schema of a whole event.
pub(super) fn event(one: &EventType) -> Value {
    let data = match one.about {
        About::Record(entity, _) => {
            let mut record = schema::of(entity);
            if let Some(record) = record.as_object_mut() {
                record.retain(|name, _| name != "$schema" && name != "title");
            }
            record
        }
        about => object(&members(about)),
    };
    let mut properties = Map::from_iter([
        ("id".to_owned(), described(kind(Kind::Id("evt")), "The same on every try; also the header `webhook-id`")),
        ("type".to_owned(), json!({ "const": one.name })),
        ("timestamp".to_owned(), described(kind(Kind::Instant), "When it happened")),
        ("data".to_owned(), data),
    ]);
    let mut required = vec!["id", "type", "timestamp", "data"];
    if !matches!(one.about, About::Test) {
        let sequence = json!({ "type": "integer", "minimum": 1 });
        properties.insert("sequence".to_owned(), described(sequence, "1, 2, 3 … per connection, without holes"));
        required.push("sequence");
        if !one.about.is_of_application() {
            properties.insert("connection_id".to_owned(), described(kind(Kind::Id("con")), "Where it happened"));
            required.push("connection_id");
        }
    }
    if let About::Record(_, change) = one.about {
        let previous = json!({ "type": "object" });
        properties.insert("previous".to_owned(), described(previous, "The old values of the fields that changed"));
        if matches!(change, Change::Updated) {
            required.push("previous");
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": one.name,
        "description": one.doc,
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

fn object(members: &[Member]) -> Value {
    let properties: Map<String, Value> =
        members.iter().map(|(name, form, doc)| ((*name).to_owned(), described(kind(*form), doc))).collect();
    let required: Vec<&str> = members.iter().map(|(name, ..)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn described(mut schema: Value, doc: &str) -> Value {
    schema["description"] = doc.into();
    schema
}

fn kind(kind: Kind) -> Value {
    let or_null = |mut schema: Value| {
        schema["type"] = json!([schema["type"], "null"]);
        schema
    };
    match kind {
        Kind::Id(prefix) => schema::id(prefix),
        Kind::Text(_) => json!({ "type": "string" }),
        Kind::MaybeText(_) => json!({ "type": ["string", "null"] }),
        Kind::Instant => json!({ "type": "string", "format": "date-time" }),
        Kind::MaybeInstant => json!({ "type": ["string", "null"], "format": "date-time" }),
        Kind::Count(_) => json!({ "type": "integer", "minimum": 0 }),
        Kind::MaybeCount => json!({ "type": ["integer", "null"], "minimum": 0 }),
        Kind::Free => json!({ "type": "object" }),
        Kind::MaybeFree => json!({ "type": ["object", "null"] }),
        Kind::Words(_) => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Object(members) => object(members),
        Kind::MaybeObject(members) => or_null(object(members)),
    }
}

//! What can be done with one entity only: `receive` of a purchase order, `adjust` and `transfer` of stock.

use serde_json::{Value, json};
use trunnion_model::catalog::{Entity, entity};

use super::entities::{
    accepted_response, changed_responses, dry_run_parameter, id_parameter, if_match_parameter, key_parameter,
    planned_response, prefer_parameter, replayed_header, response, title, type_name, version_header,
};

/// Adds their paths to `document`.
pub(super) fn describe(document: &mut Value) {
    let Some(order) = entity("purchase_order") else { return };
    document["components"]["schemas"]["Receive"] = receive_schema();
    document["paths"]["/api/v1/purchase-orders/{id}/receive"] = json!({"post": receive(order)});
    let Some(level) = entity("inventory_level") else { return };
    for action in ["adjust", "transfer"] {
        document["paths"][format!("/api/v1/inventory-levels/{{id}}/{action}")] = json!({"post": post(level, action)});
    }
}

fn post(level: &Entity, action: &str) -> Value {
    let adjusts = action == "adjust";
    let (summary, example) = match adjusts {
        true => ("Adjust stock by a difference", json!({"quantity": "-2", "reason": "broken in the store"})),
        false => ("Transfer stock to another place", json!({"to_location_code": "1001", "quantity": "2"})),
    };
    let what = match adjusts {
        true => "Posts a difference: more, or less if it is negative. To set what is on hand, `PATCH` `on_hand`.",
        false => "Moves some of the stock of this item to another place, in one step.",
    };
    json!({
        "operationId": format!("{action}_inventory_level"),
        "tags": [title(level)],
        "summary": summary,
        "description": format!("{what} The system's document carries a write key, so that after a lost answer it is searched for \
            and never posted twice. The answer is the level as the system has it afterwards; one of which nothing is left may be \
            gone there, and has `deleted_at`. More than is on hand is refused. Which systems can, the `actions` in the \
            capabilities tell.").split_whitespace().collect::<Vec<_>>().join(" "),
        "parameters": [
            id_parameter(), key_parameter(level, "create"), if_match_parameter(), prefer_parameter(), dry_run_parameter()
        ],
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": post_schema(adjusts), "example": example}}
        },
        "responses": changed_responses(&type_name(level))
    })
}

fn post_schema(adjusts: bool) -> Value {
    let reason = json!({"type": "string", "description": "Why; the system keeps it with the document (50 characters fit everywhere)."});
    if adjusts {
        return json!({
            "type": "object",
            "required": ["quantity", "reason"],
            "properties": {
                "quantity": {"type": "string", "description": "The difference, as a decimal in the level's unit; not zero."},
                "reason": reason
            }
        });
    }
    json!({
        "type": "object",
        "required": ["quantity"],
        "properties": {
            "to_location_id": {"type": "string", "description": "Where it goes: our id."},
            "to_location_remote_id": {"type": "string", "description": "Or the system's."},
            "to_location_code": {"type": "string", "description": "Or the name that people use."},
            "quantity": {"type": "string", "description": "How much, as a decimal in the level's unit; more than zero."},
            "reason": reason
        }
    })
}

fn receive(order: &Entity) -> Value {
    let mut headers = version_header();
    headers["Location"] = json!({"description": "Where the goods receipt is.", "schema": {"type": "string"}});
    headers["Idempotency-Replayed"] = replayed_header();
    json!({
        "operationId": "receive_purchase_order",
        "tags": [title(order)],
        "summary": "Receive goods for a purchase order",
        "description": "Makes a goods receipt, as `POST /goods-receipts` would: with the same keys, checks and dry run, and its \
            operation is that of the goods receipt. The order is read from the system first. Without a body, or without \
            `lines`, all that the order still waits for is received. 409 `CONFLICT` if that is nothing; 422 \
            `UNSUPPORTED_OPERATION` where the system takes no goods receipts, which the order's `actions` in the capabilities \
            tell beforehand.",
        "parameters": [
            id_parameter(), key_parameter(order, "create"), if_match_parameter(), prefer_parameter(), dry_run_parameter()
        ],
        "requestBody": {
            "required": false,
            "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Receive"},
                "example": {"received_on": "2026-01-31", "lines": [{"position": 1, "quantity": "3"}]}
            }}
        },
        "responses": {
            "200": planned_response(),
            "201": response("The goods receipt as the system has it now.", "GoodsReceipt", &headers),
            "202": accepted_response(),
            "409": {"$ref": "#/components/responses/Problem"},
            "412": {"$ref": "#/components/responses/Problem"},
            "502": {"$ref": "#/components/responses/Problem"}
        }
    })
}

fn receive_schema() -> Value {
    json!({
        "type": "object",
        "description": "What came. Other members are those of a goods receipt and its lines.",
        "properties": {
            "received_on": {"type": "string", "format": "date", "description": "When the goods came; the system's today without it."},
            "location_id": {"type": "string", "description": "Where they were put: for each line that names no place of its own. \
                Also `location_remote_id` or `location_code`."},
            "delivery_note": {"type": "string", "description": "The vendor's delivery note, where the system takes it."},
            "memo": {"type": "string", "description": "Free text, where the system takes it."},
            "lines": {
                "type": "array", "minItems": 1,
                "description": "What came of which line of the order; all that is open without it.",
                "items": {
                    "type": "object",
                    "properties": {
                        "remote_line_id": {"type": "string", "description": "The order's line, as `remote_line_id` of the order names it."},
                        "position": {"type": "integer", "description": "Or its number."},
                        "quantity": {"type": "string", "description": "How much came, as a decimal; what is open on the line without it."},
                        "location_id": {"type": "string", "description": "Where it was put."},
                        "lot": {"type": "string", "description": "Lot or batch, where the system takes it."}
                    }
                }
            }
        }
    })
}

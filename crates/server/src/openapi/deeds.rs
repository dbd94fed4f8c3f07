//! What can be done with one entity only: `receive` of a purchase order.

use serde_json::{Value, json};
use trunnion_model::catalog::{Entity, entity};

use super::entities::{
    accepted_response, dry_run_parameter, id_parameter, if_match_parameter, key_parameter, planned_response,
    prefer_parameter, replayed_header, response, title, version_header,
};

/// Adds their paths to `document`.
pub(super) fn describe(document: &mut Value) {
    let Some(order) = entity("purchase_order") else { return };
    document["components"]["schemas"]["Receive"] = receive_schema();
    document["paths"]["/api/v1/purchase-orders/{id}/receive"] = json!({"post": receive(order)});
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

//! The groups of fields within entities: addresses and the lines of documents.

use super::{Field, Kind};

pub(super) const ADDRESS: &[Field] = &[
    Field::new("line1", Kind::Text, "Street and number"),
    Field::new("line2", Kind::Text, "Building, floor, post box"),
    Field::new("city", Kind::Text, "Town"),
    Field::new("region", Kind::Text, "State, province or county, as the system writes it"),
    Field::new("postal_code", Kind::Text, "Postal code"),
    Field::new("country", Kind::Text, "ISO 3166-1 alpha-2 code"),
];

pub(super) const ITEM_VENDORS: &[Field] = &[
    Field::new("vendor_id", Kind::Reference("vendor"), "The vendor").required(),
    Field::new("vendor_sku", Kind::Text, "The vendor's own number of the item"),
    Field::new("price", Kind::Decimal { of: Some("currency") }, "Price of one order unit"),
    Field::new("currency", Kind::Currency, "Currency of the price"),
    Field::new("preferred", Kind::Bool, "Whether it is bought here first"),
];

pub(super) const PURCHASE_ORDER_LINES: &[Field] = &[
    Field::new("position", Kind::Integer, "1 for the first line, 2 for the second …"),
    Field::new("remote_line_id", Kind::Text, "The system's own key of the line, stable while the line lives"),
    Field::new("item_id", Kind::Reference("item"), "The item; absent on a text line"),
    Field::new("description", Kind::Text, "What the line says"),
    Field::new("quantity", Kind::Decimal { of: Some("unit") }, "How much").required(),
    Field::new("unit", Kind::Unit, "Unit of the quantity"),
    Field::new("unit_price", Kind::Decimal { of: Some("currency") }, "Net price of one unit, in the order's currency"),
    Field::new("amount", Kind::Decimal { of: Some("currency") }, "Net amount of the line, in the order's currency"),
    Field::new("tax_code", Kind::Text, "The system's tax code"),
    Field::new("required_on", Kind::Date, "When the line must be there"),
    Field::new("location_id", Kind::Reference("location"), "Where the line is to be delivered"),
    Field::new("cost_center", Kind::Text, "Cost centre, department or account that pays"),
    Field::new("quantity_received", Kind::Decimal { of: Some("unit") }, "How much came already"),
    Field::new("quantity_billed", Kind::Decimal { of: Some("unit") }, "How much was invoiced already"),
    Field::new("closed", Kind::Bool, "Nothing more is expected on this line"),
    Field::new("deleted", Kind::Bool, "The line was cancelled"),
];

pub(super) const GOODS_RECEIPT_LINES: &[Field] = &[
    Field::new("position", Kind::Integer, "1 for the first line, 2 for the second …"),
    Field::new("remote_line_id", Kind::Text, "The system's own key of the line"),
    Field::new("item_id", Kind::Reference("item"), "The item"),
    Field::new("purchase_order_id", Kind::Reference("purchase_order"), "The order that the line is for"),
    Field::new("purchase_order_remote_line_id", Kind::Text, "The order's line"),
    Field::new("description", Kind::Text, "What the line says"),
    Field::new("quantity", Kind::Decimal { of: Some("unit") }, "How much arrived").required(),
    Field::new("unit", Kind::Unit, "Unit of the quantity"),
    Field::new("location_id", Kind::Reference("location"), "Where it was put"),
    Field::new("lot", Kind::Text, "Lot or batch"),
];

pub(super) const WORK_ORDER_TASKS: &[Field] = &[
    Field::new("position", Kind::Integer, "1 for the first task, 2 for the second …"),
    Field::new("remote_line_id", Kind::Text, "The system's own key of the operation"),
    Field::new("title", Kind::Text, "What is to be done").required(),
    Field::new("assigned_to", Kind::Text, "Person, team or work centre"),
    Field::new("planned_hours", Kind::Decimal { of: None }, "Planned labour in hours"),
    Field::new("actual_hours", Kind::Decimal { of: None }, "Labour spent in hours"),
    Field::new("completed", Kind::Bool, "Whether it is done"),
];

pub(super) const WORK_ORDER_PARTS: &[Field] = &[
    Field::new("position", Kind::Integer, "1 for the first part, 2 for the second …"),
    Field::new("remote_line_id", Kind::Text, "The system's own key of the component"),
    Field::new("item_id", Kind::Reference("item"), "The item"),
    Field::new("description", Kind::Text, "What the line says"),
    Field::new("quantity", Kind::Decimal { of: Some("unit") }, "How much is planned").required(),
    Field::new("quantity_used", Kind::Decimal { of: Some("unit") }, "How much was used"),
    Field::new("unit", Kind::Unit, "Unit of the quantities"),
    Field::new("location_id", Kind::Reference("location"), "Where it is taken from"),
];

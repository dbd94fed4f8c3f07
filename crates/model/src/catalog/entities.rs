//! The core entities.

use super::groups::{
    ADDRESS, GOODS_RECEIPT_LINES, ITEM_VENDORS, PURCHASE_ORDER_LINES, WORK_ORDER_PARTS, WORK_ORDER_TASKS,
};
use super::meters::{METER, METER_READING};
use super::purchasing::{INVOICE, PURCHASE_REQUISITION};
use super::{Entity, Field, Kind};

pub(super) static ENTITIES: [&Entity; 13] = [
    &VENDOR,
    &ITEM,
    &LOCATION,
    &INVENTORY_LEVEL,
    &PURCHASE_REQUISITION,
    &PURCHASE_ORDER,
    &GOODS_RECEIPT,
    &INVOICE,
    &WORK_ORDER,
    &ASSET,
    &SERVICE_REQUEST,
    &METER,
    &METER_READING,
];

/// Common to everything that can be taken out of use without being deleted.
const ACTIVE: Field = Field::new("active", Kind::Bool, "Whether the system lets it be used in new documents");

static VENDOR: Entity = Entity {
    name: "vendor",
    path: "vendors",
    prefix: "ven",
    doc: "A company or person that goods and services are bought from (also called supplier).",
    display: "name",
    natural_key: Some("code"),
    fields: &[
        Field::new("code", Kind::Text, "The number or short name by which the customer's people know the vendor"),
        Field::new("name", Kind::Text, "The name to print on an order").required(),
        Field::new("legal_name", Kind::Text, "The registered name, where it differs"),
        ACTIVE,
        Field::new("category", Kind::Text, "The customer's own grouping of vendors"),
        Field::new("tax_id", Kind::Text, "VAT registration or tax number"),
        Field::new("email", Kind::Text, "Where orders may be sent"),
        Field::new("phone", Kind::Text, "Main telephone number"),
        Field::new("website", Kind::Text, "Web address"),
        Field::new("currency", Kind::Currency, "The currency that orders to this vendor are usually in"),
        Field::new("payment_terms", Kind::Text, "The customer's name or code of the terms of payment"),
        Field::new("address", Kind::Group(ADDRESS), "The main address"),
        Field::new("external_reference", Kind::Text, "An id that another program gave it in the system"),
        Field::new("notes", Kind::Text, "Free text"),
    ],
};

static ITEM: Entity = Entity {
    name: "item",
    path: "items",
    prefix: "itm",
    doc: "A material, spare part or service that can be bought, stocked or used.",
    display: "name",
    natural_key: Some("sku"),
    fields: &[
        Field::new("sku", Kind::Text, "The item number by which the customer's people know it"),
        Field::new("name", Kind::Text, "Short description").required(),
        Field::new("description", Kind::Text, "Long description"),
        Field::new(
            "type",
            Kind::Enum(&["inventory", "non_inventory", "service", "assembly", "other"]),
            "What kind of item it is",
        ),
        ACTIVE,
        Field::new("group", Kind::Text, "Material group or category"),
        Field::new("unit", Kind::Unit, "The unit in which stock is counted"),
        Field::new("order_unit", Kind::Unit, "The unit in which it is bought, where it differs"),
        Field::new("currency", Kind::Currency, "The currency of the prices of this record"),
        Field::new("cost", Kind::Decimal { of: Some("currency") }, "Standard or moving average cost of one unit"),
        Field::new("list_price", Kind::Decimal { of: Some("currency") }, "Sales price of one unit"),
        Field::new("gtin", Kind::Text, "Global trade item number (EAN, UPC)"),
        Field::new("manufacturer", Kind::Text, "Who makes it"),
        Field::new("manufacturer_part_number", Kind::Text, "The maker's number"),
        Field::new("serialized", Kind::Bool, "Whether each piece has a serial number"),
        Field::new("lot_tracked", Kind::Bool, "Whether it is kept in lots or batches"),
        Field::new("weight", Kind::Decimal { of: Some("weight_unit") }, "Net weight of one unit"),
        Field::new("weight_unit", Kind::Unit, "Unit of the weight"),
        Field::new("vendors", Kind::List(ITEM_VENDORS), "Who supplies it, under which number, at what price"),
    ],
};

static LOCATION: Entity = Entity {
    name: "location",
    path: "locations",
    prefix: "loc",
    doc: "A place: a site or plant, a warehouse, a storage location, a bin, a functional location.",
    display: "name",
    natural_key: Some("code"),
    fields: &[
        Field::new("code", Kind::Text, "The code by which the customer's people know it"),
        Field::new("name", Kind::Text, "Its name").required(),
        Field::new(
            "type",
            Kind::Enum(&["site", "warehouse", "storage", "bin", "functional", "virtual", "other"]),
            "What kind of place it is",
        ),
        ACTIVE,
        Field::new("parent_id", Kind::Reference("location"), "The place that it is part of"),
        Field::new("company", Kind::Text, "Company code or subsidiary"),
        Field::new("address", Kind::Group(ADDRESS), "Where it is"),
    ],
};

static INVENTORY_LEVEL: Entity = Entity {
    name: "inventory_level",
    path: "inventory-levels",
    prefix: "inv",
    doc: "How much of one item is at one location.",
    display: "item_sku",
    natural_key: None,
    fields: &[
        Field::new("item_id", Kind::Reference("item"), "The item").required(),
        Field::new("location_id", Kind::Reference("location"), "The place").required(),
        Field::new("unit", Kind::Unit, "Unit of the quantities"),
        Field::new("on_hand", Kind::Decimal { of: Some("unit") }, "Unrestricted stock that is there now").required(),
        Field::new("available", Kind::Decimal { of: Some("unit") }, "On hand less reserved"),
        Field::new("reserved", Kind::Decimal { of: Some("unit") }, "Committed to orders"),
        Field::new("on_order", Kind::Decimal { of: Some("unit") }, "Bought but not yet received"),
        Field::new("in_transit", Kind::Decimal { of: Some("unit") }, "On its way between locations"),
        Field::new("quality_hold", Kind::Decimal { of: Some("unit") }, "In quality inspection"),
        Field::new("blocked", Kind::Decimal { of: Some("unit") }, "Blocked"),
        Field::new("reorder_point", Kind::Decimal { of: Some("unit") }, "Buy more when stock falls below"),
        Field::new("maximum", Kind::Decimal { of: Some("unit") }, "Never stock more than this"),
        Field::new("lot", Kind::Text, "Lot or batch, where levels are kept by lot"),
    ],
};

static PURCHASE_ORDER: Entity = Entity {
    name: "purchase_order",
    path: "purchase-orders",
    prefix: "po",
    doc: "An order to a vendor for goods or services.",
    display: "number",
    natural_key: None,
    fields: &[
        Field::new("number", Kind::Text, "The order number that people use; absent until the system gives one"),
        Field::new(
            "status",
            Kind::Enum(&[
                "draft",
                "pending_approval",
                "approved",
                "sent",
                "partially_received",
                "received",
                "closed",
                "cancelled",
                "rejected",
                "unknown",
            ]),
            "Where the order stands",
        )
        .required(),
        Field::new("vendor_id", Kind::Reference("vendor"), "Who it is ordered from").required(),
        Field::new("ordered_on", Kind::Date, "Order date"),
        Field::new("required_on", Kind::Date, "When everything must be there"),
        Field::new("currency", Kind::Currency, "Currency of all amounts of the order").required(),
        Field::new("exchange_rate", Kind::Decimal { of: None }, "To the company's own currency"),
        Field::new("net_total", Kind::Decimal { of: Some("currency") }, "Sum of the lines without tax"),
        Field::new("tax_total", Kind::Decimal { of: Some("currency") }, "Tax"),
        Field::new("gross_total", Kind::Decimal { of: Some("currency") }, "Net and tax"),
        Field::new("company", Kind::Text, "Company code or subsidiary that buys"),
        Field::new("buyer", Kind::Text, "Purchasing group, employee or agent"),
        Field::new("payment_terms", Kind::Text, "The customer's name or code of the terms of payment"),
        Field::new("incoterms", Kind::Text, "Incoterms 2020 rule and place"),
        Field::new("location_id", Kind::Reference("location"), "Where it is to be delivered"),
        Field::new("reference", Kind::Text, "Your own reference; the system keeps it with the order"),
        Field::new("vendor_reference", Kind::Text, "The vendor's number of its quotation or confirmation"),
        Field::new("memo", Kind::Text, "Free text"),
        Field::new("lines", Kind::List(PURCHASE_ORDER_LINES), "What is ordered").required(),
    ],
};

static GOODS_RECEIPT: Entity = Entity {
    name: "goods_receipt",
    path: "goods-receipts",
    prefix: "gr",
    doc: "Goods that arrived, usually against a purchase order (also: material document, item receipt).",
    display: "number",
    natural_key: None,
    fields: &[
        Field::new("number", Kind::Text, "The receipt's number"),
        Field::new("status", Kind::Enum(&["draft", "received", "posted", "cancelled", "unknown"]), "Where it stands")
            .required(),
        Field::new("vendor_id", Kind::Reference("vendor"), "Who delivered"),
        Field::new("purchase_order_id", Kind::Reference("purchase_order"), "The order, if it is for one order only"),
        Field::new("received_on", Kind::Date, "When the goods came (posting date)"),
        Field::new("location_id", Kind::Reference("location"), "Where they were put"),
        Field::new("delivery_note", Kind::Text, "The vendor's delivery note"),
        Field::new("memo", Kind::Text, "Free text"),
        Field::new("lines", Kind::List(GOODS_RECEIPT_LINES), "What arrived").required(),
    ],
};

static WORK_ORDER: Entity = Entity {
    name: "work_order",
    path: "work-orders",
    prefix: "wo",
    doc: "Maintenance work on an asset or at a location (also: maintenance order).",
    display: "title",
    natural_key: None,
    fields: &[
        Field::new("number", Kind::Text, "The work order's number"),
        Field::new("title", Kind::Text, "What is to be done, in a line").required(),
        Field::new("description", Kind::Text, "Instructions"),
        Field::new(
            "status",
            Kind::Enum(&["open", "scheduled", "in_progress", "on_hold", "completed", "closed", "cancelled", "unknown"]),
            "Where the work stands",
        )
        .required(),
        Field::new("type", Kind::Text, "The customer's type: corrective, preventive, inspection …"),
        Field::new("priority", Kind::Enum(&["low", "medium", "high", "critical"]), "How urgent it is"),
        Field::new("asset_id", Kind::Reference("asset"), "The asset to work on"),
        Field::new("location_id", Kind::Reference("location"), "The place to work at"),
        Field::new("service_request_id", Kind::Reference("service_request"), "The request it answers"),
        Field::new("parent_id", Kind::Reference("work_order"), "The work order it is part of"),
        Field::new("assigned_to", Kind::Text, "Person, team or work centre"),
        Field::new("planned_start", Kind::Instant, "When work should begin"),
        Field::new("planned_end", Kind::Instant, "When it should end"),
        Field::new("due_on", Kind::Date, "The latest acceptable day"),
        Field::new("actual_start", Kind::Instant, "When work began"),
        Field::new("actual_end", Kind::Instant, "When it ended"),
        Field::new("estimated_hours", Kind::Decimal { of: None }, "Planned labour in hours"),
        Field::new("actual_hours", Kind::Decimal { of: None }, "Labour spent in hours"),
        Field::new("currency", Kind::Currency, "Currency of the costs"),
        Field::new("actual_cost", Kind::Decimal { of: Some("currency") }, "Cost so far"),
        Field::new("completion_notes", Kind::Text, "What was found and done"),
        Field::new("tasks", Kind::List(WORK_ORDER_TASKS), "Operations or checklist"),
        Field::new("parts", Kind::List(WORK_ORDER_PARTS), "Components planned and used"),
    ],
};

static ASSET: Entity = Entity {
    name: "asset",
    path: "assets",
    prefix: "ast",
    doc: "A machine, vehicle or other piece of equipment that is maintained (also: equipment).",
    display: "name",
    natural_key: Some("code"),
    fields: &[
        Field::new("code", Kind::Text, "Equipment number or tag"),
        Field::new("name", Kind::Text, "What it is").required(),
        Field::new(
            "status",
            Kind::Enum(&["in_service", "out_of_service", "in_storage", "retired", "unknown"]),
            "Whether it is in use",
        ),
        ACTIVE,
        Field::new("category", Kind::Text, "The customer's category or class"),
        Field::new("criticality", Kind::Text, "ABC indicator or the like"),
        Field::new("manufacturer", Kind::Text, "Who made it"),
        Field::new("model", Kind::Text, "The maker's type"),
        Field::new("serial_number", Kind::Text, "The maker's serial number"),
        Field::new("parent_id", Kind::Reference("asset"), "The asset that it is part of"),
        Field::new("location_id", Kind::Reference("location"), "Where it is installed"),
        Field::new("vendor_id", Kind::Reference("vendor"), "Who sold it"),
        Field::new("item_id", Kind::Reference("item"), "The material that it is an instance of"),
        Field::new("installed_on", Kind::Date, "Start of operation"),
        Field::new("warranty_until", Kind::Date, "Last day of the warranty"),
        Field::new("acquired_on", Kind::Date, "Date of purchase"),
        Field::new("currency", Kind::Currency, "Currency of the acquisition value"),
        Field::new("acquisition_value", Kind::Decimal { of: Some("currency") }, "What it cost"),
        Field::new("cost_center", Kind::Text, "Who pays for it"),
    ],
};

static SERVICE_REQUEST: Entity = Entity {
    name: "service_request",
    path: "service-requests",
    prefix: "sr",
    doc: "A report that something needs attention (also: maintenance notification).",
    display: "title",
    natural_key: None,
    fields: &[
        Field::new("number", Kind::Text, "The request's number"),
        Field::new("title", Kind::Text, "What is wrong, in a line").required(),
        Field::new("description", Kind::Text, "All that the reporter said"),
        Field::new(
            "status",
            Kind::Enum(&["open", "accepted", "in_progress", "completed", "closed", "rejected", "cancelled", "unknown"]),
            "Where it stands",
        )
        .required(),
        Field::new("priority", Kind::Enum(&["low", "medium", "high", "critical"]), "How urgent it is"),
        Field::new("type", Kind::Text, "The customer's type of request"),
        Field::new("asset_id", Kind::Reference("asset"), "The asset concerned"),
        Field::new("location_id", Kind::Reference("location"), "The place concerned"),
        Field::new("work_order_id", Kind::Reference("work_order"), "The work order that answers it"),
        Field::new("requested_by", Kind::Text, "Who reported it"),
        Field::new("reported_at", Kind::Instant, "When it was reported"),
        Field::new("due_on", Kind::Date, "When it should be solved"),
        Field::new("malfunction_start", Kind::Instant, "When the trouble began"),
        Field::new("malfunction_end", Kind::Instant, "When it was over"),
        Field::new("breakdown", Kind::Bool, "Whether the asset stood still"),
    ],
};

//! The fields of each record type (REST API Browser 2026.1) with the column under which SuiteQL shows them.

use super::order::{APPROVALS, STATUSES, UNITS};
use super::purchasing::{BILL_STATUSES, REQUISITION_STATUSES};
use super::schema::Kind::{Choice, Date, Flag, Integer, Number, Ref, Refs, Text, Time};
use super::schema::{Family, Field, Sublist, ro, rw};

const COSTING: &[(&str, &str)] = &[
    ("AVG", "Average"),
    ("FIFO", "FIFO"),
    ("LIFO", "LIFO"),
    ("STANDARD", "Standard"),
    ("GROUPAVG", "Group Average"),
    ("LOT", "Lot Numbered"),
    ("SERIAL", "Specific"),
];

pub(super) const VENDOR: &[Field] = &[
    rw("entityId", "entityid", Text(80)),
    rw("companyName", "companyname", Text(83)),
    rw("legalName", "legalname", Text(83)),
    rw("isPerson", "isperson", Flag),
    rw("firstName", "firstname", Text(32)),
    rw("lastName", "lastname", Text(32)),
    rw("email", "email", Text(254)),
    rw("phone", "phone", Text(32)),
    rw("fax", "fax", Text(32)),
    rw("url", "url", Text(100)),
    rw("subsidiary", "subsidiary", Ref(Family::Subsidiary)),
    rw("currency", "currency", Ref(Family::Currency)),
    rw("terms", "terms", Ref(Family::Term)),
    rw("category", "category", Ref(Family::VendorCategory)),
    rw("taxIdNum", "taxidnum", Text(20)),
    rw("vatRegNumber", "vatregnumber", Text(20)),
    rw("accountNumber", "accountnumber", Text(99)),
    rw("comments", "comments", Text(4000)),
    ro("balance", "balance", Number),
    rw("creditLimit", "creditlimit", Number),
    rw("is1099Eligible", "is1099eligible", Flag),
    rw("isInactive", "isinactive", Flag),
    rw("custentity_quality_rating", "custentity_quality_rating", Text(300)),
    ro("dateCreated", "datecreated", Time),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) static ADDRESS_BOOK: Sublist = Sublist {
    name: "addressBook",
    key: "id",
    fields: &[
        ro("id", "", Integer),
        rw("label", "", Text(150)),
        rw("defaultBilling", "", Flag),
        rw("defaultShipping", "", Flag),
        rw("isResidential", "", Flag),
        rw("addressBookAddress.addressee", "", Text(83)),
        rw("addressBookAddress.addr1", "", Text(150)),
        rw("addressBookAddress.addr2", "", Text(150)),
        rw("addressBookAddress.city", "", Text(50)),
        rw("addressBookAddress.state", "", Text(30)),
        rw("addressBookAddress.zip", "", Text(36)),
        rw("addressBookAddress.country", "", Choice(COUNTRIES)),
    ],
};

const COUNTRIES: &[(&str, &str)] = &[
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CN", "China"),
    ("DE", "Germany"),
    ("ES", "Spain"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("MX", "Mexico"),
    ("NL", "Netherlands"),
    ("PL", "Poland"),
    ("SE", "Sweden"),
    ("US", "United States"),
];

pub(super) const ITEM: &[Field] = &[
    rw("itemId", "itemid", Text(60)),
    rw("displayName", "displayname", Text(150)),
    rw("purchaseDescription", "purchasedescription", Text(999)),
    rw("salesDescription", "description", Text(999)),
    ro("itemType", "itemtype", Choice(ITEM_TYPES)),
    ro("subtype", "subtype", Text(20)),
    rw("subsidiary", "", Refs(Family::Subsidiary)),
    rw("unitsType", "unitstype", Ref(Family::UnitsType)),
    rw("stockUnit", "stockunit", Choice(UNITS)),
    rw("purchaseUnit", "purchaseunit", Choice(UNITS)),
    rw("saleUnit", "saleunit", Choice(UNITS)),
    rw("cost", "cost", Number),
    ro("averageCost", "averagecost", Number),
    ro("lastPurchasePrice", "lastpurchaseprice", Number),
    rw("costingMethod", "costingmethod", Choice(COSTING)),
    rw("isInactive", "isinactive", Flag),
    ro("isLotItem", "islotitem", Flag),
    ro("isSerialItem", "isserialitem", Flag),
    rw("upcCode", "upccode", Text(60)),
    rw("manufacturer", "manufacturer", Text(60)),
    rw("mpn", "mpn", Text(60)),
    rw("vendorName", "vendorname", Text(60)),
    rw("custitem_criticality", "custitem_criticality", Text(300)),
    ro("createdDate", "createddate", Time),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

const ITEM_TYPES: &[(&str, &str)] = &[
    ("InvtPart", "Inventory Item"),
    ("NonInvtPart", "Non-inventory Item"),
    ("Service", "Service"),
    ("Assembly", "Assembly/Bill of Materials"),
    ("OthCharge", "Other Charge"),
];

pub(super) const PURCHASE_ORDER: &[Field] = &[
    ro("tranId", "tranid", Text(45)),
    ro("transactionNumber", "transactionnumber", Text(45)),
    rw("entity", "entity", Ref(Family::Vendor)),
    rw("subsidiary", "", Ref(Family::Subsidiary)),
    rw("currency", "currency", Ref(Family::Currency)),
    rw("exchangeRate", "exchangerate", Number),
    rw("tranDate", "trandate", Date),
    rw("dueDate", "duedate", Date),
    rw("shipDate", "shipdate", Date),
    rw("memo", "memo", Text(999)),
    rw("message", "message", Text(999)),
    rw("otherRefNum", "otherrefnum", Text(45)),
    rw("location", "", Ref(Family::Location)),
    rw("department", "", Ref(Family::Department)),
    rw("class", "", Ref(Family::Classification)),
    rw("employee", "employee", Ref(Family::Employee)),
    rw("terms", "terms", Ref(Family::Term)),
    rw("approvalStatus", "approvalstatus", Choice(APPROVALS)),
    rw("orderStatus", "", Choice(STATUSES)),
    ro("status", "status", Choice(STATUSES)),
    ro("subtotal", "", Number),
    ro("taxTotal", "", Number),
    ro("total", "foreigntotal", Number),
    rw("custbody_requisition_no", "custbody_requisition_no", Text(300)),
    rw("custbody_budget", "custbody_budget", Number),
    rw("custbody_urgent", "custbody_urgent", Flag),
    rw("custbody_needed_by", "custbody_needed_by", Date),
    rw("custbody_project", "custbody_project", Choice(PROJECTS)),
    ro("source", "source", Text(60)),
    ro("createdDate", "createddate", Time),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) static PURCHASE_ORDER_ITEM: Sublist = Sublist {
    name: "item",
    key: "line",
    fields: &[
        ro("line", "id", Integer),
        ro("lineuniquekey", "uniquekey", Integer),
        rw("item", "item", Ref(Family::Item)),
        rw("description", "memo", Text(4000)),
        rw("vendorName", "", Text(300)),
        rw("quantity", "quantity", Number),
        rw("units", "units", Choice(UNITS)),
        rw("rate", "rate", Number),
        rw("amount", "netamount", Number),
        rw("taxRate1", "", Number),
        ro("tax1Amt", "", Number),
        ro("grossAmt", "", Number),
        ro("quantityReceived", "quantityshiprecv", Number),
        ro("quantityBilled", "quantitybilled", Number),
        rw("expectedReceiptDate", "expectedreceiptdate", Date),
        rw("isClosed", "isclosed", Flag),
        ro("isOpen", "", Flag),
        rw("matchBillToReceipt", "matchbilltoreceipt", Flag),
        rw("location", "location", Ref(Family::Location)),
        rw("department", "department", Ref(Family::Department)),
        rw("class", "class", Ref(Family::Classification)),
        rw("custcol_machine", "custcol_machine", Text(300)),
    ],
};

/// A list of the customer's own.
const PROJECTS: &[(&str, &str)] = &[("1", "Press line overhaul"), ("2", "Energy saving"), ("3", "New hall")];

pub(super) const RECEIPT: &[Field] = &[
    ro("tranId", "tranid", Text(45)),
    ro("transactionNumber", "transactionnumber", Text(45)),
    ro("createdFrom", "", Ref(Family::PurchaseOrder)),
    ro("entity", "entity", Ref(Family::Vendor)),
    ro("subsidiary", "", Ref(Family::Subsidiary)),
    ro("currency", "currency", Ref(Family::Currency)),
    ro("exchangeRate", "exchangerate", Number),
    rw("tranDate", "trandate", Date),
    rw("memo", "memo", Text(999)),
    rw("location", "", Ref(Family::Location)),
    ro("createdDate", "createddate", Time),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) static RECEIPT_ITEM: Sublist = Sublist {
    name: "item",
    // A receipt's lines are named by the order's.
    key: "orderLine",
    fields: &[
        ro("line", "id", Integer),
        ro("lineuniquekey", "uniquekey", Integer),
        ro("orderLine", "", Integer),
        ro("orderDoc", "", Ref(Family::PurchaseOrder)),
        rw("itemReceive", "", Flag),
        ro("item", "item", Ref(Family::Item)),
        rw("description", "memo", Text(4000)),
        rw("quantity", "quantity", Number),
        ro("quantityRemaining", "", Number),
        ro("units", "units", Choice(UNITS)),
        ro("rate", "rate", Number),
        rw("location", "location", Ref(Family::Location)),
    ],
};

pub(super) const REQUISITION: &[Field] = &[
    ro("tranId", "tranid", Text(45)),
    ro("transactionNumber", "transactionnumber", Text(45)),
    rw("entity", "entity", Ref(Family::Employee)),
    rw("subsidiary", "", Ref(Family::Subsidiary)),
    // The requestor's own.
    ro("currency", "currency", Ref(Family::Currency)),
    ro("exchangeRate", "exchangerate", Number),
    rw("tranDate", "trandate", Date),
    rw("dueDate", "duedate", Date),
    rw("memo", "memo", Text(999)),
    rw("location", "", Ref(Family::Location)),
    rw("department", "", Ref(Family::Department)),
    rw("class", "", Ref(Family::Classification)),
    rw("approvalStatus", "approvalstatus", Choice(APPROVALS)),
    ro("status", "status", Choice(REQUISITION_STATUSES)),
    ro("estimatedTotal", "", Number),
    ro("source", "source", Text(60)),
    ro("createdDate", "createddate", Time),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) static REQUISITION_ITEM: Sublist = Sublist {
    name: "item",
    key: "line",
    fields: &[
        ro("line", "id", Integer),
        ro("lineuniquekey", "uniquekey", Integer),
        rw("item", "item", Ref(Family::Item)),
        rw("description", "memo", Text(4000)),
        rw("quantity", "quantity", Number),
        rw("units", "units", Choice(UNITS)),
        rw("estimatedRate", "", Number),
        rw("estimatedAmount", "estimatedamount", Number),
        rw("poVendor", "", Ref(Family::Vendor)),
        ro("linkedOrder", "", Refs(Family::PurchaseOrder)),
        rw("isClosed", "isclosed", Flag),
        rw("location", "location", Ref(Family::Location)),
        rw("department", "department", Ref(Family::Department)),
        rw("class", "class", Ref(Family::Classification)),
    ],
};

pub(super) const BILL: &[Field] = &[
    // The vendor's own number.
    rw("tranId", "tranid", Text(45)),
    ro("transactionNumber", "transactionnumber", Text(45)),
    ro("entity", "entity", Ref(Family::Vendor)),
    ro("subsidiary", "", Ref(Family::Subsidiary)),
    ro("currency", "currency", Ref(Family::Currency)),
    ro("exchangeRate", "exchangerate", Number),
    rw("tranDate", "trandate", Date),
    rw("dueDate", "duedate", Date),
    rw("memo", "memo", Text(999)),
    rw("location", "", Ref(Family::Location)),
    rw("terms", "terms", Ref(Family::Term)),
    ro("approvalStatus", "approvalstatus", Choice(APPROVALS)),
    ro("status", "status", Choice(BILL_STATUSES)),
    ro("subtotal", "", Number),
    ro("taxTotal", "", Number),
    ro("total", "foreigntotal", Number),
    ro("amountRemaining", "foreignamountunpaid", Number),
    rw("paymentHold", "paymenthold", Flag),
    ro("createdDate", "createddate", Time),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) static BILL_ITEM: Sublist = Sublist {
    name: "item",
    key: "line",
    fields: &[
        ro("line", "id", Integer),
        ro("lineuniquekey", "uniquekey", Integer),
        ro("orderDoc", "", Ref(Family::PurchaseOrder)),
        ro("orderLine", "", Integer),
        ro("item", "item", Ref(Family::Item)),
        ro("description", "memo", Text(4000)),
        ro("quantity", "quantity", Number),
        ro("units", "units", Choice(UNITS)),
        ro("rate", "rate", Number),
        ro("amount", "netamount", Number),
        ro("taxRate1", "", Number),
        ro("location", "location", Ref(Family::Location)),
        ro("department", "department", Ref(Family::Department)),
    ],
};

pub(super) const ADJUSTMENT: &[Field] = &[
    ro("tranId", "tranid", Text(45)),
    rw("account", "", Ref(Family::Account)),
    rw("subsidiary", "", Ref(Family::Subsidiary)),
    rw("tranDate", "trandate", Date),
    rw("memo", "memo", Text(999)),
    ro("createdDate", "createddate", Time),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) static ADJUSTMENT_ITEM: Sublist = Sublist {
    name: "inventory",
    key: "line",
    fields: &[
        ro("line", "id", Integer),
        rw("item", "item", Ref(Family::Item)),
        rw("location", "location", Ref(Family::Location)),
        rw("adjustQtyBy", "quantity", Number),
        rw("memo", "memo", Text(4000)),
    ],
};

pub(super) const TRANSFER: &[Field] = &[
    ro("tranId", "tranid", Text(45)),
    rw("subsidiary", "", Ref(Family::Subsidiary)),
    rw("location", "", Ref(Family::Location)),
    rw("transferLocation", "", Ref(Family::Location)),
    rw("tranDate", "trandate", Date),
    rw("memo", "memo", Text(999)),
    ro("createdDate", "createddate", Time),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) static TRANSFER_ITEM: Sublist = Sublist {
    name: "inventory",
    key: "line",
    fields: &[
        ro("line", "id", Integer),
        rw("item", "item", Ref(Family::Item)),
        rw("adjustQtyBy", "quantity", Number),
        rw("description", "memo", Text(4000)),
    ],
};

pub(super) const LOCATION: &[Field] = &[
    ro("name", "name", Text(31)),
    ro("fullName", "fullname", Text(150)),
    ro("parent", "parent", Ref(Family::Location)),
    ro("subsidiary", "subsidiary", Ref(Family::Subsidiary)),
    ro("makeInventoryAvailable", "makeinventoryavailable", Flag),
    ro("useBins", "usebins", Flag),
    ro("timeZone", "timezone", Text(40)),
    ro("mainAddress.addr1", "", Text(150)),
    ro("mainAddress.city", "", Text(50)),
    ro("mainAddress.zip", "", Text(36)),
    ro("mainAddress.country", "", Choice(COUNTRIES)),
    ro("isInactive", "isinactive", Flag),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) const SUBSIDIARY: &[Field] = &[
    ro("name", "name", Text(83)),
    ro("fullName", "fullname", Text(150)),
    ro("legalName", "legalname", Text(83)),
    ro("country", "country", Choice(COUNTRIES)),
    ro("currency", "currency", Ref(Family::Currency)),
    ro("parent", "parent", Ref(Family::Subsidiary)),
    ro("isElimination", "iselimination", Flag),
    ro("isInactive", "isinactive", Flag),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) const CURRENCY: &[Field] = &[
    ro("name", "name", Text(50)),
    ro("symbol", "symbol", Text(4)),
    ro("exchangeRate", "exchangerate", Number),
    ro("currencyPrecision", "currencyprecision", Integer),
    ro("isBaseCurrency", "isbasecurrency", Flag),
    ro("isInactive", "isinactive", Flag),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) const EMPLOYEE: &[Field] = &[
    ro("entityId", "entityid", Text(80)),
    ro("firstName", "firstname", Text(32)),
    ro("lastName", "lastname", Text(32)),
    ro("email", "email", Text(254)),
    ro("subsidiary", "subsidiary", Ref(Family::Subsidiary)),
    ro("isInactive", "isinactive", Flag),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

pub(super) const NAMED: &[Field] = &[
    ro("name", "name", Text(60)),
    ro("isInactive", "isinactive", Flag),
    ro("lastModifiedDate", "lastmodifieddate", Time),
];

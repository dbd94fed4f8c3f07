//! The entity types that are served, read from the texts in `schema/` once at the first use.
//!
//! A service is one tree of compositions: its first entity type is the root, `many` and `one` lead down, `up` leads to
//! the parent. Every entity set is therefore "the rows at one path below the roots".

mod parse;

use std::collections::HashMap;
use std::sync::LazyLock;

use parse::service;

/// What a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text { max: Option<usize> },
    Number { precision: u8, scale: u8 },
    Bool,
    Date,
    Instant { precision: u8 },
    Time,
    Guid,
}

#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) key: bool,
    pub(super) upper: bool,
    /// Digits of a fixed width, with leading zeros.
    pub(super) numc: bool,
    /// Leading zeros of a plain number are hidden outside.
    pub(super) alpha: bool,
    pub(super) readonly: bool,
    pub(super) nofilter: bool,
    pub(super) unit: Option<&'static str>,
    pub(super) semantics: Option<&'static str>,
    /// Added by the customer: its label, with `_` for blanks.
    pub(super) custom: Option<&'static str>,
    /// `"Name":`, and the same with the initial value behind it.
    pub(super) json_name: String,
    pub(super) json_initial: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Into this slot of a node's children.
    Down(usize),
    Up,
}

#[derive(Debug)]
pub(super) struct Nav {
    pub(super) name: &'static str,
    pub(super) many: bool,
    pub(super) reach: Reach,
    /// The name of the target's set and its place in the service.
    pub(super) set: &'static str,
    target: usize,
}

#[derive(Debug)]
pub(super) struct Entity {
    pub(super) set: &'static str,
    pub(super) family: Family,
    pub(super) properties: Vec<Property>,
    pub(super) keys: Vec<usize>,
    pub(super) navs: Vec<Nav>,
    /// The slots that lead from the root to the rows of this type; empty for the root.
    pub(super) path: Vec<usize>,
    /// How many kinds of children a row has.
    pub(super) slots: usize,
    pub(super) creatable: bool,
    pub(super) updatable: bool,
    pub(super) deletable: bool,
    pub(super) etag: bool,
    /// The column whose value alone tells in which document a row is; nothing where documents share it.
    pub(super) root_key: Option<usize>,
    /// Without the namespace.
    pub(super) short_type: String,
    columns: HashMap<&'static str, usize>,
}

/// A function import. All of them change something, so all of them are called by `POST`.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) returns: Returns,
    /// Each with whether it may be left out.
    pub(super) parameters: Vec<(Property, bool)>,
}

/// What a function import gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    /// The complex type that says nothing: `DummyFunctionImportResult`.
    Nothing,
    /// An entity of this set.
    Entity(&'static str),
    /// A complex type of its own.
    Values(&'static str),
}

/// A complex type that a function import gives back.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) name: &'static str,
    pub(super) properties: Vec<Property>,
}

/// The services; each serves one family of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Partners,
    Products,
    Orders,
    GoodsMovements,
    Stock,
    Places,
    Equipment,
    Maintenance,
    Notifications,
    Requisitions,
    Invoices,
    MeasuringPoints,
    MeasurementDocuments,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    /// Of its types.
    pub(super) namespace: &'static str,
    /// A version that has to be named in the address, for what is not the first one.
    pub(super) version: &'static str,
    pub(super) component: &'static str,
    pub(super) entities: Vec<Entity>,
    pub(super) functions: Vec<Function>,
    pub(super) values: Vec<Values>,
}

/// One after the other in the order of [`Family`].
static SERVICES: LazyLock<[Service; FAMILIES.len()]> = LazyLock::new(|| {
    let first = |name: &'static str, component, family, text| service((name, name, "0001"), component, family, text);
    // What there is in version 4 only has no address here.
    let newer = |name: &'static str, component, family, text| service((name, name, ""), component, family, text);
    [
        first("API_BUSINESS_PARTNER", "LO-MD-BP", Family::Partners, include_str!("schema/business_partner.txt")),
        first("API_PRODUCT_SRV", "LO-MD-MM", Family::Products, include_str!("schema/product.txt")),
        first("API_PURCHASEORDER_PROCESS_SRV", "MM-PUR-PO", Family::Orders, include_str!("schema/purchase_order.txt")),
        first(
            "API_MATERIAL_DOCUMENT_SRV",
            "MM-IM",
            Family::GoodsMovements,
            include_str!("schema/material_document.txt"),
        ),
        first("API_MATERIAL_STOCK_SRV", "MM-IM", Family::Stock, include_str!("schema/material_stock.txt")),
        service(
            ("API_FUNCTIONALLOCATION", "cds_api_functionallocation", "0001"),
            "PM-EQM-FL",
            Family::Places,
            include_str!("schema/functional_location.txt"),
        ),
        service(
            ("API_EQUIPMENT", "cds_api_equipment", "0001"),
            "PM-EQM-EQ",
            Family::Equipment,
            include_str!("schema/equipment.txt"),
        ),
        service(
            ("API_MAINTENANCEORDER", "cds_api_maintenanceorder_2", "0002"),
            "PM-WOC-MO",
            Family::Maintenance,
            include_str!("schema/maintenance_order.txt"),
        ),
        service(
            ("API_MAINTNOTIFICATION", "cds_api_maintnotification", "0001"),
            "PM-WOC-MN",
            Family::Notifications,
            include_str!("schema/notification.txt"),
        ),
        first(
            "API_PURCHASEREQ_PROCESS_SRV",
            "MM-PUR-REQ",
            Family::Requisitions,
            include_str!("schema/purchase_requisition.txt"),
        ),
        first(
            "API_SUPPLIERINVOICE_PROCESS_SRV",
            "MM-IV-LIV",
            Family::Invoices,
            include_str!("schema/supplier_invoice.txt"),
        ),
        newer(
            "API_MEASURINGPOINT",
            "PM-EQM-SF-MPC",
            Family::MeasuringPoints,
            include_str!("schema/measuring_point.txt"),
        ),
        newer(
            "API_MEASUREMENTDOCUMENT",
            "PM-EQM-SF-MPC",
            Family::MeasurementDocuments,
            include_str!("schema/measurement_document.txt"),
        ),
    ]
});

pub(super) const FAMILIES: [Family; 13] = [
    Family::Partners,
    Family::Products,
    Family::Orders,
    Family::GoodsMovements,
    Family::Stock,
    Family::Places,
    Family::Equipment,
    Family::Maintenance,
    Family::Notifications,
    Family::Requisitions,
    Family::Invoices,
    Family::MeasuringPoints,
    Family::MeasurementDocuments,
];

impl Family {
    pub(super) fn service(self) -> &'static Service {
        &SERVICES[self as usize]
    }

    pub(super) fn root(self) -> &'static Entity {
        &self.service().entities[0]
    }

    /// The family that a service of this name and version (`0002`) serves.
    pub(super) fn by_service(name: &str, version: &str) -> Option<Self> {
        let is_it = |family: &Self| family.service().name == name && family.service().version == version;
        FAMILIES.into_iter().find(is_it)
    }
}

impl Service {
    pub(super) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    pub(super) fn values(&self, name: &str) -> Option<&Values> {
        self.values.iter().find(|values| values.name == name)
    }

    pub(super) fn entity(&self, set: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.set == set)
    }
}

impl Entity {
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.get(name).copied()
    }

    /// The column of a name that stands in the simulator's own code.
    pub(super) fn own_column(&self, name: &str) -> usize {
        self.column(name).unwrap_or_else(|| unreachable!("{} has no property {name}", self.set))
    }

    pub(super) fn nav(&self, name: &str) -> Option<&Nav> {
        self.navs.iter().find(|nav| nav.name == name)
    }

    pub(super) fn target(&self, nav: &Nav) -> &'static Self {
        &self.family.service().entities[nav.target]
    }

    pub(super) fn type_name(&self) -> String {
        format!("{}.{}", self.family.service().namespace, self.short_type)
    }
}

impl Property {
    /// The initial value of a text: empty, or zeros for a numeric text.
    pub(super) fn initial_text(&self) -> &'static str {
        const ZEROS: &str = "000000000000000000000000";
        match self.kind {
            Kind::Text { max: Some(max) } if self.numc => ZEROS.get(..max).unwrap_or(ZEROS),
            _ => "",
        }
    }
}

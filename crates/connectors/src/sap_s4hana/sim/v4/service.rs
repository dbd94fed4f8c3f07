//! The services of version 4: where each is, which rows of the world it shows, and under which names.

use std::sync::LazyLock;

use super::view::{View, of_base, renamed};
use crate::sap_s4hana::sim::schema::Family;

pub(in super::super) struct Service {
    /// Below `/sap/opu/odata4/sap/`.
    pub(super) path: &'static str,
    pub(super) namespace: &'static str,
    /// As refusals call it.
    pub(in super::super) id: &'static str,
    pub(in super::super) family: Family,
    pub(super) views: Vec<View>,
}

static SERVICES: LazyLock<[Service; 3]> = LazyLock::new(|| {
    [
        Service {
            path: "api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001",
            namespace: "com.sap.gateway.srvd_a2x.api_purchaseorder_2.v0001",
            id: "PURCHASEORDER",
            family: Family::Orders,
            views: renamed(Family::Orders, include_str!("../schema/purchase_order_v4.txt")),
        },
        Service {
            path: "api_measuringpoint/srvd_a2x/sap/measuringpoint/0001",
            namespace: "com.sap.gateway.srvd_a2x.api_measuringpoint.v0001",
            id: "MEASURINGPOINT",
            family: Family::MeasuringPoints,
            views: of_base(Family::MeasuringPoints, include_str!("../schema/measuring_point.txt")),
        },
        Service {
            path: "api_measurementdocument/srvd_a2x/sap/measurementdocument/0001",
            namespace: "com.sap.gateway.srvd_a2x.api_measurementdocument.v0001",
            id: "MEASUREMENTDOCUMENT",
            family: Family::MeasurementDocuments,
            views: of_base(Family::MeasurementDocuments, include_str!("../schema/measurement_document.txt")),
        },
    ]
});

pub(super) fn all() -> &'static [Service] {
    SERVICES.as_slice()
}

/// The one that serves a family in version 4.
pub(super) fn of(family: Family) -> Option<&'static Service> {
    all().iter().find(|service| service.family == family)
}

impl Service {
    pub(super) fn of_set(&self, set: &str) -> Option<&View> {
        self.views.iter().find(|view| view.set == set)
    }
}

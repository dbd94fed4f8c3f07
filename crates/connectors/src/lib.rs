//! The vendor systems, one folder each, and the explicit list of them. This is the only place that names a vendor.

pub mod netsuite;
pub mod sandbox;
pub mod sap_s4hana;
mod tryton;

use std::sync::Arc;

use trunnion_kit::spec::{Finding, Spec, load};
use trunnion_kit::vendor::{Catalogue, Connector, Vendor};

/// A connector's folder name, its declaration, and its behaviour.
type Entry = (&'static str, &'static str, fn() -> Arc<dyn Vendor>);

/// One line per vendor.
const ALL: [Entry; 3] = [
    ("sap_s4hana", sap_s4hana::DECLARATION, sap_s4hana::vendor),
    ("netsuite", netsuite::DECLARATION, netsuite::vendor),
    ("tryton", tryton::DECLARATION, tryton::vendor),
];

/// Of all that a row passes through on its way to a record: see `build.rs`.
const REVISION: &str = env!("TRUNNION_REVISION");

/// Every connector, its declaration read and checked.
pub fn catalogue() -> Result<Catalogue, Vec<Finding>> {
    let (mut connectors, mut findings) = (Vec::new(), Vec::new());
    for (folder, declaration, vendor) in ALL {
        match load(&format!("{folder}/connector.toml"), declaration) {
            Ok(spec) => {
                let spec = Spec { revision: REVISION.parse().ok(), ..spec };
                connectors.push(Connector { spec: Arc::new(spec), vendor: vendor() });
            }
            Err(more) => findings.extend(more),
        }
    }
    if findings.is_empty() { Ok(Catalogue::new(connectors)) } else { Err(findings) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_declaration_fits_the_model() {
        if let Err(findings) = super::catalogue() {
            let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
            panic!("{}", all.join("\n"));
        }
    }

    #[test]
    fn every_entity_of_the_model_is_declared_or_said_not_to_be_there() {
        for connector in super::catalogue().unwrap().all() {
            for entity in trunnion_model::catalog::entities() {
                let (declared, lacks) =
                    (connector.entity(entity.name).is_some(), connector.spec.lacks(entity.name).is_some());
                assert!(declared != lacks, "{}: {}", connector.spec.system.id, entity.name);
            }
        }
    }

    #[test]
    fn every_text_for_customers_is_there_in_german() {
        let catalogue = super::catalogue().unwrap();
        for connector in catalogue.all() {
            let spec = &connector.spec;
            let fields = spec.form.iter().chain(spec.auth.iter().flat_map(|method| &method.form));
            let fields = fields.map(|field| (field.name.as_str(), &field.text));
            let methods = spec.auth.iter().map(|method| (method.scheme.name(), &method.text));
            for (name, text) in fields.chain(methods) {
                let whole = text.get("de", "label").is_some() && text.get("de", "help").is_some();
                assert!(whole, "{}: {name}", spec.system.id);
            }
            assert!(spec.system.text.get("de", "doc").is_some(), "{}", spec.system.id);
        }
    }
}

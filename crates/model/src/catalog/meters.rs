//! What is read off at assets: meters, and the readings taken at them.

use super::{Entity, Field, Kind};

pub(super) static METER: Entity = Entity {
    name: "meter",
    path: "meters",
    prefix: "mtr",
    doc: "What is read off at an asset or a place: an hour meter, a pressure, a temperature (also: measuring point, counter).",
    display: "name",
    natural_key: Some("code"),
    fields: &[
        Field::new("code", Kind::Text, "The number by which the customer's people know the meter"),
        Field::new("name", Kind::Text, "What it measures").required(),
        Field::new("description", Kind::Text, "More about it: where it is, how it is read"),
        Field::new("active", Kind::Bool, "Whether the system takes new readings of it"),
        Field::new("asset_id", Kind::Reference("asset"), "The asset that it belongs to"),
        Field::new("location_id", Kind::Reference("location"), "The place that it belongs to, if that is no asset"),
        Field::new("position", Kind::Text, "Where it is at the asset, or how it is sorted there"),
        Field::new("category", Kind::Text, "The customer's category of meters"),
        Field::new("unit", Kind::Unit, "The unit that it is usually read in"),
        Field::new(
            "counter",
            Kind::Bool,
            "Whether it counts on from reading to reading, as an hour meter does, or shows a value of the moment",
        ),
        Field::new("counts_down", Kind::Bool, "Whether the counter runs backwards"),
    ],
};

pub(super) static METER_READING: Entity = Entity {
    name: "meter_reading",
    path: "meter-readings",
    prefix: "mrd",
    doc: "What a meter showed at some time (also: measurement document).",
    display: "number",
    natural_key: None,
    fields: &[
        Field::new("number", Kind::Text, "The reading's number"),
        Field::new("meter_id", Kind::Reference("meter"), "The meter").required(),
        Field::new("value", Kind::Decimal { of: Some("unit") }, "What it showed"),
        Field::new("unit", Kind::Unit, "Unit of the value"),
        Field::new("difference", Kind::Decimal { of: Some("difference_unit") }, "Of a counter: how far it went on"),
        Field::new("difference_unit", Kind::Unit, "Unit of the difference, which need not be that of the value"),
        Field::new("condition", Kind::Text, "The customer's code of what was found: good, worn, leaking …"),
        Field::new("read_at", Kind::Instant, "When it was read"),
        Field::new("read_by", Kind::Text, "Who read it"),
        Field::new("memo", Kind::Text, "Free text"),
        Field::new("reversed", Kind::Bool, "The reading was taken back"),
        Field::new("replaced", Kind::Bool, "The counter was exchanged for another one before this reading"),
    ],
};

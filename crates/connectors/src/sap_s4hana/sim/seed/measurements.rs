//! Eighteen measuring points, most of them at equipment, and their readings of the last weeks.

use super::random::Stream;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::{TICKS_PER_DAY, TICKS_PER_SECOND, day_of, time_of};
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;
use crate::sap_s4hana::sim::write::{self, Now};

/// What is measured, in which unit, its SI unit, whether it counts, where it begins and how far it goes on, in hundredths.
const KINDS: [(&str, &str, &str, bool, i64, i64); 3] = [
    ("Operating hours", "H", "S", true, 420_000, 16_800),
    ("Discharge pressure", "BAR", "PA", false, 650, 120),
    ("Bearing temperature", "GC", "K", false, 4_200, 3_000),
];
const POINTS: u32 = 18;
const READINGS: i64 = 6;

pub(super) fn points(world: &mut World, start: i64) {
    for at in 0..POINTS {
        let (name, unit, si, counts, ..) = kind(at);
        let mut row = Node::new(Family::MeasuringPoints.root());
        row.set_text("MeasuringPoint", (101 + at).to_string());
        row.set_text("MeasuringPointDescription", name);
        row.set_text("MeasuringPointCategory", "M");
        row.set_text("MeasurementRangeUnit", unit);
        row.set_text("CharcValueUnit", unit);
        row.set_text("MeasuringPointSIUnitOfMeasure", si);
        row.set("MeasuringPointDecimalPlaces", Value::number(if counts { 1 } else { 2 }, 0));
        row.set("MeasuringPointIsCounter", if counts { Value::Bool(true) } else { Value::Initial });
        row.set("CreationDate", Value::Ticks(day_of(start - 400 * TICKS_PER_DAY)));
        // The others were never changed.
        if at % 3 == 1 {
            row.set("LastChangeDate", Value::Ticks(day_of(start - (5 + i64::from(at)) * TICKS_PER_DAY)));
        }
        if at == POINTS - 1 {
            row.set_text("MeasuringPointObjectIdentifier", "IF1010-UTL-AIR");
            row.set_text("TechnicalObjectType", "EAMS_FL");
            row.set_text("FunctionalLocation", "1010-UTL-AIR");
            row.set_text("FunctionalLocationLabelName", "1010-UTL-AIR");
        } else {
            let equipment = (10_000_001 + at).to_string();
            row.set_text("MeasuringPointObjectIdentifier", format!("IE{equipment:0>18}"));
            row.set_text("TechnicalObjectType", "EAMS_EQUI");
            row.set_text("Equipment", equipment);
            row.set_text("MeasuringPointPositionNumber", if counts { "DISPLAY" } else { "SHAFT" });
        }
        match at {
            3 => row.set("CounterOverflowRdngThreshold", Value::number(10_000 * 3_600, 0)),
            4 => {
                row.set_text("MeasuringPointCodeGroup", "PRESSURE");
                row.set_text("MeasuringPointShortText", "Gauge behind the pump, read at full load");
            }
            14 => row.set("MeasuringPointIsInactive", Value::Bool(true)),
            _ => {}
        }
        world.insert(Family::MeasuringPoints, row);
    }
}

/// Read each week; one that was mistyped was taken back.
pub(super) fn readings(world: &mut World, seed: u64, start: i64, user: &str) {
    for week in 0..READINGS {
        for at in (0..POINTS).filter(|at| *at != 14) {
            let (_, _, _, counts, first, step) = kind(at);
            let mut random = Stream::new(seed, 17, u64::from(at) * 100 + week.unsigned_abs());
            let read = start - (READINGS - week) * 7 * TICKS_PER_DAY - random.within(3_600) * TICKS_PER_SECOND;
            let value = first + if counts { week * step } else { random.within(step) };
            let mut row = Node::new(Family::MeasurementDocuments.root());
            row.set_text("MeasuringPoint", (101 + at).to_string());
            row.set("MsmtRdngDate", Value::Ticks(day_of(read)));
            row.set("MsmtRdngTime", Value::Time(time_of(read)));
            row.set("MeasurementReadingInEntryUoM", Value::number(value * 10_000, 6));
            if at == 4 {
                row.set_text("MsmtValuationCode", random.pick(&["GOOD", "WORN"]));
            }
            row.set_text("MsmtRdngByUser", "OPERATOR");
            row.set_text("MeasurementDocumentText", if week == 0 { "First reading" } else { "Weekly round" });
            let told = trunnion_model::time::from_micros(read / 10 + 90_000_000);
            if write::measure(world, Now { at: told, user, zone: 0 }, row).is_err() {
                unreachable!("point {at} takes what is read in week {week}");
            }
        }
    }
    let mistyped =
        world.table(Family::MeasurementDocuments).get(7).map(|one| one.text("MeasurementDocument").to_owned());
    if let Some(number) = mistyped {
        write::reverse_measurement(
            world,
            Now { at: trunnion_model::time::from_micros(start / 10), user, zone: 0 },
            &number,
        );
    }
}

fn kind(at: u32) -> (&'static str, &'static str, &'static str, bool, i64, i64) {
    KINDS[at as usize % KINDS.len()]
}

//! Measurement documents: what was read at a measuring point. They are added and may be taken back; nothing else changes them.
//!
//! A reading is entered in any unit of its dimension and kept in the SI unit beside it. Of a counter the difference to the
//! reading before is worked out; it does not run backwards, unless over its overflow or because it counts so.

use super::{Messages, Now};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::{Number, Value};
use crate::sap_s4hana::sim::world::World;

const FIRST_NUMBER: u64 = 10_001;
/// What is kept of a float.
const SCALE: u8 = 6;

/// Code, SI unit, factor and, in millionths, what is added to come to it.
const UNITS: [(&str, &str, i64, i64); 10] = [
    ("S", "S", 1, 0),
    ("MIN", "S", 60, 0),
    ("H", "S", 3_600, 0),
    ("M", "M", 1, 0),
    ("KM", "M", 1_000, 0),
    ("PA", "PA", 1, 0),
    ("BAR", "PA", 100_000, 0),
    ("K", "K", 1, 0),
    ("GC", "K", 1, 273_150_000),
    ("EA", "EA", 1, 0),
];

/// The codes of findings of each group.
const CODES: [&str; 3] = ["GOOD", "WORN", "BAD"];

pub(in super::super) fn create(world: &mut World, now: Now<'_>, mut row: Node) -> Result<u64, Refusal> {
    if row.flag("MsmtCntrReadingDiffIsEntered") {
        return Err(Refusal::not_implemented("CREATE_ENTITY of a difference", row.entity.set));
    }
    let number = row.text("MeasuringPoint").to_owned();
    let refuse = |code, text: String, target: &str| Err(Refusal::business(vec![Message::new(code, text, target)]));
    if number.is_empty() {
        return refuse("IR/101", "Enter a measuring point".to_owned(), "MeasuringPoint");
    }
    let table = world.table(Family::MeasuringPoints);
    let Some(point) = table.iter().find(|point| point.text("MeasuringPoint") == number).cloned() else {
        return refuse("IR/102", format!("Measuring point {number} does not exist"), "MeasuringPoint");
    };
    if *row.get("MsmtRdngDate") == Value::Initial {
        row.set("MsmtRdngDate", Value::Ticks(now.day()));
        row.set("MsmtRdngTime", Value::Time(stamp::time_of(now.ticks())));
    }
    let at = moment(&row);
    row.default_text("MeasurementReadingEntryUoM", point.text("MeasurementRangeUnit"));
    let unit = row.text("MeasurementReadingEntryUoM").to_owned();
    let mut found = checked(&point, &row, (now, at));
    match si(&unit, micros(&row, "MeasurementReadingInEntryUoM")) {
        Some((reading, name)) if name == point.text("MeasuringPointSIUnitOfMeasure") => {
            measure(world, &point, &mut row, (reading, at), &mut found);
        }
        _ => found.push(Message::new(
            "IR/105",
            format!("Unit {unit} cannot be converted into {}", point.text("MeasuringPointSIUnitOfMeasure")),
            "MeasurementReadingEntryUoM",
        )),
    }
    if !found.is_empty() {
        return Err(Refusal::business(found));
    }
    for name in ["CharcValueUnit", "MeasuringPointPositionNumber"] {
        row.set_text(name, point.text(name).to_owned());
    }
    row.set_text("MsmtDocumentSIUnitOfMeasure", point.text("MeasuringPointSIUnitOfMeasure").to_owned());
    row.set("MeasuringPointTargetValue", point.get("MeasuringPointTargetValue").clone());
    row.default_text("MsmtRdngByUser", now.user);
    row.set("MeasurementReadingDateTime", Value::Ticks(at));
    row.set("MsmtDocumentCreationDateTime", Value::Ticks(stamp::second_of(now.ticks())));
    let last = world.table(Family::MeasurementDocuments).last();
    let highest = last.and_then(|last| last.text("MeasurementDocument").parse::<u64>().ok());
    row.set_text("MeasurementDocument", highest.map_or(FIRST_NUMBER, |highest| highest + 1).to_string());
    Ok(world.insert(Family::MeasurementDocuments, row))
}

/// Takes a document back, or takes that back, as a colleague at the screen would.
pub(in super::super) fn reverse(world: &mut World, _now: Now<'_>, number: &str) -> bool {
    let Ok(place) = world.find(Family::MeasurementDocuments, number) else { return false };
    let found = world.document(Family::MeasurementDocuments, place).map(std::borrow::Cow::into_owned);
    let Some(mut row) = found else { return false };
    let reversed = row.flag("MsmtRdngIsReversed");
    row.set("MsmtRdngIsReversed", if reversed { Value::Initial } else { Value::Bool(true) });
    world.replace(Family::MeasurementDocuments, place, row);
    true
}

fn checked(point: &Node, row: &Node, (now, at): (Now<'_>, i64)) -> Messages {
    let mut found = Messages::new();
    let mut say = |code, text: String, target: &str| found.push(Message::new(code, text, target));
    let number = point.text("MeasuringPoint");
    if point.flag("MeasuringPointIsInactive") {
        say("IR/103", format!("Measuring point {number} is inactive"), "MeasuringPoint");
    }
    if at > now.ticks() {
        say("IR/104", "The measurement date and time are in the future".to_owned(), "MsmtRdngDate");
    }
    let code = row.text("MsmtValuationCode");
    if !code.is_empty() && (point.text("MeasuringPointCodeGroup").is_empty() || !CODES.contains(&code)) {
        say("IR/106", format!("Valuation code {code} is not in the code group of {number}"), "MsmtValuationCode");
    }
    found
}

/// Puts what follows from a reading into its document; of a counter that depends on those before and behind it.
fn measure(world: &World, point: &Node, row: &mut Node, (reading, at): (i64, i64), found: &mut Messages) {
    let float = |micros: i64| if micros == 0 { Value::Initial } else { Value::number(micros, SCALE) };
    if !point.flag("MeasuringPointIsCounter") {
        return row.set("MeasurementReading", float(reading));
    }
    let number = point.text("MeasuringPoint");
    let documents = world.table(Family::MeasurementDocuments);
    let of_point =
        || documents.iter().filter(|one| one.text("MeasuringPoint") == number && !one.flag("MsmtRdngIsReversed"));
    let before = of_point().filter(|one| moment(one) <= at).max_by_key(|one| moment(one));
    let behind = of_point().filter(|one| moment(one) > at).min_by_key(|one| moment(one));
    let counted = |one: &Node| micros(one, "MeasurementCounterReading");
    let on = |from: i64, to: i64| if point.flag("MsrgPtIsCountingBackwards") { from - to } else { to - from };
    let mut difference = before.map_or(0, |before| on(counted(before), reading));
    let overflow = micros(point, "CounterOverflowRdngThreshold");
    if row.flag("MsmtCounterReadingIsReplaced") {
        difference = 0;
    } else if difference < 0 && overflow > 0 && reading < overflow {
        difference += overflow;
    }
    let goes_back = difference < 0 || (overflow == 0 && behind.is_some_and(|behind| on(reading, counted(behind)) < 0));
    if goes_back {
        let text = format!("The counter reading of {number} does not go on from the one before");
        found.push(Message::new("IR/107", text, "MeasurementReadingInEntryUoM"));
    }
    let total = before.map_or(reading, |before| micros(before, "MeasurementReading") + difference);
    row.set("MeasurementCounterReading", float(reading));
    row.set("MsmtCounterReadingDifference", float(difference));
    row.set("MeasurementReading", float(total));
}

/// The reading in the SI unit of its dimension.
fn si(unit: &str, micros: i64) -> Option<(i64, &'static str)> {
    let (_, si, factor, offset) = UNITS.into_iter().find(|(code, ..)| *code == unit)?;
    Some((micros.checked_mul(factor)?.checked_add(offset)?, si))
}

/// When it was read.
fn moment(row: &Node) -> i64 {
    let day = if let Value::Ticks(day) = row.get("MsmtRdngDate") { *day } else { 0 };
    let seconds = if let Value::Time(seconds) = row.get("MsmtRdngTime") { *seconds } else { 0 };
    day + i64::from(seconds) * stamp::TICKS_PER_SECOND
}

fn micros(row: &Node, name: &str) -> i64 {
    match row.get(name) {
        Value::Number(number) => number.rescale(SCALE).map_or(0, |number: Number| number.units),
        _ => 0,
    }
}

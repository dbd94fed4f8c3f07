//! Maintenance: where an order stands, its hours and parts; the state of a piece of equipment; a notification's object; what a
//! meter is called and where it is.

use trunnion_kit::json::{Node, Object};
use trunnion_kit::mapping::dates;
use trunnion_kit::protocol::json_rpc::owned;
use trunnion_model::decimal::{self, Decimal};
use trunnion_model::time::rfc3339;

use super::plant::{functional, stock_place};
use super::{number, text};

pub(super) fn work_order(row: &mut Object<'_>) {
    let says = |name: &str| row.get(name).and_then(Node::as_text).unwrap_or_default();
    let word = says("SystemStatusText").split(' ').next().unwrap_or_default().to_owned();
    let status = status(says("MaintOrdProcessPhaseCode"), says("SystemStatusText"));
    let description = row
        .get("to_MaintenanceOrderLongText")
        .and_then(Node::items)
        .and_then(<[_]>::first)
        .and_then(|text| text.get("MaintenanceOrderLongText"))
        .and_then(Node::as_text)
        .map(str::to_owned);
    let place = functional(row);
    let (mut hours, mut parts) = (Decimal::ZERO, Vec::new());
    let (mut starts, mut ends): (Vec<String>, Vec<Option<String>>) = (Vec::new(), Vec::new());
    for operation in row.get_mut("to_MaintenanceOrderOperation").and_then(Node::items_mut).into_iter().flatten() {
        let planned = hours_of(operation);
        let instant = |name: &str| text(operation, name).map(str::to_owned);
        let (start, end) = (instant("OpActualExecutionStartDateTime"), instant("OpActualExecutionEndDateTime"));
        for part in operation.get("to_MaintOrderOpComponent_2").and_then(Node::items).unwrap_or_default() {
            let mut part = owned(part);
            let place = stock_place(&part);
            if let (Some(part), Some(place)) = (part.as_object_mut(), place) {
                part.set("@location", Node::text(place));
            }
            parts.push(part);
        }
        if let Some(operation) = operation.as_object_mut() {
            operation.set("@completed", Node::Bool(end.is_some()));
            if let Some(planned) = planned {
                operation.set("@hours", Node::text(decimal::text(planned)));
                hours = hours.checked_add(planned).unwrap_or(hours);
            }
        }
        starts.extend(start);
        ends.push(end);
    }
    row.set("@word", Node::text(word));
    row.set("@status", Node::text(status));
    row.set("@hours", Node::text(decimal::text(hours)));
    row.set("@parts", Node::Array(parts));
    // The work began with the first operation and is over when the last one is.
    let start = starts.into_iter().min_by_key(|at| dates::odata_millis(at));
    let end = ends.into_iter().collect::<Option<Vec<String>>>();
    let end = end.and_then(|all| all.into_iter().max_by_key(|at| dates::odata_millis(at)));
    for (name, value) in [("@description", description), ("@location", place), ("@start", start), ("@end", end)] {
        if let Some(value) = value {
            row.set(name, Node::text(value));
        }
    }
}

/// By the phase where there is one; what is left undone or marked for deletion shows in the status words only.
fn status(phase: &str, words: &str) -> &'static str {
    let has = |word: &str| words.split(' ').any(|known| known == word);
    if has("NOEX") || has("DNEX") || has("DLFL") {
        return "cancelled";
    }
    match phase {
        "01" | "02" | "03" | "04" | "05" => "open",
        "06" => "scheduled",
        "07" => "in_progress",
        "08" => "completed",
        "09" => "closed",
        _ if has("CLSD") => "closed",
        _ if has("TECO") || has("CNF") => "completed",
        _ if has("REL") || has("PCNF") => "in_progress",
        _ if has("CRTD") => "open",
        _ => "unknown",
    }
}

fn hours_of(operation: &Node<'_>) -> Option<Decimal> {
    let work = number(operation, "MaintOrdOperationWorkDuration").filter(|work| !work.is_zero())?;
    match text(operation, "MaintOrdOpWorkDurationUnit") {
        Some("H" | "HR" | "STD") => Some(work),
        Some("MIN") => work.checked_div(Decimal::from(60)),
        // A day is as long as the work centre's shift says, which is not here.
        _ => None,
    }
}

pub(super) fn asset(row: &mut Object<'_>) {
    let is = |name: &str| row.get(name) == Some(&Node::Bool(true));
    let status = if is("EquipmentIsMarkedForDeletion") {
        "retired"
    } else if is("EquipmentIsInactive") {
        "out_of_service"
    } else if is("EquipmentIsInWarehouse") {
        "in_storage"
    } else {
        "in_service"
    };
    let active = !is("EquipmentIsMarkedForDeletion") && !is("EquipmentIsInactive");
    let serial = ["ManufacturerSerialNumber", "SerialNumber"]
        .iter()
        .find_map(|name| row.get(name).and_then(Node::as_text).filter(|serial| !serial.is_empty()))
        .map(str::to_owned);
    let place = functional(row);
    row.set("@status", Node::text(status));
    row.set("@active", Node::Bool(active));
    for (name, value) in [("@serial", serial), ("@location", place)] {
        if let Some(value) = value {
            row.set(name, Node::text(value));
        }
    }
}

pub(super) fn service_request(row: &mut Object<'_>) {
    let says = |name: &str| row.get(name).and_then(Node::as_text);
    let asset = says("TechnicalObject").filter(|_| says("TechObjIsEquipOrFuncnlLoc") == Some("EAMS_EQUI"));
    let asset = asset.map(str::to_owned);
    let place = functional(row);
    let moments = [
        ("@reported", super::moment(row, "NotificationCreationDate", "NotificationCreationTime")),
        ("@began", super::moment(row, "MalfunctionStartDate", "MalfunctionStartTime")),
        ("@ended", super::moment(row, "MalfunctionEndDate", "MalfunctionEndTime")),
        ("@asset", asset),
        ("@location", place),
    ];
    for (name, value) in moments {
        if let Some(value) = value {
            row.set(name, Node::text(value));
        }
    }
}

pub(super) fn meter(row: &mut Object<'_>) {
    let says = |name: &str| row.get(name).and_then(Node::as_text).filter(|text| !text.is_empty()).map(str::to_owned);
    let name = says("MeasuringPointDescription").or_else(|| says("MeasuringPoint"));
    let changed = says("LastChangeDate").max(says("CreationDate")).and_then(|day| dates::odata_instant(&day));
    let values = [("@name", name), ("@modified", changed.map(rfc3339)), ("@location", functional(row))];
    for (name, value) in values {
        if let Some(value) = value {
            row.set(name, Node::text(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn a_status_follows_the_phase_and_without_one_the_words_and_what_is_left_undone_shows_in_the_words_only() {
        for (phase, words, wanted) in [
            ("07", "REL PRC SETC", "in_progress"),
            ("09", "TECO", "closed"),
            ("", "CRTD MANC NMAT", "open"),
            ("", "REL PCNF GMPS", "in_progress"),
            ("", "REL CNF", "completed"),
            ("", "TECO CNF", "completed"),
            ("", "CLSD TECO", "closed"),
            ("03", "CRTD DLFL", "cancelled"),
            ("05", "DNEX", "cancelled"),
            ("", "IRGENDWAS", "unknown"),
        ] {
            assert_eq!(status(phase, words), wanted, "{phase} {words}");
        }
    }
}

//! The life of a maintenance order: which function moves it from which status to which, and what it refuses.
//!
//! The status is the first word of `SystemStatusText`; the phase follows from it. A deletion flag stands beside a status
//! and keeps it.

use crate::sap_s4hana::sim::errors::Message;
use crate::sap_s4hana::sim::node::Node;

/// Function, its name in messages, statuses that allow it, status after it, phase and sub-phase after it.
type Step = (&'static str, &'static str, &'static [&'static str], &'static str, &'static str, &'static str);

const STEPS: [Step; 13] = [
    ("SubmitMaintOrderForApproval", "Submit for approval", &["CRTD"], "CRTD", "04", "0401"),
    ("ApproveMaintenanceOrder", "Approve", &["CRTD"], "CRTD", "05", "0501"),
    ("RejectMaintenanceOrder", "Reject", &["CRTD"], "CRTD", "03", "0301"),
    ("SetMaintOrderToReadyForSchedg", "Ready for scheduling", &["CRTD"], "CRTD", "06", "0601"),
    ("ScheduleMaintenanceOrder", "Schedule", &["CRTD"], "CRTD", "06", "0602"),
    ("ReleaseMaintenanceOrder", "Release", &["CRTD"], "REL", "07", "0701"),
    ("SetMaintOrdToMainWorkComplete", "Main work complete", &["REL"], "CNF", "08", "0801"),
    ("SetMaintOrdToTechCompleted", "Technically complete", &["REL", "CNF"], "TECO", "08", "0802"),
    ("ResetMaintOrdStsTechCompleted", "Cancel technical completion", &["TECO"], "REL", "07", "0701"),
    ("SetMaintOrderStatusToClosed", "Close", &["TECO"], "CLSD", "09", "0901"),
    ("ResetMaintOrderStatusClosed", "Cancel closing", &["CLSD"], "TECO", "08", "0802"),
    ("SetMaintOrderToDoNotExecute", "Do not execute", &["CRTD"], "DNEX", "03", "0301"),
    ("ResetStatusFromDoNotExecute", "Cancel do not execute", &["DNEX"], "CRTD", "03", "0301"),
];

/// Further words that accompany each status.
const BESIDE: [(&str, &str); 6] = [
    ("CRTD", "CRTD MANC NMAT PRC"),
    ("REL", "REL  MANC NMAT PRC  SETC"),
    ("CNF", "CNF  REL  NMAT PRC  SETC"),
    ("TECO", "TECO NMAT PRC  SETC"),
    ("CLSD", "CLSD NMAT PRC  SETC"),
    ("DNEX", "DNEX MANC NMAT PRC"),
];

const DELETION: &str = "DLFL";

pub(super) fn of(order: &Node) -> &str {
    order.text("SystemStatusText").split(' ').next().unwrap_or_default()
}

pub(super) fn is_marked(order: &Node) -> bool {
    order.text("SystemStatusText").split(' ').any(|word| word == DELETION)
}

pub(in super::super) fn set(order: &mut Node, status: &str, phase: &'static str, sub_phase: &'static str) {
    let words = BESIDE.iter().find(|(known, _)| *known == status).map_or("", |(_, words)| words);
    order.set_text("SystemStatusText", words);
    order.set_text("MaintOrdProcessPhaseCode", phase);
    order.set_text("MaintOrdProcessSubPhaseCode", sub_phase);
}

/// Carries a function out, if the order's status allows it.
pub(super) fn step(order: &mut Node, function: &str) -> Result<(), Message> {
    let (status, marked) = (of(order).to_owned(), is_marked(order));
    let number = order.text("MaintenanceOrder").to_owned();
    let refuse = |transaction: &str, active: &str| {
        let text = format!(
            "Business transaction \"{transaction}\" is not allowed: system status {active} is active (ORD {number})"
        );
        Err(Message::new("BS/013", text, "MaintenanceOrder"))
    };
    match function {
        "SetMaintOrdStsToMrkdForDeltn" if marked => return refuse("Set deletion flag", DELETION),
        "SetMaintOrdStsToMrkdForDeltn" if ["REL", "CNF"].contains(&status.as_str()) => {
            return refuse("Set deletion flag", &status);
        }
        "SetMaintOrdStsToMrkdForDeltn" => {
            let text = format!("{} {DELETION}", order.text("SystemStatusText"));
            order.set_text("SystemStatusText", text);
            return Ok(());
        }
        "ResetMaintOrdStsMrkdForDeltn" if !marked => return refuse("Cancel deletion flag", &status),
        "ResetMaintOrdStsMrkdForDeltn" => {
            let text = order.text("SystemStatusText").replace(&format!(" {DELETION}"), "");
            order.set_text("SystemStatusText", text);
            return Ok(());
        }
        _ => {}
    }
    let Some((_, transaction, from, to, phase, sub_phase)) = STEPS.iter().find(|(name, ..)| *name == function) else {
        return refuse(function, &status);
    };
    if marked {
        return refuse(transaction, DELETION);
    }
    // What waits for approval is neither approved twice nor released before it is.
    let waits = order.text("MaintOrdProcessPhaseCode") == "04";
    let about_approval = ["ApproveMaintenanceOrder", "RejectMaintenanceOrder"].contains(&function);
    if !from.contains(&status.as_str()) || waits != about_approval && (waits || about_approval) {
        return refuse(transaction, &status);
    }
    set(order, to, phase, sub_phase);
    Ok(())
}

//! A system that refuses, dawdles and hangs up: reads are survived, a write never happens twice or unnoticed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::examples::{Extent, Known, body};
use super::report::Report;
use super::subject::Subject;
use super::writing::{stamp, vendor_body};
use crate::error::Error;
use crate::sim::{Control, Fault};
use crate::spec::{Create, EntitySpec};
use crate::vendor::Window;

/// What a read must survive, and for how long it must wait. Those that take time are tried on one entity only.
pub(super) const FAULTS: [(&str, Duration); 4] = [
    ("429:next=1,retry_after=1", Duration::from_secs(1)),
    ("503:next=1", Duration::ZERO),
    ("cut-before:next=1", Duration::ZERO),
    ("slow:next=1,ms=300", Duration::from_millis(300)),
];

/// A create is cut off at each of its requests, but not at more than this.
const MOST_CUTS: usize = 20;

pub(super) async fn reads(subject: &Subject<'_>, control: &Control, report: &mut Report) {
    for (fault, pause) in FAULTS {
        let entities = subject.entities();
        let first = if pause.is_zero() { 0 } else { entities.len().saturating_sub(1) };
        for entity in &entities[first..] {
            let what = format!("{}: read with the fault {fault}", entity.entity.name);
            let window = Window { limit: 1, ..Window::default() };
            control.clear_requests();
            if !add(control, fault, report) {
                continue;
            }
            let began = tokio::time::Instant::now();
            let page = subject.page(&subject.link, entity, &window).await;
            control.clear_faults();
            if let Some(rows) = report.take(&what, page) {
                report.expect(rows.len() == 1, || format!("{what}: {} rows", rows.len()));
            }
            let took = began.elapsed();
            report.expect(took >= pause, || format!("{what}: came back after {took:?}, not after {pause:?}"));
            report.expect(!control.requests().is_empty(), || format!("{what}: no request was sent"));
            report.tried(format!("a read survives {fault}"));
        }
    }
}

/// Cuts a create off at its first request, its second, and so on, before and after it took effect. Whatever the caller
/// is told must be true, and nothing may be there twice.
pub(super) async fn creates(
    subject: &Subject<'_>,
    control: &Control,
    spec: &EntitySpec,
    create: &Create,
    known: &Known,
    report: &mut Report,
) {
    let name = spec.entity.name;
    let Some(before) = report.take(&format!("{name}: all records"), subject.all(spec, None).await) else { return };
    let mut expected: BTreeSet<String> = BTreeSet::new();
    // Undisturbed, to see how many requests there are.
    control.clear_requests();
    let Some(Ok(id)) = attempt(subject, control, spec, create, known, None, &mut expected, report).await else {
        return;
    };
    expected.insert(id);
    let requests = control.requests().len().min(MOST_CUTS);
    let mut found_again = 0;
    for at in 1..=requests {
        for cut in ["cut-after", "cut-before"] {
            // Only the first request can be hit alone; from the second on, each multiple is hit as well.
            let fault = if at == 1 { format!("{cut}:next=1") } else { format!("{cut}:every={at}") };
            match attempt(subject, control, spec, create, known, Some(&fault), &mut expected, report).await {
                Some(Err(Error::OutcomeUnknown(_))) if cut == "cut-after" => found_again += 1,
                Some(_) => {}
                None => return,
            }
        }
    }
    report.expect(found_again > 0, || {
        format!("{name}: none of {requests} requests of a create gave an unknown outcome when it was cut off")
    });
    let Some(after) = report.take(&format!("{name}: all records"), subject.all(spec, None).await) else { return };
    let old: BTreeSet<&String> = before.iter().map(|record| &record.incoming.remote_id).collect();
    let new: BTreeSet<String> =
        after.iter().map(|record| &record.incoming.remote_id).filter(|id| !old.contains(id)).cloned().collect();
    report.expect(new == expected, || {
        format!("{name}: creates that were cut off should have made {expected:?}, and made {new:?}")
    });
    report.tried(format!("{name}: create is cut off"));
}

/// One create with a fault. What it says is compared with what the system then has; nothing if that could not be done.
#[expect(clippy::too_many_arguments, reason = "one step of `creates`, with all that it knows")]
async fn attempt(
    subject: &Subject<'_>,
    control: &Control,
    spec: &EntitySpec,
    create: &Create,
    known: &Known,
    fault: Option<&str>,
    expected: &mut BTreeSet<String>,
    report: &mut Report,
) -> Option<Result<String, Error>> {
    let (name, vendor) = (spec.entity.name, &subject.connector.vendor);
    let write_key = subject.write_key(spec);
    let body = body(spec, Extent::Required, stamp(&write_key), known, subject.options).body;
    let what = format!("{name}: create with the fault {}", fault.unwrap_or("none"));
    let sent = vendor_body(subject, spec, create, &body, &write_key);
    let sent = sent.map_err(|problems| report.fail(format!("{what}: {problems:?}"))).ok()?;
    if let Some(fault) = fault {
        add(control, fault, report);
    }
    let told = vendor.create(&subject.link, spec, sent, &write_key).await;
    control.clear_faults();
    let found = vendor.find_written(&subject.link, spec, &write_key).await;
    let found = report.take(&format!("{what}: search for it"), found)?;
    expected.extend(found.clone());
    let is_true = match &told {
        Ok(id) => found.as_ref() == Some(id),
        Err(Error::OutcomeUnknown(_)) => true,
        // What is passing changed nothing.
        Err(error) => error.is_passing() && found.is_none(),
    };
    report.expect(is_true, || format!("{what}: told {told:?}, but the system has {found:?}"));
    Some(told)
}

/// Credentials that expire while they are in use end in a refusal, on a link that knew better and on a new one.
pub(super) async fn credentials(subject: &Subject<'_>, control: &Control, report: &mut Report) {
    let Some(fresh) = report.take("expired credentials", subject.fresh()) else { return };
    let Some(entity) = subject.entities().first() else { return };
    let (vendor, window) = (&subject.connector.vendor, Window { limit: 1, ..Window::default() });
    control.expire_credentials(true);
    for (link, which) in [(&subject.link, "used"), (&fresh, "new")] {
        let page = vendor.page(link, entity, &window).await;
        report.expect(matches!(page, Err(Error::Authentication(_))) && link.is_parked(), || {
            format!("expired credentials: a {which} link gave {page:?}")
        });
    }
    control.expire_credentials(false);
    if let Some(again) = report.take("expired credentials", subject.fresh()) {
        let page = vendor.page(&again, entity, &window).await;
        report.expect(page.is_ok(), || format!("renewed credentials: {page:?}"));
        report.tried("expired credentials");
    }
}

fn add(control: &Control, fault: &str, report: &mut Report) -> bool {
    let fault = fault.parse::<Fault>();
    report.take("a fault", fault).map(|fault| control.add_fault(fault)).is_some()
}

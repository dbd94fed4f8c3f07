//! The right credentials are taken; the wrong ones are tried once and never again.

use serde_json::Value;

use super::report::Report;
use super::subject::{Subject, link};
use crate::error::Error;
use crate::vendor::Window;

/// Whether the right credentials open the system; without that nothing else can be tried.
pub(super) async fn accepted(subject: &Subject<'_>, report: &mut Report) -> bool {
    let probed = subject.connector.vendor.probe(&subject.link).await;
    let Some(account) = report.take("log in", probed) else { return false };
    report.expect(!account.name.trim().is_empty(), || "log in: the account has no name".to_owned());
    report.tried("log in");
    true
}

pub(super) async fn refused(subject: &Subject<'_>, wrong: &Value, report: &mut Report) {
    let Some(link) = report.take("wrong credentials", link(subject.connector, wrong, subject.options)) else { return };
    let vendor = &subject.connector.vendor;
    if let Some(control) = subject.control {
        control.clear_requests();
    }
    let outcome = vendor.probe(&link).await;
    report.expect(matches!(outcome, Err(Error::Authentication(_))), || {
        format!("wrong credentials: the probe gave {outcome:?}, expected a refusal of the credentials")
    });
    report.expect(link.is_parked(), || "wrong credentials: the link is not parked".to_owned());
    for entity in subject.entities() {
        let page = vendor.page(&link, entity, &Window { limit: 1, ..Window::default() }).await;
        report.expect(matches!(page, Err(Error::Authentication(_))), || {
            format!("wrong credentials: {} gave {page:?} on a parked link", entity.entity.name)
        });
    }
    if let Some(control) = subject.control {
        let sent = control.requests();
        report.expect(sent.len() == 1, || format!("wrong credentials: expected one request, sent {sent:?}"));
    }
    report.tried("refused login");
}

//! Creates: what comes back equals what was sent, what is incomplete is refused before anything is sent.

use serde_json::{Map, Value};

use super::apart::differences;
use super::examples::{Example, Extent, Known, body};
use super::fits::{inner_fields, problems};
use super::reading::{member_of, seen};
use super::report::Report;
use super::subject::Subject;
use crate::json::Node;
use crate::mapping::{FieldProblem, WriteContext, to_vendor};
use crate::spec::{Create, EntitySpec};

pub(super) async fn check(
    subject: &Subject<'_>,
    spec: &EntitySpec,
    create: &Create,
    known: &Known,
    report: &mut Report,
) {
    let name = spec.entity.name;
    for extent in [Extent::Required, Extent::All] {
        let write_key = subject.write_key(spec);
        let Example { body, without } = body(spec, extent, stamp(&write_key), known, subject.options);
        for place in without {
            report.fail(format!("{name}: no value to write into {place}; give the suite an example"));
        }
        if extent == Extent::Required {
            required(subject, spec, create, &body, report);
        }
        written(subject, spec, create, &body, &write_key, report).await;
    }
    let unknown = subject.write_key(spec);
    let found = subject.connector.vendor.find_written(&subject.link, spec, &unknown).await;
    if let Some(found) = report.take(&format!("{name}: searching for a write that never was"), found) {
        report.expect(found.is_none(), || format!("{name}: the write key {unknown}, never used, finds {found:?}"));
    }
}

/// An entity that is not declared to be creatable refuses a create, without a request.
pub(super) async fn refused(subject: &Subject<'_>, spec: &EntitySpec, report: &mut Report) {
    let name = spec.entity.name;
    let before = subject.control.map(|control| control.requests().len());
    let nothing = Node::Object(crate::json::Object::new());
    let outcome = subject.connector.vendor.create(&subject.link, spec, nothing, "CONFORMANCE").await;
    report.expect(outcome.is_err(), || format!("{name}: not declared to be created, and created: {outcome:?}"));
    let after = subject.control.map(|control| control.requests().len());
    report.expect(before == after, || format!("{name}: not declared to be created, yet requests were sent"));
    report.tried(format!("{name}: create is refused"));
}

/// The vendor's body, or what is wrong with ours.
pub(super) fn vendor_body(
    subject: &Subject<'_>,
    spec: &EntitySpec,
    create: &Create,
    body: &Map<String, Value>,
    write_key: &str,
) -> Result<Node<'static>, Vec<FieldProblem>> {
    let setting = |name: &str| subject.link.setting(name).map(str::to_owned);
    to_vendor(spec, create, body, &WriteContext { setting: &setting, write_key })
}

/// Some digits of a write key for the texts of its body.
pub(super) fn stamp(write_key: &str) -> &str {
    &write_key[write_key.len().saturating_sub(8)..]
}

async fn written(
    subject: &Subject<'_>,
    spec: &EntitySpec,
    create: &Create,
    body: &Map<String, Value>,
    write_key: &str,
    report: &mut Report,
) {
    let (name, vendor) = (spec.entity.name, &subject.connector.vendor);
    let what = format!("{name}: create {}", Value::Object(body.clone()));
    let sent = match vendor_body(subject, spec, create, body, write_key) {
        Ok(sent) => sent,
        Err(problems) => return report.fail(format!("{what}: {problems:?}")),
    };
    let began = subject.link.source_now();
    let created = vendor.create(&subject.link, spec, sent, write_key).await;
    let Some(remote_id) = report.take(&what, created) else { return };
    report.tried(format!("{name}: create"));
    let found = vendor.find_written(&subject.link, spec, write_key).await;
    if let Some(found) = report.take(&format!("{what}: find it again"), found) {
        report.expect(found.as_ref() == Some(&remote_id), || {
            format!("{what}: created {remote_id}, but its write key {write_key} finds {found:?}")
        });
        report.tried(format!("{name}: find a write"));
    }
    let Some(one) = report.take(&format!("{what}: read it back"), subject.one(spec, &remote_id).await) else { return };
    let Some(record) = one else { return report.fail(format!("{what}: {remote_id} cannot be read")) };
    for difference in differences(spec, body, &record.data) {
        report.fail(format!("{name} {remote_id}: {difference}"));
    }
    let is_offered = |name: &str| subject.connector.entity(name).is_some();
    for problem in problems(spec, &record, &is_offered) {
        report.fail(format!("{name} {remote_id}: {problem}"));
    }
    note_places(name, body, "", report);
    seen(name, &record.data, "", report);
    // As an engine asks: from the time before the write, less the declared overlap.
    let since = began.checked_sub(spec.sync.overlap).unwrap_or(began);
    let since = spec.sync.strategy.is_by_time().then_some(since);
    if let Some(changed) = report.take(&format!("{what}: find it among the changes"), subject.all(spec, since).await) {
        let there = changed.iter().any(|record| record.incoming.remote_id == remote_id);
        report.expect(there, || format!("{name} {remote_id}: created, but not among the changes since {since:?}"));
    }
}

fn note_places(name: &str, body: &Map<String, Value>, at: &str, report: &mut Report) {
    for (member, value) in body {
        match value {
            Value::Object(inner) => note_places(name, inner, &format!("{at}{member}/"), report),
            Value::Array(items) => {
                for inner in items.iter().filter_map(Value::as_object) {
                    note_places(name, inner, &format!("{at}{member}/"), report);
                }
            }
            _ => report.tried(format!("{name}: write {at}{member}")),
        }
    }
}

/// Each required member left out alone is refused with its own pointer.
fn required(subject: &Subject<'_>, spec: &EntitySpec, create: &Create, body: &Map<String, Value>, report: &mut Report) {
    let name = spec.entity.name;
    let before = subject.control.map(|control| control.requests().len());
    let mut check = |pointer: &str, body: &Map<String, Value>| {
        let refused = vendor_body(subject, spec, create, body, "CONFORMANCE").err().unwrap_or_default();
        let pointers: Vec<&str> = refused.iter().map(|problem| problem.pointer.as_str()).collect();
        report.expect(pointers == [pointer], || {
            format!("{name}: without {pointer} expected one problem there, found {refused:?}")
        });
    };
    for row in spec.fields.iter().filter(|row| row.required && row.write.on_create()) {
        let member = member_of(spec.entity.fields, &row.name);
        let mut without = body.clone();
        without.remove(&member);
        check(&format!("/{member}"), &without);
    }
    for group in spec.groups.iter().filter(|group| group.write.on_create()) {
        let (group_name, fields) = (group.field.name, inner_fields(group.field));
        if !body.contains_key(group_name) {
            continue;
        }
        let mut without = body.clone();
        without.remove(group_name);
        check(&format!("/{group_name}"), &without);
        for row in group.fields.iter().filter(|row| row.required && row.write.on_create()) {
            let member = member_of(fields, &row.name);
            let mut without = body.clone();
            let (inner, pointer) = match without.get_mut(group_name) {
                Some(Value::Array(items)) => (items.first_mut(), format!("/{group_name}/0/{member}")),
                inner => (inner, format!("/{group_name}/{member}")),
            };
            if let Some(inner) = inner.and_then(Value::as_object_mut) {
                inner.remove(&member);
            }
            check(&pointer, &without);
        }
    }
    let after = subject.control.map(|control| control.requests().len());
    report.expect(before == after, || format!("{name}: refusing an incomplete body sent requests"));
    report.tried(format!("{name}: required fields"));
}

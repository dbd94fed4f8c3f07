//! The order of the checks, and what a declaration promises.

use serde_json::Value;

use super::examples::Known;
use super::options::Options;
use super::report::Report;
use super::subject::Subject;
use super::{breaking, login, reading, writing};
use crate::sim::Control;
use crate::spec::{EntitySpec, Spec};
use crate::vendor::Connector;

/// Tries everything that the connector declares against the system that `credentials` lead to. It creates records there.
///
/// `wrong` are credentials that the system refuses. With `control`, requests are counted and broken as well; nobody else
/// may talk to the system meanwhile.
pub async fn run(
    connector: &Connector,
    credentials: &Value,
    wrong: &Value,
    control: Option<&Control>,
    options: &Options,
) -> Report {
    let spec = &connector.spec;
    let mut report = Report { system: spec.system.id.clone(), ..Report::default() };
    report.promised = promises(spec, control.is_some());
    let subject = Subject::new(connector, credentials, control, options);
    let Some(subject) = report.take("credentials", subject) else { return report };
    login::refused(&subject, wrong, &mut report).await;
    if !login::accepted(&subject, &mut report).await {
        return report;
    }
    let mut known = Known::default();
    for entity in subject.entities() {
        let records = reading::check(&subject, entity, &mut report).await;
        known.add(entity, records);
    }
    for entity in subject.entities() {
        match &entity.create {
            Some(create) => writing::check(&subject, entity, create, &known, &mut report).await,
            None => writing::refused(&subject, entity, &mut report).await,
        }
    }
    if let Some(control) = control {
        breaking::reads(&subject, control, &mut report).await;
        for entity in subject.entities() {
            if let Some(create) = &entity.create {
                breaking::creates(&subject, control, entity, create, &known, &mut report).await;
            }
        }
        breaking::credentials(&subject, control, &mut report).await;
    }
    report
}

/// Everything that a declaration says can be done.
fn promises(spec: &Spec, with_control: bool) -> std::collections::BTreeSet<String> {
    let mut all: Vec<String> = vec!["log in".to_owned(), "refused login".to_owned()];
    for entity in &spec.entities {
        let name = entity.entity.name;
        let mut promise = |what: &str| all.push(format!("{name}: {what}"));
        promise("pages");
        promise("one record");
        if entity.sync.strategy.is_by_time() {
            promise("changes");
        }
        for place in read_places(entity) {
            promise(&format!("read {place}"));
        }
        let Some(_) = &entity.create else {
            promise("create is refused");
            continue;
        };
        for what in ["create", "find a write", "required fields"] {
            promise(what);
        }
        for place in written_places(entity) {
            promise(&format!("write {place}"));
        }
        if with_control {
            promise("create is cut off");
        }
    }
    if with_control {
        all.extend(breaking::FAULTS.iter().map(|(fault, _)| format!("a read survives {fault}")));
        all.push("expired credentials".to_owned());
    }
    all.into_iter().collect()
}

/// `number`, `lines/quantity`: what a mapped record may have.
fn read_places(entity: &EntitySpec) -> Vec<String> {
    let is_read = |row: &crate::spec::Row| !row.at.is_empty() || row.conversion.form == crate::mapping::Form::Position;
    let own =
        entity.fields.iter().filter(|row| is_read(row)).map(|row| reading::member_of(entity.entity.fields, &row.name));
    let inner = entity.groups.iter().flat_map(|group| {
        let fields = super::fits::inner_fields(group.field);
        group
            .fields
            .iter()
            .filter(|row| is_read(row))
            .map(move |row| format!("{}/{}", group.field.name, reading::member_of(fields, &row.name)))
    });
    own.chain(inner).collect()
}

fn written_places(entity: &EntitySpec) -> Vec<String> {
    let own = entity.fields.iter().filter(|row| row.write.on_create());
    let own = own.map(|row| reading::member_of(entity.entity.fields, &row.name));
    let inner = entity.groups.iter().filter(|group| group.write.on_create()).flat_map(|group| {
        let fields = super::fits::inner_fields(group.field);
        group
            .fields
            .iter()
            .filter(|row| row.write.on_create())
            .map(move |row| format!("{}/{}", group.field.name, reading::member_of(fields, &row.name)))
    });
    own.chain(inner).collect()
}

//! From the names by which a body gives other records to the system's own ids.
//!
//! A reference may be given as our id (`vendor_id`), the system's (`vendor_remote_id`) or the name that people use
//! (`vendor_code`, `item_sku`). All names of one kind are looked up together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value};
use trunnion_kit::spec::{EntitySpec, Row, Write};
use trunnion_model::catalog::{Entity, Field, Kind, entity};
use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_store::{NaturalMatch, Store};

use crate::error::{FieldError, Result};

/// The store takes so many natural keys at a time.
const KEYS_AT_ONCE: usize = 500;
/// Look-ups by id at once.
const IDS_AT_ONCE: usize = 8;

/// A body whose references are all remote ids.
pub(super) struct Resolved {
    pub(super) body: Map<String, Value>,
    /// Where a remote id stands in `body`, and where the caller gave the reference.
    pub(super) given: HashMap<String, String>,
    pub(super) problems: Vec<FieldError>,
}

/// One reference that must be looked up.
struct Question {
    /// Of the object that holds the reference.
    at: String,
    /// The member that the caller gave.
    member: String,
    remote_member: String,
    target: &'static Entity,
    by: By,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Id(RecordId),
    Key(String),
}

/// Resolves the references of `body`. `offered` tells whether an entity is synced on this connection.
pub(super) async fn resolve(
    store: &Store,
    connection: ConnectionId,
    spec: &EntitySpec,
    body: &Map<String, Value>,
    offered: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Resolved> {
    let mut resolved = Resolved { body: body.clone(), given: HashMap::new(), problems: Vec::new() };
    let mut questions = Vec::new();
    let rows = |name: &str| spec.groups.iter().find(|group| group.field.name == name).map(|group| &*group.fields);
    collect(
        spec.entity.fields,
        &spec.fields,
        &rows,
        &mut resolved.body,
        "",
        offered,
        &mut questions,
        &mut resolved.problems,
    );
    let answers = look_up(store, connection, &questions).await?;
    for question in questions {
        let Question { at, member, remote_member, .. } = &question;
        resolved.given.insert(format!("{at}/{remote_member}"), format!("{at}/{member}"));
        match answer(&question, &answers) {
            Ok(remote_id) => {
                if let Some(Value::Object(object)) = resolved_object(&mut resolved.body, at) {
                    object.insert(remote_member.clone(), remote_id.into());
                } else if at.is_empty() {
                    resolved.body.insert(remote_member.clone(), remote_id.into());
                }
            }
            Err(message) => resolved.problems.push(FieldError::new(format!("{at}/{member}"), message)),
        }
    }
    Ok(resolved)
}

fn resolved_object<'b>(body: &'b mut Map<String, Value>, at: &str) -> Option<&'b mut Value> {
    let (first, rest) = at.strip_prefix('/')?.split_once('/').unwrap_or((at.get(1..)?, ""));
    let here = body.get_mut(first)?;
    if rest.is_empty() { Some(here) } else { here.pointer_mut(&format!("/{rest}")) }
}

/// Takes the references out of `body` that are no remote ids.
#[expect(
    clippy::too_many_arguments,
    reason = "one recursion over fields, rows and body; a struct would only rename them"
)]
fn collect<'s>(
    fields: &'static [Field],
    rows: &'s [Row],
    inner_rows: &dyn Fn(&str) -> Option<&'s [Row]>,
    body: &mut Map<String, Value>,
    at: &str,
    offered: &(dyn Fn(&str) -> bool + Sync),
    questions: &mut Vec<Question>,
    problems: &mut Vec<FieldError>,
) {
    for field in fields {
        match field.kind {
            Kind::Reference(target) => {
                let Some(target) = entity(target) else { continue };
                match reference(field, target, rows, body, at, offered) {
                    Ok(question) => questions.extend(question),
                    Err(problem) => problems.push(problem),
                }
            }
            Kind::Group(inner) | Kind::List(inner) => {
                let rows = inner_rows(field.name).unwrap_or_default();
                let mut into = |object: &mut Map<String, Value>, at: &str| {
                    collect(inner, rows, &|_| None, object, at, offered, questions, problems);
                };
                match body.get_mut(field.name) {
                    Some(Value::Object(object)) => into(object, &format!("{at}/{}", field.name)),
                    Some(Value::Array(items)) => {
                        for (place, item) in items.iter_mut().enumerate() {
                            if let Value::Object(object) = item {
                                into(object, &format!("{at}/{}/{place}", field.name));
                            }
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn reference(
    field: &Field,
    target: &'static Entity,
    rows: &[Row],
    body: &mut Map<String, Value>,
    at: &str,
    offered: &(dyn Fn(&str) -> bool + Sync),
) -> std::result::Result<Option<Question>, FieldError> {
    let stem = field.name.strip_suffix("_id").unwrap_or(field.name);
    let remote_member = format!("{stem}_remote_id");
    let key_member = target.natural_key.map(|key| format!("{stem}_{key}"));
    // Where the system takes the name itself, it is left to the mapping.
    let takes_key = |member: &String| rows.iter().any(|row| row.name == *member && row.write != Write::Never);
    let key_member = key_member.filter(|member| !takes_key(member));
    let is_given = |member: &str| body.get(member).is_some_and(|value| !value.is_null());
    let members: Vec<String> = [Some(field.name.to_owned()), Some(remote_member.clone()), key_member]
        .into_iter()
        .flatten()
        .filter(|member| is_given(member))
        .collect();
    let [member] = members.as_slice() else {
        return match members.first() {
            None => Ok(None),
            Some(first) => {
                let message = format!("give only one of: {}", members.join(", "));
                Err(FieldError::new(format!("{at}/{first}"), message))
            }
        };
    };
    if *member == remote_member {
        return Ok(None);
    }
    let problem = |message: String| Err(FieldError::new(format!("{at}/{member}"), message));
    let Some(Value::String(text)) = body.remove(member.as_str()) else { return problem("must be a string".to_owned()) };
    if !offered(target.name) {
        return problem(format!("{} records are not synced on this connection; give {remote_member}", target.name));
    }
    let by = if member == field.name {
        match RecordId::parse(target, &text) {
            Some(id) => By::Id(id),
            None => return problem(format!("is no id of a {}: {}_…", target.name, target.prefix)),
        }
    } else {
        By::Key(text)
    };
    Ok(Some(Question { at: at.to_owned(), member: member.clone(), remote_member, target, by }))
}

/// The remote ids that each question may mean.
type Answers = BTreeMap<(&'static str, By), Vec<String>>;

async fn look_up(store: &Store, connection: ConnectionId, questions: &[Question]) -> Result<Answers> {
    let mut keys: BTreeMap<&'static str, (&'static Entity, BTreeSet<&str>)> = BTreeMap::new();
    let mut ids: BTreeMap<RecordId, &'static Entity> = BTreeMap::new();
    for question in questions {
        match &question.by {
            By::Key(key) => {
                keys.entry(question.target.name).or_insert((question.target, BTreeSet::new())).1.insert(key);
            }
            By::Id(id) => {
                ids.insert(*id, question.target);
            }
        }
    }
    let mut answers = Answers::new();
    for (target, keys) in keys.into_values() {
        let keys: Vec<&str> = keys.into_iter().collect();
        for some in keys.chunks(KEYS_AT_ONCE) {
            for NaturalMatch { key, remote_id, .. } in store.find_by_natural_key(connection, target, some).await? {
                answers.entry((target.name, By::Key(key))).or_default().push(remote_id);
            }
        }
    }
    // Made before they are run: the compiler cannot see that a lazily made future is `Send` for every lifetime.
    let mut reads = Vec::with_capacity(ids.len());
    for (id, target) in ids {
        reads.push(async move {
            let record = store.get(connection, target, id, false).await?;
            Ok::<_, trunnion_store::Error>((id, target, record))
        });
    }
    let found: Vec<_> = stream::iter(reads).buffer_unordered(IDS_AT_ONCE).try_collect().await?;
    for (id, target, record) in found {
        if let Some(record) = record.filter(|record| record.deleted_at.is_none()) {
            answers.insert((target.name, By::Id(id)), vec![record.remote_id]);
        }
    }
    Ok(answers)
}

fn answer(question: &Question, answers: &Answers) -> std::result::Result<String, String> {
    let target = question.target.name.replace('_', " ");
    let found = answers.get(&(question.target.name, question.by.clone())).map(Vec::as_slice).unwrap_or_default();
    match (found, &question.by) {
        ([only], _) => Ok(only.clone()),
        ([], By::Id(_)) => Err(format!("there is no such {target}, or it was deleted")),
        ([], By::Key(key)) => Err(format!("there is no {target} called `{key}`")),
        (several, By::Key(key)) => Err(format!(
            "several {target} records are called `{key}`; give {} with one of: {}",
            question.remote_member,
            several.join(", ")
        )),
        (_, By::Id(_)) => Err(format!("there is more than one such {target}")),
    }
}

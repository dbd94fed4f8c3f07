//! The live links: one per connection and node, made from the sealed credentials when first needed.
//!
//! A link holds the login, so runs and writes of a connection share it. It is thrown away when the stored credentials are
//! others than those it was made from, here or on another node; the connection's `modified_at` tells when to compare.
//!
//! Every call of a link is counted for the connection's health. What a refusal of the credentials means is [`health`]'s
//! business.
//!
//! [`health`]: crate::health

use std::collections::HashMap;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use trunnion_kit::error::{Error as SystemError, VendorMessage};
use trunnion_kit::http::Lane;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Mapper;
use trunnion_kit::spec::form::Credentials;
use trunnion_kit::spec::{EntitySpec, FormField, FormKind, Spec};
use trunnion_kit::vendor::{Connector, Vendor};
use trunnion_model::ids::ConnectionId;
use trunnion_store::{Connection, Mapping, NewGrant};
use url::Url;

use crate::custom::{Custom, fingerprint, overlay};
use crate::error::{FieldError, Result, ServiceError};
pub(crate) use crate::health::park;
use crate::{Engine, budgets, grants};

/// A connection that can be talked to.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) connection: ConnectionId,
    pub(crate) link: Link,
    pub(crate) spec: Arc<Spec>,
    pub(crate) vendor: Arc<dyn Vendor>,
    /// Of the credentials that it was made from.
    made_from: blake3::Hash,
    pub(crate) custom: Custom,
    budget: budgets::Key,
}

/// See the module.
pub(crate) struct Links {
    most: usize,
    known: Mutex<HashMap<ConnectionId, Kept>>,
}

struct Kept {
    live: Live,
    /// The connection's `modified_at` when the credentials were last compared.
    seen: i64,
    used: u64,
}

impl Live {
    pub(crate) fn entity(&self, name: &str) -> Option<&EntitySpec> {
        self.spec.entities.iter().find(|entity| entity.entity.name == name)
    }

    /// The same connection, for requests that stand in that lane.
    pub(crate) fn in_lane(&self, lane: Lane) -> Self {
        Self { link: self.link.in_lane(lane), ..self.clone() }
    }

    /// Whether it was made from these credentials.
    pub(crate) fn is_made_from(&self, credentials: &SecretString) -> bool {
        blake3::hash(credentials.expose_secret().as_bytes()) == self.made_from
    }

    pub(crate) fn mapper(&self, entity: &EntitySpec) -> Mapper {
        Mapper::new(entity, self.connection, &|name| self.entity(name).is_some(), self.vendor.row_hook())
    }

    /// What [`Live::mapper`] makes of rows is the same wherever this is; `None` if nobody says of which revision it is.
    pub(crate) fn mapping(&self, entity: &EntitySpec) -> Option<Mapping> {
        let of_lines: Vec<_> = entity.groups.iter().map(|group| (group.field.name, &group.custom)).collect();
        let all = (self.spec.revision?, &self.spec.system.id, entity.entity.name, &entity.custom, of_lines);
        let hash = blake3::hash(format!("{all:?}").as_bytes());
        Some(Mapping(i64::from_le_bytes(*hash.as_bytes().first_chunk()?)))
    }
}

impl Links {
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), known: Mutex::default() }
    }

    /// The link of a connection, whose row was just read, with places in its rate budget.
    pub(crate) async fn get(&self, engine: &Engine, row: &Connection) -> Result<Live> {
        let live = self.find(engine, row).await?;
        engine.budgets().ready(engine, live.budget, live.spec.limits.requests_at_once).await;
        Ok(live)
    }

    async fn find(&self, engine: &Engine, row: &Connection) -> Result<Live> {
        // Held while a link is made, so that two callers do not make two and log in twice. Nothing is sent meanwhile.
        let mut known = self.known.lock().await;
        if let Some(kept) = known.get_mut(&row.id).filter(|kept| kept.seen == row.modified_at) {
            kept.used = kept.used.saturating_add(1);
            return Ok(kept.live.clone());
        }
        let credentials = engine.store().credentials(row.id).await?;
        let hash = blake3::hash(credentials.expose_secret().as_bytes());
        let mappings = engine.store().field_mappings(row.id).await?;
        if let Some(kept) = known.get_mut(&row.id)
            && kept.live.made_from == hash
            && !kept.live.link.is_parked()
        {
            kept.seen = row.modified_at;
            if kept.live.custom.made_from != fingerprint(&mappings)
                && let Some(connector) = engine.catalogue().get(&row.system)
            {
                // Other fields, by the same login.
                kept.live.spec = overlay(&connector.spec, &mappings);
                kept.live.link = kept.live.link.with_spec(kept.live.spec.clone());
                kept.live.custom = Custom::of(&mappings);
            }
            return Ok(kept.live.clone());
        }
        let live = make(engine, row, &credentials).await?;
        keep(&mut known, self.most, live.clone(), row.modified_at);
        Ok(live)
    }

    /// Keeps a link that was made for a probe, with the login that it already has. Whether it knows the customer's own fields is
    /// seen when it is needed.
    pub(crate) async fn put(&self, live: Live) {
        keep(&mut *self.known.lock().await, self.most, live, i64::MIN);
    }

    pub(crate) async fn forget(&self, connection: ConnectionId) {
        self.known.lock().await.remove(&connection);
    }
}

/// Makes a link from credentials that a customer gave, checked against the form. Sends nothing.
pub(crate) async fn from_form(
    engine: &Engine,
    connector: &Connector,
    given: &Value,
    grant: Option<&NewGrant>,
) -> std::result::Result<Fresh, Vec<FieldError>> {
    let credentials = Credentials::parse(&connector.spec, given, engine.options().allow_http).map_err(|problems| {
        let told = |problem: &trunnion_kit::spec::form::Problem| {
            FieldError::new(format!("/credentials{}", problem.pointer), problem.message.clone())
        };
        problems.iter().map(told).collect::<Vec<_>>()
    })?;
    let mut problems = not_callable(engine, connector, &credentials);
    problems.extend(half_given(connector, &credentials));
    if !problems.is_empty() {
        return Err(problems);
    }
    let sealed: SecretString = credentials.to_json().to_string().into();
    let mut settings: serde_json::Map<String, Value> =
        credentials.settings().map(|(name, value)| (name.to_owned(), value.into())).collect();
    settings.insert("auth".to_owned(), credentials.auth().into());
    let budget = budgets::key(&connector.spec, &credentials);
    let link = link(engine, &connector.spec, credentials, budget).await;
    let link = link.map_err(|error| vec![unusable(&error)])?;
    if let Some(grant) = grant {
        let vault = grants::Fresh::of(grant);
        link.keep_grant_in(vault.map_err(|error| vec![FieldError::new("/credentials", error.to_string())])?);
    }
    Ok(Fresh { link, budget, sealed, settings: Value::Object(settings).to_string() })
}

/// Addresses in the form that this server must not call.
fn not_callable(engine: &Engine, connector: &Connector, credentials: &Credentials) -> Vec<FieldError> {
    let addresses = connector.spec.form.iter().filter(|field| field.kind == FormKind::Url);
    let refused = |field: &FormField| {
        let url = Url::parse(credentials.get(&field.name)?).ok()?;
        let error = engine.client().may_call(&url).err()?;
        Some(FieldError::new(format!("/credentials/{}", field.name), error.to_string()))
    };
    addresses.filter_map(refused).collect()
}

/// What subscribing to hooks needs is given as a whole or not at all.
fn half_given(connector: &Connector, credentials: &Credentials) -> Vec<FieldError> {
    let Some(inbound) = &connector.spec.inbound else { return Vec::new() };
    let lacking = inbound.lacking(|name| credentials.get(name).is_some()).unwrap_or_default();
    let needs = inbound.subscription.iter().flat_map(|subscription| &subscription.needs).count();
    if lacking.len() == needs {
        return Vec::new();
    }
    let told = |name: &&str| {
        let message = "is needed with the others for hooks: give all of them, or none";
        FieldError::new(format!("/credentials/{name}"), message)
    };
    lacking.iter().map(told).collect()
}

/// What came of checked credentials.
pub(crate) struct Fresh {
    pub(crate) link: Link,
    budget: budgets::Key,
    pub(crate) sealed: SecretString,
    pub(crate) settings: String,
}

impl Fresh {
    pub(crate) fn live(&self, engine: &Engine, connector: &Connector, connection: ConnectionId) -> Live {
        self.link.observe(engine.tallies().observer(connection, &connector.spec.system.id, engine.counts()));
        Live {
            connection,
            link: self.link.clone(),
            spec: connector.spec.clone(),
            vendor: connector.vendor.clone(),
            made_from: blake3::hash(self.sealed.expose_secret().as_bytes()),
            custom: Custom::none(),
            budget: self.budget,
        }
    }
}

/// Makes a link from the stored credentials. Sends nothing.
pub(crate) async fn make(engine: &Engine, row: &Connection, credentials: &SecretString) -> Result<Live> {
    let connector = engine.catalogue().get(&row.system).ok_or_else(|| ServiceError::UnsupportedOperation {
        message: format!("This server has no connector for `{}`.", row.system),
    })?;
    let unreadable = || ServiceError::internal(&format!("the stored credentials of {} do not fit its form", row.id));
    let given: Value = serde_json::from_str(credentials.expose_secret()).map_err(|_| unreadable())?;
    // What was taken once is not refused later because a setting changed: `http` was checked when it was given.
    let parsed = Credentials::parse(&connector.spec, &given, true).map_err(|_| unreadable())?;
    let budget = budgets::key(&connector.spec, &parsed);
    let mappings = engine.store().field_mappings(row.id).await?;
    let spec = overlay(&connector.spec, &mappings);
    let link = link(engine, &spec, parsed, budget).await.map_err(|error| ServiceError::internal(&error))?;
    link.keep_grant_in(Arc::new(grants::Stored {
        store: engine.store().clone(),
        application: row.application,
        connection: row.id,
        system: row.system.clone(),
    }));
    link.observe(engine.tallies().observer(row.id, &row.system, engine.counts()));
    Ok(Live {
        connection: row.id,
        link,
        budget,
        spec,
        custom: Custom::of(&mappings),
        vendor: connector.vendor.clone(),
        made_from: blake3::hash(credentials.expose_secret().as_bytes()),
    })
}

/// The error says what of the credentials cannot be used.
async fn link(
    engine: &Engine,
    spec: &Arc<Spec>,
    credentials: Credentials,
    budget: budgets::Key,
) -> std::result::Result<Link, SystemError> {
    let limits = &spec.limits;
    let budget = engine.budgets().ready(engine, budget, limits.requests_at_once).await;
    let client = engine.client().with_limits(limits).with_budget(budget);
    Link::new(spec.clone(), credentials, client, engine.clock().clone())
}

/// For whoever gave the credentials: at the field, where it is one.
fn unusable(error: &SystemError) -> FieldError {
    match error {
        SystemError::Authentication(VendorMessage { field: Some(field), text, .. }) => {
            FieldError::new(format!("/credentials/{field}"), text.clone())
        }
        other => FieldError::new("/credentials", ServiceError::internal(other).detail()),
    }
}

fn keep(known: &mut HashMap<ConnectionId, Kept>, most: usize, live: Live, seen: i64) {
    if known.len() >= most && !known.contains_key(&live.connection) {
        let idlest = known.iter().min_by_key(|(_, kept)| kept.used).map(|(id, _)| *id);
        if let Some(id) = idlest {
            known.remove(&id);
        }
    }
    known.insert(live.connection, Kept { live, seen, used: 0 });
}

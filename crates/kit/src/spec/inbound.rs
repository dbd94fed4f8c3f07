//! `[inbound]`: how a system's hooks prove themselves, and where they say which object of which entity changed.
//!
//! A hook is a hint. It names objects; what became of them is read from the system.

use trunnion_receiver::verify::{Found, Incoming, Place, Proof, Scheme};

use super::table::{Document, Table};
use super::types::{EntitySpec, FormField, ProtocolKind};

#[derive(Clone, Debug)]
pub struct Inbound {
    pub scheme: Scheme,
    pub secret: SecretForm,
    /// Where the hook says what kind of thing happened; the first that is there counts.
    pub kind: Vec<Place>,
    pub entities: Vec<InboundEntity>,
    /// What the customer's administrator does there.
    pub help: String,
    /// The system has an API by which we subscribe ourselves.
    pub subscription: Option<Subscription>,
}

/// What subscribing takes beside a connection.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Optional fields of the connection form, of which a customer gives all or none. Without them it is done by hand.
    pub needs: Vec<String>,
}

/// Which text is handed to the system's administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretForm {
    /// `whsec_…`, to sign with.
    Standard,
    /// User and password.
    Basic,
}

/// The hooks that are about one entity.
#[derive(Clone, Debug)]
pub struct InboundEntity {
    /// Its name in the model.
    pub name: String,
    /// How the kinds of its hooks begin.
    pub kinds: Vec<String>,
    /// Where the hook names the object, by the key that records are read by, or by `by`.
    pub id: Vec<Place>,
    /// The column of the source whose value the hook names instead. Empty: it names the key.
    pub by: String,
}

impl Inbound {
    /// The column by whose value hooks name records of an entity, where that is not the key.
    pub fn by(&self, entity: &str) -> Option<&str> {
        let found = self.entities.iter().find(|known| known.name == entity)?;
        Some(found.by.as_str()).filter(|column| !column.is_empty())
    }

    /// Which of the fields that subscribing needs are missing; `given` tells what the connection has. `None`: the system has
    /// no API for it.
    pub fn lacking(&self, given: impl Fn(&str) -> bool) -> Option<Vec<&str>> {
        let needs = self.subscription.as_ref()?.needs.iter().map(String::as_str);
        Some(needs.filter(|name| !given(name)).collect())
    }

    /// The kind of the hook, and which record of which entity it is about.
    pub fn object(&self, request: &Incoming<'_>) -> (String, Option<(&str, String)>) {
        let first = |places: &[Place]| {
            places.iter().find_map(|place| match place.find(request) {
                Found::One(value) if !value.is_empty() => Some(value),
                _ => None,
            })
        };
        let kind = first(&self.kind).unwrap_or_default();
        let entity =
            self.entities.iter().find(|entity| entity.kinds.iter().any(|start| kind.starts_with(start.as_str())));
        let object = entity.and_then(|entity| Some((entity.name.as_str(), first(&entity.id)?)));
        (kind, object)
    }
}

/// Reads the table; `None` if the system has no hooks.
pub(super) fn inbound(
    document: &Document<'_>,
    table: &Table<'_, '_>,
    form: &[FormField],
    entities: &[EntitySpec],
    protocol: Option<ProtocolKind>,
) -> Option<Inbound> {
    if !table.is_there() {
        return None;
    }
    let name = table.needed("scheme");
    let secret = match table.needed("secret").as_str() {
        "standard" => SecretForm::Standard,
        "basic" => SecretForm::Basic,
        other => {
            document.find(table.line(), format!("secret `{other}` is none of standard, basic"));
            SecretForm::Standard
        }
    };
    let scheme = Scheme::preset(&name);
    if scheme.is_none() && !name.is_empty() {
        let known = Scheme::PRESETS.join(", ");
        document.find(table.line(), format!("unknown scheme `{name}`; known: {known}"));
    }
    let kind = places(document, table, "kind");
    let help = table.needed("help");
    let subscription = subscription(document, &table.table("subscription"), form);
    let listed = table.table("entity");
    let of = |entry: super::table::Entry<'_, '_>| {
        if !entities.iter().any(|entity| entity.entity.name == entry.name) {
            document.find(entry.line, format!("[inbound.entity.{}]: no such entity is declared", entry.name));
        }
        let own = listed.inner(entry.name, entry.value);
        let by = own.text("by").unwrap_or_default();
        if !by.is_empty() && protocol.is_some_and(|kind| !kind.is_odata()) {
            document.find(entry.line, "`by` is understood with odata_v2 and odata_v4 only");
        }
        InboundEntity { name: entry.name.to_owned(), kinds: own.texts("kinds"), id: places(document, &own, "id"), by }
    };
    let entities: Vec<_> = listed.entries().into_iter().map(of).collect();
    if entities.is_empty() {
        document.find(table.line(), "no [inbound.entity.…] is declared");
    }
    let scheme = scheme?;
    let fits = match scheme.proof {
        Proof::Basic => secret == SecretForm::Basic,
        Proof::Signed(_) | Proof::Token { .. } => secret == SecretForm::Standard,
        Proof::Address => true,
    };
    if !fits {
        document.find(table.line(), "the secret's form is not that of the scheme");
    }
    Some(Inbound { scheme, secret, kind, entities, help, subscription })
}

fn subscription(document: &Document<'_>, table: &Table<'_, '_>, form: &[FormField]) -> Option<Subscription> {
    if !table.is_there() {
        return None;
    }
    let needs = table.texts("needs");
    for name in &needs {
        match form.iter().find(|field| field.name == *name) {
            None => document.find(table.line(), format!("`{name}` is in no [form.…]")),
            Some(field) if field.required || field.default.is_some() => {
                document.find(table.line(), format!("`{name}` must be optional: hooks can be set up by hand too"));
            }
            Some(_) => {}
        }
    }
    Some(Subscription { needs })
}

fn places(document: &Document<'_>, table: &Table<'_, '_>, key: &str) -> Vec<Place> {
    let read = |text: String| Place::try_from(text).map_err(|problem| document.find(table.line(), problem)).ok();
    table.texts(key).into_iter().filter_map(read).collect()
}

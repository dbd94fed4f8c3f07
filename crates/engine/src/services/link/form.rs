//! What the page shows: the systems to choose from, and the form of one of them, as its connector declares it.

use serde_json::Value;
use trunnion_kit::spec::{self, AuthMethod, AuthScheme, FormKind, Translations};
use trunnion_kit::vendor::Connector;

use super::choices::{Offer, offers};
use super::visit::Visit;
use crate::Engine;

/// What connectors are declared in.
const ENGLISH: &str = "en";

#[derive(Clone, Debug)]
pub struct SystemChoice {
    pub id: String,
    pub name: String,
    pub description: Text,
}

/// What a connector says, in the reader's language as far as it was given.
#[derive(Clone, Debug)]
pub struct Text {
    pub text: String,
    /// It is English, and the reader's language is another.
    pub foreign: bool,
}

/// One system's form, for one way to log in.
#[derive(Clone, Debug)]
pub struct Form {
    pub system: String,
    pub system_name: String,
    /// All ways to log in, the best first.
    pub methods: Vec<Method>,
    /// The one that the form is for.
    pub auth: String,
    pub fields: Vec<FormField>,
    /// The customer goes on at the system, and consents there.
    pub consents: bool,
    /// What else the customer may choose.
    pub offers: Vec<Offer>,
}

#[derive(Clone, Debug)]
pub struct Method {
    pub auth: String,
    pub label: Text,
    pub help: Text,
}

#[derive(Clone, Debug)]
pub struct FormField {
    pub name: String,
    pub label: Text,
    /// Where to find the value.
    pub help: Text,
    pub kind: FieldKind,
    pub required: bool,
    /// What is filled in already; never a secret.
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Url,
    Text,
    Secret,
    /// A secret of several lines.
    SecretText,
}

/// The systems with this text in their name or description; all of them if it is empty. What is declared in that language is
/// in it.
pub fn systems(engine: &Engine, text: &str, language: &str) -> Vec<SystemChoice> {
    let wanted = text.trim().to_lowercase();
    let choice = |connector: &Connector| {
        let system = &connector.spec.system;
        let description = in_language(&system.text, language, "doc", &system.doc);
        SystemChoice { id: system.id.clone(), name: system.name.clone(), description }
    };
    let fits = |system: &SystemChoice| {
        system.name.to_lowercase().contains(&wanted) || system.description.text.to_lowercase().contains(&wanted)
    };
    engine.catalogue().all().iter().map(choice).filter(fits).collect()
}

/// The form of the session's system, or of the one that was chosen. Nothing if neither is there. An unknown way to log in
/// is the first one.
pub fn form(engine: &Engine, visit: &Visit, chosen: Option<&str>, auth: Option<&str>, language: &str) -> Option<Form> {
    let connector = connector(engine, visit, chosen)?;
    let spec = &connector.spec;
    let before = visit.settings["auth"].as_str();
    let method = [auth, before]
        .into_iter()
        .flatten()
        .find_map(|wanted| spec.auth.iter().find(|method| method.scheme.name() == wanted))
        .or_else(|| spec.auth.first())?;
    Some(Form {
        system: spec.system.id.clone(),
        system_name: spec.system.name.clone(),
        methods: spec.auth.iter().map(|method| told(method, language)).collect(),
        auth: method.scheme.name().to_owned(),
        consents: matches!(method.scheme, AuthScheme::OAuth2Code { .. }),
        offers: offers(visit, &[]),
        fields: spec.form.iter().chain(&method.form).map(|field| shown(field, &visit.settings, language)).collect(),
    })
}

pub(super) fn connector<'e>(engine: &'e Engine, visit: &Visit, chosen: Option<&str>) -> Option<&'e Connector> {
    engine.catalogue().get(visit.link.system.as_deref().or(chosen)?)
}

fn in_language(translations: &Translations, language: &str, key: &str, english: &str) -> Text {
    let own = translations.get(language, key);
    Text { text: own.unwrap_or(english).to_owned(), foreign: own.is_none() && language != ENGLISH }
}

fn told(method: &AuthMethod, language: &str) -> Method {
    let label = in_language(&method.text, language, "label", &method.label);
    let help = in_language(&method.text, language, "help", &method.help);
    Method { auth: method.scheme.name().to_owned(), label, help }
}

fn shown(field: &spec::FormField, settings: &Value, language: &str) -> FormField {
    let kind = match field.kind {
        FormKind::Url => FieldKind::Url,
        FormKind::Text => FieldKind::Text,
        FormKind::Secret => FieldKind::Secret,
        FormKind::SecretText => FieldKind::SecretText,
    };
    let secret = matches!(kind, FieldKind::Secret | FieldKind::SecretText);
    let before = settings[&field.name].as_str().map(str::to_owned).or_else(|| field.default.clone());
    FormField {
        name: field.name.clone(),
        label: in_language(&field.text, language, "label", &field.label),
        help: in_language(&field.text, language, "help", &field.help),
        kind,
        required: field.required && field.default.is_none(),
        value: before.filter(|_| !secret).unwrap_or_default(),
    }
}

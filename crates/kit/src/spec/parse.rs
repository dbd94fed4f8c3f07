//! `connector.toml` to [`Spec`], with all findings at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderName;
use http::header::AUTHORIZATION;
use toml::de::DeTable;
use trunnion_model::catalog;

use super::entity::entity;
use super::inbound::inbound;
use super::odata_v4;
use super::table::{Document, Finding, Table};
use super::types::{
    AuthMethod, AuthScheme, FormField, FormKind, Limits, Protocol, ProtocolKind, Spec, System, Translations,
};

/// Reads a declaration and holds it against the unified model. `file` only names it in findings.
pub fn load(file: &str, text: &str) -> Result<Spec, Vec<Finding>> {
    let document = Document { file, text, findings: RefCell::default() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        document.find(document.line(error.span().map_or(0, |span| span.start)), error.message());
    }
    let spec = spec(&document, &Table::root(&document, root.get_ref()));
    let mut findings = document.findings.into_inner();
    findings.sort();
    findings.dedup();
    match spec {
        Some(spec) if findings.is_empty() => Ok(spec),
        _ => Err(findings),
    }
}

fn spec(document: &Document<'_>, root: &Table<'_, '_>) -> Option<Spec> {
    let system = system(document, &root.table("system"));
    let protocol = protocol(document, &root.table("protocol"));
    let limits = limits(&root.table("limits"));
    let form = form(document, &root.table("form"));
    let auth = auth(document, &root.table("auth"));
    let units = units(&root.table("units"));
    let entities_table = root.table("entity");
    let mut entities: Vec<_> = entities_table
        .entries()
        .into_iter()
        .filter_map(|entry| {
            entity(document, entry.name, entry.line, &entities_table.inner(entry.name, entry.value), &units)
        })
        .collect();
    if let Some(protocol) = &protocol {
        odata_v4::check_protocol(document, protocol, &entities);
        if protocol.kind == ProtocolKind::ODataV4 {
            for entity in entities.iter_mut().filter(|entity| entity.source.v4.is_none()) {
                entity.source.v4 = Some(odata_v4::plain(entity));
            }
        }
    }
    if entities.is_empty() {
        document.find(1, "no [entity.…] is declared");
    }
    if auth.is_empty() {
        document.find(1, "no [auth.…] is declared");
    }
    let absent = root.table("without");
    let without = absent.own_pairs();
    check_without(document, &without, &entities, absent.line());
    let inbound =
        inbound(document, &root.table("inbound"), &form, &entities, protocol.as_ref().map(|protocol| protocol.kind));
    check_settings(document, &form, &auth, &entities);
    check_logins(document, &form, &auth);
    Some(Spec { system, protocol: protocol?, limits, form, auth, entities, without, units, inbound, revision: None })
}

fn system(document: &Document<'_>, table: &Table<'_, '_>) -> System {
    let family = table.needed("family");
    if !family.is_empty() && !["erp", "cmms", "wms"].contains(&family.as_str()) {
        document.find(table.line(), format!("family `{family}` is none of erp, cmms, wms"));
    }
    System {
        id: table.needed("id"),
        name: table.needed("name"),
        family,
        doc: table.needed("doc"),
        text: translations(document, table, &["doc"]),
        verified: table.needed("verified"),
    }
}

fn protocol(document: &Document<'_>, table: &Table<'_, '_>) -> Option<Protocol> {
    let name = table.needed("kind");
    let (prefix, query) = (table.text("prefix").unwrap_or_default(), table.pairs("query"));
    let prefix_v4 = table.text("prefix_v4").unwrap_or_default();
    let (passthrough, custom, locked) = (table.texts("passthrough"), table.texts("custom"), table.texts("locked"));
    for path in passthrough.iter().filter(|path| !path.starts_with('/') || path.trim_matches('/').is_empty()) {
        document.find(
            table.line(),
            format!("`{path}` is no path to pass requests through to: it begins with / and names something"),
        );
    }
    let kind = match name.as_str() {
        "odata_v2" => ProtocolKind::ODataV2,
        "odata_v4" => ProtocolKind::ODataV4,
        "suitetalk" => ProtocolKind::SuiteTalk,
        "json_rpc" => ProtocolKind::JsonRpc,
        _ => {
            document.find(
                table.line(),
                format!("unknown protocol `{name}`; known: odata_v2, odata_v4, suitetalk, json_rpc"),
            );
            return None;
        }
    };
    Some(Protocol { kind, prefix, prefix_v4, passthrough, query, custom, locked })
}

fn limits(table: &Table<'_, '_>) -> Limits {
    let usual = Limits::default();
    Limits {
        requests_at_once: table.number("requests_at_once").unwrap_or(usual.requests_at_once).max(1),
        shared_by: table.text("shared_by"),
        timeout: table.number("timeout_seconds").map_or(usual.timeout, |seconds| Duration::from_secs(seconds as u64)),
        tries: table.number("tries").and_then(|tries| u32::try_from(tries).ok()).unwrap_or(usual.tries).max(1),
        max_body_bytes: table.number("max_body_megabytes").map_or(usual.max_body_bytes, |mega| mega << 20),
    }
}

fn form(document: &Document<'_>, table: &Table<'_, '_>) -> Vec<FormField> {
    table
        .entries()
        .into_iter()
        .map(|entry| {
            let field = table.inner(entry.name, entry.value);
            let kind = field.text("kind").unwrap_or_else(|| "text".to_owned());
            let kind = match kind.as_str() {
                "url" => FormKind::Url,
                "text" => FormKind::Text,
                "secret" => FormKind::Secret,
                "secret_text" => FormKind::SecretText,
                _ => {
                    document.find(entry.line, format!("unknown kind `{kind}`; known: url, text, secret, secret_text"));
                    FormKind::Text
                }
            };
            FormField {
                name: entry.name.to_owned(),
                label: field.needed("label"),
                help: field.needed("help"),
                kind,
                required: field.boolean("required").unwrap_or(true),
                default: field.text("default"),
                text: translations(document, &field, &["label", "help"]),
            }
        })
        .collect()
}

/// As `[auth.NAME]` names them.
const WAYS: [&str; 8] =
    ["basic", "session", "api_key", "certificate", "oauth1", "oauth2_client", "oauth2_code", "oauth2_jwt"];

fn header(document: &Document<'_>, method: &Table<'_, '_>) -> HeaderName {
    let name = method.needed("header");
    HeaderName::try_from(name.as_str()).unwrap_or_else(|_| {
        document.find(method.line(), format!("`header`: {name:?} is no name of a header"));
        AUTHORIZATION
    })
}

fn auth(document: &Document<'_>, table: &Table<'_, '_>) -> Vec<AuthMethod> {
    let mut methods = Vec::new();
    for entry in table.entries() {
        let method = table.inner(entry.name, entry.value);
        let scheme = match entry.name {
            "basic" => AuthScheme::Basic,
            "session" => AuthScheme::Session,
            "oauth1" => AuthScheme::OAuth1,
            "certificate" => AuthScheme::Certificate,
            "api_key" => AuthScheme::ApiKey {
                header: header(document, &method),
                prefix: method.text("prefix").unwrap_or_default(),
            },
            "oauth2_client" => AuthScheme::OAuth2Client { scope: method.text("scope").unwrap_or_default() },
            "oauth2_jwt" => {
                AuthScheme::OAuth2Jwt { token_path: method.needed("token_path"), scope: method.needed("scope") }
            }
            "oauth2_code" => AuthScheme::OAuth2Code {
                authorize_path: method.needed("authorize_path"),
                authorize_hosts: method.pairs("authorize_hosts"),
                token_path: method.needed("token_path"),
                scope: method.needed("scope"),
            },
            name => {
                document.find(entry.line, format!("unknown way to log in `{name}`; known: {}", WAYS.join(", ")));
                continue;
            }
        };
        let (label, help) = (method.needed("label"), method.needed("help"));
        let text = translations(document, &method, &["label", "help"]);
        methods.push(AuthMethod { scheme, label, help, text, form: form(document, &method.table("form")) });
    }
    methods
}

/// `text.de.label = "…"` beside `label = "…"`.
fn translations(document: &Document<'_>, table: &Table<'_, '_>, keys: &[&str]) -> Translations {
    let languages = table.table("text");
    let mut all = BTreeMap::new();
    for entry in languages.entries() {
        if entry.name.len() != 2 || !entry.name.bytes().all(|letter| letter.is_ascii_lowercase()) {
            document.find(entry.line, format!("`{}` is no language: two letters of ISO 639-1, as de", entry.name));
        }
        let texts = languages.inner(entry.name, entry.value);
        let texts = keys.iter().filter_map(|&key| texts.text(key).map(|text| (key.to_owned(), text))).collect();
        all.insert(entry.name.to_owned(), texts);
    }
    Translations(all)
}

/// `[units]`: ours = theirs, one or several; the first of theirs is the one that is written.
fn units(table: &Table<'_, '_>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for entry in table.entries() {
        for theirs in table.texts_of(entry.name, entry.value) {
            pairs.push((theirs, entry.name.to_owned()));
        }
    }
    pairs
}

/// Every way to log in has the form fields that its scheme needs.
fn check_logins(document: &Document<'_>, form: &[FormField], auth: &[AuthMethod]) {
    for method in auth {
        for needed in method.scheme.fields() {
            if !form.iter().chain(&method.form).any(|field| field.name == *needed) {
                document.find(1, format!("[auth.{}] needs a form field `{needed}`", method.scheme.name()));
            }
        }
    }
}

/// What is not there is in the model, and not declared all the same; and nothing else is left unsaid.
fn check_without(document: &Document<'_>, without: &[(String, String)], entities: &[super::EntitySpec], line: usize) {
    for (name, why) in without {
        if !catalog::entities().iter().any(|entity| entity.name == name) {
            document.find(line, format!("[without]: the model has no `{name}`"));
        } else if entities.iter().any(|entity| entity.entity.name == name) {
            document.find(line, format!("[without]: `{name}` is declared"));
        } else if why.trim().is_empty() {
            document.find(line, format!("[without]: `{name}` says no reason"));
        }
    }
}

/// Every setting that a create or a posting takes from the connection is in the connection's form.
fn check_settings(document: &Document<'_>, form: &[FormField], auth: &[AuthMethod], entities: &[super::EntitySpec]) {
    let in_form = |name: &str| {
        form.iter().any(|field| field.name == name)
            || auth.iter().any(|method| method.form.iter().any(|field| field.name == name))
    };
    for entity in entities {
        let own = entity.create.iter().flat_map(|create| &create.settings);
        let nested = entity.groups.iter().flat_map(|group| &group.settings);
        let posted = entity.posts.iter().flat_map(|post| &post.needs);
        for name in own.chain(nested).map(|(_, name)| name).chain(posted) {
            if !in_form(name.trim_end_matches('?')) {
                document.find(entity.line, format!("setting `{name}` is in no [form.…]"));
            }
        }
    }
}

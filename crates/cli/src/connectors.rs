//! `trunnion connectors`: the catalogue, and the check of a declaration.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use trunnion_connectors::sandbox;
use trunnion_kit::spec::{Strategy, load};
use trunnion_kit::vendor::{Catalogue, Connector};

use crate::start::Refused;
use crate::terminal::{self, BAD, BOLD, DIM, GOOD, NAME, say, styled};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// All systems that can be connected
    List {
        /// For scripts
        #[arg(long)]
        json: bool,
    },
    /// One system: its entities, how they are synced, how to log in
    Show {
        system: String,
        /// For scripts
        #[arg(long)]
        json: bool,
    },
    /// Check a connector's folder: every finding with file and line
    Check {
        /// The folder with connector.toml, or the file itself
        dir: PathBuf,
    },
}

pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { json } => list(&catalogue()?, *json),
        Command::Show { system, json } => show(&catalogue()?, system, *json)?,
        Command::Check { dir } => return check(dir),
    }
    Ok(ExitCode::SUCCESS)
}

fn catalogue() -> Result<Catalogue, Refused> {
    trunnion_connectors::catalogue()
        .map_err(|findings| Refused(findings.iter().map(|finding| format!("{finding}\n")).collect()))
}

fn list(catalogue: &Catalogue, as_json: bool) {
    if as_json {
        say(&Value::from_iter(catalogue.all().iter().map(view)).to_string());
        return;
    }
    let rows: Vec<Vec<String>> = catalogue
        .all()
        .iter()
        .map(|connector| {
            let system = &connector.spec.system;
            let sandbox = if sandbox::get(&system.id).is_some() { "yes" } else { "no" };
            vec![
                system.id.clone(),
                system.name.clone(),
                system.family.clone(),
                connector.spec.entities.len().to_string(),
                system.verified.clone(),
                sandbox.to_owned(),
            ]
        })
        .collect();
    terminal::table(&["SYSTEM", "NAME", "FAMILY", "ENTITIES", "VERIFIED AGAINST", "SANDBOX"], &rows, 0);
}

fn show(catalogue: &Catalogue, system: &str, as_json: bool) -> anyhow::Result<()> {
    let Some(connector) = catalogue.get(system) else {
        let known: Vec<_> = catalogue.all().iter().map(|connector| connector.spec.system.id.as_str()).collect();
        anyhow::bail!("there is no connector for `{system}`; there are: {}", known.join(", "));
    };
    if as_json {
        say(&view(connector).to_string());
        return Ok(());
    }
    let spec = &connector.spec;
    say(&format!(
        "{} {}",
        styled(BOLD, &spec.system.name),
        styled(DIM, &format!("({}, {})", spec.system.id, spec.system.family))
    ));
    say(&format!("{}. Verified against: {}.\n", spec.system.doc, spec.system.verified));
    let rows: Vec<Vec<String>> = spec.entities.iter().map(entity_row).collect();
    terminal::table(&["ENTITY", "READ FROM", "SYNC", "FIELDS", "CREATE", "REQUIRED ON CREATE"], &rows, 0);
    say(&format!("\n{}", styled(BOLD, "Ways to log in")));
    for method in &spec.auth {
        say(&format!("  {} — {}. {}", styled(NAME, method.scheme.name()), method.label, method.help));
        for field in spec.form.iter().chain(&method.form) {
            let required = if field.required { "" } else { " (optional)" };
            say(&format!("      {:<24}{}{required}", field.name, field.label));
        }
    }
    Ok(())
}

fn entity_row(entity: &trunnion_kit::spec::EntitySpec) -> Vec<String> {
    let required: Vec<&str> = entity.fields.iter().filter(|row| row.required).map(|row| row.name.as_str()).collect();
    vec![
        entity.entity.path.to_owned(),
        entity.source.set.clone(),
        sync_name(entity.sync.strategy).to_owned(),
        (entity.fields.len() + entity.groups.len()).to_string(),
        if entity.create.is_some() { "yes" } else { "no" }.to_owned(),
        required.join(", "),
    ]
}

fn sync_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Watermark | Strategy::Inserted | Strategy::Keyset | Strategy::Delta => "incremental",
        Strategy::Snapshot => "snapshot",
    }
}

fn view(connector: &Connector) -> Value {
    let (spec, system) = (&connector.spec, &connector.spec.system);
    let entities: Vec<Value> = spec
        .entities
        .iter()
        .map(|entity| json!({"entity": entity.entity.name, "path": entity.entity.path, "sync": sync_name(entity.sync.strategy), "create": entity.create.is_some()}))
        .collect();
    json!({
        "system": system.id,
        "name": system.name,
        "family": system.family,
        "verified": system.verified,
        "auth": spec.auth.iter().map(|method| method.scheme.name()).collect::<Vec<_>>(),
        "entities": entities,
        "sandbox": sandbox::get(&system.id).is_some(),
    })
}

fn check(dir: &Path) -> anyhow::Result<ExitCode> {
    let file = if dir.is_dir() { dir.join("connector.toml") } else { dir.to_owned() };
    let text =
        std::fs::read_to_string(&file).map_err(|error| anyhow::anyhow!("cannot read {}: {error}", file.display()))?;
    match load(&file.display().to_string(), &text) {
        Ok(spec) => {
            let count = spec.entities.len();
            say(&format!(
                "{} {} ({count} {})",
                styled(GOOD, "ok"),
                file.display(),
                if count == 1 { "entity" } else { "entities" }
            ));
            Ok(ExitCode::SUCCESS)
        }
        Err(findings) => {
            for finding in &findings {
                say(&finding.to_string());
            }
            say(&styled(BAD, &format!("{} finding{}", findings.len(), if findings.len() == 1 { "" } else { "s" })));
            Ok(ExitCode::FAILURE)
        }
    }
}

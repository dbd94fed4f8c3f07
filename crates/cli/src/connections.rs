//! `trunnion connections`: the customers' systems of a running server, from a shell.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, Target, show};
use crate::terminal::{BAD, GOOD, say, styled};

const COLUMNS: show::Columns = &[
    ("ID", "id"),
    ("STATUS", "status"),
    ("SYSTEM", "system"),
    ("CUSTOMER", "customer/name"),
    ("ACCOUNT", "account"),
    ("SINCE", "status_since"),
];

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    target: Target,
    /// The API's answer, for scripts
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// All connections, the oldest first
    List {
        /// Only with this status: online, reauthorization_required, paused, …
        #[arg(long)]
        status: Option<String>,
        /// Only to this system
        #[arg(long)]
        system: Option<String>,
        #[arg(long, default_value_t = 500)]
        limit: usize,
    },
    /// One connection with its schedule
    Show { id: String },
    /// Log in to the system now; exit code 1 if that does not work
    Check { id: String },
    /// Let the connection rest
    Pause { id: String },
    /// Let it go on
    Resume { id: String },
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let api = Api::new(&arguments.target)?;
    let json = arguments.json;
    match arguments.command {
        Command::List { status, system, limit } => {
            let filters = [("status", status), ("system", system)];
            let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            let found = api.list("/connections", &query, limit).await?;
            match (json, found.is_empty()) {
                (true, _) => show::json(&found.into()),
                (false, true) => show::nothing("connections"),
                (false, false) => show::items(&found, COLUMNS),
            }
        }
        Command::Show { id } => one(&api.get(&path(&id), &[]).await?, json),
        Command::Check { id } => return Ok(checked(&api.post(&format!("{}/check", path(&id)), None).await?, json)),
        Command::Pause { id } => one(&paused(&api, &id, true).await?, json),
        Command::Resume { id } => one(&paused(&api, &id, false).await?, json),
    }
    Ok(ExitCode::SUCCESS)
}

fn path(id: &str) -> String {
    format!("/connections/{id}")
}

async fn paused(api: &Api, id: &str, paused: bool) -> anyhow::Result<Value> {
    api.send(Method::PATCH, &path(id), Some(&json!({"sync": {"paused": paused}}))).await
}

fn one(connection: &Value, json: bool) {
    if json { show::json(connection) } else { show::thing(connection) }
}

fn checked(check: &Value, json: bool) -> ExitCode {
    let ok = check["ok"] == true;
    if json {
        show::json(check);
    } else if ok {
        say(&format!("{} logged in as {}", styled(GOOD, "ok"), show::cell(check, "account")));
    } else {
        let (code, message) = (show::cell(check, "error/code"), show::cell(check, "error/message"));
        say(&format!("{} {code}: {message}", styled(BAD, "failed")));
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

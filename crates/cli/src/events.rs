//! `trunnion events`: the log of a running server, from a shell.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::api::{Api, Target, show};

const COLUMNS: show::Columns = &[
    ("SEQUENCE", "sequence"),
    ("TIMESTAMP", "timestamp"),
    ("TYPE", "type"),
    ("CONNECTION", "connection_id"),
    ("ABOUT", "data/id"),
    ("DISPLAY", "data/display"),
];

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    target: Target,
    /// con_…; needed with an application key
    #[arg(long, global = true, value_name = "ID")]
    connection: Option<String>,
    /// purchase_order.updated, purchase_order.*, …; separated by commas [default: all]
    #[arg(long, global = true)]
    types: Option<String>,
    /// The API's answer, for scripts
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Events in order
    List {
        /// Only events after this one: a cursor, as the last line of the call before shows it [default: from the start]
        #[arg(long)]
        after: Option<String>,
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let api = Api::new(&arguments.target)?.at(arguments.connection.as_deref());
    let mut query: Vec<(&str, String)> = arguments.types.into_iter().map(|types| ("types", types)).collect();
    match arguments.command {
        Command::List { after, limit } => {
            query.push(("limit", limit.to_string()));
            query.extend(after.map(|after| ("after", after)));
            let page = api.get("/events", &query).await?;
            if arguments.json { show::json(&page) } else { shown(&page) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(page: &Value) {
    let events = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    if events.is_empty() {
        show::nothing("events");
    } else {
        show::items(events, COLUMNS);
    }
    if page["has_more"] == true {
        show::note(&format!("there are more: --after {}", show::cell(page, "next_cursor")));
    }
}

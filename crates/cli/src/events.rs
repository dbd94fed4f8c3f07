//! `trunnion events`: the log of a running server, from a shell.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::api::{Api, Target, follow, show};
use crate::terminal::say;

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
    /// con_… [default: all of the application]
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
    /// What comes, until Ctrl-C; with --json one event per line
    Follow {
        /// Begin after this cursor [default: with what comes from now on]
        #[arg(long, default_value = "latest")]
        after: String,
    },
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let api = Api::new(&arguments.target)?.at(arguments.connection.as_deref());
    match arguments.command {
        Command::Follow { after } => {
            let mut log = follow::Log::begin(api, arguments.types, &after).await?;
            loop {
                for event in log.next().await? {
                    say(&if arguments.json { event.to_string() } else { row(&event) });
                }
            }
        }
        Command::List { after, limit } => {
            let mut query: Vec<(&str, String)> = arguments.types.into_iter().map(|types| ("types", types)).collect();
            query.push(("limit", limit.to_string()));
            query.extend(after.map(|after| ("after", after)));
            let page = api.get("/events", &query).await?;
            if arguments.json { show::json(&page) } else { shown(&page) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An event on a line; the length of those to come is not known.
fn row(event: &Value) -> String {
    let cells: Vec<String> = COLUMNS.iter().map(|(_, member)| show::cell(event, member)).collect();
    cells.join("  ")
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

//! `trunnion sync`: how far the syncs of a connection are, and asking for one now.

mod follow;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::api::{Api, Target, show};

const STATUS: show::Columns = &[
    ("ENTITY", "entity"),
    ("STATE", "state"),
    ("RECORDS", "records"),
    ("LAST SUCCESS", "last_success_at"),
    ("NEXT RUN", "next_run_at"),
    ("SEEN", "progress/seen"),
    ("ROWS/S", "progress/rate_per_second"),
    ("ERROR", "last_error/class"),
    ("SAYS", "last_error/message"),
];
const RUNS: show::Columns =
    &[("RUN", "id"), ("ENTITY", "entity"), ("MODE", "mode"), ("STATE", "state"), ("SEEN", "seen")];

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    target: Target,
    /// con_…; a connection's token needs none
    #[arg(long, global = true, value_name = "ID")]
    connection: Option<String>,
    /// The API's answer, for scripts
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// How far each entity is
    Status,
    /// Ask for a sync now
    Run {
        /// vendor, purchase-orders, …; separated by commas [default: all]
        #[arg(long, value_delimiter = ',')]
        entity: Vec<String>,
        #[arg(long, value_enum, default_value_t = Mode::Incremental)]
        mode: Mode,
        /// Show the progress, and end when all runs are over; exit code 1 unless all succeeded
        #[arg(long)]
        follow: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// What changed since the last time
    Incremental,
    /// Everything
    Full,
    /// Everything, to find what a sync missed
    Verify,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let api = Api::new(&arguments.target)?.at(arguments.connection.as_deref());
    let json = arguments.json;
    match arguments.command {
        Command::Status => {
            let status = api.get("/sync-status", &[]).await?;
            if json { show::json(&status) } else { items(&status["data"], STATUS) }
        }
        Command::Run { entity, mode, follow } => {
            let mode = mode.to_possible_value().map(|value| value.get_name().to_owned());
            let mut request = json!({ "mode": mode });
            if !entity.is_empty() {
                request["entities"] = entity.into();
            }
            let asked = api.post("/syncs", Some(&request)).await?;
            if follow {
                return follow::until_over(&api, &asked["data"], json).await;
            }
            if json { show::json(&asked) } else { items(&asked["data"], RUNS) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn items(data: &Value, columns: show::Columns) {
    show::items(data.as_array().map(Vec::as_slice).unwrap_or_default(), columns);
}

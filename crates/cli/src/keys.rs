//! `trunnion keys`: application API keys, made beside the database (whoever can read it may do so).

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use trunnion_engine::services::keys;

use crate::config::Config;
use crate::start;
use crate::terminal::{self, BOLD, say, styled};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a key; it is shown only this once
    Create {
        /// What the key is for
        #[arg(long, default_value = "command line")]
        name: String,
        /// The application it belongs to; made if it is not there
        #[arg(long, default_value = "default")]
        application: String,
        /// What it may do: read, write, manage; may be given several times [default: all]
        #[arg(long, value_name = "SCOPE")]
        scope: Vec<String>,
        /// It stops working after so many days [default: when it is revoked]
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
        expires_in: Option<u32>,
        #[command(flatten)]
        place: Place,
    },
    /// All keys, without the keys themselves
    List {
        /// For scripts
        #[arg(long)]
        json: bool,
        /// Of which application [default: the first]
        #[arg(long)]
        application: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Make another key of the same name and scopes, and let the old one end
    Rotate {
        /// key_…, as `list` shows it
        id: String,
        /// So many hours both keys are good
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        overlap: u32,
        /// The new one stops working after so many days [default: when it is revoked]
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
        expires_in: Option<u32>,
        /// The application it belongs to [default: the first]
        #[arg(long)]
        application: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Make a key stop working at once
    Revoke {
        /// key_…, as `list` shows it
        id: String,
        /// The application it belongs to [default: the first]
        #[arg(long)]
        application: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

/// Which database.
#[derive(Args)]
pub(crate) struct Place {
    /// Configuration file [default: trunnion.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the data is kept [default: ./trunnion-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// postgres://… instead of SQLite
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Create { name, application, scope, expires_in, place } => {
            let wanted = keys::Wanted { name: &name, scopes: &scope, good_for: expires_in.map(days) };
            let made = keys::create_for(&open(&place).await?, &application, wanted).await?;
            say(&format!("{} {}", styled(BOLD, "Key (shown only this once):"), made.token));
        }
        Command::Rotate { id, overlap, expires_in, application, place } => {
            let engine = open(&place).await?;
            let owner = keys::owner(&engine, application.as_deref()).await?;
            let overlap = Duration::from_secs(60 * 60 * u64::from(overlap));
            let made = keys::rotate(&engine, &owner, &id, (expires_in.map(days), overlap)).await?;
            say(&format!("{} {}", styled(BOLD, "Key (shown only this once):"), made.token));
        }
        Command::List { json, application, place } => {
            let engine = open(&place).await?;
            let all = keys::list(&engine, &keys::owner(&engine, application.as_deref()).await?).await?;
            if json {
                say(&serde_json::to_string(&all)?);
            } else {
                let cell = |time: &Option<String>| time.clone().unwrap_or_else(|| "-".to_owned());
                let rows: Vec<Vec<String>> = all
                    .iter()
                    .map(|key| {
                        vec![
                            key.id.clone(),
                            key.name.clone(),
                            key.scopes.join(" "),
                            key.created_at.clone(),
                            cell(&key.last_used_at),
                            cell(&key.expires_at),
                            cell(&key.revoked_at),
                        ]
                    })
                    .collect();
                terminal::table(&["KEY", "NAME", "SCOPES", "CREATED", "LAST USED", "EXPIRES", "REVOKED"], &rows, 0);
            }
        }
        Command::Revoke { id, application, place } => {
            let engine = open(&place).await?;
            keys::revoke(&engine, &keys::owner(&engine, application.as_deref()).await?, &id).await?;
            say(&format!("{id} is revoked"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn days(number: u32) -> Duration {
    Duration::from_secs(24 * 60 * 60 * u64::from(number))
}

async fn open(place: &Place) -> anyhow::Result<trunnion_engine::Engine> {
    start::engine(&place.config()?).await
}

impl Place {
    pub(crate) fn config(&self) -> Result<Config, start::Refused> {
        let flags = [("data_dir", self.data_dir.clone()), ("database.url", self.database_url.clone())];
        Config::load(self.config.as_deref(), &flags)
    }
}

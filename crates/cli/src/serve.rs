//! `trunnion serve`: the API and the workers in one process.

use std::io::IsTerminal as _;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use trunnion_engine::services::keys;
use trunnion_server::Rates;

use crate::config::Config;
use crate::start::{self, Refused};
use crate::terminal::{BOLD, say, styled};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Configuration file [default: trunnion.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Where the data is kept [default: ./trunnion-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// postgres://… instead of SQLite
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Show the effective configuration, with secrets masked, and exit
    #[arg(long)]
    print_config: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let flags = [
        ("listen", arguments.listen.clone()),
        ("data_dir", arguments.data_dir.clone()),
        ("database.url", arguments.database_url.clone()),
    ];
    let config = Config::load(arguments.config.as_deref(), &flags)?;
    if arguments.print_config {
        say(&config.print());
        return Ok(ExitCode::SUCCESS);
    }
    log_to_stderr(&config)?;
    let engine = start::engine(&config).await?;
    let listen = config.get("listen");
    let listener =
        TcpListener::bind(listen).await.map_err(|error| Refused(format!("cannot listen on {listen}: {error}")))?;
    if let Some(first) = keys::first_start(&engine).await? {
        say(&format!("{} {}", styled(BOLD, "Application key (shown only this once):"), first.token));
    }
    say(&format!("{} http://{}", styled(BOLD, "Trunnion listens on"), listener.local_addr()?));
    let workers = engine.start();
    let public_url = Some(config.get("public_url").to_owned()).filter(|url| !url.is_empty());
    let metrics_token = Some(config.get("metrics.token")).filter(|token| !token.is_empty()).map(SecretString::from);
    let options = trunnion_server::Options { public_url, metrics_token, rates: rates(&config)?, ..Default::default() };
    let app = trunnion_server::app(engine.clone(), options);
    trunnion_server::serve(listener, app, stopped()).await?;
    // A receiver has up to 30 seconds to answer what is on its way.
    workers.stop(Duration::from_secs(35)).await;
    Ok(ExitCode::SUCCESS)
}

/// 0 is no limit.
fn rates(config: &Config) -> Result<Rates, Refused> {
    let rate = |name: &str| Ok(NonZeroU32::new(config.parse(name, "a number of requests, or 0")?));
    Ok(Rates { application: rate("api.requests_per_minute")?, connection: rate("api.connection_requests_per_minute")? })
}

/// Completes when the process is asked to stop.
pub(crate) async fn stopped() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

pub(crate) fn log_to_stderr(config: &Config) -> Result<(), Refused> {
    let level: LevelFilter = config.parse("log.level", "error, warn, info, debug or trace")?;
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match config.get("log.format") {
        "json" => builder.json().init(),
        "text" => builder.init(),
        other => return Err(Refused(format!("log.format = \"{other}\" is neither text nor json"))),
    }
    Ok(())
}

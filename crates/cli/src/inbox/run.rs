//! The command's arguments, and its server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use clap::Args;
use secrecy::SecretString;
use tokio::net::TcpListener;
use trunnion_receiver::door::{Door, Source};
use trunnion_receiver::inbox::{Inbox, NoCatchUp, Options, Time, Workers};
use trunnion_receiver::verify::Scheme;

use super::catch_up::Log;
use super::forward::Forward;
use super::pull;
use super::refused;
use crate::config::Config;
use crate::serve::{log_to_stderr, stopped};
use crate::start::Refused;
use crate::terminal::{BOLD, say, styled};

/// What is not a choice: the one source of a side-car.
pub(super) const SOURCE: &str = "hooks";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Address and port; port 0 takes a free one. Senders post to /hooks
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8090")]
    listen: String,
    /// Where messages are kept: sqlite:FILE or postgres://…
    #[arg(long, value_name = "URL", default_value = "sqlite:inbox.db")]
    database_url: String,
    /// standard, stripe, github, shopify, frappe, cloudevents …, or a file with a scheme in JSON
    #[arg(long, value_name = "NAME|FILE", default_value = "standard")]
    scheme: String,
    /// The secrets, apart by commas: any of them is good
    #[arg(long, value_name = "SECRETS", env = "TRUNNION_INBOX_SECRET", hide_env_values = true)]
    secret: String,
    /// Where your own program fetches, acknowledges, looks and replays. Keep it away from the world
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8091")]
    inside: String,
    /// Post each message there, and again until it answers 2xx. Without it, messages are fetched at /pull
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,
    /// So many at once; messages about one object always come one after the other
    #[arg(long, value_name = "N", default_value_t = 8)]
    at_once: usize,
    /// Seconds for the receiver to answer, or to acknowledge what it fetched
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,
    /// Events carry `sequence`: hand them on without gaps, and ask this Trunnion for what is missing
    #[arg(long, value_name = "URL", requires = "token")]
    catch_up_from: Option<String>,
    /// For that API: an application key or a connection's token
    #[arg(long, value_name = "TOKEN", env = "TRUNNION_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Connections to follow from the start, although no webhook came of them yet
    #[arg(long, value_name = "con_…")]
    connection: Vec<String>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    log_to_stderr(&Config::load(None, &[])?)?;
    let source = source(arguments)?;
    let limit = Duration::from_secs(arguments.timeout.max(1));
    let at_once = arguments.at_once.max(1);
    let options = Options { slots: at_once, slots_per_source: at_once, handler_limit: limit, ..Options::default() };
    let time = Time::new(|| trunnion_model::time::Clock::system().now_micros());
    let inbox =
        Inbox::open(&arguments.database_url, options, time).await.map_err(|error| Refused(error.to_string()))?;
    let (outside, inside) = (bind(&arguments.listen).await?, bind(&arguments.inside).await?);
    let workers = start(arguments, &inbox, limit)?;
    say(&format!("{} http://{}/{SOURCE}", styled(BOLD, "Senders post to"), outside.local_addr()?));
    say(&format!("{} http://{}", styled(BOLD, "For your program:"), inside.local_addr()?));
    let own = pull::router(inbox.clone()).merge(refused::router(inbox.clone(), source.clone()));
    let door = Router::new().route_service("/hooks", Door::new(inbox.clone(), [source]));
    let housekeeping = tokio::spawn(keep_house(inbox.clone()));
    let served = tokio::try_join!(
        trunnion_server::serve(outside, door, stopped()),
        trunnion_server::serve(inside, own, stopped()),
    );
    served?;
    workers.stop(limit).await;
    housekeeping.abort();
    inbox.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn bind(address: &str) -> Result<TcpListener, Refused> {
    TcpListener::bind(address).await.map_err(|error| Refused(format!("cannot listen on {address}: {error}")))
}

fn source(arguments: &Arguments) -> anyhow::Result<Source> {
    let secrets: Vec<SecretString> = arguments
        .secret
        .split(',')
        .map(str::trim)
        .filter(|secret| !secret.is_empty())
        .map(SecretString::from)
        .collect();
    if secrets.is_empty() {
        return Err(Refused("no secret is given: set TRUNNION_INBOX_SECRET".to_owned()).into());
    }
    let scheme = match Scheme::preset(&arguments.scheme) {
        Some(scheme) => scheme,
        None => scheme_in(&PathBuf::from(&arguments.scheme))?,
    };
    let source = match arguments.catch_up_from {
        Some(_) => Source::sequenced(SOURCE, secrets),
        None => Source::standard(SOURCE, secrets),
    };
    Ok(Source { scheme, ..source })
}

fn scheme_in(path: &std::path::Path) -> Result<Scheme, Refused> {
    let known = Scheme::PRESETS.join(", ");
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Refused(format!("`{name}` is no known scheme ({known}) and no file: {error}")))?;
    serde_json::from_str(&text).map_err(|error| Refused(format!("{name}: {error}")))
}

fn start(arguments: &Arguments, inbox: &Inbox, limit: Duration) -> anyhow::Result<Workers> {
    let log = match &arguments.catch_up_from {
        Some(base) => Some(Log::new(base, arguments.token.as_deref().unwrap_or_default(), &arguments.connection)?),
        None => None,
    };
    let forward = arguments.forward_to.as_deref().map(|url| Forward::new(url, limit)).transpose()?;
    Ok(match (forward, log) {
        (Some(forward), Some(log)) => inbox.start(forward, log),
        (Some(forward), None) => inbox.start(forward, NoCatchUp),
        (None, Some(log)) => inbox.follow(log),
        (None, None) => inbox.follow(NoCatchUp),
    })
}

/// Forgets what was handed on long ago.
async fn keep_house(inbox: Inbox) {
    loop {
        if let Err(error) = inbox.purge(10_000).await {
            tracing::warn!(%error, "old messages could not be forgotten");
        }
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
}

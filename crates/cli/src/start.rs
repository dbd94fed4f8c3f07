//! Putting the rooms together: database, connectors, engine, from the configuration.

use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use trunnion_engine::{DeletionGuard, Engine, Mailer, Network, Options, Proxy, WebhookOptions};
use trunnion_model::time::Clock;
use trunnion_store::{Keyring, Store};
use zeroize::Zeroizing;

use crate::config::Config;

/// The key of the networks that systems may be in.
pub(crate) const SYSTEM_NETWORKS: &str = "systems.allow_networks";
const THIS_MACHINE: [&str; 2] = ["127.0.0.0/8", "::1"];

/// Why the program does not start: exit code 3.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// Where the master keys are, in the data directory, if nothing else says so.
pub(crate) const KEY_FILE: &str = "master.key";

/// Opens the database, making it if need be.
pub(crate) async fn store(config: &Config) -> anyhow::Result<Store> {
    let data_dir = Path::new(config.get("data_dir"));
    // Customers' data and the master key are for nobody else on this machine.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .map_err(|error| Refused(format!("cannot make data_dir {}: {error}", data_dir.display())))?;
    let keyring = match (config.get("secrets.keys"), config.get("secrets.command")) {
        ("", "") => Keyring::load_or_create(&data_dir.join(KEY_FILE)),
        (keys, "") => Keyring::from_base64(keys),
        ("", command) => Keyring::from_base64(&keys_from(command)?),
        _ => return Err(Refused("secrets.keys and secrets.command are both set; one of them is enough".into()).into()),
    };
    let keyring = keyring.map_err(|error| Refused(error.to_string()))?;
    Ok(Store::open(&database(config), keyring, Clock::system()).await.map_err(|error| Refused(error.to_string()))?)
}

fn database(config: &Config) -> String {
    match config.get("database.url") {
        "" => in_data_dir(config, "trunnion.db"),
        url => url.to_owned(),
    }
}

/// The address of an SQLite file.
fn in_data_dir(config: &Config, file: &str) -> String {
    format!("sqlite:{}", Path::new(config.get("data_dir")).join(file).display())
}

/// What a key manager's command prints.
fn keys_from(command: &str) -> Result<Zeroizing<String>, Refused> {
    let trouble = |what: &dyn std::fmt::Display| Refused(format!("secrets.command: {what}"));
    let output = std::process::Command::new("sh").args(["-c", command]).output().map_err(|error| trouble(&error))?;
    let keys = Zeroizing::new(String::from_utf8(output.stdout).unwrap_or_default());
    if output.status.success() { Ok(keys) } else { Err(trouble(&output.status)) }
}

/// Opens the database (making it if need be) and builds the engine on it; no worker runs yet.
pub(crate) async fn engine(config: &Config) -> anyhow::Result<Engine> {
    let store = store(config).await?;
    let catalogue = trunnion_connectors::catalogue().map_err(|findings| {
        let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
        Refused(format!("the built-in connectors are broken:\n{}", all.join("\n")))
    })?;
    let usual = Options::default();
    let options = Options {
        node: match config.get("node.name") {
            "" => format!("node-{}", std::process::id()),
            name => name.to_owned(),
        },
        allow_http: config.parse("systems.allow_http", "true or false")?,
        slots: config.parse::<usize>("sync.slots", "a number of slots")?.max(1),
        sync_interval: Duration::from_secs(config.parse("sync.interval_seconds", "a number of seconds")?),
        allow_networks: system_networks(config)?,
        mail: mailer(config)?,
        public_url: Some(config.get("public_url").to_owned()).filter(|url| !url.is_empty()),
        deletion_guard: DeletionGuard {
            count: config.parse("sync.deletion_guard_count", "a number of records")?,
            percent: config.parse("sync.deletion_guard_percent", "a number from 0 to 100")?,
        },
        webhooks: WebhookOptions {
            allow_networks: networks(config, "webhooks.allow_networks")?,
            proxy: proxy(config)?,
            ..usual.webhooks.clone()
        },
        audit_kept: days(config, "audit.keep_days")?,
        runs_kept: days(config, "sync.keep_days")?,
        operations_kept: days(config, "operations.keep_days")?,
        events_kept: days(config, "events.keep_days")?,
        deliveries_kept: days(config, "webhooks.keep_days")?,
        ..usual
    };
    let engine = Engine::new(store, catalogue, Clock::system(), options)?;
    // On SQLite a file of its own: hooks are then stored while a page of a sync is.
    let inbox = match database(config) {
        url if url.starts_with("sqlite:") => in_data_dir(config, "inbox.db"),
        url => url,
    };
    engine.open_inbox(&inbox).await?;
    Ok(engine)
}

/// The mail server for alerts, if there is one.
fn mailer(config: &Config) -> Result<Option<Mailer>, Refused> {
    match (config.get("mail.url"), config.get("mail.from")) {
        ("", _) => Ok(None),
        (_, "") => Err(Refused("mail.url needs mail.from: the sender".to_owned())),
        (url, from) => Mailer::new(url, from).map(Some).map_err(|error| Refused(format!("mail.url: {error}"))),
    }
}

/// How long something is kept; empty: for ever.
fn days(config: &Config, key: &str) -> Result<Option<Duration>, Refused> {
    if config.get(key).is_empty() {
        return Ok(None);
    }
    let days: u32 = config.parse(key, "a number of days")?;
    if days == 0 {
        return Err(Refused(format!("{key} must be 1 or more, or empty for ever")));
    }
    Ok(Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60)))
}

/// The proxy for webhooks, if there is one.
fn proxy(config: &Config) -> Result<Option<Proxy>, Refused> {
    let url = config.get("webhooks.proxy");
    if url.is_empty() {
        return Ok(None);
    }
    let proxy: Proxy = url.parse().map_err(|why| Refused(format!("webhooks.proxy: {why}")))?;
    Ok(Some(proxy.bypassing(config.get("webhooks.proxy_bypass"))))
}

/// The networks that the key `name` lists.
fn networks(config: &Config, name: &str) -> Result<Vec<Network>, Refused> {
    let words = config.get(name).split([',', ' ']).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|why| Refused(format!("{name}: {why}")))).collect()
}

/// Where systems may be beside the public network. A server that nobody else reaches is being tried out: it may call this
/// machine. One that others reach must not, or they could use it to look around here.
fn system_networks(config: &Config) -> Result<Vec<Network>, Refused> {
    let named = networks(config, SYSTEM_NETWORKS)?;
    let host = config.get("listen").rsplit_once(':').map_or("", |(host, _)| host.trim_matches(['[', ']']));
    let alone = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if !named.is_empty() || !alone || !config.get("public_url").is_empty() {
        return Ok(named);
    }
    THIS_MACHINE.iter().map(|text| text.parse().map_err(Refused)).collect()
}

#[test]
fn only_a_server_that_nobody_else_reaches_may_call_this_machine() {
    let allowed = |flags: &[(&'static str, &str)]| {
        let flags: Vec<_> = flags.iter().map(|(name, value)| (*name, Some((*value).to_owned()))).collect();
        let nowhere = tempfile::NamedTempFile::new().unwrap();
        system_networks(&Config::load(Some(nowhere.path()), &flags).unwrap()).unwrap().len()
    };
    assert_eq!(allowed(&[("listen", "127.0.0.1:8080")]), 2);
    assert_eq!(allowed(&[("listen", "[::1]:0")]), 2);
    assert_eq!(allowed(&[("listen", "0.0.0.0:8080")]), 0);
    assert_eq!(allowed(&[("listen", "127.0.0.1:8080"), ("public_url", "https://connect.example")]), 0);
    assert_eq!(allowed(&[("listen", "0.0.0.0:8080"), (SYSTEM_NETWORKS, "10.0.0.0/8, fd00::/8, 127.0.0.1")]), 3);
}

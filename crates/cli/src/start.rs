//! Putting the rooms together: database, connectors, engine, from the configuration.

use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use trunnion_engine::{DeletionGuard, Engine, Network, Options, Proxy, WebhookOptions};
use trunnion_model::time::Clock;
use trunnion_store::{Keyring, Store};

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

/// Opens the database (making it if need be) and builds the engine on it; no worker runs yet.
pub(crate) async fn engine(config: &Config) -> anyhow::Result<Engine> {
    let data_dir = Path::new(config.get("data_dir"));
    // Customers' data and the master key are for nobody else on this machine.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .map_err(|error| Refused(format!("cannot make data_dir {}: {error}", data_dir.display())))?;
    let keyring = match config.get("secrets.keys") {
        "" => Keyring::load_or_create(&data_dir.join("master.key")),
        keys => Keyring::from_base64(keys),
    };
    let keyring = keyring.map_err(|error| Refused(error.to_string()))?;
    let url = match config.get("database.url") {
        "" => format!("sqlite:{}", data_dir.join("trunnion.db").display()),
        url => url.to_owned(),
    };
    let store = Store::open(&url, keyring, Clock::system()).await.map_err(|error| Refused(error.to_string()))?;
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
        deletion_guard: DeletionGuard {
            count: config.parse("sync.deletion_guard_count", "a number of records")?,
            percent: config.parse("sync.deletion_guard_percent", "a number from 0 to 100")?,
        },
        webhooks: WebhookOptions {
            allow_networks: networks(config, "webhooks.allow_networks")?,
            proxy: proxy(config)?,
            ..usual.webhooks.clone()
        },
        ..usual
    };
    let engine = Engine::new(store, catalogue, Clock::system(), options)?;
    // On SQLite a file of its own: hooks are then stored while a page of a sync is.
    let inbox = match url.strip_prefix("sqlite:") {
        Some(_) => format!("sqlite:{}", data_dir.join("inbox.db").display()),
        None => url.clone(),
    };
    engine.open_inbox(&inbox).await?;
    Ok(engine)
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

//! Putting the rooms together: database, connectors, engine, from the configuration.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use trunnion_engine::{Engine, Network, Options, WebhookOptions};
use trunnion_model::time::Clock;
use trunnion_store::{Keyring, Store};

use crate::config::Config;

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
        webhooks: WebhookOptions { allow_networks: networks(config)?, ..usual.webhooks.clone() },
        ..usual
    };
    Ok(Engine::new(store, catalogue, Clock::system(), options)?)
}

fn networks(config: &Config) -> Result<Vec<Network>, Refused> {
    let words = config.get("webhooks.allow_networks").split([',', ' ']).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|why| Refused(format!("webhooks.allow_networks: {why}")))).collect()
}

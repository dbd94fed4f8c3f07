//! The configuration: defaults, then `trunnion.toml`, then `TRUNNION_…` in the environment, then flags.
//!
//! Every key stands once, in [`KEYS`]: its name, its default and what it is for. The file, the environment, the check for
//! unknown keys and `serve --print-config` follow from that list.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;

use crate::start::Refused;

/// One key of the configuration.
pub(crate) struct Key {
    /// `database.url` in the file, `TRUNNION_DATABASE_URL` in the environment.
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    pub(crate) about: &'static str,
    secret: bool,
}

const fn key(name: &'static str, default: &'static str, about: &'static str) -> Key {
    Key { name, default, about, secret: false }
}

const fn secret(name: &'static str, about: &'static str) -> Key {
    Key { name, default: "", about, secret: true }
}

pub(crate) const KEYS: &[Key] = &[
    key("listen", "127.0.0.1:8080", "address and port of the HTTP server; port 0 takes a free one"),
    key(
        "public_url",
        "",
        "where people reach this server, as https://connect.example.com; empty: the host that is asked",
    ),
    key("data_dir", "./trunnion-data", "where SQLite's file and the master key are kept"),
    secret("database.url", "postgres://…, or sqlite:PATH; empty: SQLite in data_dir"),
    secret("secrets.keys", "master keys in base64, the current one first; empty: the file master.key in data_dir"),
    key(
        "secrets.command",
        "",
        "a command that prints the master keys, as a key manager's client does; instead of secrets.keys",
    ),
    key(
        "api.requests_per_minute",
        "60000",
        "how many requests of one application each node answers in a minute; 0: as many as come",
    ),
    key("api.connection_requests_per_minute", "12000", "… and how many about one connection"),
    key("sync.interval_seconds", "900", "how often a connection's entities are synced if it does not say itself"),
    key("sync.slots", "32", "how many syncs run at once on this node"),
    key(
        "sync.deletion_guard_percent",
        "20",
        "deletions of more than so many percent of an entity's records are held; 100 holds none",
    ),
    key("sync.deletion_guard_count", "20", "… but only if they are more than so many"),
    key("systems.allow_http", "false", "let connections use http:// to other machines than this one"),
    key(
        "systems.allow_networks",
        "",
        "networks that systems may be in although they are not public, as 10.1.0.0/16; empty: this very machine, as long as \
         the server listens there only and has no public_url",
    ),
    key(
        "webhooks.allow_networks",
        "",
        "networks that webhooks may go to although they are not public, as 10.1.0.0/16, fd00::/8",
    ),
    secret("webhooks.proxy", "http://user:password@proxy:3128, through which webhooks leave; empty: directly"),
    key("webhooks.proxy_bypass", "", "hosts and networks that webhooks reach without the proxy"),
    secret(
        "mail.url",
        "the mail server for alerts: smtps://user:password@host, smtp://host:587?tls=required, smtp://host:25",
    ),
    key("mail.from", "", "the sender of alerts by e-mail, as Trunnion <trunnion@example.com>"),
    key(
        "webhooks.keep_days",
        "30",
        "how many days deliveries that are over are kept, with their tries; empty: for ever",
    ),
    key("sync.keep_days", "30", "how many days syncs that are over are kept, 1 or more; empty: for ever"),
    key(
        "operations.keep_days",
        "365",
        "how many days writes that are settled are kept, a fortnight at least; empty: for ever",
    ),
    key("audit.keep_days", "365", "how many days it is kept who did what, 1 or more; empty: for ever"),
    key("events.keep_days", "", "how many days events are kept, 1 or more; empty: for ever"),
    secret("metrics.token", "what must be sent as a bearer token to read /metrics; empty: nothing"),
    key("node.name", "", "how this node calls itself in leases; empty: node- and the process id"),
    key("log.level", "info", "error, warn, info, debug or trace"),
    key("log.format", "text", "text or json"),
];

/// The effective configuration.
pub(crate) struct Config {
    values: BTreeMap<&'static str, String>,
}

impl Config {
    /// Reads `file` (or `trunnion.toml` if that is there), the environment, and the flags that were given.
    pub(crate) fn load(file: Option<&Path>, flags: &[(&'static str, Option<String>)]) -> Result<Self, Refused> {
        let mut values: BTreeMap<&'static str, String> =
            KEYS.iter().map(|key| (key.name, key.default.to_owned())).collect();
        let usual = Path::new("trunnion.toml");
        if let Some(path) = file.or_else(|| usual.exists().then_some(usual)) {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Refused(format!("cannot read {}: {error}", path.display())))?;
            let table: toml::Table = text.parse().map_err(|error| Refused(format!("{}: {error}", path.display())))?;
            flatten(&path.display().to_string(), "", &Value::Table(table), &mut values)?;
        }
        for key in KEYS {
            if let Ok(value) = std::env::var(environment_name(key.name)) {
                values.insert(key.name, value);
            }
        }
        for (name, value) in flags {
            if let Some(value) = value {
                values.insert(name, value.clone());
            }
        }
        Ok(Self { values })
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// A value that must be of some type.
    pub(crate) fn parse<T: std::str::FromStr>(&self, name: &str, wanted: &str) -> Result<T, Refused> {
        let value = self.get(name);
        value.parse().map_err(|_| Refused(format!("{name} = \"{value}\" is not {wanted}")))
    }

    /// As a `trunnion.toml`, with secrets masked.
    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        for key in KEYS {
            let value = self.get(key.name);
            let shown = if key.secret && !value.is_empty() { "********" } else { value };
            out.push_str(&format!(
                "# {} ({})\n{} = {}\n",
                key.about,
                environment_name(key.name),
                key.name,
                quoted(shown)
            ));
        }
        out
    }
}

fn environment_name(key: &str) -> String {
    format!("TRUNNION_{}", key.replace('.', "_").to_uppercase())
}

fn flatten(file: &str, prefix: &str, value: &Value, into: &mut BTreeMap<&'static str, String>) -> Result<(), Refused> {
    if let Value::Table(table) = value {
        for (name, value) in table {
            let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            flatten(file, &name, value, into)?;
        }
        return Ok(());
    }
    let Some(key) = KEYS.iter().find(|key| key.name == prefix) else {
        let nearest = KEYS.iter().min_by_key(|key| distance(key.name, prefix)).map_or("", |key| key.name);
        return Err(Refused(format!("{file}: unknown key `{prefix}`; did you mean `{nearest}`?")));
    };
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        _ => return Err(Refused(format!("{file}: `{prefix}` must be a text, a number or true/false"))),
    };
    into.insert(key.name, text);
    Ok(())
}

/// A TOML basic string: its escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// How many letters must change to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, left) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in other.iter().enumerate() {
            let changed = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, Refused> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path()), &[("listen", Some("127.0.0.1:0".into())), ("data_dir", None)])
    }

    #[test]
    fn flags_stand_above_the_file_and_the_file_above_defaults() {
        let config =
            load("listen = \"0.0.0.0:80\"\n[sync]\nslots = 3\n[database]\nurl = \"postgres://u:geheim@h/db\"").unwrap();
        assert_eq!(
            (config.get("listen"), config.get("sync.slots"), config.get("log.level")),
            ("127.0.0.1:0", "3", "info")
        );
        assert_eq!(config.parse::<usize>("sync.slots", "a number").unwrap(), 3);
        let printed = config.print();
        assert!(printed.contains("********") && !printed.contains("geheim"), "{printed}");
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let problem = |text: &str| load(text).err().unwrap().to_string();
        assert!(problem("listn = \"x\"").contains("did you mean `listen`?"));
        assert!(problem("[database]\nuri = \"x\"").contains("did you mean `database.url`?"));
        assert!(problem("listen = [1]").contains("must be a text"));
    }
}

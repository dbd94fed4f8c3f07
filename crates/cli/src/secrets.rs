//! `trunnion secrets`: the master keys under which customers' credentials are sealed. Works beside running servers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use trunnion_store::{Keyring, NewAudit, Store};

use crate::keys::Place;
use crate::start::{self, Refused};
use crate::terminal::say;

/// Somebody may change a value at the very moment at which it is sealed anew; then it is looked at again.
const PASSES: usize = 20;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new master key and seal everything under it; servers go on meanwhile
    Rotate {
        /// Then forget the old keys: backups that were made before can no longer be opened
        #[arg(long)]
        drop_old: bool,
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Rotate { drop_old, place } = command;
    let config = place.config()?;
    let file = match (config.get("secrets.keys"), config.get("secrets.command")) {
        ("", "") => Some(PathBuf::from(config.get("data_dir")).join(start::KEY_FILE)),
        _ => None,
    };
    // The file must be there already: a key ring that is made here opens nothing.
    if let Some(path) = &file {
        Keyring::add_key(path).map_err(|error| Refused(error.to_string()))?;
        say("A new master key was put first; servers read the file again by themselves.");
    } else if drop_old {
        return Err(
            Refused("--drop-old works on the key file; take old keys out of their source yourself".into()).into()
        );
    }
    let store = start::store(&config).await?;
    let (changed, all) = reseal(&store).await?;
    say(&format!("{changed} of {all} sealed values were sealed under the current key; the others were before."));
    if drop_old && let Some(path) = &file {
        drop_others(path)?;
    }
    note(&store, if drop_old { "rotate_master_key_and_drop_old" } else { "rotate_master_key" }).await?;
    Ok(ExitCode::SUCCESS)
}

/// The keys seal what belongs to every application, so each finds it in its audit log.
async fn note(store: &Store, action: &str) -> anyhow::Result<()> {
    for application in store.list_applications().await? {
        let deed = NewAudit {
            application: application.id,
            actor_kind: "command_line",
            actor: None,
            action: action.to_owned(),
            target: None,
            connection: None,
            outcome: "succeeded".to_owned(),
            request_id: None,
        };
        store.audit(deed).await?;
    }
    Ok(())
}

async fn reseal(store: &Store) -> anyhow::Result<(u64, u64)> {
    let mut changed = 0;
    for _ in 0..PASSES {
        let pass = store.reseal().await?;
        changed += pass.changed;
        if pass.changed + pass.missed == 0 {
            return Ok((changed, pass.unchanged));
        }
    }
    anyhow::bail!("some values change all the time and may still be sealed under an old key; run it again")
}

fn drop_others(path: &Path) -> anyhow::Result<()> {
    let count = Keyring::drop_old_keys(path)?;
    say(&format!("{count} old {} forgotten.", if count == 1 { "key was" } else { "keys were" }));
    Ok(())
}

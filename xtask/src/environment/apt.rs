//! Debian packages, where the machine lacks something.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::command;
use crate::outcome::refused;

/// Whether we are root.
pub(crate) fn root() -> anyhow::Result<bool> {
    Ok(command::capture(command::tethered("id").arg("-u"), Duration::from_secs(10))?.trim() == "0")
}

/// Installs packages, or refuses with the command that somebody else has to run.
pub(crate) fn install(packages: &[&str], why: &str, logs: &Path) -> anyhow::Result<()> {
    let by_hand = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if command::find("apt-get").is_none() {
        return Err(refused(format!("{why}: install what Debian calls {} and try again", packages.join(" "))));
    }
    if !root()? {
        return Err(refused(format!("{why}; run this as root and try again: {by_hand}")));
    }
    eprintln!("    {why}; installing with apt: {}", packages.join(" "));
    // Not tied to our life: a package manager that is ended half way leaves a broken system.
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(["-q", "-o", "DPkg::Lock::Timeout=120"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command::run_logged(&mut apt, &logs.join("apt.log"), Duration::from_secs(15 * 60))
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

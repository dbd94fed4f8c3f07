//! What processes have used, as the kernel counts it.

use std::fs;

use anyhow::{Context as _, bail};

/// `/proc` counts in hundredths of a second on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system seconds of one process, without its children.
pub(super) fn cpu(pid: u32) -> anyhow::Result<f64> {
    Ok(seconds(&stat(pid)?[11..13]))
}

/// Of this process.
pub(super) fn own_cpu() -> anyhow::Result<f64> {
    cpu(std::process::id())
}

/// Of this process's children that have ended, and of theirs.
pub(super) fn ended_children_cpu() -> anyhow::Result<f64> {
    Ok(seconds(&stat(std::process::id())?[13..15]))
}

/// Of a process, its children that live, and its children that have ended. A server that forks for each client is counted
/// whole: the kernel adds a child's seconds to its parent's account when the parent waits for it.
pub(super) fn family_cpu(pid: u32) -> anyhow::Result<f64> {
    let mut sum = seconds(&stat(pid)?[11..15]);
    for entry in fs::read_dir("/proc")? {
        let Some(child) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ended meanwhile is on its parent's account from now on.
        let Ok(stat) = stat(child) else { continue };
        if stat[1] == u64::from(pid) {
            sum += seconds(&stat[11..15]);
        }
    }
    Ok(sum)
}

/// The largest resident set since the last [`forget_peak`], in bytes.
pub(super) fn peak(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().with_context(|| line.to_owned())?;
    Ok(kilobytes * 1024)
}

/// Lets the peak start anew at the present size.
pub(super) fn forget_peak(pid: u32) -> anyhow::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").with_context(|| format!("/proc/{pid}/clear_refs"))
}

/// The fields of `/proc/PID/stat` from the state on, which is 0; proc(5) counts it as the third.
fn stat(pid: u32) -> anyhow::Result<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    fields(&text)
}

fn fields(stat: &str) -> anyhow::Result<Vec<u64>> {
    // The name may hold spaces and brackets itself.
    let (_, rest) = stat.rsplit_once(") ").context("no name")?;
    let fields: Vec<u64> = rest.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect();
    if fields.len() < 20 {
        bail!("too short: {stat:?}");
    }
    Ok(fields)
}

fn seconds(ticks: &[u64]) -> f64 {
    ticks.iter().sum::<u64>() as f64 / TICKS_PER_SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found_behind_any_name() {
        let line = "42 (a b) c) S 7 42 42 0 -1 4194304 100 0 0 0 150 50 30 20 20 0 4 0 1 2 3";
        let fields = fields(line).unwrap();
        assert_eq!((fields[1], seconds(&fields[11..13]), seconds(&fields[13..15])), (7, 2.0, 0.5));
    }

    #[test]
    fn work_of_this_process_shows_in_its_account_and_a_childs_in_its_parents() {
        let before = own_cpu().unwrap() + ended_children_cpu().unwrap();
        let spin = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        crate::command::run(crate::command::tethered("sh").args(["-c", spin]), std::time::Duration::from_secs(60))
            .unwrap();
        assert!(own_cpu().unwrap() + ended_children_cpu().unwrap() > before);
        assert!(family_cpu(std::process::id()).unwrap() > before);
        assert!(peak(std::process::id()).unwrap() > 1_000_000);
    }
}

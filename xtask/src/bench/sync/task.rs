//! What is to be measured, from the command line.

use std::path::PathBuf;

use crate::outcome::usage as wrong;

/// What the connector asks for at once.
const PAGE: usize = 1_000;
/// The peers take a hundred times as long: their costs per record are told by fewer.
const MOST_FOR_PEERS: usize = 100_000;

/// The systems whose simulators have as many orders as are wanted; the first is the usual one.
const SYSTEMS: [&str; 2] = ["sap-s4hana", "netsuite"];

/// All of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) system: &'static str,
    /// Numbers of records, one case each.
    pub(super) sizes: Vec<usize>,
    pub(super) page: usize,
    /// Of a raw row; `None`: as the simulator makes them.
    pub(super) record_bytes: Option<usize>,
    /// Measured instead of what is built now.
    pub(super) program: Option<PathBuf>,
    pub(super) json: bool,
    /// Not what records cost, but what writes beside a sync have to bear.
    pub(super) beside_writes: bool,
    /// By how many milliseconds the source answers later than the simulator does.
    pub(super) latency: usize,
    /// Measured on SQLite, and on PostgreSQL.
    pub(super) databases: (bool, bool),
    peers: bool,
}

/// One case.
pub(in crate::bench) struct Task {
    pub(in crate::bench) system: &'static str,
    pub(in crate::bench) records: usize,
    pub(in crate::bench) page: usize,
    pub(in crate::bench) record_bytes: Option<usize>,
    pub(in crate::bench) binary: PathBuf,
}

impl Plan {
    /// The peers are measured at the largest size that is not too large for them.
    pub(super) fn peer_size(&self, sizes: &[usize]) -> Option<usize> {
        sizes.iter().copied().filter(|size| self.peers && *size <= MOST_FOR_PEERS).max()
    }
}

impl Task {
    /// Only the usual system lets the size of its pages be chosen, and tells how to ask for them.
    pub(in crate::bench) fn is_usual(&self) -> bool {
        self.system == SYSTEMS[0]
    }

    /// The aims are set for rows of 1 KB.
    pub(super) fn aim(&self, aim: &'static str) -> &'static str {
        if self.record_bytes.is_some_and(|bytes| bytes <= 1_024) { aim } else { "-" }
    }
}

pub(super) fn parse(arguments: &[String]) -> anyhow::Result<Plan> {
    let mut plan = Plan {
        system: SYSTEMS[0],
        sizes: vec![10_000, 100_000],
        page: PAGE,
        record_bytes: None,
        program: None,
        json: false,
        beside_writes: false,
        latency: 0,
        databases: (true, true),
        peers: true,
    };
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if word == "--system" {
            let name = words.next().unwrap_or_default();
            let known = SYSTEMS.iter().find(|system| **system == name);
            plan.system = known.ok_or_else(|| wrong(format!("--system takes {}", SYSTEMS.join(" or "))))?;
            continue;
        }
        if word == "--database" {
            plan.databases = match words.next() {
                Some("sqlite") => (true, false),
                Some("postgres") => (false, true),
                _ => return Err(wrong("--database takes sqlite or postgres; without it both are measured")),
            };
            continue;
        }
        if word == "--program" {
            plan.program = Some(words.next().ok_or_else(|| wrong("--program takes a file"))?.into());
            continue;
        }
        let mut numbers = || -> anyhow::Result<Vec<usize>> {
            let parsed = words.next().unwrap_or_default().split(',').map(|text| text.parse::<usize>().ok());
            let numbers: Option<Vec<usize>> = parsed.map(|number| number.filter(|number| *number > 0)).collect();
            numbers.ok_or_else(|| wrong(format!("{word} takes a number above 0")))
        };
        match word {
            "--records" => plan.sizes = numbers()?,
            "--page" => plan.page = one(word, &numbers()?)?,
            "--record-bytes" => plan.record_bytes = Some(one(word, &numbers()?)?),
            "--no-peer" => plan.peers = false,
            "--json" => plan.json = true,
            "--beside-writes" => plan.beside_writes = true,
            "--latency" => plan.latency = one(word, &numbers()?)?,
            other => {
                let known = "--system NAME, --records N[,N…], --record-bytes N, --page N, --program FILE, --database NAME, --beside-writes, --latency MS, --no-peer and --json";
                return Err(wrong(format!("bench sync knows {known}, not {other:?}")));
            }
        }
    }
    if plan.beside_writes && plan.record_bytes.is_some() {
        return Err(wrong("--beside-writes needs the simulator, which can be written to: without --record-bytes"));
    }
    if plan.system != SYSTEMS[0] {
        if plan.record_bytes.is_some() || plan.page != PAGE {
            return Err(wrong(format!("--record-bytes and --page go with {} only", SYSTEMS[0])));
        }
        // The peers read that one only.
        plan.peers = false;
    }
    // They are asked for the pages that PostgreSQL's run asked for.
    plan.peers &= plan.databases.1 && !plan.beside_writes;
    if plan.latency > 0 && !plan.beside_writes {
        return Err(wrong("--latency is for --beside-writes"));
    }
    if plan.page > PAGE {
        return Err(wrong(format!("--page: the connector asks for {PAGE} at once, more do not come")));
    }
    Ok(plan)
}

fn one(word: &str, numbers: &[usize]) -> anyhow::Result<usize> {
    match numbers {
        [number] => Ok(*number),
        _ => Err(wrong(format!("{word} takes one number"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> anyhow::Result<Plan> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_are_read_in_any_order() {
        let plan = parsed("--json --records 500,1000000 --no-peer --page 50 --record-bytes 1024").unwrap();
        assert_eq!((&plan.sizes[..], plan.page, plan.peers, plan.json), (&[500, 1_000_000][..], 50, false, true));
        assert_eq!(plan.record_bytes, Some(1_024));
        assert_eq!(parsed("").unwrap().sizes, [10_000, 100_000]);
        let other = parsed("--system netsuite --records 9").unwrap();
        assert_eq!((other.system, other.peers), ("netsuite", false));
        let one = parsed("--database sqlite").unwrap();
        assert_eq!((one.databases, one.peers), ((true, false), false));
    }

    #[test]
    fn peers_are_measured_once_at_the_largest_size_that_they_can_bear() {
        let sizes = [10_000, 100_000, 1_000_000];
        assert_eq!(parsed("").unwrap().peer_size(&sizes), Some(100_000));
        assert_eq!(parsed("").unwrap().peer_size(&sizes[2..]), None);
        assert_eq!(parsed("--no-peer").unwrap().peer_size(&sizes), None);
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for line in [
            "--program",
            "--records",
            "--records x",
            "--records 1,,2",
            "--page 0",
            "--page 1001",
            "--page 1,2",
            "--peer",
            "--beside-writes --record-bytes 9",
            "--latency 50",
            "--system",
            "--system other",
            "--database mysql",
            "--system netsuite --record-bytes 9",
            "--system netsuite --page 9",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}

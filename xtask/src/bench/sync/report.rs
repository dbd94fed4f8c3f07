//! The numbers, for people and for programs.

use serde_json::{Value, json};

/// One measured phase.
pub(super) struct Row {
    pub(super) program: &'static str,
    pub(super) database: &'static str,
    pub(super) phase: &'static str,
    pub(super) aim: &'static str,
    pub(super) wall: f64,
    /// Of the program.
    pub(super) cpu: f64,
    /// Of all PostgreSQL's processes; SQLite's is in the program's.
    pub(super) database_cpu: Option<f64>,
    /// Of the simulator, or of the client that reads.
    pub(super) other_cpu: f64,
    /// Of the program, in bytes.
    pub(super) peak: u64,
    pub(super) records: usize,
}

/// What is to be known of the peer.
pub(super) struct Dlt {
    pub(super) version: String,
    /// CPU seconds before it did anything.
    pub(super) imports: f64,
}

/// Everything around the numbers.
pub(super) struct Facts {
    pub(super) command: String,
    pub(super) machine: String,
    /// Before and after.
    pub(super) load: [f64; 2],
    pub(super) postgres: String,
    pub(super) build: [f64; 2],
    pub(super) page: usize,
    pub(super) dlt: Option<Dlt>,
}

impl Row {
    /// As soon as it is known, for who waits.
    pub(super) fn tell(&self) {
        let (wall, cpu, peak) = (self.wall, self.total(), self.peak as f64 / 1e6);
        eprintln!(
            "    {} on {}, {}: {wall:.1} s, {cpu:.1} CPU s, {peak:.0} MB",
            self.program, self.database, self.phase
        );
    }

    fn total(&self) -> f64 {
        self.cpu + self.database_cpu.unwrap_or(0.0)
    }

    fn rate(&self) -> f64 {
        self.records as f64 / self.wall
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.program.to_owned(),
            self.database.to_owned(),
            self.phase.to_owned(),
            format!("{:.2}", self.wall),
            format!("{:.2}", self.cpu),
            self.database_cpu.map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.2}")),
            format!("{:.2}", self.total()),
            format!("{:.2}", self.other_cpu),
            format!("{:.1}", self.peak as f64 / 1e6),
            format!("{:.0}", self.rate()),
            self.aim.to_owned(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "program": self.program, "database": self.database, "phase": self.phase, "aim": self.aim,
            "wall_seconds": self.wall, "cpu_seconds": self.cpu, "database_cpu_seconds": self.database_cpu,
            "simulator_or_client_cpu_seconds": self.other_cpu, "peak_bytes": self.peak, "records": self.records,
            "records_per_second": self.rate(),
        })
    }
}

/// For people.
pub(super) fn table(rows: &[Row], facts: &Facts) -> String {
    let headings = [
        "program",
        "database",
        "phase",
        "wall s",
        "CPU s",
        "DB CPU s",
        "both",
        "other CPU s",
        "peak MB",
        "records/s",
        "aim",
    ];
    let mut lines = vec![headings.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(Row::cells));
    let mut out = aligned(&lines, 3..10);
    out += "\nCPU s: user and system, of the program; DB CPU s: of all PostgreSQL's processes, with those that have ended and \
            with a checkpoint after each phase;\nother CPU s: of the simulator, and of the client where all is read back. \
            Peak: the program's resident set.\n";
    out += &format!("records {}, pages of {}\n", rows.first().map_or(0, |row| row.records), facts.page);
    out += &format!("machine {}; load {:.1} before, {:.1} after\n", facts.machine, facts.load[0], facts.load[1]);
    out += &format!("{}, settings as they come (fsync on)\n", facts.postgres);
    if let Some(dlt) = &facts.dlt {
        out += &format!("dlt {}, {:.1} of its CPU s are imports\n", dlt.version, dlt.imports);
    }
    if let Some(ratio) = ratios(rows) {
        out += &format!("{ratio}\n");
    }
    out += &format!("release build before it: {:.1} CPU s, {:.1} s\n", facts.build[0], facts.build[1]);
    out + &format!("command {}\n", facts.command)
}

/// For programs.
pub(super) fn json(rows: &[Row], facts: &Facts) -> Value {
    json!({
        "command": facts.command,
        "machine": facts.machine,
        "load_before": facts.load[0],
        "load_after": facts.load[1],
        "postgres": facts.postgres,
        "page": facts.page,
        "build_cpu_seconds": facts.build[0],
        "build_wall_seconds": facts.build[1],
        "dlt": facts.dlt.as_ref().map(|dlt| json!({"version": dlt.version, "import_cpu_seconds": dlt.imports})),
        "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
    })
}

/// How much more the peer needs for the same database.
fn ratios(rows: &[Row]) -> Option<String> {
    let of = |program: &str| rows.iter().find(|row| row.program == program && row.database == "PostgreSQL");
    let (ours, theirs) = (of("trunnion")?, of("dlt")?);
    Some(format!(
        "dlt needs {:.1} times the CPU of our initial sync on PostgreSQL ({:.1} times without the database's)",
        theirs.total() / ours.total(),
        theirs.cpu / ours.cpu,
    ))
}

/// Columns as wide as their widest cell; those in `numbers` to the right.
fn aligned(lines: &[Vec<String>], numbers: std::ops::Range<usize>) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for line in lines {
        let cells =
            line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match numbers.contains(&column) {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            });
        out += cells.collect::<Vec<_>>().join("  ").trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(program: &'static str, cpu: f64, database: f64) -> Row {
        Row {
            program,
            database: "PostgreSQL",
            phase: "p",
            aim: "≤ 5",
            wall: 2.0,
            cpu,
            database_cpu: Some(database),
            other_cpu: 0.5,
            peak: 12_345_678,
            records: 100,
        }
    }

    #[test]
    fn numbers_stand_under_each_other_and_the_peer_is_compared_with_and_without_the_database() {
        let rows = [row("trunnion", 1.0, 1.0), row("dlt", 20.0, 10.0)];
        let facts = Facts {
            command: "c".to_owned(),
            machine: "m".to_owned(),
            load: [0.0, 1.0],
            postgres: "PostgreSQL 15".to_owned(),
            build: [0.1, 0.2],
            page: 10,
            dlt: Some(Dlt { version: "1".to_owned(), imports: 2.0 }),
        };
        let table = table(&rows, &facts);
        assert!(table.contains("15.0 times the CPU") && table.contains("(20.0 times without"), "{table}");
        let ends: Vec<usize> = table.lines().take(3).map(|line| line.find("  12.3").map_or(0, |at| at + 6)).collect();
        assert_eq!(ends[1], ends[2]);
        assert_eq!(table.lines().next().and_then(|line| line.find("peak MB")).map(|at| at + 7), Some(ends[1]));
        assert_eq!(json(&rows, &facts)["rows"][1]["records_per_second"], 50.0);
    }
}

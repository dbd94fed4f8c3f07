//! The numbers, for people and for programs.

use serde_json::{Value, json};

/// The program that is not a peer.
pub(super) const OURS: &str = "trunnion";

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
    /// Each time.
    pub(super) records: usize,
    /// How many times it was done: all numbers are of all of them together.
    pub(super) times: usize,
}

/// What is to be known of a peer.
pub(super) struct About {
    pub(super) name: &'static str,
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
    /// CPU and wall seconds, if it was built for this.
    pub(super) build: Option<[f64; 2]>,
    pub(super) page: usize,
    pub(super) record_bytes: Option<usize>,
    pub(super) peers: Vec<About>,
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

    /// Microseconds of CPU for one record, with the database's.
    fn cost(&self) -> f64 {
        self.total() * 1e6 / self.worked_off()
    }

    fn rate(&self) -> f64 {
        self.worked_off() / self.wall
    }

    fn worked_off(&self) -> f64 {
        (self.records * self.times) as f64
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.program.to_owned(),
            self.database.to_owned(),
            self.phase.to_owned(),
            self.records.to_string(),
            self.times.to_string(),
            format!("{:.2}", self.wall),
            format!("{:.2}", self.cpu),
            self.database_cpu.map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.2}")),
            format!("{:.2}", self.total()),
            format!("{:.1}", self.cost()),
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
            "times": self.times,
            "records_per_second": self.rate(), "cpu_microseconds_per_record": self.cost(),
        })
    }
}

/// For people.
pub(super) fn table(rows: &[Row], facts: &Facts) -> String {
    let headings = [
        "program",
        "database",
        "phase",
        "records",
        "times",
        "wall s",
        "CPU s",
        "DB CPU s",
        "both",
        "µs/record",
        "other CPU s",
        "peak MB",
        "records/s",
        "aim",
    ];
    let mut lines = vec![headings.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(Row::cells));
    let mut out = aligned(&lines, 3..13);
    out += "\nCPU s: user and system, of the program; DB CPU s: of all PostgreSQL's processes, with those that have ended and \
            with a vacuum and a checkpoint after each phase;\nother CPU s: of the simulator, and of the client where all is read back. \
            Peak: the program's resident set.\ntimes: what takes hundredths of a second, which is all that the kernel \
            counts, is done several times; the seconds are of all together.\n";
    let size = facts
        .record_bytes
        .map_or_else(|| "as the simulator makes them".to_owned(), |bytes| format!("of {bytes} bytes"));
    out += &format!("rows {size}, pages of {}\n", facts.page);
    out += &format!("machine {}; load {:.1} before, {:.1} after\n", facts.machine, facts.load[0], facts.load[1]);
    out += &format!("{}, settings as they come (fsync on)\n", facts.postgres);
    for peer in &facts.peers {
        out += &format!("{} {}, {:.1} of its CPU s are imports\n", peer.name, peer.version, peer.imports);
    }
    for line in ratios(rows).into_iter().chain(spreads(rows)) {
        out += &format!("{line}\n");
    }
    if let Some([cpu, wall]) = facts.build {
        out += &format!("release build before it: {cpu:.1} CPU s, {wall:.1} s\n");
    }
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
        "build_cpu_seconds": facts.build.map(|build| build[0]),
        "build_wall_seconds": facts.build.map(|build| build[1]),
        "peers": facts.peers.iter().map(|peer| json!({"name": peer.name, "version": peer.version, "import_cpu_seconds": peer.imports})).collect::<Vec<_>>(),
        "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
    })
}

/// How much more the peers need for the same rows than the first sync on PostgreSQL.
fn ratios(rows: &[Row]) -> Vec<String> {
    let mut lines = Vec::new();
    for theirs in rows.iter().filter(|row| row.program != OURS) {
        let same = |row: &&Row| row.program == OURS && row.database == "PostgreSQL" && row.records == theirs.records;
        if let Some(ours) = rows.iter().find(same) {
            lines.push(format!(
                "{} needs {:.1} times the CPU of our initial sync on PostgreSQL ({:.1} times without the databases')",
                theirs.program,
                theirs.total() / ours.total(),
                theirs.cpu / ours.cpu,
            ));
        }
    }
    lines
}

/// How far the cost of a record is from being the same at all sizes: half of what lies between the least and the most, in
/// parts of their middle.
fn spreads(rows: &[Row]) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, first) in rows.iter().enumerate() {
        let alike = |row: &&Row| (row.program, row.database, row.phase) == (first.program, first.database, first.phase);
        let costs: Vec<f64> = rows.iter().filter(alike).map(Row::cost).collect();
        if costs.len() < 2 || rows[..place].iter().any(|row| alike(&row)) {
            continue;
        }
        let (least, most) = costs.iter().fold((f64::MAX, 0.0_f64), |(a, b), cost| (a.min(*cost), b.max(*cost)));
        lines.push(format!(
            "{} on {}: {least:.1} to {most:.1} µs per record, ±{:.0} %",
            first.phase,
            first.database,
            100.0 * (most - least) / (most + least),
        ));
    }
    lines
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
            times: 1,
        }
    }

    #[test]
    fn numbers_stand_under_each_other_and_the_peer_is_compared_with_and_without_the_database() {
        let rows = [row("trunnion", 1.0, 1.0), row("dlt", 20.0, 10.0)];
        let facts = facts();
        let table = table(&rows, &facts);
        assert!(table.contains("15.0 times the CPU") && table.contains("(20.0 times without"), "{table}");
        let ends: Vec<usize> = table.lines().take(3).map(|line| line.find("  12.3").map_or(0, |at| at + 6)).collect();
        assert_eq!(ends[1], ends[2]);
        let peak =
            |line: &str| line.chars().collect::<String>().split("peak MB").next().map(|part| part.chars().count() + 7);
        assert_eq!(table.lines().next().and_then(peak), Some(ends[1]));
        assert_eq!(json(&rows, &facts)["rows"][1]["records_per_second"], 50.0);
    }

    #[test]
    fn the_cost_of_a_record_is_compared_between_sizes_of_the_same_phase_only() {
        let mut larger = row("trunnion", 12.0, 1.0);
        (larger.records, larger.times) = (500, 2);
        let mut other = row("trunnion", 9.0, 0.0);
        other.phase = "q";
        let table = table(&[row("trunnion", 1.0, 0.0), larger, other], &facts());
        assert!(table.contains("p on PostgreSQL: 10000.0 to 13000.0 µs per record, ±13 %"), "{table}");
        assert!(!table.contains("q on PostgreSQL"), "{table}");
    }

    fn facts() -> Facts {
        Facts {
            command: "c".to_owned(),
            machine: "m".to_owned(),
            load: [0.0, 1.0],
            postgres: "PostgreSQL 15".to_owned(),
            build: Some([0.1, 0.2]),
            page: 10,
            record_bytes: None,
            peers: vec![About { name: "dlt", version: "1".to_owned(), imports: 2.0 }],
        }
    }
}

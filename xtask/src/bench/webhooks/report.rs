//! The numbers as a table, beside what is aimed at.

/// One line of the result.
pub(super) enum Row {
    Throughput(Throughput),
    Latency(Latency),
    Moved(Moved),
}

pub(super) struct Throughput {
    pub(super) database: &'static str,
    pub(super) page: u64,
    pub(super) messages: u64,
    /// Per second.
    pub(super) accepted: f64,
    pub(super) delivered: f64,
    /// Milliseconds of CPU per event.
    pub(super) own: f64,
    pub(super) of_database: f64,
    pub(super) of_sink: f64,
    pub(super) peak: u64,
}

pub(super) struct Latency {
    pub(super) database: &'static str,
    /// Events a second for a neighbour that hangs.
    pub(super) hanging: u64,
    /// Median, 99th of a hundred, largest; in milliseconds.
    pub(super) from_commit: [f64; 3],
    pub(super) from_begin: [f64; 3],
    pub(super) own: f64,
    pub(super) of_database: f64,
}

pub(super) struct Moved {
    pub(super) database: &'static str,
    pub(super) stuck: usize,
    pub(super) seconds: f64,
}

pub(super) fn table(rows: &[Row], facts: &str) -> String {
    let mut out = format!("{facts}\n\n");
    out.push_str(
        "database    in a commit   events  accepted/s  delivered/s  CPU ms/event: sender database receiver  peak MB\n",
    );
    for row in rows {
        if let Row::Throughput(row) = row {
            out.push_str(&format!(
                "{:<11} {:>11} {:>8} {:>11.0} {:>12.0} {:>20.2} {:>8.2} {:>8.2} {:>8.0}\n",
                row.database,
                row.page,
                row.messages,
                row.accepted,
                row.delivered,
                row.own,
                row.of_database,
                row.of_sink,
                row.peak as f64 / 1e6,
            ));
        }
    }
    out.push_str("aim: 2,500 events/s, 0.6 ms of sender and database\n\n");
    out.push_str(
        "at 100/s    hanging/s   commit to arrival ms: p50 p99 max   from begin: p50 p99 max   CPU ms/event\n",
    );
    for row in rows {
        if let Row::Latency(row) = row {
            let [half, most, largest] = row.from_commit;
            let [begin_half, begin_most, begin_largest] = row.from_begin;
            out.push_str(&format!(
                "{:<11} {:>9} {:>24.2} {:>7.2} {:>7.1} {:>16.2} {:>7.2} {:>7.1} {:>9.2}\n",
                row.database,
                row.hanging,
                half,
                most,
                largest,
                begin_half,
                begin_most,
                begin_largest,
                row.own + row.of_database,
            ));
        }
    }
    out.push_str("aim: p99 12 ms; beside a neighbour that hangs 50 ms\n\n");
    for row in rows {
        if let Row::Moved(row) = row {
            out.push_str(&format!(
                "{}: killed while sending {}; all of them came again {:.1} s after the restart (aim: 5 s)\n",
                row.database, row.stuck, row.seconds
            ));
        }
    }
    out
}

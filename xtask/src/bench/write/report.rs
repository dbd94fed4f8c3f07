//! Numbers for people: how long the writes took, how long the system took for them, and what is between.

use std::fmt;

/// One write, in milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub(super) whole: f64,
    /// All calls of the system together.
    pub(super) system: f64,
}

pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) samples: Vec<Sample>,
    pub(super) cpu: f64,
    pub(super) database_cpu: Option<f64>,
    pub(super) peak: u64,
}

/// Of many numbers: half of them are at most that, all but one in a hundred are, all are.
struct Spread([f64; 3]);

impl Spread {
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let mut all: Vec<f64> = numbers.collect();
        all.sort_by(f64::total_cmp);
        let at = |part: usize| all.get(all.len().saturating_sub(1) * part / 100).copied().unwrap_or(f64::NAN);
        Self([50, 99, 100].map(at))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, most] = self.0;
        write!(out, "p50 {p50:>6.2}  p99 {p99:>6.2}  most {most:>7.2} ms")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, samples, cpu, database_cpu, peak } = self;
        let each = |part: fn(&Sample) -> f64| Spread::of(samples.iter().map(part));
        let ours = each(|sample| sample.whole - sample.system);
        let met = if ours.0[0] < 2.0 && ours.0[1] < 10.0 { "met" } else { "missed" };
        writeln!(out, "  {what}, {} of them", samples.len())?;
        writeln!(out, "    the whole write     {}", each(|sample| sample.whole))?;
        writeln!(out, "    the system's calls  {}", each(|sample| sample.system))?;
        writeln!(out, "    ours                {ours}  (aim: p50 < 2, p99 < 10: {met})")?;
        let per_write = |seconds: f64| seconds * 1e3 / samples.len().max(1) as f64;
        write!(out, "    CPU {cpu:.2} s, {:.2} ms per write", per_write(*cpu))?;
        if let Some(database) = database_cpu {
            write!(out, "; database {database:.2} s, {:.2} ms", per_write(*database))?;
        }
        writeln!(out, "; peak {:.0} MB", *peak as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_the_rest() {
        let samples = (1..=200).map(|n| Sample { whole: f64::from(n) + 1.5, system: f64::from(n) }).collect();
        let row = Row { what: "creates", samples, cpu: 0.4, database_cpu: None, peak: 50_000_000 };
        let text = row.to_string();
        assert!(
            text.contains("ours                p50   1.50  p99   1.50  most    1.50 ms  (aim: p50 < 2, p99 < 10: met)"),
            "{text}"
        );
        assert!(text.contains("CPU 0.40 s, 2.00 ms per write; peak 50 MB"), "{text}");
    }
}

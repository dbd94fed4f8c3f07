//! Named steps with their time, and the table at the end.

use std::time::{Duration, Instant};

/// What happened so far in one run.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: String,
    time: Duration,
    failed: bool,
}

impl Steps {
    /// Runs one step and keeps its time, also when it fails.
    pub(crate) fn run<T>(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        eprintln!("==> {name}");
        let start = Instant::now();
        let result = work().map_err(|error| error.context(format!("step \"{name}\" failed")));
        self.done.push(Step { name: name.to_owned(), time: start.elapsed(), failed: result.is_err() });
        result
    }

    /// The table: one row for each step, and the sum.
    pub(crate) fn table(&self) -> String {
        let width = self.done.iter().map(|step| step.name.chars().count()).max().unwrap_or(0).max("total".len());
        let row =
            |name: &str, time: Duration, mark: &str| format!("{name:<width$}  {:>8.1}{mark}\n", time.as_secs_f64());
        let mut table = format!("\n{:<width$}  {:>8}\n", "step", "seconds");
        for step in &self.done {
            table += &row(&step.name, step.time, if step.failed { "  FAILED" } else { "" });
        }
        table += &row("total", self.done.iter().map(|step| step.time).sum(), "");
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_step_and_marks_the_failed_one() {
        let mut steps = Steps::default();
        steps.run("first", || Ok(())).unwrap();
        let error = steps.run("second one", || anyhow::Result::<()>::Err(anyhow::anyhow!("why"))).unwrap_err();
        assert_eq!(format!("{error:#}"), "step \"second one\" failed: why");
        let table = steps.table();
        let rows: Vec<Vec<&str>> = table.lines().skip(2).map(|row| row.split_whitespace().collect()).collect();
        assert_eq!((rows[0][0], rows[0].len()), ("first", 2));
        assert_eq!((&rows[1][..2], rows[1].last()), (&["second", "one"][..], Some(&"FAILED")));
        assert_eq!(rows[2][0], "total");
    }
}

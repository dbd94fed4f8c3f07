//! Follows runs to their end: bars that move on a terminal, one line per end of a run elsewhere, JSON for scripts.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{Api, show};
use crate::terminal::{BAD, DIM, GOOD, say, styled};

const LOOK: Duration = Duration::from_millis(500);
const WIDTH: usize = 24;

/// Waits until all the runs are over: that ends, because a run does. Success if all of them succeeded.
pub(super) async fn until_over(api: &Api, asked: &Value, json: bool) -> anyhow::Result<ExitCode> {
    let mut runs: Vec<Value> = asked.as_array().cloned().unwrap_or_default();
    let moving = !json && std::io::stdout().is_terminal();
    let mut drawn = 0;
    loop {
        for run in runs.iter_mut().filter(|run| !is_over(run)) {
            let id = show::cell(run, "id");
            *run = api.get(&format!("/syncs/{id}"), &[]).await?;
            if is_over(run) && !json && !moving {
                say(&line(run, None));
            }
        }
        if moving {
            let status = api.get("/sync-status", &[]).await?;
            drawn = draw(&runs, &status["data"], drawn)?;
        }
        if runs.iter().all(is_over) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    if json {
        show::json(&json!({ "data": runs }));
    }
    let all_well = runs.iter().all(|run| run["state"] == "succeeded");
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_over(run: &Value) -> bool {
    matches!(run["state"].as_str(), Some("succeeded" | "failed" | "cancelled"))
}

/// Draws over what was drawn before; how many lines there are now.
fn draw(runs: &[Value], status: &Value, drawn: usize) -> std::io::Result<usize> {
    let mut out = anstream::stdout().lock();
    if drawn > 0 {
        // Up to the first line; each line is cleared before it is written.
        write!(out, "\x1b[{drawn}A")?;
    }
    for run in runs {
        let entity = status.as_array().into_iter().flatten().find(|entity| entity["entity"] == run["entity"]);
        writeln!(out, "\x1b[2K{}", line(run, entity))?;
    }
    out.flush()?;
    Ok(runs.len())
}

/// One run: its bar, and what it did or why it failed.
fn line(run: &Value, status: Option<&Value>) -> String {
    let number = |name: &str| run[name].as_u64().unwrap_or(0);
    let (entity, state) = (show::cell(run, "entity"), show::cell(run, "state"));
    let style = match state.as_str() {
        "succeeded" => GOOD,
        "failed" | "cancelled" => BAD,
        _ => DIM,
    };
    let rate = status.and_then(|status| status.pointer("/progress/rate_per_second")).and_then(Value::as_f64);
    let told = match (state.as_str(), run.pointer("/error/message").and_then(Value::as_str)) {
        ("succeeded", _) => format!(
            "{} created, {} updated, {} deleted, {} unchanged",
            number("created"),
            number("updated"),
            number("deleted"),
            number("unchanged")
        ),
        (_, Some(_)) => show::cell(run, "error/message"),
        _ => rate.map_or_else(String::new, |rate| format!("{rate:.0} rows/s")),
    };
    let total = run["total_known"].as_u64();
    let bar = bar(number("seen"), total, is_over(run));
    let total = total.map_or_else(String::new, |total| format!(" of {total}"));
    format!("{entity:<16} {bar} {:<9} {} rows{total}  {told}", styled(style, &state), number("seen"))
}

/// Filled as far as the run is, if the total is known; one that is over is full.
fn bar(seen: u64, total: Option<u64>, over: bool) -> String {
    let filled = match total {
        _ if over => WIDTH,
        Some(total) if total > 0 => usize::try_from(seen.min(total) * WIDTH as u64 / total).unwrap_or(WIDTH),
        _ => 0,
    };
    format!("[{}{}]", "=".repeat(filled), " ".repeat(WIDTH - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_is_known() {
        let filled = |seen, total, over| bar(seen, total, over).matches('=').count();
        assert_eq!((filled(50, Some(100), false), filled(500, Some(100), false)), (WIDTH / 2, WIDTH));
        assert_eq!((filled(50, None, false), filled(0, Some(0), false), filled(7, None, true)), (0, 0, WIDTH));
    }

    #[test]
    fn a_line_tells_what_a_run_did_or_why_it_failed() {
        let done = json!({"entity": "vendor", "state": "succeeded", "seen": 3, "created": 2, "unchanged": 1});
        assert!(line(&done, None).contains("3 rows  2 created, 0 updated, 0 deleted, 1 unchanged"));
        let failed = json!({"entity": "item", "state": "failed", "seen": 0, "error": {"message": "no\u{1b} route"}});
        assert!(line(&failed, None).ends_with("0 rows  no  route"));
        let going = json!({"entity": "item", "state": "running", "seen": 40, "total_known": 80});
        let status = json!({"progress": {"rate_per_second": 12.3}});
        assert!(line(&going, Some(&status)).ends_with("40 rows of 80  12 rows/s"));
    }
}

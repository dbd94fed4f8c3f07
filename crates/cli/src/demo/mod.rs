//! `trunnion demo`: the newcomer's first minute. Every line says what was really seen; every step is checked.
//!
//! Throw-away data directory, the server, one simulator per system that has one, a customer and the software company's own
//! server; then a tour: connect by the hosted page, sync, read, write the same order everywhere, repeat it, see a change arrive
//! as a webhook, lose the password and log in again. `--once` ends after the tour.

mod api;
mod customer;
mod integrator;
mod steps;
mod tour;
mod world;

use std::process::ExitCode;

use clap::Args;

use crate::terminal::{BAD, BOLD, DIM, GOOD, NAME, failed, say, styled};

#[derive(Args)]
pub(crate) struct Arguments {
    /// End after the tour: exit code 0 only if every step's result was checked and right
    #[arg(long)]
    once: bool,
    /// Port of the server; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let started = std::time::Instant::now();
    say(&format!("\n{}  one API for every ERP, CMMS/EAM and WMS\n", styled(BOLD, "Trunnion")));
    let world = world::start(arguments.port).await?;
    let outcome = tour::walk(&world).await;
    let code = match outcome {
        Ok(checks) => {
            let seconds = started.elapsed().as_secs_f32();
            say(&format!("\n{} {checks} checks, all right, in {seconds:.1} s.", styled(GOOD, "Done.")));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&format!("the tour stopped: {error:#}"), 1),
    };
    if arguments.once || code != ExitCode::SUCCESS {
        world.stop().await;
        return Ok(code);
    }
    say(&format!("\nLook around; everything here is thrown away when you leave ({}):\n", styled(DIM, "Ctrl-C")));
    say(&format!("  {}  {}/docs", styled(NAME, "API and docs"), world.url));
    say(&format!("  {}           {}", styled(NAME, "Key"), world.key));
    say(&format!("\n  curl -H 'Authorization: Bearer {}' {}/api/v1/connections\n", world.key, world.url));
    tokio::signal::ctrl_c().await?;
    world.stop().await;
    Ok(code)
}

/// A numbered heading.
fn step(number: usize, title: &str) {
    say(&format!("\n{} {}", styled(NAME, &format!("{number}.")), styled(BOLD, title)));
}

/// Counts what was checked; a check that does not hold ends the tour.
#[derive(Default)]
struct Checks(usize);

impl Checks {
    fn that(&mut self, holds: bool, what: &str) -> anyhow::Result<()> {
        if !holds {
            anyhow::bail!("{} {what}", styled(BAD, "not true:"));
        }
        self.0 += 1;
        say(&format!("   {} {what}", styled(GOOD, "✓")));
        Ok(())
    }
}

//! `trunnion sandbox SYSTEM`: one vendor simulator.

use std::process::ExitCode;

use clap::Args;
use trunnion_connectors::sandbox::{self, Settings};
use trunnion_kit::sim::Fault;
use trunnion_model::time::Clock;

use crate::terminal::{BOLD, say, styled};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Which system: one that `trunnion connectors list` shows with a sandbox
    system: String,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The same seed gives the same data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many purchase orders there are
    #[arg(long, default_value_t = 200)]
    records: usize,
    /// What it is to do without, as an older release does; a wrong one tells what there is; may be given several times
    #[arg(long, value_name = "FEATURE")]
    without: Vec<String>,
    /// A fault, for instance `429:every=10,retry_after=2` or `cut-after:next=1,method=POST`; may be given several times
    #[arg(long, value_name = "SPEC")]
    fault: Vec<Fault>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(sandbox) = sandbox::get(&arguments.system) else {
        let known: Vec<_> = sandbox::all().iter().map(|sandbox| sandbox.system).collect();
        anyhow::bail!("there is no sandbox of `{}`; there are: {}", arguments.system, known.join(", "));
    };
    if let Some(unknown) = arguments.without.iter().find(|wanted| !sandbox.features.contains(&wanted.as_str())) {
        let known = if sandbox.features.is_empty() { "nothing".to_owned() } else { sandbox.features.join(", ") };
        anyhow::bail!("the sandbox of {} cannot do without `{unknown}`, but without {known}", arguments.system);
    }
    let settings = Settings {
        port: arguments.port,
        seed: arguments.seed,
        records: arguments.records,
        without: arguments.without.clone(),
        clock: Clock::system(),
    };
    let sim = (sandbox.start)(settings).await?;
    for fault in &arguments.fault {
        sim.control.add_fault(fault.clone());
    }
    say(&format!("{} {}", styled(BOLD, "The sandbox listens on"), sim.url));
    say("Connect to it with these credentials (POST /api/v1/connections):");
    say(&serde_json::to_string_pretty(&(sandbox.credentials)(&sim.url))?);
    say(&format!("What is inside, what was asked, and faults at a click: {}/_control/", sim.url));
    say("Ctrl-C stops it; nothing is kept.");
    tokio::select! {
        () = sim.wait() => anyhow::bail!("the sandbox ended by itself"),
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
    }
}

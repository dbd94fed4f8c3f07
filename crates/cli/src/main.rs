//! `trunnion`: one API for every ERP, CMMS/EAM and WMS, in one binary. This file says which commands there are.
//!
//! The composition root: the only crate that puts store, connectors, engine and server together. Exit codes: 0 done,
//! 1 failed, 2 wrong usage, 3 refused to start (and says why).

mod api;
mod config;
mod connections;
mod connectors;
mod demo;
mod events;
mod inbox;
mod keys;
mod listen;
mod memory;
mod sandbox;
mod secrets;
mod serve;
mod start;
mod sync;
mod terminal;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// One API for every ERP, CMMS/EAM and WMS.
///
/// New here? `trunnion demo` shows all of it in a minute, without any set-up.
#[derive(Parser)]
#[command(name = "trunnion", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the whole product in a minute: two simulated ERPs, one API, one order written to both
    Demo(demo::Arguments),
    /// Run the server: API, docs, sync and write workers
    Serve(serve::Arguments),
    /// Run a simulator of one vendor system, to build and test against without a licence
    Sandbox(sandbox::Arguments),
    /// The systems that can be connected; check a connector's declaration
    #[command(subcommand)]
    Connectors(connectors::Command),
    /// Receive webhooks for a program beside it: verify, store, answer, hand on
    Inbox(inbox::Arguments),
    /// Application API keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// The master keys that credentials are sealed under
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// The customers' systems of a running server
    Connections(connections::Arguments),
    /// How far the syncs of a connection are; ask for one now
    Sync(sync::Arguments),
    /// The ordered log of what happened
    Events(events::Arguments),
    /// Post what happens to a program on this machine, as signed webhooks
    Listen(listen::Arguments),
    /// Webhook endpoints and deliveries of a running server
    Webhooks(webhooks::Arguments),
}

fn main() -> ExitCode {
    memory::share();
    let cli = Cli::parse();
    // One more than there are cores: SQLite's writer waits for the disk on one of them.
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get() + 1);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return terminal::failed(&format!("cannot start: {error}"), 3),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Demo(arguments) => demo::run(&arguments).await,
            Command::Serve(arguments) => serve::run(&arguments).await,
            Command::Sandbox(arguments) => sandbox::run(&arguments).await,
            Command::Connectors(command) => connectors::run(&command),
            Command::Inbox(arguments) => inbox::run(&arguments).await,
            Command::Keys(command) => keys::run(command).await,
            Command::Secrets(command) => secrets::run(command).await,
            Command::Connections(arguments) => connections::run(arguments).await,
            Command::Sync(arguments) => sync::run(arguments).await,
            Command::Events(arguments) => events::run(arguments).await,
            Command::Listen(arguments) => listen::run(arguments).await,
            Command::Webhooks(arguments) => webhooks::run(arguments).await,
        }
    });
    // A worker that still waits for a slow system must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(code) => code,
        Err(error) => terminal::failed(&format!("{error:#}"), if error.is::<start::Refused>() { 3 } else { 1 }),
    }
}

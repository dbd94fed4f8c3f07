//! What the demo runs in: a throw-away directory, the server in this process, the simulators.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trunnion_connectors::sandbox::{self, Sandbox, Settings};
use trunnion_engine::Workers;
use trunnion_engine::services::keys;
use trunnion_kit::sim::Sim;
use trunnion_model::time::Clock;

use super::api::Api;
use super::customer::Customer;
use super::integrator::Integrator;
use crate::config::Config;
use crate::start;
use crate::terminal::{DIM, say, styled};

/// How many purchase orders each simulator has.
pub(super) const ORDERS: usize = 250;

pub(super) struct World {
    pub(super) url: String,
    pub(super) key: String,
    pub(super) api: Api,
    pub(super) customer: Customer,
    pub(super) integrator: Integrator,
    pub(super) systems: Vec<System>,
    data: tempfile::TempDir,
    workers: Workers,
    server: JoinHandle<std::io::Result<()>>,
    stop: oneshot::Sender<()>,
}

/// A simulated system.
pub(super) struct System {
    pub(super) sandbox: &'static Sandbox,
    pub(super) name: String,
    pub(super) sim: Sim,
}

pub(super) async fn start(port: u16) -> anyhow::Result<World> {
    let data = tempfile::Builder::new().prefix("trunnion-demo-").tempdir()?;
    let flags = [
        ("data_dir", Some(data.path().display().to_string())),
        ("database.url", Some(String::new())),
        ("secrets.keys", Some(String::new())),
        // The receiver of webhooks is on this machine, which is not public.
        ("webhooks.allow_networks", Some("127.0.0.0/8".to_owned())),
        // Where its simulators are.
        (start::SYSTEM_NETWORKS, Some("127.0.0.0/8".to_owned())),
    ];
    let config = Config::load(None, &flags)?;
    let engine = start::engine(&config).await?;
    let key = keys::create_for(&engine, "demo", keys::Wanted::all("demo")).await?.token;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let app = trunnion_server::app(engine.clone(), trunnion_server::Options::default());
    let server = tokio::spawn(trunnion_server::serve(listener, app, async {
        // Dropped without a word also means: stop.
        let _stopped = stopped.await;
    }));
    let workers = engine.start();
    say(&format!("   server      {url}   {}", styled(DIM, &format!("data in {}", data.path().display()))));
    let catalogue = trunnion_connectors::catalogue().map_err(|findings| anyhow::anyhow!("{findings:?}"))?;
    let mut systems = Vec::new();
    for sandbox in sandbox::all() {
        let settings = Settings { port: 0, seed: 1, records: ORDERS, without: Vec::new(), clock: Clock::system() };
        let sim = (sandbox.start)(settings).await?;
        let name =
            catalogue.get(sandbox.system).map_or(sandbox.system, |connector| &connector.spec.system.name).to_owned();
        say(&format!("   simulator   {}   {name}, {ORDERS} purchase orders", sim.url));
        systems.push(System { sandbox, name, sim });
    }
    let (api, customer, integrator) = (Api::new(&url, &key)?, Customer::new()?, Integrator::start().await?);
    say(&format!("   integrator  {}   a software company's own server, which gets webhooks", integrator.url));
    Ok(World { url, key, api, customer, integrator, systems, data, workers, server, stop })
}

impl World {
    pub(super) async fn stop(self) {
        // The server may have ended already; then nobody listens.
        let _nobody = self.stop.send(());
        self.workers.stop(Duration::from_secs(5)).await;
        if let Ok(Err(error)) = self.server.await {
            say(&format!("the server ended with an error: {error}"));
        }
        drop(self.systems);
        if let Err(error) = self.data.close() {
            say(&format!("could not remove the demo's data: {error}"));
        }
    }
}

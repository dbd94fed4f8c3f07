//! The engine: what every service needs, in one handle; and its settings.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use trunnion_kit::http::{Client, Random};
use trunnion_kit::mail::Mailer;
use trunnion_kit::spec::Limits;
use trunnion_kit::vendor::Catalogue;
use trunnion_kit::webhook::{Guard, Network, Poster, Proxy};
use trunnion_model::ids::EventId;
use trunnion_model::time::Clock;
use trunnion_receiver::inbox::{self, Inbox};
use trunnion_store::Store;
use uuid::Uuid;

use crate::budgets::Budgets;
use crate::courtesy::Courtesy;
use crate::error::{Result, ServiceError};
use crate::health::Tallies;
use crate::links::Links;
use crate::measures::{Counts, Looked};

/// How the engine works. The defaults are for production.
#[derive(Clone, Debug)]
pub struct Options {
    /// This process, for people who look into the database.
    pub node: String,
    /// Whether systems may be addressed by `http` beyond this machine (inside a closed network).
    pub allow_http: bool,
    /// Networks that systems may be in although they are not public.
    pub allow_networks: Vec<Network>,
    /// Runs at once on this node; those that take long do not count.
    pub slots: usize,
    /// After so long a run gives its slot free and goes on beside the others.
    pub long_run: Duration,
    /// Runs at once of one connection, on all nodes together.
    pub per_connection: usize,
    /// Between two syncs of an entity, unless its connection says otherwise.
    pub sync_interval: Duration,
    /// Between two looks for work that another node made.
    pub poll: Duration,
    /// How long a run stays with a node that shows no sign of life.
    pub lease: Duration,
    /// Links kept alive at once.
    pub links: usize,
    /// At most so many rows per request, whatever a declaration says.
    pub page: usize,
    /// A page with more than that is stored in parts, so that a write never waits for a large one.
    pub commit_bytes: usize,
    /// For the whole of one probe.
    pub probe: Duration,
    pub deletion_guard: DeletionGuard,
    pub retry: RetryOptions,
    pub write: WriteOptions,
    pub webhooks: WebhookOptions,
    pub health: HealthOptions,
    pub subscriptions: SubscriptionOptions,
    /// Under which systems reach this server; without it none is told where to send its hooks.
    pub public_url: Option<String>,
    /// Where alerts by e-mail go out; `None`: nowhere.
    pub mail: Option<Mailer>,
    /// How long events are kept; `None`: for ever.
    pub events_kept: Option<Duration>,
    /// How long it is kept who did what; `None`: for ever.
    pub audit_kept: Option<Duration>,
    /// How long syncs that are over are kept; `None`: for ever.
    pub runs_kept: Option<Duration>,
    /// How long writes that are settled are kept, but a fortnight at least; `None`: for ever.
    pub operations_kept: Option<Duration>,
    /// Deliveries that are over are deleted after that; `None`: never.
    pub deliveries_kept: Option<Duration>,
}

/// How connections are looked after.
#[derive(Clone, Debug)]
pub struct HealthOptions {
    /// A connection of which nothing was heard for that long is probed.
    pub probe_interval: Duration,
    /// After a probe that found trouble; doubled after each further one, with jitter.
    pub first: Duration,
    pub most: Duration,
    /// Probes at once on this node.
    pub at_once: usize,
    /// How often what calls came to is stored.
    pub store: Duration,
}

/// How subscriptions at systems are kept alive.
#[derive(Clone, Debug)]
pub struct SubscriptionOptions {
    /// One that does not end by itself is looked at that often, in case the system dropped it.
    pub every: Duration,
    /// After a try that came to nothing; doubled after each further one, with jitter.
    pub first: Duration,
    pub most: Duration,
    /// For the system's answers, all of one look together.
    pub patience: Duration,
    /// How long one stays with a node that shows no sign of life; longer than it waits for answers.
    pub lease: Duration,
    /// Looked at at once on this node.
    pub at_once: usize,
}

/// How webhooks are sent.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// Sent at once on this node.
    pub slots: usize,
    /// Sent at once to one endpoint on this node.
    pub per_endpoint: usize,
    /// An endpoint is disabled after nothing but failures for that long, unless it says otherwise itself.
    pub disable_after: Duration,
    /// After so many failures in a row nothing is sent to an endpoint for a while, then one; the while doubles.
    pub breaks_at: i64,
    pub first_hold: Duration,
    pub longest_hold: Duration,
    /// A node that gave no sign of life for that long is dead.
    pub dead_after: Duration,
    /// Through it, if not directly.
    pub proxy: Option<Proxy>,
    /// Networks that endpoints may be in although they are not public; `http://` reaches these only.
    pub allow_networks: Vec<Network>,
}

/// When deletions that a complete listing tells of are held for somebody to decide on.
#[derive(Clone, Copy, Debug)]
pub struct DeletionGuard {
    /// More than so many, and …
    pub count: i64,
    /// … more than so many in a hundred of the entity's records. 100 holds nothing.
    pub percent: i64,
}

impl DeletionGuard {
    pub(crate) fn is_on(self) -> bool {
        self.percent < 100
    }

    pub(crate) fn holds(self, gone: i64, total: i64) -> bool {
        gone > self.count && gone.saturating_mul(100) > total.saturating_mul(self.percent)
    }
}

impl Default for DeletionGuard {
    fn default() -> Self {
        Self { count: 20, percent: 20 }
    }
}

/// What happens after an error that passes by itself.
#[derive(Clone, Debug)]
pub struct RetryOptions {
    /// Before the second try; doubled before each further one, with jitter.
    pub first: Duration,
    pub most: Duration,
    /// A run that made no progress this often is given up; the next one is due at its time.
    pub tries: i64,
}

#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// For sending, searching and reading back, together.
    pub deadline: Duration,
    /// How long a write stays with a node that shows no sign of life.
    pub lease: Duration,
    /// Before the first search for a write that was not answered; doubled before the second. A system that is still busy
    /// with the request is given the time to finish it.
    pub search_pause: Duration,
    /// How long a repeat waits for the first call with the same key.
    pub wait: Duration,
    /// Between two looks for writes that nobody finished.
    pub recover: Duration,
    /// A write whose outcome could not be found out for that long is settled as failed, for a person to look at.
    pub give_up: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            node: "node".to_owned(),
            allow_http: false,
            allow_networks: Vec::new(),
            slots: 32,
            long_run: Duration::from_secs(10),
            per_connection: 2,
            sync_interval: Duration::from_secs(15 * 60),
            poll: Duration::from_secs(1),
            lease: Duration::from_secs(8),
            links: 1024,
            page: 5_000,
            commit_bytes: 1024 * 1024,
            probe: Duration::from_secs(90),
            deletion_guard: DeletionGuard::default(),
            retry: RetryOptions::default(),
            write: WriteOptions::default(),
            webhooks: WebhookOptions::default(),
            health: HealthOptions::default(),
            subscriptions: SubscriptionOptions::default(),
            public_url: None,
            mail: None,
            events_kept: None,
            audit_kept: None,
            runs_kept: None,
            operations_kept: None,
            deliveries_kept: None,
        }
    }
}

impl Default for HealthOptions {
    fn default() -> Self {
        Self {
            probe_interval: Duration::from_secs(15 * 60),
            first: Duration::from_secs(30),
            most: Duration::from_secs(15 * 60),
            at_once: 8,
            store: Duration::from_secs(5),
        }
    }
}

impl Default for SubscriptionOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(24 * 60 * 60),
            first: Duration::from_secs(15),
            most: Duration::from_secs(60 * 60),
            patience: Duration::from_secs(20),
            lease: Duration::from_secs(30),
            at_once: 8,
        }
    }
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            slots: 256,
            per_endpoint: 32,
            disable_after: Duration::from_secs(5 * 24 * 60 * 60),
            breaks_at: 5,
            first_hold: Duration::from_secs(1),
            longest_hold: Duration::from_secs(60),
            dead_after: Duration::from_secs(4),
            proxy: None,
            allow_networks: Vec::new(),
        }
    }
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self { first: Duration::from_secs(5), most: Duration::from_secs(15 * 60), tries: 12 }
    }
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(90),
            lease: Duration::from_secs(30),
            search_pause: Duration::from_secs(1),
            wait: Duration::from_secs(30),
            recover: Duration::from_secs(5),
            give_up: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Store,
    catalogue: Catalogue,
    clock: Clock,
    options: Options,
    client: Client,
    links: Links,
    budgets: Budgets,
    courtesy: Courtesy,
    tallies: Tallies,
    counts: Arc<Counts>,
    looked: Looked,
    poster: Poster,
    inbox: OnceLock<Inbox>,
    boot: Uuid,
}

impl Engine {
    /// Fails where no HTTP client can be made: a machine without trusted certificates.
    pub fn new(store: Store, catalogue: Catalogue, clock: Clock, options: Options) -> Result<Self> {
        let systems = Guard::new(options.allow_networks.clone());
        let client = Client::guarded(&Limits::default(), clock.clone(), systems);
        let client = client.map_err(|error| ServiceError::internal(&error))?;
        let links = Links::new(options.links);
        let guard = Guard::new(options.webhooks.allow_networks.clone());
        let poster =
            Poster::new(guard, options.webhooks.proxy.as_ref()).map_err(|error| ServiceError::internal(&error))?;
        let boot = EventId::new(&clock).0;
        Ok(Self(Arc::new(Inner {
            store,
            catalogue,
            clock,
            options,
            client,
            links,
            budgets: Budgets::new(boot.into_bytes()),
            courtesy: Courtesy::default(),
            tallies: Tallies::default(),
            counts: Arc::default(),
            looked: Looked::default(),
            poster,
            inbox: OnceLock::new(),
            boot,
        })))
    }

    /// Opens the inbox for hooks that systems send: tables of its own, in `sqlite:FILE` or `postgres://…`. Without it there are
    /// no addresses for them.
    pub async fn open_inbox(&self, url: &str) -> Result<()> {
        let clock = self.0.clock.clone();
        let options = inbox::Options { batch: 500, ..inbox::Options::default() };
        let opened = Inbox::open(url, options, inbox::Time::new(move || clock.now_micros())).await;
        let opened = opened.map_err(|error| ServiceError::internal(&error))?;
        // A second one would be another handle on the same tables.
        let _first = self.0.inbox.set(opened);
        Ok(())
    }

    pub(crate) fn inbox(&self) -> Option<&Inbox> {
        self.0.inbox.get()
    }

    /// Whether the database answers within `patience`.
    pub async fn ready(&self, patience: Duration) -> Result<()> {
        Ok(self.0.store.ping(patience).await?)
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn links(&self) -> &Links {
        &self.0.links
    }

    pub(crate) fn budgets(&self) -> &Budgets {
        &self.0.budgets
    }

    pub(crate) fn courtesy(&self) -> &Courtesy {
        &self.0.courtesy
    }

    /// What happened on this node, for whoever watches it.
    pub(crate) fn counts(&self) -> &Arc<Counts> {
        &self.0.counts
    }

    pub(crate) fn looked(&self) -> &Looked {
        &self.0.looked
    }

    /// What calls came to since it was last stored.
    pub(crate) fn tallies(&self) -> &Tallies {
        &self.0.tallies
    }

    /// The way out for webhooks.
    pub(crate) fn poster(&self) -> &Poster {
        &self.0.poster
    }

    /// Of this process, and of no other.
    pub(crate) fn boot(&self) -> Uuid {
        self.0.boot
    }

    /// For jitter.
    pub(crate) fn random(&self) -> &Random {
        self.0.client.random()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.0.options.node)
    }
}

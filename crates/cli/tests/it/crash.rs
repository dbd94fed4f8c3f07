//! A server that is killed during an initial sync: another one goes on from the last page, and nothing is lost or doubled.
//!
//! Everything is seen from outside: the simulator's request log, and the public API. `TRUNNION_TEST_CRASH_RECORDS` says how
//! many purchase orders there are, `TRUNNION_TEST_CRASH_SEED` at which moments the server is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use crate::database::Database;
use crate::process::{Api, Asked, Server, Simulator};

const SYSTEM: &str = "sap-s4hana";
/// A page of two megabytes has fewer.
const PAGE: usize = 840;
const KILLS: usize = 4;
/// One page, on a busy machine, and the time until the dead server's lease runs out.
const PATIENCE: Duration = Duration::from_secs(100);

#[tokio::test]
async fn a_killed_initial_sync_goes_on_from_its_last_page_on_sqlite() {
    survive(None).await;
}

#[tokio::test]
async fn a_killed_initial_sync_goes_on_from_its_last_page_on_postgres() {
    match Database::create("crash") {
        Some(database) => survive(Some(&database.url())).await,
        None => eprintln!("not run: TRUNNION_TEST_POSTGRES names no server"),
    }
}

async fn survive(database: Option<&str>) {
    let records = number("TRUNNION_TEST_CRASH_RECORDS", 100_000);
    let mut random = Random(number("TRUNNION_TEST_CRASH_SEED", 7) as u64);
    let directory = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(directory.path(), SYSTEM, records);
    let mut server = Server::start(directory.path(), database);
    let token = connect(&server, &simulator).await;

    let pages = records.div_ceil(PAGE);
    let mut waits: Vec<Duration> = Vec::new();
    for kill in 0..KILLS {
        // One in each part of the way and, in another order, of the time that a page takes: so that none is always spared.
        let page = pages * kill / KILLS + random.below(pages / KILLS).max(1);
        until_asked(&simulator, page).await;
        let start = Instant::now();
        until_asked(&simulator, page + 1).await;
        let part = 1_000 * ((kill * 3) % KILLS) + random.below(1_000);
        tokio::time::sleep(start.elapsed().mul_f64(part as f64 / (1_000 * KILLS) as f64)).await;
        let killed = Instant::now();
        server = restart(server, directory.path(), database);
        waits.push(goes_on(&simulator, killed).await);
    }
    eprintln!("killed {KILLS} times; pages are asked for again after {waits:.1?}");
    let api = server.api(&token);
    until_done(&api).await;

    assert_pages_resumed(&simulator.requests().await, records);
    let ids = record_ids(&api, records).await;
    assert_one_created_event_each(&api, &ids).await;
}

/// Another node on the same database takes over what a dead one had in hand.
#[tokio::test]
async fn another_node_goes_on_with_a_killed_nodes_sync_on_postgres() {
    let Some(database) = Database::create("takeover") else {
        eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
        return;
    };
    let (records, url) = (20_000, database.url());
    let directory = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(directory.path(), SYSTEM, records);
    let mut first = Server::start(directory.path(), Some(&url));
    let token = connect(&first, &simulator).await;
    until_asked(&simulator, 3).await;
    let second = Server::start(directory.path(), Some(&url));
    let asked = asked_pages(&simulator.requests().await).len();
    assert!(asked < records / PAGE, "it is over before the kill");
    let killed = Instant::now();
    first.process.kill();
    let waited = goes_on(&simulator, killed).await;
    eprintln!("the other node asks for a page after {waited:.1?}");
    let api = second.api(&token);
    until_done(&api).await;
    let asked = simulator.requests().await;
    let pages = asked_pages(&asked);
    let again = pages.len() - pages.iter().collect::<BTreeSet<_>>().len();
    eprintln!("{again} pages were asked for twice");
    assert!(again <= 2, "{again} requests for pages that had been read");
    assert_one_created_event_each(&api, &record_ids(&api, records).await).await;
}

/// How long after `killed` the next request for a page comes. What the dead one had asked for may still be answered then.
async fn goes_on(simulator: &Simulator, killed: Instant) -> Duration {
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = asked_pages(&simulator.requests().await).len();
    while asked_pages(&simulator.requests().await).len() == before {
        assert!(killed.elapsed() < PATIENCE, "nobody goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    killed.elapsed()
}

async fn connect(server: &Server, simulator: &Simulator) -> String {
    let key = server.key.as_deref().expect("a first start prints a key");
    let body = json!({
        "system": SYSTEM,
        "credentials": simulator.credentials,
        "customer": {"id": "c1", "name": "Customer"},
        // No second sync: the requests that are counted are the first one's.
        "sync": {"interval_seconds": null},
    });
    let reply = server.api(key).post("/connections", &body).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.body["token"].as_str().expect("a token").to_owned()
}

fn restart(mut killed: Server, directory: &Path, database: Option<&str>) -> Server {
    killed.process.kill();
    let server = Server::start(directory, database);
    assert_eq!(server.key, None, "the data is still there");
    server
}

/// Waits until so many different pages were asked for.
async fn until_asked(simulator: &Simulator, pages: usize) {
    let end = Instant::now() + PATIENCE;
    loop {
        let asked = asked_pages(&simulator.requests().await).into_iter().collect::<BTreeSet<_>>().len();
        if asked >= pages {
            return;
        }
        assert!(Instant::now() < end, "only {asked} of {pages} pages were asked for");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until_done(api: &Api) {
    #[derive(Deserialize)]
    struct Entity {
        state: String,
        initial_done: bool,
        records: i64,
    }
    let mut progress = (0, Instant::now());
    loop {
        let status: List<Entity> = api.get("/sync-status").await;
        let failed = status.data.iter().any(|entity| entity.state == "failed");
        assert!(!failed, "{}", api.get::<serde_json::Value>("/sync-status").await);
        if status.data.iter().all(|entity| entity.state == "idle" && entity.initial_done) {
            return;
        }
        let records = status.data.iter().map(|entity| entity.records).sum();
        if records > progress.0 {
            progress = (records, Instant::now());
        }
        assert!(progress.1.elapsed() < PATIENCE, "no page in {PATIENCE:?}, {records} records are there");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The page after the last one that was stored is asked for again, and perhaps the one behind it, which is fetched ahead.
fn assert_pages_resumed(requests: &[Asked], records: usize) {
    let asked = asked_pages(requests);
    let mut place = BTreeMap::new();
    let mut again = 0;
    for page in &asked {
        let known = place.len();
        let place = *place.entry(*page).or_insert(known);
        again += usize::from(place < known);
        assert!(known - place <= 2, "page {place} was asked for again after page {known}");
    }
    let size = |page: &&str| page.split("$top=").nth(1).and_then(|rest| rest.split('&').next()?.parse::<usize>().ok());
    let rows: usize = place.keys().filter_map(size).sum();
    // The last one finds nothing, and the one before may have room left.
    assert!((records..records + 2_000).contains(&rows), "pages of {rows} rows together");
    assert!(again <= 2 * KILLS, "{again} requests for pages that had been read, after {KILLS} kills");
    for page in place.keys() {
        let times = asked.iter().filter(|asked| *asked == page).count();
        assert!(times <= 1 + KILLS, "{page} was asked for {times} times");
    }
}

/// The queries that ask for a page of purchase orders; equal ones ask for the same page.
fn asked_pages(requests: &[Asked]) -> Vec<&str> {
    let page = |asked: &&Asked| asked.path.ends_with("/PurchaseOrder") && asked.query.contains("orderby");
    assert!(requests.iter().all(|asked| (asked.method.as_str(), asked.status) == ("GET", 200)), "{requests:#?}");
    requests.iter().filter(page).map(|asked| asked.query.as_str()).collect()
}

/// Reads all purchase orders back, page by page.
async fn record_ids(api: &Api, records: usize) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Order {
        id: String,
        remote_id: String,
        version: i64,
    }
    let (mut ids, mut remote_ids) = (BTreeSet::new(), BTreeSet::new());
    let mut cursor = "&count=true".to_owned();
    loop {
        let page: List<Order> =
            api.get(&format!("/purchase-orders?limit=500&fields=id,remote_id,version{cursor}")).await;
        assert!(page.count.is_none_or(|count| count == records), "{:?}", page.count);
        for order in page.data {
            assert_eq!(order.version, 1, "{} was written twice", order.id);
            assert!(remote_ids.insert(order.remote_id.clone()), "{} is there twice", order.remote_id);
            assert!(ids.insert(order.id.clone()), "{} came twice", order.id);
        }
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(ids.len(), records);
    ids
}

async fn assert_one_created_event_each(api: &Api, ids: &BTreeSet<String>) {
    #[derive(Deserialize)]
    struct Event {
        id: String,
        #[serde(rename = "type")]
        kind: String,
        sequence: u64,
        data: Data,
    }
    /// Only record events have one.
    #[derive(Deserialize)]
    struct Data {
        #[serde(default)]
        id: String,
    }
    let (mut events, mut created) = (BTreeSet::new(), BTreeSet::new());
    let (mut sequence, mut after) = (0, "0".to_owned());
    loop {
        let page: List<Event> = api.get(&format!("/events?limit=500&after={after}")).await;
        let last = page.data.is_empty();
        for event in page.data {
            sequence += 1;
            assert_eq!(event.sequence, sequence, "a hole, or out of order");
            assert!(events.insert(event.id), "an event has the id of another");
            assert_ne!(event.kind, "purchase_order.updated", "nothing was changed over there");
            if event.kind == "purchase_order.created" {
                assert!(created.insert(event.data.id.clone()), "{} was created twice", event.data.id);
            }
        }
        after = page.next_cursor.expect("the log has no end");
        if last {
            break;
        }
    }
    assert!(created == *ids, "{} created events for {} records", created.len(), ids.len());
}

#[derive(Deserialize)]
struct List<T> {
    data: Vec<T>,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    count: Option<usize>,
}

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a whole number"))
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }
}

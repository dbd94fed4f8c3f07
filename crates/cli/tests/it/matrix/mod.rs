//! The fault matrix: each way of writing, with the line cut at each place, nodes that die at each wait, and several nodes that
//! are asked for the same at once. At the source each intended thing is there exactly once, and each operation ends in a
//! state that is true.
//!
//! A seed is one deed. `TRUNNION_TEST_FAULT_SEEDS` says how many there are for each system and database,
//! `TRUNNION_TEST_FAULT_FIRST` which is the first, `TRUNNION_TEST_FAULT_SEEDS_TRYTON` how many for the real system;
//! `TRUNNION_TEST_FAULT_KIND` (`Stock`) leaves out all that are of another kind.

mod blind;
pub(crate) mod cutter;
mod deeds;
mod lab;
mod truth;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;
use trunnion_engine::ServiceError;
use trunnion_engine::services::{operations, records};
use trunnion_kit::vendor::Catalogue;

use self::cutter::{Asked, Cut};
use self::deeds::{Deed, Kind, Outcome, ask};
use self::lab::{LEASES, Lab};
use self::truth::Task;
use crate::database::Database;
use crate::faults::Seeded;
use crate::tryton::Tryton;

const PATIENCE: Duration = Duration::from_secs(300);
/// After which an operation whose outcome is unknown is looked at again for certain.
const LOOK_AGAIN: Duration = Duration::from_secs(700);

/// How an operation ended, once it was over.
enum Ended {
    /// The record that was answered.
    Done(String),
    Failed(ServiceError),
}

impl Lab {
    async fn made(&self, deed: &Deed) -> String {
        let key = format!("made {}", self.made.fetch_add(1, Ordering::Relaxed));
        let written = ask(&self.nodes[0], &self.scope(0).await, deed, &key)
            .await
            .unwrap_or_else(|error| panic!("{deed:?}: {error:?}"));
        let stored = written.result.unwrap_or_else(|error| panic!("{deed:?}: {error:?}"));
        let record: Value = serde_json::from_str(&stored.json).unwrap();
        record["remote_id"].as_str().unwrap().to_owned()
    }

    async fn record(&self, path: &str, remote_id: &str) -> Value {
        let id = format!("remote:{remote_id}");
        let text = records::get(&self.nodes[0], &self.scope(0).await, path, &id, &[]).await.unwrap();
        serde_json::from_str(&text.json).unwrap()
    }

    /// The stock level that is changed, and its item's SKU.
    async fn level(&self) -> (String, String) {
        let given = [("limit".to_owned(), "500".to_owned())];
        let text = records::list(&self.nodes[0], &self.scope(0).await, "inventory-levels", &given).await.unwrap();
        let page: Value = serde_json::from_str(&text).unwrap();
        // In the one system the place is a text of its own; in the other any place will do, but not an item that is out of use; in
        // the real one the part is our own.
        let part = lab::own_part();
        let here = |level: &&Value| match self.system {
            "netsuite" => level["item_sku"] == "SP-0003",
            "tryton" => level["item_sku"] == part.as_str(),
            _ => level["location_remote_id"] == "S/1010/101A",
        };
        let level = page["data"].as_array().unwrap().iter().find(here);
        let level = level.unwrap_or_else(|| panic!("{text:.600}"));
        let text = |name: &str| level[name].as_str().unwrap().to_owned();
        (text("remote_id"), text("item_sku"))
    }

    /// What a seed is about, and what is left to chance.
    fn begun(&self, seed: u64) -> (Kind, Seeded) {
        let mut chance = Seeded(seed);
        let kinds = Kind::of(self.system);
        (kinds[chance.index(kinds.len())], chance)
    }

    /// Lives through one seed; what was wrong at its end.
    async fn live(&self, seed: u64) -> Result<(), String> {
        let (kind, mut chance) = self.begun(seed);
        // The real system's data outlives a test.
        let run = if self.system == "tryton" { format!("-{}", std::process::id()) } else { String::new() };
        let task = self.task(kind, &format!("{seed}{run}")).await;
        let mid = Cut::Mid(u8::try_from(chance.below(100)).unwrap());
        let cuts = [Cut::Door, Cut::Request, Cut::Torn, Cut::Answer, mid, Cut::Status(429), Cut::Status(503)];
        let real = [Cut::Door, Cut::Request, Cut::Torn, Cut::Answer, mid, Cut::Late];
        let cuts: &[Cut] = if self.system == "tryton" { &real } else { &cuts };
        let cut = cuts[chance.index(cuts.len())];
        // A write may be several calls: the first ones may pass. A system that has no room may have none for long.
        let pass = [0, 0, 0, 1, 2][chance.index(5)];
        let count = if cut == Cut::Status(429) { [1, 2, 9][chance.index(3)] } else { [1, 1, 2][chance.index(3)] };
        let cut = (chance.below(8) > 0).then_some(cut);
        if let Some(cut) = cut {
            self.cutter.plan(cut, (pass, count), writes(self.system));
        }
        let (dies, second) = (chance.below(3) == 0, chance.below(4) == 0);
        let waits = 1 + chance.below(90);
        let key = format!("seed {seed}");
        let story =
            format!("{kind:?}, {cut:?} x{count} after {pass}, dies {:?}, second {second}", dies.then_some(waits));
        let story = format!("{} seed {seed} ({story})", self.system);
        let told = |wrong: String| format!("{story}: {wrong}");

        let _lived = self.asked(&task.deed, &key, dies.then_some(waits), second).await;
        if chance.below(2) == 0 {
            self.cutter.calm();
        }
        let ended = self.settle(&task.deed, &key).await.map_err(told)?;
        self.cutter.calm();
        self.judge(task, &key, ended, &story).await.map_err(told)
    }

    /// One caller or two at once, one of whom may be at a node that dies. Comes back when it is dead; whether it lived to
    /// answer.
    async fn asked(&self, deed: &Deed, key: &str, dies: Option<u64>, second: bool) -> bool {
        let mortal = dies.map(|waits| self.mortal(waits, deed.clone(), key.to_owned()));
        let scopes = (self.scope(0).await, self.scope(1).await);
        let first = async {
            if mortal.is_none() || second {
                let _answered_below = ask(&self.nodes[0], &scopes.0, deed, key).await;
            }
        };
        let other = async {
            if mortal.is_none() && second {
                let _answered_below = ask(&self.nodes[1], &scopes.1, deed, key).await;
            }
        };
        tokio::join!(first, other);
        let Some(mortal) = mortal else { return true };
        let answer = tokio::task::spawn_blocking(|| mortal.join()).await.unwrap().unwrap();
        // What it sent arrives, long before anybody may take its work over.
        self.cutter.quiet().await;
        self.hands.advance(LEASES);
        answer.is_some()
    }

    /// Repeats with the same key until the outcome is known, as a client does.
    async fn settle(&self, deed: &Deed, key: &str) -> Result<Ended, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer: Outcome = ask(&self.nodes[0], &self.scope(0).await, deed, key).await;
            let (error, begun) = match answer {
                Ok(written) => match written.result {
                    Ok(stored) => return Ok(Ended::Done(stored.json)),
                    Err(error) => (error, true),
                },
                Err(error) => (error, false),
            };
            match error.code() {
                "OUTCOME_UNKNOWN" => {
                    let id = error.operation().unwrap().to_string();
                    self.looked_at_again(&id).await.map_err(|operation| format!("nobody found out: {operation}"))?;
                }
                // Somebody is at it still.
                "CONFLICT" if !begun && error.detail().contains("still running") => {}
                _ => return Ok(Ended::Failed(error)),
            }
            if Instant::now() > end {
                let operations = operations::list(&self.nodes[0], &self.scope(0).await, &[])
                    .await
                    .map(|page| page.data.into_iter().next());
                return Err(format!("it does not come to an end: {error:?}; {operations:?}"));
            }
        }
    }

    /// Lets time go by until an operation whose outcome is unknown was taken up again. An error: it was given up.
    async fn looked_at_again(&self, id: &str) -> Result<(), Value> {
        let scope = self.scope(0).await;
        let now = async || operations::get(&self.nodes[0], &scope, id).await.unwrap();
        let before = now().await;
        if before["state"] == "failed" {
            return Err(before);
        }
        self.cutter.quiet().await;
        self.hands.advance(LOOK_AGAIN);
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let operation = now().await;
            if operation["updated_at"] != before["updated_at"] && operation["state"] != "sending" {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(before)
    }

    /// Whether the outcome is true at the source; and what failed is done by another try, once.
    async fn judge(&self, task: Task, key: &str, ended: Ended, story: &str) -> Result<(), String> {
        let (mut key, mut ended) = (key.to_owned(), ended);
        if let Ended::Failed(error) = ended {
            let there = self.look(&task.about).await;
            if there != task.before {
                return Err(format!("it failed ({error:?}), but the source says `{there}`, before `{}`", task.before));
            }
            key.push_str(" again");
            ended = self.settle(&task.deed, &key).await?;
        }
        let answered = match ended {
            Ended::Done(answered) => answered,
            Ended::Failed(error) => return Err(format!("two tries failed, and nothing was cut any more: {error:?}")),
        };
        let repeated = ask(&self.nodes[1], &self.scope(1).await, &task.deed, &key).await;
        let repeated = repeated.map_err(|error| format!("a repeat is refused: {error:?}"))?;
        match repeated.result {
            Ok(stored) if stored.json == answered && repeated.replayed => {}
            other => return Err(format!("a repeat is answered {other:?} instead of {answered}")),
        }
        self.check(task, story).await
    }
}

/// Which requests write.
fn writes(system: &str) -> fn(&Asked<'_>) -> bool {
    match system {
        "netsuite" => |asked| asked.method != "GET" && asked.path.contains("/record/v1/"),
        "sap-s4hana" => |asked| asked.method != "GET",
        _ => |asked| {
            let called: Value = serde_json::from_slice(asked.body).unwrap_or_default();
            let method = called["method"].as_str().unwrap_or_default();
            let ends =
                [".create", ".write", ".delete", ".quote", ".confirm", ".receive", ".do", ".wait", ".assign_try"];
            ends.iter().any(|end| method.ends_with(end))
        },
    }
}

fn connectors() -> Catalogue {
    trunnion_connectors::catalogue().unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// All seeds, and then all that went wrong.
async fn all_hold(lab: &Lab, seeds: u64) {
    let first = number("TRUNNION_TEST_FAULT_FIRST", 0);
    let only = std::env::var("TRUNNION_TEST_FAULT_KIND").ok();
    let (mut hit, mut lived, mut wrong) = (0, 0, Vec::new());
    for seed in first..first + seeds {
        if only.as_ref().is_some_and(|only| format!("{:?}", lab.begun(seed).0) != *only) {
            continue;
        }
        lived += 1;
        let fired = lab.cutter.fired();
        if let Err(found) = lab.live(seed).await {
            // At once: what comes at the end of a thousand comes late.
            eprintln!("{found}");
            wrong.push(found);
        }
        hit += u64::from(lab.cutter.fired() > fired);
        assert!(wrong.len() < 20, "{wrong:#?}");
        if (seed + 1) % 100 == 0 {
            eprintln!("{}: seed {seed}, {} wrong", lab.system, wrong.len());
        }
    }
    wrong.extend(lab.look_at_all().await);
    assert!(wrong.is_empty(), "{} of {lived}: {wrong:#?}", wrong.len());
    eprintln!("{}: {lived} seeds lived through, {hit} of them cut", lab.system);
    assert!(hit * 4 > lived, "only {hit} of {lived} seeds were cut");
}

/// An order and its change on nodes that die at the first wait, at the second, and so on, until one lives to answer.
async fn killed_at_each_wait(system: &'static str) {
    let lab = Lab::simulated(system, None, connectors).await;
    // All of them, where time is no matter.
    let step = if std::env::var_os("TRUNNION_TEST_FAULT_SEEDS").is_some() { 1 } else { 6 };
    for (kind, name) in [(Kind::Order, 'A'), (Kind::ChangeOrder, 'B')] {
        let mut waits = 1;
        loop {
            let key = format!("{name}{waits}");
            let task = lab.task(kind, &key).await;
            let lived = lab.asked(&task.deed, &key, Some(waits), false).await;
            let told = |wrong: String| format!("{system}: {kind:?} on a node that died at wait {waits}: {wrong}");
            let ended = lab.settle(&task.deed, &key).await.map_err(told).unwrap();
            lab.judge(task, &key, ended, "").await.map_err(told).unwrap();
            if lived {
                break;
            }
            waits += step;
        }
        assert!(waits > 12, "{system}: {kind:?} waits only {waits} times");
        eprintln!("{system}: {kind:?} lived with {waits} waits");
    }
}

/// Each way of writing, refused at the door at its first call, at its second, and so on, for so long that it is given up.
async fn refused_at_each_call(system: &'static str) {
    let lab = Lab::simulated(system, None, connectors).await;
    let mut wrong = Vec::new();
    // Those of several calls, where time matters: each refusal takes seconds.
    let all = std::env::var_os("TRUNNION_TEST_FAULT_SEEDS").is_some();
    let kinds = if all { Kind::of(system) } else { &[Kind::ChangeOrder, Kind::Cancel] };
    for (place, kind) in kinds.iter().enumerate() {
        for pass in 0.. {
            let key = format!("{}{pass}", char::from(b'A' + u8::try_from(place).unwrap()));
            let task = lab.task(*kind, &key).await;
            let fired = lab.cutter.fired();
            lab.cutter.plan(Cut::Status(429), (pass, 9), writes(system));
            lab.asked(&task.deed, &key, None, false).await;
            lab.cutter.calm();
            let told = |wrong: String| format!("{system}: {kind:?} refused after {pass} calls: {wrong}");
            match lab.settle(&task.deed, &key).await {
                Ok(ended) => wrong.extend(lab.judge(task, &key, ended, "").await.map_err(told).err()),
                Err(error) => wrong.push(told(error)),
            }
            if lab.cutter.fired() == fired {
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn on_sqlite(system: &'static str) {
    let lab = Lab::simulated(system, None, connectors).await;
    all_hold(&lab, number("TRUNNION_TEST_FAULT_SEEDS", 20)).await;
}

async fn on_postgres(system: &'static str) {
    let Some(database) = Database::create(&format!("matrix_{}", &system[..3])) else {
        eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
        return;
    };
    let lab = Lab::simulated(system, Some(database), connectors).await;
    all_hold(&lab, number("TRUNNION_TEST_FAULT_SEEDS", 20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sap_has_each_thing_once_whatever_is_cut_and_whoever_dies() {
    on_sqlite("sap-s4hana").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sap_has_each_thing_once_whatever_is_cut_and_whoever_dies_on_postgres() {
    on_postgres("sap-s4hana").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn netsuite_has_each_thing_once_whatever_is_cut_and_whoever_dies() {
    on_sqlite("netsuite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn netsuite_has_each_thing_once_whatever_is_cut_and_whoever_dies_on_postgres() {
    on_postgres("netsuite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sap_has_each_thing_once_when_nodes_die_at_each_wait() {
    killed_at_each_wait("sap-s4hana").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn netsuite_has_each_thing_once_when_nodes_die_at_each_wait() {
    killed_at_each_wait("netsuite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sap_refuses_half_way_ends_in_a_true_state() {
    refused_at_each_call("sap-s4hana").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_netsuite_refuses_half_way_ends_in_a_true_state() {
    refused_at_each_call("netsuite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blind_repeat_of_a_create_is_caught() {
    let lab = Lab::simulated("sap-s4hana", None, blind::connectors).await;
    for seed in 0..200 {
        if let Err(wrong) = lab.live(seed).await {
            assert!(wrong.contains("the source says `2`"), "{wrong}");
            return;
        }
    }
    panic!("200 seeds, and a create that is repeated blindly was not noticed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tryton_has_each_thing_once_whatever_is_cut_and_whoever_dies() {
    let Some(tryton) = Tryton::find() else {
        eprintln!("not run: it needs the real ERP that `cargo xtask test` starts");
        return;
    };
    let lab = Lab::real(tryton, None, connectors).await;
    all_hold(&lab, number("TRUNNION_TEST_FAULT_SEEDS_TRYTON", 5)).await;
}

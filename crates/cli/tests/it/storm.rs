//! A storm of webhooks on something that dies now and then: every event once, three of ten once more, and forgeries of one of
//! twenty, in any order, each sent until it is answered for good. Signed by the standard's own library.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use standardwebhooks::Webhook;

const SENDERS: usize = 16;
/// Between two tries of the same request.
const AGAIN: Duration = Duration::from_millis(30);
const TRIES: usize = 4_000;
/// Few hooks come so slowly that something can happen meanwhile; many come as fast as they are taken.
const MANY: usize = 10_000;
const SLOWLY: Duration = Duration::from_millis(60);
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

pub(crate) struct Storm {
    pub(crate) count: usize,
    /// Event number `n` is about the object `n` modulo their number.
    pub(crate) objects: Vec<String>,
    pub(crate) secret: String,
    pub(crate) body: fn(&str) -> String,
    /// Where the receiver is now.
    pub(crate) door: RwLock<String>,
    /// When each genuine event was sent first, and when it was acknowledged first.
    times: Mutex<HashMap<String, (Instant, Option<Instant>)>>,
}

#[derive(Clone, Copy)]
struct Send {
    number: usize,
    forged: bool,
}

impl Storm {
    pub(crate) fn new(count: usize, objects: Vec<String>, secret: String, body: fn(&str) -> String) -> Arc<Self> {
        let (door, times) = (RwLock::default(), Mutex::default());
        Arc::new(Self { count, objects, secret, body, door, times })
    }

    pub(crate) fn object(&self, number: usize) -> &str {
        &self.objects[number % self.objects.len()]
    }

    /// So many requests were answered for good, when it is over.
    pub(crate) async fn rage(self: &Arc<Self>) -> usize {
        let (sends, next) = (Arc::new(self.sends()), Arc::new(AtomicUsize::new(0)));
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                let (storm, sends, next) = (self.clone(), sends.clone(), next.clone());
                tokio::spawn(async move {
                    let client = client();
                    while let Some(send) = sends.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let id = if send.forged { "forged" } else { "evt" };
                        storm.deliver(&client, &format!("{id}-{}", send.number), send.number, send.forged).await;
                        if storm.count < MANY {
                            tokio::time::sleep(SLOWLY).await;
                        }
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        sends.len()
    }

    /// One more genuine event about each object, when everything else was said.
    pub(crate) async fn subside(&self) {
        let client = client();
        for number in 0..self.objects.len() {
            self.deliver(&client, &format!("last-{number}"), number, false).await;
        }
    }

    /// The genuine events that were acknowledged.
    pub(crate) fn acknowledged(&self) -> Vec<String> {
        let times = self.times.lock().unwrap();
        times.iter().filter(|(_, (_, acknowledged))| acknowledged.is_some()).map(|(id, _)| id.clone()).collect()
    }

    /// Whether events of one object were processed in the order of their arrival: one that was acknowledged before another
    /// was sent comes before it.
    pub(crate) fn in_order(&self, processed: &[String]) -> bool {
        let times = self.times.lock().unwrap();
        let mut earliest: Option<Instant> = None;
        processed.iter().rev().all(|id| {
            let (sent, acknowledged) = times[id];
            let right = earliest.is_none_or(|behind| behind >= sent);
            earliest = earliest.into_iter().chain(acknowledged).min();
            right
        })
    }

    fn sends(&self) -> Vec<Send> {
        let of = |forged| move |number| Send { number, forged };
        let mut all: Vec<Send> = (0..self.count).map(of(false)).collect();
        all.extend((0..self.count).filter(|number| number % 10 < 3).map(of(false)));
        all.extend((0..self.count).filter(|number| number % 20 == 7).map(of(true)));
        // A fixed order that looks like none (a linear congruential generator), so that a failure can be repeated.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for place in (1..all.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            all.swap(place, (state >> 33) as usize % (place + 1));
        }
        all
    }

    async fn deliver(&self, client: &reqwest::Client, id: &str, number: usize, forged: bool) {
        let body = (self.body)(self.object(number));
        let signer = Webhook::new(if forged { OTHER } else { &self.secret }).unwrap();
        if !forged {
            self.times.lock().unwrap().entry(id.to_owned()).or_insert((Instant::now(), None));
        }
        for _ in 0..TRIES {
            let now = trunnion_model::time::Clock::system().now().as_second();
            let signature = signer.sign(id, now, body.as_bytes()).unwrap();
            let door = self.door.read().unwrap().clone();
            let request = client.post(door).header("webhook-id", id).header("webhook-timestamp", now.to_string());
            let request = request.header("webhook-signature", signature).body(body.clone());
            match request.send().await.map(|answer| answer.status().as_u16()) {
                Ok(200) if !forged => {
                    let mut times = self.times.lock().unwrap();
                    let known = times.get_mut(id).unwrap();
                    known.1.get_or_insert_with(Instant::now);
                    return;
                }
                Ok(401) if forged => return,
                Ok(503) | Err(_) => tokio::time::sleep(AGAIN).await,
                Ok(other) => panic!("{id} was answered {other}"),
            }
        }
        panic!("{id} was never acknowledged");
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap()
}

/// Kills and starts again until the storm is over, and takes the database away once. What runs in the end, and the kills.
pub(crate) fn until_over<T>(
    mut running: T,
    start: impl Fn() -> T,
    take_database: impl FnOnce(),
    over: &AtomicBool,
) -> (T, usize) {
    let (mut kills, mut take_database) = (0, Some(take_database));
    let is_over = || over.load(Ordering::Relaxed);
    loop {
        let until = Instant::now() + Duration::from_millis(1_200 + 400 * (kills as u64 % 4));
        while Instant::now() < until && !is_over() {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Also a storm that passed quickly must have seen it all.
        if is_over() && kills >= 2 {
            return (running, kills);
        }
        drop(running);
        kills += 1;
        running = start();
        if kills == 2
            && let Some(take) = take_database.take()
        {
            take();
        }
    }
}

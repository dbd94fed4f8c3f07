//! The clients: one that writes one after the other, and several that keep to a rate.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::report::Sample;
use super::tap::{Call, Tap, name};
use crate::bench::http::Client;

/// Clients that share a rate: enough that none is late because of another.
const CLIENTS: usize = 16;

pub(super) struct Bench<'a> {
    pub(super) url: &'a str,
    pub(super) token: &'a str,
    pub(super) tap: &'a Tap,
}

/// When a write began and ended.
struct Span {
    write: usize,
    began: Instant,
    ended: Instant,
}

impl Bench<'_> {
    fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.url, self.token)
    }

    /// Creates with these numbers, one after the other; their samples and ids.
    pub(super) fn creates(&self, numbers: std::ops::Range<usize>) -> anyhow::Result<(Vec<Sample>, Vec<String>)> {
        let (mut client, mut samples, mut ids) = (self.client()?, Vec::new(), Vec::new());
        self.tap.take();
        for number in numbers {
            let began = Instant::now();
            let id = create(&mut client, number)?;
            samples.push(alone(began, &self.tap.take()));
            ids.push(id);
        }
        Ok((samples, ids))
    }

    /// One change of each record, one after the other.
    pub(super) fn updates(&self, ids: &[String]) -> anyhow::Result<Vec<Sample>> {
        let (mut client, mut samples) = (self.client()?, Vec::new());
        self.tap.take();
        for (number, id) in ids.iter().enumerate() {
            let body = json!({"name": format!("Changed {number}")});
            let began = Instant::now();
            let answer = client.json("PATCH", &format!("/api/v1/vendors/{id}"), Some(&body), 200)?;
            samples.push(alone(began, &self.tap.take()));
            ensure!(answer["name"] == body["name"], "the change did not take effect: {answer}");
        }
        Ok(samples)
    }

    /// Creates that are due at a rate. A write is measured from when it was due, so a late one counts as long.
    pub(super) fn at_a_rate(&self, numbers: std::ops::Range<usize>, rate: usize) -> anyhow::Result<Vec<Sample>> {
        self.tap.take();
        let (start, first) = (Instant::now() + Duration::from_millis(50), numbers.start);
        let next = AtomicUsize::new(numbers.start);
        let work = || -> anyhow::Result<Vec<Span>> {
            let (mut client, mut spans) = (self.client()?, Vec::new());
            loop {
                let write = next.fetch_add(1, Ordering::Relaxed);
                if write >= numbers.end {
                    return Ok(spans);
                }
                let began = start + Duration::from_secs_f64((write - first) as f64 / rate as f64);
                std::thread::sleep(began.saturating_duration_since(Instant::now()));
                create(&mut client, write)?;
                spans.push(Span { write, began, ended: Instant::now() });
            }
        };
        let spans = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(work)).collect();
            let mut all = Vec::new();
            for client in clients {
                all.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
            }
            anyhow::Ok(all)
        })?;
        let calls = self.tap.take();
        let sample = |span: Span| {
            let own = calls.iter().filter(|call| call.write == Some(span.write));
            let system: Duration = own.map(|call| call.took).sum();
            ensure!(!system.is_zero(), "no call of write {} was seen", span.write);
            Ok(Sample { whole: ms(span.ended - span.began), system: ms(system) })
        };
        spans.into_iter().map(sample).collect()
    }
}

/// Everything that the system was asked since belongs to the one write that there is.
fn alone(began: Instant, calls: &[Call]) -> Sample {
    let whole = ms(began.elapsed());
    let system = calls.iter().filter(|call| call.began >= began).map(|call| ms(call.took)).sum();
    Sample { whole, system }
}

fn create(client: &mut Client, number: usize) -> anyhow::Result<String> {
    let address = json!({"line1": "1 Kiln Lane", "city": "Pittsburgh", "postal_code": "15201", "country": "US"});
    let body = json!({"name": name(number), "currency": "USD", "address": address});
    let key = format!("bench-{number}");
    let answer: Value = client.json_with("POST", "/api/v1/vendors", Some(&key), &body, 201)?;
    Ok(answer["id"].as_str().context("no id")?.to_owned())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

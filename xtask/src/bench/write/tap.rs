//! The proxy between server and simulator: carries every call, and notes how long it took and which write it was for.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// Stands before the number of a write in all that it sends and reads.
pub(super) const MARK: &str = "Bench-";
const DIGITS: usize = 6;
/// No call of these is longer.
const LARGEST: usize = 16 << 20;

/// One call of the system.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) began: Instant,
    pub(super) took: Duration,
    /// The number of the write that it was for, if its request or its answer tells.
    pub(super) write: Option<usize>,
}

#[derive(Clone)]
pub(super) struct Tap {
    pub(super) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Tap {
    /// In front of `target` (`http://host:port`), as long as this process lives.
    pub(super) fn start(target: &str) -> anyhow::Result<Self> {
        let target = target.strip_prefix("http://").context("http only")?.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let tap = Self { url: format!("http://{}", listener.local_addr()?), calls: Arc::default() };
        let noting = tap.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (tap, target) = (noting.clone(), target.clone());
                // Ends when either side closes its connection.
                std::thread::spawn(move || tap.carry(client, &target));
            }
        });
        Ok(tap)
    }

    /// All calls since the last look.
    pub(super) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn carry(&self, client: TcpStream, target: &str) -> anyhow::Result<()> {
        let system = TcpStream::connect(target)?;
        client.set_nodelay(true)?;
        system.set_nodelay(true)?;
        let (mut client, mut system) = (BufReader::new(client), BufReader::new(system));
        loop {
            let request = message(&mut client, false)?;
            let began = Instant::now();
            system.get_mut().write_all(&request)?;
            let answer = message(&mut system, true)?;
            client.get_mut().write_all(&answer)?;
            let call = Call { began, took: began.elapsed(), write: number(&request).or_else(|| number(&answer)) };
            self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        }
    }
}

/// A whole request, or a whole answer.
fn message(from: &mut BufReader<TcpStream>, is_answer: bool) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut length, mut first) = (None, true);
    loop {
        let start = bytes.len();
        if from.take(64 << 10).read_until(b'\n', &mut bytes)? == 0 {
            bail!("closed");
        }
        let line = String::from_utf8_lossy(&bytes[start..]).to_lowercase();
        if std::mem::take(&mut first) && is_answer && line.contains(" 204 ") {
            length = Some(0);
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse::<usize>()?);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let length = match length {
        None if is_answer => bail!("an answer without a length"),
        length => length.unwrap_or(0),
    };
    if length > LARGEST {
        bail!("{length} bytes are too many");
    }
    let head = bytes.len();
    bytes.resize(head + length, 0);
    from.read_exact(&mut bytes[head..])?;
    Ok(bytes)
}

fn number(bytes: &[u8]) -> Option<usize> {
    let place = bytes.windows(MARK.len()).position(|part| part == MARK.as_bytes())? + MARK.len();
    std::str::from_utf8(bytes.get(place..place + DIGITS)?).ok()?.parse().ok()
}

/// What a write is called.
pub(super) fn name(write: usize) -> String {
    format!("{MARK}{write:0DIGITS$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_known_by_the_number_of_its_write() {
        assert_eq!(number(format!("{{\"name\":\"{}\"}}", name(17)).as_bytes()), Some(17));
        assert_eq!(number(b"Bench-12"), None);
        assert_eq!(number(b"nothing"), None);
    }
}

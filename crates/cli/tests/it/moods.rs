//! Receivers of every kind on one port, by path; they keep what arrived and when.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// So many requests are asked to come later.
const THROTTLED: usize = 6;

/// How a receiver behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Answers after a while.
    Slow,
    /// 500, until the whole receiver is healed.
    Broken,
    /// Its first requests are asked to come again in a second.
    Throttling,
    Hanging,
    /// Closes without an answer.
    Resetting,
    /// 200, and a body that does not end.
    Endless,
    /// Leads into this machine.
    Redirecting,
}

impl Mood {
    /// Whether all events arrive there in the end.
    pub(crate) fn recovers(self) -> bool {
        matches!(self, Self::Well | Self::Slow | Self::Broken | Self::Throttling)
    }
}

/// One request that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: String,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

/// All receivers together; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Receivers {
    /// By path, in the order in which they were answered with 2xx.
    taken: Arc<Mutex<HashMap<String, Vec<Taken>>>>,
    moods: Arc<Mutex<HashMap<String, Mood>>>,
    healed: Arc<AtomicBool>,
    throttled: Arc<AtomicUsize>,
    /// Connections to where the redirects lead.
    pub(crate) inside: Arc<AtomicUsize>,
}

impl Receivers {
    /// Where they are reached.
    pub(crate) async fn start(&self) -> String {
        let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = inner.local_addr().unwrap();
        let inside = self.inside.clone();
        tokio::spawn(async move {
            while inner.accept().await.is_ok() {
                inside.fetch_add(1, Ordering::SeqCst);
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let all = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(all.clone().serve(stream, target.to_string()));
            }
        });
        url
    }

    pub(crate) fn add(&self, path: &str, mood: Mood) {
        self.moods.lock().unwrap().insert(path.to_owned(), mood);
    }

    pub(crate) fn heal(&self) {
        self.healed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn taken(&self, path: &str) -> Vec<Taken> {
        self.taken.lock().unwrap().get(path).cloned().unwrap_or_default()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.taken.lock().unwrap().get(path).map_or(0, Vec::len)
    }

    async fn serve(self, mut stream: TcpStream, target: String) {
        let mut buffer = Vec::new();
        while let Some((path, request)) = read(&mut stream, &mut buffer).await {
            let mood = self.moods.lock().unwrap()[&path];
            let answer = match mood {
                Mood::Hanging => return tokio::time::sleep(Duration::from_secs(60)).await,
                Mood::Resetting => return,
                Mood::Endless => {
                    let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                    // So slowly that neither the end nor the bound in bytes is reached in time.
                    while stream.write_all(b"1\r\nx\r\n").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    return;
                }
                Mood::Redirecting => {
                    format!("HTTP/1.1 307 T\r\nlocation: http://{target}/\r\ncontent-length: 0\r\n\r\n")
                }
                Mood::Broken if !self.healed.load(Ordering::SeqCst) => empty("500 Broken", ""),
                Mood::Throttling if self.throttled.fetch_add(1, Ordering::SeqCst) < THROTTLED => {
                    empty("429 Later", "retry-after: 1\r\n")
                }
                Mood::Slow => {
                    tokio::time::sleep(Duration::from_millis(150)).await;
                    self.keep(&path, request);
                    empty("200 OK", "")
                }
                _ => {
                    self.keep(&path, request);
                    empty("200 OK", "")
                }
            };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn keep(&self, path: &str, request: Taken) {
        self.taken.lock().unwrap().entry(path.to_owned()).or_default().push(request);
    }
}

fn empty(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: 0\r\n\r\n")
}

/// The path and what was sent there.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, Taken)> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
    let header = |wanted: &str| {
        let mut pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.to_owned())
    };
    let length: usize = header("content-length")?.parse().ok()?;
    while buffer.len() < end + 4 + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let rest = buffer.split_off(end + 4 + length);
    let body = std::mem::replace(buffer, rest).split_off(end + 4);
    let path = head.split(' ').nth(1)?.to_owned();
    let taken = Taken {
        id: header("webhook-id")?,
        timestamp: header("webhook-timestamp")?.parse().ok()?,
        signature: header("webhook-signature")?,
        body,
        at: Instant::now(),
    };
    Some((path, taken))
}

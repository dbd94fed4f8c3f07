//! A receiver of webhooks on a port of this machine, which answers as the test wants.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers(u16),
    /// Takes the request and says nothing.
    Hangs,
}

#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self { url, mood: Arc::new(Mutex::new(mood)), seen: Arc::default() };
        let shared = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shared.clone().serve(stream));
            }
        });
        receiver
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests so far, in the order of their events.
    pub(crate) fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> =
            self.seen().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect();
        events.sort_by_key(|event| event["sequence"].as_i64());
        events
    }

    async fn serve(self, mut stream: TcpStream) {
        while let Some(request) = read(&mut stream).await {
            self.seen.lock().unwrap().push(request);
            let mood = *self.mood.lock().unwrap();
            match mood {
                Mood::Answers(status) => {
                    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
                Mood::Hangs => tokio::time::sleep(Duration::from_secs(60)).await,
            }
        }
    }
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    /// Whether the standard's own library makes the same signature. (Its check also looks at the machine's clock, which is
    /// not the one of these tests; the server's tests use that check.)
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let timestamp = self.header("webhook-timestamp").parse().unwrap();
        let library = Webhook::new(secret).unwrap();
        let expected = library.sign(&self.header("webhook-id"), timestamp, self.body.as_bytes()).unwrap();
        self.header("webhook-signature").split(' ').any(|entry| entry == expected)
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut headers = HeaderMap::new();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let name: http::HeaderName = name.parse().unwrap();
        headers.insert(name, value.trim().parse().unwrap());
    }
    let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { path, headers, body: String::from_utf8(body).unwrap() })
}

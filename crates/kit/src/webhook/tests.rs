//! What the guard refuses, by address and over real sockets; and that a hostile receiver cannot hold a try for long.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::resolver::Lookup;
use super::{Guard, Message, Network, Poster, Reply};

/// Ways to name an address that is not public.
const TRICKS: &[&str] = &[
    // Loopback, in all spellings that URL parsers take.
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "0177.0x0.1",
    "017700000001",
    "0x7f.0x0.0x0.0x1",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    // This host and this network.
    "0.0.0.0",
    "0",
    "0.1.2.3",
    "[::]",
    // Private.
    "10.0.0.1",
    "10.255.255.255",
    "0xa.1",
    "012.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.1",
    "3232235777",
    "0xc0a80101",
    "[fc00::1]",
    "[fd12:3456::1]",
    // Link-local, and where clouds keep credentials.
    "169.254.169.254",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[fe80::1]",
    "[febf::1]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    // Carriers' shared space, benchmarks, documentation, multicast, reserved.
    "100.64.0.1",
    "100.127.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "192.0.2.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[fec0::1]",
    "[100::1]",
    // IPv4 inside IPv6: mapped, compatible, translated, 6to4, Teredo, NAT64, ISATAP.
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:8.8.8.8]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2002:0808:0808::1]",
    "[2001:0:4136:e378::1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::10.0.0.1]",
    "[2600::5efe:127.0.0.1]",
    "[2600::200:5efe:10.0.0.1]",
];

const PUBLIC: &[&str] =
    &["8.8.8.8", "93.184.215.14", "100.63.255.255", "172.32.0.1", "[2606:4700::1111]", "[2a00:1450::1]"];

#[expect(clippy::needless_pass_by_value, reason = "a look-up is made for one poster")]
fn poster(allowed: &[&str], lookup: Lookup) -> Poster {
    let allowed = allowed.iter().map(|text| text.parse().unwrap()).collect();
    Poster::with_lookup(Guard::new(allowed), None, &lookup).unwrap()
}

fn answers(addresses: &[&str]) -> Lookup {
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    Arc::new(move |_name| {
        let addresses = addresses.clone();
        Box::pin(async move { Ok(addresses) })
    })
}

async fn post(poster: &Poster, url: &str) -> Reply {
    let timeout = Duration::from_millis(400);
    let body = bytes::Bytes::from_static(b"{}");
    let headers = [("x-tenant".to_owned(), "7".to_owned())];
    let message = Message { url, id: "evt_1", timestamp: 1_000, signature: "v1,x", headers: &headers, timeout, body };
    poster.post(message).await
}

/// A receiver that answers with what `answer` writes, and how many connections it saw.
async fn receiver<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> (u16, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 2048];
            let _read = stream.read(&mut head).await;
            tokio::spawn(answer(stream));
        }
    });
    (port, seen)
}

async fn say(mut stream: TcpStream, text: &str) {
    // A client that went away is what some of these tests are about.
    let _sent = stream.write_all(text.as_bytes()).await;
}

#[tokio::test]
async fn no_spelling_of_an_address_that_is_not_public_is_sent_to() {
    assert!(TRICKS.len() >= 60, "{}", TRICKS.len());
    let poster = poster(&[], answers(&["127.0.0.1"]));
    for host in TRICKS {
        for port in ["", ":8443"] {
            let url = format!("https://{host}{port}/hook");
            let reply = post(&poster, &url).await;
            assert!(reply.refused && reply.status.is_none(), "{url}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn every_one_of_these_addresses_is_refused_also_when_a_name_leads_there() {
    let literals = TRICKS.iter().filter_map(|text| text.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    let mut tried = 0;
    for address in literals {
        let poster = poster(&[], answers(&["8.8.8.8", &address.to_string()]));
        let reply = post(&poster, "https://hooks.customer.example/").await;
        assert!(reply.refused, "{address}: {reply:?}");
        tried += 1;
    }
    assert!(tried >= 50, "{tried}");
}

#[test]
fn public_addresses_may_be_endpoints_by_https_only() {
    let poster = poster(&[], answers(&[]));
    for host in PUBLIC {
        assert_eq!(poster.check(&format!("https://{host}/hook")), Ok(()), "{host}");
        assert!(poster.check(&format!("http://{host}/hook")).is_err(), "{host}");
    }
    for url in ["ftp://8.8.8.8/", "https://user:pass@8.8.8.8/", "https://", "file:///etc/passwd", "8.8.8.8", ""] {
        assert!(poster.check(url).is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_name_that_points_elsewhere_a_moment_later_gains_nothing() {
    let (port, seen) = receiver(|stream| async move { say(stream, "HTTP/1.1 200 OK\r\n\r\n").await }).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    // Allowed at the first look, loopback at the second.
    let lookup: Lookup = Arc::new(move |_name| {
        let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
        let address: IpAddr = if first { "127.0.0.2" } else { "127.0.0.1" }.parse().unwrap();
        Box::pin(async move { Ok(vec![address]) })
    });
    let poster = poster(&["127.0.0.2"], lookup);
    let url = format!("http://rebind.example:{port}/");
    // The address that was checked is the one that is connected to: nobody listens there.
    let first = post(&poster, &url).await;
    assert!(!first.refused && first.error.is_some_and(|text| text.starts_with("no connection")));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "one look-up serves check and connection");
    assert!(post(&poster, &url).await.refused);
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_to_the_inside_is_not_followed() {
    let (inner, seen) = receiver(|stream| async move { say(stream, "HTTP/1.1 200 OK\r\n\r\n").await }).await;
    let answer =
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{inner}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _) = receiver(move |stream| {
        let answer = answer.clone();
        async move { say(stream, &answer).await }
    })
    .await;
    let reply = post(&poster(&["127.0.0.0/8"], answers(&[])), &format!("http://127.0.0.1:{port}/")).await;
    assert_eq!((reply.status, seen.load(Ordering::SeqCst)), (Some(307), 0));
}

#[tokio::test]
async fn an_answer_that_does_not_end_costs_no_more_than_its_time_and_its_first_bytes() {
    let (silent, _) = receiver(|stream| async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(stream);
    })
    .await;
    let (dripping, _) = receiver(|mut stream| async move {
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    })
    .await;
    let (endless, _) = receiver(|mut stream| async move {
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let poster = poster(&["127.0.0.0/8"], answers(&[]));
    for port in [silent, dripping] {
        let began = Instant::now();
        let reply = post(&poster, &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(reply.status, None);
        assert!(reply.error.is_some_and(|text| text.contains("no complete answer")));
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    let reply = post(&poster, &format!("http://127.0.0.1:{endless}/")).await;
    assert_eq!((reply.status, reply.body.len()), (Some(200), 16 * 1024));
}

#[tokio::test]
async fn the_pause_that_a_receiver_asks_for_is_read_in_seconds_and_as_a_date() {
    for (value, expected) in [
        ("120", Some(120)),
        ("Thu, 01 Jan 1970 00:20:00 GMT", Some(200)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("soon", None),
    ] {
        let answer = format!("HTTP/1.1 429 Too Many Requests\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        let (port, _) = receiver(move |stream| {
            let answer = answer.clone();
            async move { say(stream, &answer).await }
        })
        .await;
        let reply = post(&poster(&["127.0.0.1"], answers(&[])), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!((reply.status, reply.retry_after), (Some(429), expected.map(Duration::from_secs)), "{value}");
    }
}

#[test]
fn a_network_is_read_and_holds_its_addresses_only() {
    let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]);
    for (address, may) in [("10.1.255.255", true), ("10.2.0.1", false), ("fd00::1", true), ("fe80::1", false)] {
        assert_eq!(guard.check(address.parse().unwrap(), false).is_ok(), may, "{address}");
    }
    for wrong in ["10.0.0.0/33", "fd00::/129", "ten", "", "10.0.0.0/", "10.0.0.0/-1"] {
        assert!(wrong.parse::<Network>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_died_costs_no_try_and_one_that_always_breaks_two_requests() {
    // Each connection answers one request, says that it stays open, and does not.
    let (port, seen) = receiver(|mut stream| async move {
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let mut more = [0; 1];
        // Closed when the next request begins to arrive.
        let _read = stream.read(&mut more).await;
    })
    .await;
    let patient = poster(&["127.0.0.1"], answers(&[]));
    let url = format!("http://127.0.0.1:{port}/");
    for _request in 0..3 {
        assert_eq!(post(&patient, &url).await.status, Some(200));
    }
    assert_eq!(seen.load(Ordering::SeqCst), 3);
    let (port, seen) = receiver(|stream| async move { drop(stream) }).await;
    let reply = post(&patient, &format!("http://127.0.0.1:{port}/")).await;
    assert!(reply.error.is_some_and(|text| text.starts_with("the connection broke")));
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

/// A proxy that passes on what is sent to it, and what it was asked for.
async fn proxy() -> (u16, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let heard = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let line = String::from_utf8_lossy(&head[..length]).lines().next().unwrap_or_default().to_owned();
            heard.lock().unwrap().push(line.clone());
            let answer =
                if line.starts_with("CONNECT") { "HTTP/1.1 502 No\r\n\r\n" } else { "HTTP/1.1 204 OK\r\n\r\n" };
            say(stream, answer).await;
        }
    });
    (port, asked)
}

#[tokio::test]
async fn through_a_proxy_the_same_addresses_are_refused_and_its_failures_are_its_own() {
    let (port, asked) = proxy().await;
    let through = |port: u16, found: &[&str], allowed: &[&str]| {
        let proxy: super::Proxy = format!("http://127.0.0.1:{port}").parse().unwrap();
        let allowed = allowed.iter().map(|text| text.parse().unwrap()).collect();
        Poster::with_lookup(Guard::new(allowed), Some(&proxy), &answers(found)).unwrap()
    };
    for host in TRICKS {
        assert!(post(&through(port, &["127.0.0.1"], &[]), &format!("https://{host}/")).await.refused, "{host}");
    }
    let inside = post(&through(port, &["8.8.8.8", "10.0.0.1"], &[]), "https://hooks.example/").await;
    assert!(inside.refused, "{inside:?}");
    assert!(asked.lock().unwrap().is_empty(), "the proxy was asked for none of these");
    let outside = post(&through(port, &["8.8.8.8"], &[]), "https://hooks.example/").await;
    assert!(!outside.proxy_failed && outside.error.is_some(), "the proxy works, the receiver does not: {outside:?}");
    let plain = post(&through(port, &["10.1.2.3"], &["10.0.0.0/8"]), "http://hooks.example/x").await;
    assert_eq!(plain.status, Some(204));
    assert_eq!(*asked.lock().unwrap(), ["CONNECT hooks.example:443 HTTP/1.1", "POST http://hooks.example/x HTTP/1.1"]);
    for url in ["https://hooks.example/", "http://hooks.example/"] {
        let reply = post(&through(1, &["10.1.2.3"], &["10.0.0.0/8"]), url).await;
        assert!(reply.proxy_failed && reply.status.is_none(), "nobody listens there: {reply:?}");
    }
}

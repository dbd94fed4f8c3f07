//! A line to a system that can be cut at any place: a proxy that carries one request on each connection, and now and then
//! carries it only so far.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// No request and no answer of these tests is longer.
const LONGEST: usize = 16 << 20;

/// How far a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The connection is closed before a byte was read, and for a moment no other one is taken.
    Door,
    /// Nothing of it reaches the system.
    Request,
    /// Half of it reaches the system, which therefore does nothing.
    Torn,
    /// It reaches the system, and the line is cut at once: the system acts a moment later.
    Late,
    /// It is done, and no byte of the answer comes.
    Answer,
    /// It is done, and so many hundredths of the answer come.
    Mid(u8),
    /// Refused at the door with this status, and nothing was done.
    Status(u16),
}

/// A request as the proxy sees it.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

/// Of the requests that `hits`, so many pass, and the next `left` are cut.
struct Plan {
    cut: Cut,
    pass: u32,
    left: u32,
    hits: fn(&Asked<'_>) -> bool,
}

#[derive(Default)]
struct State {
    plan: Mutex<Option<Plan>>,
    in_hand: AtomicUsize,
    fired: AtomicUsize,
}

pub(crate) struct Cutter {
    pub(crate) url: String,
    state: Arc<State>,
}

impl Cutter {
    /// In front of `target` (`http://host:port`), on a free port, until the test's runtime ends.
    pub(crate) async fn start(target: &str) -> Self {
        let target = target.strip_prefix("http://").expect("http").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::<State>::default();
        tokio::spawn(listen(listener, address, Arc::clone(&state), target));
        Self { url: format!("http://{address}"), state }
    }

    pub(crate) fn plan(&self, cut: Cut, (pass, left): (u32, u32), hits: fn(&Asked<'_>) -> bool) {
        *lock(&self.state.plan) = Some(Plan { cut, pass, left, hits });
    }

    pub(crate) fn calm(&self) {
        *lock(&self.state.plan) = None;
    }

    /// How many requests were cut so far.
    pub(crate) fn fired(&self) -> usize {
        self.state.fired.load(Ordering::SeqCst)
    }

    /// Until the system has nothing in hand that came through here.
    pub(crate) async fn quiet(&self) {
        while self.state.in_hand.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn fire(&self, asked: Option<&Asked<'_>>) -> Option<Cut> {
        let mut plan = lock(&self.plan);
        let now = plan.as_mut()?;
        // The door does not know what is asked.
        let here = match asked {
            None => now.cut == Cut::Door,
            Some(asked) => now.cut != Cut::Door && (now.hits)(asked),
        };
        if !here {
            return None;
        }
        if now.pass > 0 {
            now.pass -= 1;
            return None;
        }
        self.fired.fetch_add(1, Ordering::SeqCst);
        let cut = now.cut;
        now.left -= 1;
        if now.left == 0 {
            *plan = None;
        }
        Some(cut)
    }
}

async fn listen(mut listener: TcpListener, address: SocketAddr, state: Arc<State>, target: String) {
    loop {
        let Ok((mut client, _)) = listener.accept().await else { continue };
        if state.fire(None).is_some() {
            drop((client, listener));
            tokio::time::sleep(Duration::from_millis(20)).await;
            listener = TcpListener::bind(address).await.expect("the same port again");
            continue;
        }
        let (state, target) = (Arc::clone(&state), target.clone());
        tokio::spawn(async move {
            // Either side may go away at any time. A client may also connect and ask nothing.
            let Ok(Some(request)) = read_request(&mut client).await else { return };
            state.in_hand.fetch_add(1, Ordering::SeqCst);
            let _gone = carry(client, &state, &target, request).await;
            state.in_hand.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn carry(
    mut client: TcpStream,
    state: &State,
    target: &str,
    (request, head): (Vec<u8>, usize),
) -> std::io::Result<()> {
    let text = String::from_utf8_lossy(&request[..head]).into_owned();
    let mut words = text.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let cut = state.fire(Some(&Asked { method, path, body: &request[head..] }));
    match cut {
        Some(Cut::Request) => return Ok(()),
        Some(Cut::Status(status)) => {
            let answer = format!("HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            return client.write_all(answer.as_bytes()).await;
        }
        _ => {}
    }
    let mut system = TcpStream::connect(target).await?;
    let (first, rest) = text.split_once("\r\n").unwrap_or((&text, ""));
    let mut forwarded = format!("{first}\r\nConnection: close\r\n{rest}").into_bytes();
    forwarded.extend_from_slice(&request[head..]);
    if cut == Some(Cut::Torn) {
        system.write_all(&forwarded[..forwarded.len() - (request.len() - head).div_ceil(2).max(3)]).await?;
        return system.shutdown().await;
    }
    system.write_all(&forwarded).await?;
    let kept = if cut == Some(Cut::Late) { None } else { Some(client) };
    let mut answer = Vec::new();
    system.read_to_end(&mut answer).await?;
    let Some(mut client) = kept else { return Ok(()) };
    let length = match cut {
        Some(Cut::Answer) => return Ok(()),
        Some(Cut::Mid(part)) => answer.len() * usize::from(part) / 100,
        _ => answer.len(),
    };
    client.write_all(&answer[..length]).await?;
    client.shutdown().await
}

/// The bytes of a request and where its body begins; nothing if the connection was closed instead.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Option<(Vec<u8>, usize)>> {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 16 << 10]);
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = end + 4;
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            if bytes.len() >= head + length.unwrap_or(0) {
                return Ok(Some((bytes, head)));
            }
        }
        let read = client.read(&mut piece).await?;
        if read == 0 || bytes.len() > LONGEST {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece[..read]);
    }
}

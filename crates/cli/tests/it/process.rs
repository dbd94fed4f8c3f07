//! The real binary as a process: `trunnion serve`, `trunnion sandbox`, and a client of their HTTP.
//!
//! A process is killed with SIGKILL when its handle is dropped. Its standard error is the test's own. Nothing of the
//! environment that starts with `TRUNNION_` reaches it, and it runs in its own directory, so that no `trunnion.toml` and no
//! data of the developer's is touched.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A debug build on a busy machine makes its database within this time.
const START: Duration = Duration::from_secs(60);
/// One answer.
const ANSWER: Duration = Duration::from_secs(60);

/// The binary that is tested: what `cargo xtask test` built, else what cargo built for these tests.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("TRUNNION_TEST_BIN").map_or_else(|| env!("CARGO_BIN_EXE_trunnion").into(), PathBuf::from)
}

/// A command of the binary, without the developer's configuration.
pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TRUNNION_")) {
        command.env_remove(name);
    }
    command.current_dir(directory).env("NO_COLOR", "1").env("TRUNNION_LOG_LEVEL", "warn").stdin(Stdio::null());
    command
}

/// A running process and what it prints.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
        let pipe = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, lines) = channel();
        // Reads to the end, so that the process never waits for a reader.
        std::thread::spawn(move || pipe.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines }
    }

    /// What it prints until a line for which `last` holds, with that line.
    pub(crate) fn lines_until(&self, last: impl Fn(&str) -> bool) -> Vec<String> {
        let end = Instant::now() + START;
        let mut seen: Vec<String> = Vec::new();
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => seen.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("not within {START:?}; it printed {seen:#?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended; it printed {seen:#?}"),
            }
            if last(seen.last().expect("just pushed")) {
                return seen;
            }
        }
    }

    /// SIGTERM, and waits until it has ended by itself.
    pub(crate) fn terminate(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.expect("kill is there").success());
        self.child.wait().expect("a child can be waited for");
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        // Refused only if it has ended already; the wait tells.
        let _ended_already = self.child.kill();
        self.child.wait().expect("a child can be waited for");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `trunnion serve` on a free port.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) url: String,
    /// Printed by the first start on empty data only.
    pub(crate) key: Option<String>,
}

impl Server {
    /// On the data in `directory`; with `database`, its records are in PostgreSQL.
    pub(crate) fn start(directory: &Path, database: Option<&str>) -> Self {
        Self::start_with(directory, database, &[])
    }

    /// With settings as they stand in the environment.
    pub(crate) fn start_with(directory: &Path, database: Option<&str>, settings: &[(&str, &str)]) -> Self {
        let mut command = command(directory);
        command.envs(settings.iter().copied());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
        if let Some(url) = database {
            command.args(["--database-url", url]);
        }
        Self::of(&mut command)
    }

    /// As the command says.
    pub(crate) fn of(command: &mut Command) -> Self {
        let process = Process::start(command);
        let lines = process.lines_until(|line| line.contains("listens on"));
        let key = lines.iter().find_map(|line| word_with(line, "tk_"));
        Self { url: url_in(&lines), key, process }
    }

    pub(crate) fn api(&self, token: &str) -> Api {
        Api::new(&format!("{}/api/v1", self.url), token)
    }
}

/// `trunnion sandbox SYSTEM` on a free port.
pub(crate) struct Simulator {
    _process: Process,
    pub(crate) url: String,
    /// What it says to give to `POST /connections`.
    pub(crate) credentials: Value,
}

impl Simulator {
    pub(crate) fn start(directory: &Path, system: &str, records: usize) -> Self {
        Self::start_with(directory, system, &["--records", &records.to_string()])
    }

    pub(crate) fn start_with(directory: &Path, system: &str, arguments: &[&str]) -> Self {
        let mut command = command(directory);
        let process = Process::start(command.args(["sandbox", system]).args(arguments));
        let lines = process.lines_until(|line| line == "}");
        let json = lines.iter().skip_while(|line| *line != "{").map(String::as_str).collect::<String>();
        Self { url: url_in(&lines), credentials: serde_json::from_str(&json).expect("credentials"), _process: process }
    }

    /// Makes a fault happen there.
    pub(crate) async fn fault(&self, spec: &str) {
        let reply =
            Api::new(&self.url, "").send(Method::POST, &format!("/_control/fault?spec={spec}"), None, None).await;
        assert!(reply.status < 300, "{spec}");
    }

    /// The requests that reached it, oldest first.
    pub(crate) async fn requests(&self) -> Vec<Asked> {
        Api::new(&self.url, "").get("/_control/requests").await
    }
}

/// One line of a simulator's request log.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: String,
    pub(crate) status: u16,
}

/// An HTTP client with a bearer token.
pub(crate) struct Api {
    client: Client,
    base: String,
    token: String,
}

/// An answer of any status.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null if there was no body.
    pub(crate) body: Value,
}

impl Reply {
    /// Where a refused request is wrong, as it was told.
    pub(crate) fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.filter_map(|error| error["pointer"].as_str()).collect()
    }
}

impl Api {
    pub(crate) fn new(base: &str, token: &str) -> Self {
        let client = Client::builder().no_proxy().timeout(ANSWER).build().expect("an HTTP client");
        Self { client, base: base.to_owned(), token: token.to_owned() }
    }

    /// What it was made with.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The body of a 200.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("GET {path}: {error}"));
        assert_eq!(answer.status(), 200, "GET {path}: {:?}", answer.json::<Value>().await);
        answer.json().await.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body), None).await
    }

    /// Nothing if the server died meanwhile.
    pub(crate) async fn try_post(&self, path: &str) -> Option<Value> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        request.send().await.ok()?.json().await.ok()
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>, key: Option<&str>) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        request = body.into_iter().fold(request, |request, body| request.json(body));
        request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Reply { status, headers, body: answer.json().await.unwrap_or_default() }
    }
}

fn url_in(lines: &[String]) -> String {
    lines.iter().find_map(|line| word_with(line, "http://")).expect("it prints its address")
}

fn word_with(line: &str, start: &str) -> Option<String> {
    line.split_whitespace().find(|word| word.starts_with(start)).map(str::to_owned)
}

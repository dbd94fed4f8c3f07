//! Chromium through the WebDriver protocol (W3C), by plain HTTP.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The key under which the protocol names elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub(crate) struct Browser {
    driver: Child,
    client: Client,
    /// Of the session.
    url: String,
    _profile: TempDir,
}

impl Browser {
    /// Nothing, said aloud, where no browser is named.
    pub(crate) async fn start() -> Option<Self> {
        let named = |name| std::env::var_os(name).map(PathBuf::from);
        let (Some(driver), Some(chromium)) = (named("TRUNNION_TEST_CHROMEDRIVER"), named("TRUNNION_TEST_CHROMIUM"))
        else {
            assert!(std::env::var_os("CI").is_none(), "CI has a browser");
            eprintln!("not run: TRUNNION_TEST_CHROMEDRIVER and TRUNNION_TEST_CHROMIUM name no browser");
            return None;
        };
        // A group of its own, so that the browser ends with its driver.
        let mut driver = Command::new(driver).arg("--port=0").stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let said = lines.take(50).find_map(|line| line.split("successfully on port ").nth(1).map(str::to_owned));
        let port = said.unwrap();
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--window-size=480,900".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut browser = Self {
            driver,
            client: Client::new(),
            url: format!("http://127.0.0.1:{}", port.trim_end_matches('.')),
            _profile: profile,
        };
        let options = json!({"binary": chromium, "args": arguments});
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "timeouts": {"implicit": 10_000, "pageLoad": 60_000}
        }}});
        let session = browser.ask(Method::POST, "/session", Some(&wanted)).await;
        browser.url.push_str(&format!("/session/{}", session["sessionId"].as_str().unwrap()));
        Some(browser)
    }

    pub(crate) async fn open(&self, url: &str) {
        self.ask(Method::POST, "/url", Some(&json!({"url": url}))).await;
    }

    pub(crate) async fn click(&self, css: &str) {
        let path = format!("{}/click", self.element(css).await);
        self.ask(Method::POST, &path, Some(&json!({}))).await;
    }

    /// Types the text in place of what is there, as a person would.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let element = self.element(css).await;
        self.ask(Method::POST, &format!("{element}/clear"), Some(&json!({}))).await;
        self.ask(Method::POST, &format!("{element}/value"), Some(&json!({"text": text}))).await;
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        let path = format!("{}/text", self.element(css).await);
        self.ask(Method::GET, &path, None).await.as_str().unwrap().to_owned()
    }

    /// Waits until the first element that fits has this text. A click may answer before the next page is there.
    pub(crate) async fn shows(&self, css: &str, text: &str) {
        let mut seen = Value::Null;
        for _ in 0..200 {
            let path = format!("{}/text", self.element(css).await);
            // The page may go away between the two questions.
            seen = self.try_ask(Method::GET, &path, None).await.unwrap_or_else(|refusal| refusal);
            if seen == text {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{css} does not show {text:?} but {seen}");
    }

    pub(crate) async fn value(&self, css: &str) -> String {
        let path = format!("{}/property/value", self.element(css).await);
        self.ask(Method::GET, &path, None).await.as_str().unwrap().to_owned()
    }

    /// As somebody sees it whose screen is dark.
    pub(crate) async fn darken(&self) {
        let features = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
        let command = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.ask(Method::POST, "/goog/cdp/execute", Some(&command)).await;
    }

    /// Into a frame, until [`Browser::leave`].
    pub(crate) async fn enter(&self, css: &str) {
        let element = self.element(css).await;
        let id = element.trim_start_matches("/element/");
        self.ask(Method::POST, "/frame", Some(&json!({"id": {ELEMENT: id}}))).await;
    }

    pub(crate) async fn leave(&self) {
        self.ask(Method::POST, "/frame", Some(&json!({"id": null}))).await;
    }

    pub(crate) async fn window(&self) -> String {
        self.ask(Method::GET, "/window", None).await.as_str().unwrap().to_owned()
    }

    /// Goes to the window that was opened, once it is there.
    pub(crate) async fn other_window(&self, main: &str) -> String {
        let handles = self.windows(2).await;
        let other = handles.iter().find(|handle| *handle != main).unwrap().as_str().unwrap();
        self.go_to(other).await;
        other.to_owned()
    }

    /// Goes back once the other window was closed, whoever closed it.
    pub(crate) async fn only_window(&self, main: &str) {
        self.windows(1).await;
        self.go_to(main).await;
    }

    pub(crate) async fn go_to(&self, window: &str) {
        self.ask(Method::POST, "/window", Some(&json!({"handle": window}))).await;
    }

    async fn windows(&self, count: usize) -> Vec<Value> {
        for _ in 0..200 {
            let handles = self.ask(Method::GET, "/window/handles", None).await.as_array().unwrap().clone();
            if handles.len() == count {
                return handles;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("there are not {count} windows");
    }

    /// Runs a script in the page; what it gives to its last argument, a function, is the answer.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.ask(Method::POST, "/execute/async", Some(&json!({"script": script, "args": []}))).await
    }

    /// The class of the element that has the focus.
    pub(crate) async fn focused_class(&self) -> String {
        let element = self.ask(Method::GET, "/element/active", None).await;
        let path = format!("/element/{}/property/className", element[ELEMENT].as_str().unwrap());
        self.ask(Method::GET, &path, None).await.as_str().unwrap().to_owned()
    }

    /// A picture of the page, if somebody asked for pictures.
    pub(crate) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("TRUNNION_TEST_SCREENSHOTS") else { return };
        let encoded = self.ask(Method::GET, "/screenshot", None).await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), bytes).unwrap();
    }

    pub(crate) async fn stop(self) {
        self.ask(Method::DELETE, "", None).await;
    }

    /// The path of the first element that fits; the driver waits for it.
    async fn element(&self, css: &str) -> String {
        let wanted = json!({"using": "css selector", "value": css});
        let found = self.ask(Method::POST, "/element", Some(&wanted)).await;
        format!("/element/{}", found[ELEMENT].as_str().unwrap_or_else(|| panic!("{css}: {found}")))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        self.try_ask(method, path, body).await.unwrap_or_else(|refusal| panic!("{path}: {refusal}"))
    }

    /// The answer's value, or the protocol's refusal.
    async fn try_ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Value> {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).timeout(Duration::from_secs(90));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let mut answer: Value = answer.json().await.unwrap();
        if status.is_success() { Ok(answer["value"].take()) } else { Err(answer) }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The whole group; after an orderly end nobody is left in it but the driver.
        let group = format!("-{}", self.driver.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
        let waited = self.driver.wait();
        if let (Err(error), _) | (_, Err(error)) = (killed, waited) {
            eprintln!("the browser may still run: {error}");
        }
    }
}

//! The walk where the customer logs in at the system's own provider: no secret of theirs passes through our pages. The
//! provider is one that others wrote, `tests-env/peers/provider.py`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::browser::Browser;
use crate::house::{House, Simulated};
use crate::walks::look;
use crate::{CHALLENGE, VERIFIER, fill};

pub(crate) struct Provider {
    pub(crate) url: String,
    child: Child,
}

impl Provider {
    pub(crate) fn start(simulated: &Simulated) -> Option<Self> {
        let Some(python) = std::env::var_os("TRUNNION_TEST_PYTHON_PEERS") else {
            eprintln!("not run: TRUNNION_TEST_PYTHON_PEERS names no environment with oauthlib");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests-env/peers/provider.py");
        let mut command = Command::new(python);
        command.args(["-u", script]).stdin(Stdio::null()).stdout(Stdio::piped());
        command.env("SIM", simulated.right().to_string()).env("CLIENT", "ours client-secret-5d0c7e91");
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let url = said.trim().strip_prefix("listens on ").unwrap_or_else(|| panic!("{said:?}")).to_owned();
        Some(Self { url, child })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("the provider may still run: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_refuses_is_told_and_one_who_consents_at_the_provider_comes_back_with_data() {
    let Some(browser) = Browser::start().await else { return };
    let simulated = Simulated::start("netsuite").await;
    let Some(provider) = Provider::start(&simulated) else { return };
    let house = House::start().await;
    let client = json!({"client_id": "ours", "client_secret": "client-secret-5d0c7e91"});
    house.put("/systems/netsuite/oauth-client", &client).await;
    let session = json!({
        "system": "netsuite", "customer": {"id": "c-17", "name": "Acme Bearings"}, "redirect_uri": house.back,
        "state": "s-2", "code_challenge": CHALLENGE, "choices": {"history_days": [30, 90]}
    });
    let link = house.post("/link-sessions", &session).await;
    let form = format!("{}?system=netsuite&auth=oauth2_code", link["url"].as_str().unwrap());
    let to_the_provider = async || {
        browser.open(&form).await;
        browser.shows("h1", "Connect Oracle NetSuite").await;
        look(&browser, "the form").await;
        fill(&browser, &json!({"url": provider.url, "account": "1234567_SB1"})).await;
        browser.click("input[value='90']").await;
        browser.click("button.main").await;
        browser.shows("h1", "Give access?").await;
    };

    to_the_provider().await;
    browser.click("#deny").await;
    let told = browser.text("main").await;
    assert!(told.contains("Try again"), "{told}");
    look(&browser, "the refusal").await;
    browser.picture("connect-refused").await;

    to_the_provider().await;
    browser.fill("#email", "buyer@example.com").await;
    browser.fill("#password", "wrong").await;
    browser.click("#allow").await;
    browser.shows("#wrong", "Wrong e-mail or password.").await;
    assert_eq!(house.get("/connections", &house.key).await["data"], json!([]), "nothing is connected yet");
    browser.fill("#email", "buyer@example.com").await;
    browser.fill("#password", "right-password").await;
    browser.click("#allow").await;
    browser.shows("h1", "back at the application").await;

    let returned = house.returned();
    let given = |name: &str| returned.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap();
    assert_eq!(given("state"), "s-2");
    let granted = house.exchange(&given("code"), VERIFIER).await;
    let status = house.get("/sync-status", granted["access_token"].as_str().unwrap()).await;
    assert_eq!(status["data"][0]["history_days"], 90, "what was chosen before the way to the provider");
    let orders = house.some("/purchase-orders", granted["access_token"].as_str().unwrap()).await;
    assert!(orders["data"][0]["id"].as_str().unwrap().starts_with("po_"));
    browser.stop().await;
}

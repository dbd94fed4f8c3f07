//! The same walk for every system, whatever its form asks for: a wrong secret is told and costs one login, the right one leads
//! back to the application. And no page of it is hard to use for somebody who cannot see it.

use std::process::Command;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::house::{House, Simulated};
use crate::{CHALLENGE, VERIFIER, fill};

/// What a walk has to know of a system.
struct Walk {
    system: &'static str,
    heading: &'static str,
    /// The way to log in that its page is opened with.
    auth: &'static str,
    wrong: Value,
    right: Value,
    /// A list that has something in it after the first sync.
    list: &'static str,
}

async fn walk(browser: &Browser, house: &House, walk: &Walk) {
    let session = json!({
        "customer": {"id": "c-17", "name": "Acme Bearings"}, "redirect_uri": house.back, "state": walk.system,
        "code_challenge": CHALLENGE
    });
    let link = house.post("/link-sessions", &session).await;
    let page = link["url"].as_str().unwrap();
    browser.open(page).await;
    look(browser, "the choice").await;
    for (credentials, works) in [(&walk.wrong, false), (&walk.right, true)] {
        let auth = credentials["auth"].as_str().unwrap_or(walk.auth);
        browser.open(&format!("{page}?system={}&auth={auth}", walk.system)).await;
        browser.shows("h1", walk.heading).await;
        look(browser, "the form").await;
        fill(browser, credentials).await;
        browser.click("button.main").await;
        if works {
            browser.shows("h1", "back at the application").await;
        } else {
            let told = browser.text(".errors").await;
            assert!(told.contains("The system refused these credentials."), "{}: {told}", walk.system);
            look(browser, "the problem").await;
            browser.picture(&format!("connect-wrong-{}", walk.system)).await;
        }
    }
    let returned = house.returned();
    let given = |name: &str| returned.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap();
    assert_eq!(given("state"), walk.system);
    let granted = house.exchange(&given("code"), VERIFIER).await;
    let token = granted["access_token"].as_str().unwrap();
    let list = house.some(walk.list, token).await;
    assert!(!list["data"][0]["id"].is_null(), "{}", walk.system);
}

/// Asks axe, which others wrote, whether somebody with a screen reader or a keyboard is kept out.
pub(crate) async fn look(browser: &Browser, what: &str) {
    let Some(axe) = axe() else { return };
    let script = format!(
        "{axe}; const done = arguments[arguments.length - 1];
         axe.run(document, {{resultTypes: ['violations']}}).then(
             found => done(found.violations.map(one => [one.impact, one.id, one.nodes.length, one.nodes[0].html])),
             error => done([['critical', String(error)]]));"
    );
    let found = browser.run(&script).await;
    let serious = |one: &&Value| ["serious", "critical"].contains(&one[0].as_str().unwrap_or("critical"));
    let serious: Vec<&Value> = found.as_array().unwrap().iter().filter(serious).collect();
    assert!(serious.is_empty(), "{what}: {serious:#?}");
}

/// Its script, out of the package that `cargo xtask test` installs.
fn axe() -> Option<String> {
    let Some(python) = std::env::var_os("TRUNNION_TEST_PYTHON_PEERS") else {
        eprintln!("not run: TRUNNION_TEST_PYTHON_PEERS names no environment with axe");
        return None;
    };
    let code = "import axe_core_python, os; print(os.path.dirname(axe_core_python.__file__))";
    let output = Command::new(python).args(["-c", code]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = String::from_utf8(output.stdout).unwrap();
    Some(std::fs::read_to_string(std::path::Path::new(folder.trim()).join("axe.min.js")).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_walk_leads_to_sap_and_netsuite() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    for (system, heading) in [("sap-s4hana", "Connect SAP S/4HANA"), ("netsuite", "Connect Oracle NetSuite")] {
        let simulated = Simulated::start(system).await;
        let (right, wrong) = (simulated.right(), simulated.wrong());
        let auth = if system == "netsuite" { "oauth2_jwt" } else { "basic" };
        walk(&browser, &house, &Walk { system, heading, auth, wrong, right, list: "/purchase-orders" }).await;
        let refused = simulated.sim.control.requests().iter().filter(|asked| asked.status == 401).count();
        assert_eq!(refused, 1, "{system}: one login was refused");
    }
    browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_walk_leads_to_the_real_tryton() {
    let variable = |name: &str| std::env::var(format!("TRUNNION_TEST_TRYTON{name}"));
    let Ok(url) = variable("") else {
        eprintln!("not run: TRUNNION_TEST_TRYTON names no real ERP");
        return;
    };
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let credentials = |password: &str| {
        json!({
            "auth": "session", "url": url, "database": variable("_DB").unwrap(),
            "username": variable("_USER").unwrap(), "password": password
        })
    };
    let right = credentials(&variable("_PASSWORD").unwrap());
    let (heading, wrong) = ("Connect Tryton", credentials("not-the-password"));
    let tryton = Walk { system: "tryton", heading, auth: "session", wrong, right, list: "/purchase-orders" };
    walk(&browser, &house, &tryton).await;
    browser.stop().await;
}

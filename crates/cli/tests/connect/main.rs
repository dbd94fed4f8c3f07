//! A customer connects in a real browser: the whole product in this process, a simulator beside it, Chromium in front.
//!
//! Runs where `TRUNNION_TEST_CHROMEDRIVER` and `TRUNNION_TEST_CHROMIUM` name the two programs, as `cargo xtask test` does.
//! `TRUNNION_TEST_SCREENSHOTS` names a folder for pictures of the pages.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on says so by a panic")]

mod browser;
mod consent;
mod framed;
mod house;
mod sandbox;
mod walks;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::house::{House, Simulated};
use crate::walks::look;

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test(flavor = "multi_thread")]
async fn a_magic_link_leads_past_a_wrong_password_to_data() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.brand().await;
    let simulated = Simulated::start("sap-s4hana").await;
    let link = house
        .post(
            "/link-sessions",
            &json!({
                "customer": {"id": "c-17", "name": "Acme Bearings"}, "redirect_uri": house.back, "state": "s-1",
                "expires_in": 7 * 24 * 3600, "code_challenge": CHALLENGE,
                "choices": {"history_days": [30, 90, null], "interval_seconds": [900, 3600, 86_400]},
                "sync": {"history_days": 90}
            }),
        )
        .await;
    browser.open(link["url"].as_str().unwrap()).await;
    look(&browser, "the choice").await;
    let loaded = "arguments[0](document.querySelector('.logo').naturalWidth)";
    assert_eq!(browser.run(loaded).await, 240, "the policy lets the logo through");
    browser.picture("connect-choose").await;
    browser.click("a[href='?system=sap-s4hana']").await;
    browser.shows("h1", "Connect SAP S/4HANA").await;
    look(&browser, "the choices").await;

    let right = simulated.right();
    let wrong = simulated.wrong();
    fill(&browser, &wrong).await;
    browser.picture("connect-form").await;
    assert!(simulated.sim.control.requests().is_empty(), "nothing was sent before the form was");
    browser.click("button.main").await;
    let told = browser.text(".errors").await;
    assert!(told.contains("The system refused these credentials."), "{told}");
    assert_eq!(browser.focused_class().await, "errors", "a screen reader reads the problem first");
    browser.picture("connect-wrong").await;
    let refused: Vec<u16> = simulated.sim.control.requests().iter().map(|asked| asked.status).collect();
    assert_eq!(refused, [401], "exactly one login attempt");
    assert_eq!(house.get("/connections", &house.key).await["data"], json!([]));

    // The address and the user are still there; only the secret is asked for again.
    assert_eq!(browser.value("#f-url").await, wrong["url"].as_str().unwrap());
    assert_eq!(browser.value("#f-password").await, "");
    fill(&browser, &right).await;
    browser.click("input[name='c.interval_seconds'][value='3600']").await;
    browser.picture("connect-choices").await;
    browser.click("button.main").await;
    browser.shows("h1", "back at the application").await;
    let returned = house.returned();
    let given = |name: &str| returned.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap();
    assert_eq!(given("state"), "s-1");

    let granted = house.exchange(&given("code"), VERIFIER).await;
    let token = granted["access_token"].as_str().unwrap();
    assert_eq!(house.get("/connection", token).await["id"], granted["connection_id"]);
    let status = house.get("/sync-status", token).await;
    let plan = (&status["data"][0]["history_days"], &status["data"][0]["interval_seconds"]);
    assert_eq!(plan, (&json!(90), &json!(3600)), "the suggested history, and the interval that was chosen");
    let orders = house.some("/purchase-orders", token).await;
    assert!(orders["data"][0]["id"].as_str().unwrap().starts_with("po_"));
    browser.open(link["url"].as_str().unwrap()).await;
    browser.shows("h1", "This link was used already").await;
    browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_german_customer_switches_the_language_chooses_and_is_told_in_german() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.brand().await;
    let simulated = Simulated::start("sap-s4hana").await;
    let session = json!({
        "customer": {"id": "c-17", "name": "Kugellager AG"}, "redirect_uri": house.back, "code_challenge": CHALLENGE,
        "choices": {"history_days": [0, 30, null], "interval_seconds": [900, 3600, 86_400]}
    });
    let link = house.post("/link-sessions", &session).await;
    browser.open(link["url"].as_str().unwrap()).await;
    browser.click("a[hreflang='de']").await;
    browser.shows("h1", "Ihr System verbinden").await;
    look(&browser, "the choice in German").await;
    browser.click("a[href='?system=sap-s4hana&lang=de']").await;
    browser.shows("h1", "SAP S/4HANA verbinden").await;
    look(&browser, "the form in German").await;
    fill(&browser, &simulated.wrong()).await;
    browser.click("input[name='c.history_days'][value='30']").await;
    browser.click("button.main").await;
    browser.shows(".errors h2", "Das System hat diese Zugangsdaten abgelehnt.").await;
    look(&browser, "the problem in German").await;
    browser.picture("connect-german").await;
    browser.darken().await;
    look(&browser, "the problem in the dark").await;
    browser.picture("connect-dark").await;
    fill(&browser, &simulated.right()).await;
    browser.click("button.main").await;
    browser.shows("h1", "back at the application").await;
    browser.open(link["url"].as_str().unwrap()).await;
    browser.click("a[hreflang='de']").await;
    browser.shows("h1", "Dieser Link wurde schon verwendet").await;
    browser.stop().await;
}

pub(crate) async fn fill(browser: &Browser, credentials: &Value) {
    for (name, value) in credentials.as_object().unwrap().iter().filter(|(name, _)| *name != "auth") {
        browser.fill(&format!("#f-{name}"), value.as_str().unwrap()).await;
    }
}

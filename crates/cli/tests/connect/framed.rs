//! The page in a frame of the application's own page, which is of another site and has a strict policy of its own.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::consent::Provider;
use crate::house::{House, Simulated};
use crate::walks::look;
use crate::{CHALLENGE, VERIFIER, fill};

async fn session(house: &House, system: &str) -> String {
    let session = json!({
        "system": system, "customer": {"id": "c-17", "name": "Acme Bearings"}, "redirect_uri": house.back, "state": "s-3",
        "code_challenge": CHALLENGE
    });
    house.post("/link-sessions", &session).await["url"].as_str().unwrap().to_owned()
}

/// Opens the application's page, and on it the connect page in a frame; goes into the frame.
async fn enter(browser: &Browser, host: &str, link: &str) {
    browser.open(&format!("{host}/host?link={}", link.replace('?', "%3F").replace('&', "%26"))).await;
    browser.click("#open").await;
    browser.enter("iframe").await;
}

async fn token(browser: &Browser, house: &House) -> String {
    browser.leave().await;
    browser.shows("#state", "s-3").await;
    assert!(house.returned().is_empty(), "the code did not take the way of the redirect");
    let granted = house.exchange(&browser.text("#code").await, VERIFIER).await;
    granted["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_connects_in_a_dialog_of_the_application_and_can_leave_it() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.brand().await;
    let simulated = Simulated::start("sap-s4hana").await;
    let link = session(&house, "sap-s4hana").await;

    // Nobody may frame it yet: the frame stays empty.
    let empty = "const done = arguments[0]; setTimeout(() => done(document.querySelector('form') === null), 1500)";
    enter(&browser, &house.host, &link).await;
    assert_eq!(browser.run(empty).await, true, "no origin is listed");
    house.put("/frame-origins", &json!({"frame_origins": [house.host]})).await;

    enter(&browser, &house.host, &link).await;
    browser.shows("h1", "Connect SAP S/4HANA").await;
    look(&browser, "the form in a frame").await;
    browser.leave().await;
    look(&browser, "the dialog around it").await;
    browser.picture("connect-framed").await;
    browser.click("dialog button").await;
    browser.shows("#state", "left").await;
    let focus = "arguments[0](document.activeElement.id)";
    assert_eq!(browser.run(focus).await, "open", "the focus is back where it was");

    enter(&browser, &house.host, &link).await;
    fill(&browser, &simulated.wrong()).await;
    browser.click("button.main").await;
    browser.shows(".errors h2", "The system refused these credentials.").await;
    look(&browser, "the problem in a frame").await;
    browser.click("a[hreflang='de']").await;
    browser.shows("h1", "SAP S/4HANA verbinden").await;
    fill(&browser, &simulated.right()).await;
    browser.click("button.main").await;
    let token = token(&browser, &house).await;
    let orders = house.some("/purchase-orders", &token).await;
    assert!(orders["data"][0]["id"].as_str().unwrap().starts_with("po_"));
    browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_consents_in_a_window_of_its_own_and_the_frame_hands_the_code_over() {
    let Some(browser) = Browser::start().await else { return };
    let simulated = Simulated::start("netsuite").await;
    let Some(provider) = Provider::start(&simulated) else { return };
    let house = House::start().await;
    let client = json!({"client_id": "ours", "client_secret": "client-secret-5d0c7e91"});
    house.put("/systems/netsuite/oauth-client", &client).await;
    house.put("/frame-origins", &json!({"frame_origins": [house.host]})).await;
    let link = format!("{}?auth=oauth2_code", session(&house, "netsuite").await);

    let to_the_provider = async |link: &str| {
        enter(&browser, &house.host, link).await;
        browser.shows("h1", "Connect Oracle NetSuite").await;
        look(&browser, "the form in a frame, before the window").await;
        fill(&browser, &json!({"url": provider.url, "account": "1234567_SB1"})).await;
        let main = browser.window().await;
        browser.click("button.main").await;
        (main.clone(), browser.other_window(&main).await)
    };
    let consent = async || {
        browser.shows("h1", "Give access?").await;
        browser.fill("#email", "buyer@example.com").await;
        browser.fill("#password", "right-password").await;
        browser.click("#allow").await;
    };
    let (main, _) = to_the_provider(&link).await;
    consent().await;
    browser.only_window(&main).await;
    let token = token(&browser, &house).await;
    assert_eq!(house.get("/connection", &token).await["system"], "netsuite");
    let listed = house.get("/link-sessions", &house.key).await;
    assert_eq!(listed["data"][0]["state"], Value::from("used"));

    // Nobody waits any more: the code takes the way of the redirect.
    let link = format!("{}?auth=oauth2_code", session(&house, "netsuite").await);
    let (main, other) = to_the_provider(&link).await;
    browser.go_to(&main).await;
    browser.leave().await;
    browser.click("dialog button").await;
    browser.shows("#state", "left").await;
    browser.go_to(&other).await;
    consent().await;
    browser.shows("h1", "back at the application").await;
    let returned = house.returned();
    let given = returned.iter().find(|(key, _)| key == "code").map(|(_, value)| value.clone()).unwrap();
    house.exchange(&given, VERIFIER).await;
    browser.stop().await;
}

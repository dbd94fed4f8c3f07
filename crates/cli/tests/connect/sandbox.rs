//! The page of a sandbox: what is inside, what was asked, and what can be made of it at a click.

use crate::browser::Browser;
use crate::house::Simulated;

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_shows_its_data_and_requests_and_refuses_credentials_at_a_click() {
    let Some(browser) = Browser::start().await else { return };
    for (system, name, table, column) in [
        ("sap-s4hana", "SAP S/4HANA", "A_PurchaseOrder", "PurchaseOrder"),
        ("netsuite", "NetSuite", "PurchaseOrder", "tranId"),
    ] {
        let simulated = Simulated::start(system).await;
        let control = &simulated.sim.control;
        browser.open(&format!("{}/_control/", simulated.sim.url)).await;
        browser.shows("h1", &format!("Sandbox of {name}")).await;
        browser.click(&format!("button[data-table='{table}']")).await;
        says(&browser, "#place", "1 to ").await;
        says(&browser, "#rows", column).await;
        assert!(browser.text("#rows").await.lines().count() > 2);
        browser.picture(&format!("sandbox-{system}")).await;
        assert!(control.requests().is_empty(), "looking leaves no trace");

        reqwest::get(format!("{}/no/such/thing?a=%C3%BC", simulated.sim.url)).await.unwrap();
        browser.click("#credentials").await;
        says(&browser, "#state", "credentials are refused").await;
        assert!(control.credentials_expired());
        says(&browser, "#requests", "/no/such/thing").await;
        says(&browser, "#requests", "a=\u{fc}").await;
        browser.click("#credentials").await;
        says(&browser, "#state", "All credentials are good").await;
        assert!(!control.credentials_expired());
    }
}

/// Waits until a part of the page has that text in it.
async fn says(browser: &Browser, css: &str, wanted: &str) {
    for _ in 0..200 {
        if browser.text(css).await.contains(wanted) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{css} does not say {wanted:?} but {:?}", browser.text(css).await);
}

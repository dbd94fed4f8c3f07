//! The customer's administrator, who opens a link and fills in the form: what a browser would send, without one.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, Response, redirect};
use serde_json::Value;

use super::api::form;

/// A page is a few kilobytes.
const MOST: usize = 1024 * 1024;

pub(super) struct Customer(Client);

/// What the page said to a filled-in form.
pub(super) enum Said {
    /// Sent back to the application, to this address.
    Back(String),
    /// The page again, with what to do.
    Again(String),
}

impl Customer {
    pub(super) fn new() -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(Duration::from_secs(60));
        Ok(Self(client.build()?))
    }

    /// Looks at the page for the system, then submits the form with these values.
    pub(super) async fn fill_in(&self, link: &str, system: &str, credentials: &Value) -> anyhow::Result<Said> {
        let page = self.0.get(format!("{link}?system={system}")).send().await?;
        anyhow::ensure!(page.status().is_success(), "the connect page answered {}", page.status());
        let page = html(page).await?;
        let mut pairs = vec![("system".to_owned(), system.to_owned())];
        for (name, value) in credentials.as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            match name.as_str() {
                "auth" => pairs.push(("auth".to_owned(), value)),
                _ => pairs.push((format!("f.{name}"), value)),
            }
        }
        anyhow::ensure!(page.contains("<form method=\"post\""), "the connect page shows no form for {system}");
        let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = form(self.0.post(link), &borrowed)?.send().await?;
        if let Some(address) = answer.headers().get("location") {
            return Ok(Said::Back(address.to_str().context("the redirect is no text")?.to_owned()));
        }
        let page = html(answer).await?;
        let heading = page.split("<h2>").nth(1).and_then(|rest| rest.split("</h2>").next());
        Ok(Said::Again(heading.unwrap_or("(the page names no problem)").to_owned()))
    }

    /// Goes where the page sent the browser.
    pub(super) async fn follow(&self, address: &str) -> anyhow::Result<()> {
        self.0.get(address).send().await?.error_for_status()?;
        Ok(())
    }
}

async fn html(mut answer: Response) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        anyhow::ensure!(bytes.len() + chunk.len() <= MOST, "the page does not end");
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(bytes)?)
}

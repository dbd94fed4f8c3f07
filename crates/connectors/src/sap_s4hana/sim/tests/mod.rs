//! The simulator's dialect, asked over HTTP as a client would.

mod assets;
mod batch;
mod goods;
mod maintenance;
mod measurements;
mod orders;
mod partners;
mod purchasing;
mod queries;
mod reading;
mod sessions;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::Value as Json;
use trunnion_kit::sim::Sim;
use trunnion_model::time::Clock;

use super::{Options, start};

const BUSINESS_PARTNER: &str = "API_BUSINESS_PARTNER";
const PRODUCT: &str = "API_PRODUCT_SRV";
const ORDER: &str = "API_PURCHASEORDER_PROCESS_SRV";
const GOODS: &str = "API_MATERIAL_DOCUMENT_SRV";
const REQUISITION: &str = "API_PURCHASEREQ_PROCESS_SRV";
const INVOICE: &str = "API_SUPPLIERINVOICE_PROCESS_SRV";
const STOCK: &str = "API_MATERIAL_STOCK_SRV";
const EQUIPMENT: &str = "API_EQUIPMENT";
const MAINTENANCE: &str = "API_MAINTENANCEORDER;v=2";
const NOTIFICATION: &str = "API_MAINTNOTIFICATION";

/// A simulator on a free port, at a time that stands still, and a client with the right password.
struct Bench {
    sim: Sim,
    http: reqwest::Client,
    authorization: String,
    cookies: String,
    token: String,
}

struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Answer {
    async fn of(mut response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        Self { status, headers, body: String::from_utf8(bytes).unwrap() }
    }

    fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn d(&self) -> Json {
        assert!(self.status < 300, "{}: {}", self.status, self.body);
        self.json()["d"].clone()
    }

    fn results(&self) -> Vec<Json> {
        self.d()["results"].as_array().cloned().unwrap_or_else(|| panic!("{}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The texts of `errordetails`, without the wrapper at the end.
    fn details(&self) -> Vec<String> {
        assert_eq!(self.status, 400, "{}", self.body);
        let json = self.json();
        let details = json["error"]["innererror"]["errordetails"].as_array().unwrap();
        assert_eq!(details.last().unwrap()["code"], "/IWBEP/CX_MGW_BUSI_EXCEPTION");
        details.iter().rev().skip(1).rev().map(|detail| detail["message"].as_str().unwrap().to_owned()).collect()
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

fn now() -> Timestamp {
    "2026-03-02T09:30:00.123456Z".parse().unwrap()
}

impl Bench {
    async fn start(records: usize) -> Self {
        let (clock, _) = Clock::manual(now());
        let options = Options { records, clock, ..Options::default() };
        let authorization = basic(&options.user, &options.password);
        let sim = start(options, 0).await.unwrap();
        Self { sim, http: reqwest::Client::new(), authorization, cookies: String::new(), token: String::new() }
    }

    /// With a session and its token.
    async fn logged_on(records: usize) -> Self {
        let mut bench = Self::start(records).await;
        bench.fetch().await;
        bench
    }

    async fn fetch(&mut self) {
        let answer = self.send("HEAD", &format!("{}/", service(ORDER)), &[("x-csrf-token", "Fetch")], None).await;
        self.token = answer.header("x-csrf-token").unwrap().to_owned();
        let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
        let cookies: Vec<&str> = cookies.map(|cookie| cookie.split(';').next().unwrap()).collect();
        if !cookies.is_empty() {
            self.cookies = cookies.join("; ");
        }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Json>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sim.url) };
        let mut request = self.http.request(method.parse().unwrap(), url).timeout(Duration::from_secs(30));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", &self.authorization);
        }
        if !self.cookies.is_empty() && !headers.iter().any(|(name, _)| *name == "cookie") {
            request = request.header("cookie", &self.cookies);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Answer::of(request.send().await.unwrap()).await
    }

    async fn get(&self, service_name: &str, rest: &str) -> Answer {
        self.send("GET", &format!("{}/{rest}", service(service_name)), &[], None).await
    }

    async fn post(&self, service_name: &str, rest: &str, body: &Json) -> Answer {
        let token = [("x-csrf-token", self.token.as_str())];
        self.send("POST", &format!("{}/{rest}", service(service_name)), &token, Some(body)).await
    }

    async fn change(
        &self,
        method: &str,
        service_name: &str,
        rest: &str,
        etag: Option<&str>,
        body: Option<&Json>,
    ) -> Answer {
        let mut headers = vec![("x-csrf-token", self.token.as_str())];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        self.send(method, &format!("{}/{rest}", service(service_name)), &headers, body).await
    }

    async fn control(&self, rest: &str) -> u16 {
        self.send("POST", &format!("/_control/{rest}"), &[], None).await.status
    }

    /// A supplier of purchasing organization 1010 with which nothing is wrong.
    async fn supplier(&self) -> String {
        let rows = self
            .get(BUSINESS_PARTNER, "A_SupplierPurchasingOrg?$filter=PurchasingOrganization%20eq%20'1010'&$top=1")
            .await;
        rows.results()[0]["Supplier"].as_str().unwrap().to_owned()
    }

    async fn numbers(&self, query: &str) -> Vec<String> {
        let rows = self.get(ORDER, &format!("A_PurchaseOrder?$select=PurchaseOrder&{query}")).await.results();
        rows.iter().map(|row| row["PurchaseOrder"].as_str().unwrap().to_owned()).collect()
    }
}

fn service(name: &str) -> String {
    format!("/sap/opu/odata/sap/{name}")
}

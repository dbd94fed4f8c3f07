//! Requests in the system's own words: sent with the customer's login, to the customer's system and nowhere else.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Reply, Server, Simulator};
use crate::proxy::Proxy;
use crate::tryton::{Tryton, connect, sandbox, skipped, synced};

const SERVICE: &str = "/sap/opu/odata/sap/API_PRODUCT_SRV";
const GOODS: &str = "/sap/opu/odata/sap/API_MATERIAL_DOCUMENT_SRV/A_MaterialDocumentHeader";

async fn pass(api: &Api, ask: &Value) -> Reply {
    api.send(Method::POST, "/passthrough", Some(ask), None).await
}

/// A difference of one piece, as SAP wants it.
fn movement() -> Value {
    let item = json!({"GoodsMovementType": "701", "Material": "SP-0003", "Plant": "1010", "StorageLocation": "101A",
        "QuantityInEntryUnit": "1.000", "EntryUnit": "EA"});
    json!({"method": "POST", "path": GOODS, "query": {"$format": "json"},
        "body": {"GoodsMovementCode": "05", "to_MaterialDocumentItem": [item]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_model_does_not_have_is_read_and_written_in_the_systems_own_words() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let (simulator, api) = sandbox(&server, data.path(), "sap-s4hana", 30).await;
    let query = json!({"$filter": "Product eq 'SP-0003'", "$select": "Product,ProductType", "$format": "json"});
    let read = pass(&api, &json!({"method": "GET", "path": format!("{SERVICE}/A_Product"), "query": query})).await;
    assert_eq!((read.status, &read.body["status"]), (200, &json!(200)), "{}", read.body);
    assert_eq!(read.body["body"]["d"]["results"][0]["Product"], "SP-0003", "{}", read.body);
    // What the system refuses is an answer too.
    let missing = pass(&api, &json!({"method": "GET", "path": format!("{SERVICE}/A_Product('none')")})).await;
    assert_eq!((missing.status, &missing.body["status"]), (200, &json!(404)), "{}", missing.body);
    let posted = pass(&api, &movement()).await;
    assert_eq!((posted.status, &posted.body["status"]), (200, &json!(201)), "{}", posted.body);
    assert!(posted.body["body"]["d"]["MaterialDocument"].is_string(), "{}", posted.body);

    // Sent once, and nobody pretends to know what became of it.
    let sent = async || {
        let all = simulator.requests().await;
        all.iter().filter(|asked| asked.method == "POST" && asked.path.contains("A_MaterialDocumentHeader")).count()
    };
    let before = sent().await;
    simulator.fault("cut-after:next=1,method=POST,path=A_MaterialDocumentHeader").await;
    let cut = pass(&api, &movement()).await;
    assert_eq!((cut.status, &cut.body["code"]), (502, &json!("OUTCOME_UNKNOWN")), "{}", cut.body);
    assert_eq!(sent().await, before + 1);
    let keyed = api.send(Method::POST, "/passthrough", Some(&movement()), Some("key")).await;
    assert_eq!((keyed.status, sent().await), (400, before + 1), "{}", keyed.body);

    let manager = server.api(server.key.as_deref().unwrap());
    let audit: Value = manager.get("/audit?action=passthrough").await;
    let told: Vec<(&str, &str)> = audit["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["target"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
        .collect();
    assert!(told.contains(&(&format!("GET {SERVICE}/A_Product 200"), "succeeded")), "{told:?}");
    assert!(told.contains(&(&format!("POST {GOODS}"), "OUTCOME_UNKNOWN")), "{told:?}");
    assert!(!audit.to_string().contains("$filter"), "{audit}");

    let simulator = Simulator::start(data.path(), "netsuite", 30);
    let api = connect(&server, "netsuite", simulator.credentials.clone()).await;
    let ask = json!({"method": "POST", "path": "/services/rest/query/v1/suiteql", "query": {"limit": "1"},
        "headers": {"Prefer": "transient"}, "body": {"q": "SELECT id, itemid FROM item WHERE itemid = 'SP-0003'"}});
    let read = pass(&api, &ask).await;
    assert_eq!(
        (&read.body["status"], &read.body["body"]["items"][0]["itemid"]),
        (&json!(200), &json!("SP-0003")),
        "{}",
        read.body
    );
    let token = pass(&api, &json!({"method": "POST", "path": "/services/rest/auth/oauth2/v1/token"})).await;
    assert_eq!((token.status, token.pointers()), (422, vec!["/path"]), "{}", token.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_pass_through_to_trytons_own_database_and_none_that_logs_in_or_out() {
    let Some(tryton) = Tryton::find() else { return skipped("calls that are passed through") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let proxy = Proxy::start(&tryton.url).await;
    let api = connect(&server, "tryton", tryton.credentials_at(&proxy.url)).await;
    synced(&api).await;
    let call = |method: &str, params: Value| json!({"method": "POST", "path": "/rpc/", "body": {"id": 7, "method": method, "params": params}});
    let read = json!([[["code", "=", "V-1001"]], 0, 1, null, ["code", "create_uid.password"], {}]);
    let read = pass(&api, &call("model.party.party.search_read", read)).await;
    assert_eq!(
        (read.status, &read.body["status"], &read.body["body"]["id"]),
        (200, &json!(200), &json!(7)),
        "{}",
        read.body
    );
    assert_eq!(read.body["body"]["result"][0]["code"], "V-1001", "{}", read.body);
    // In the user's context (without the company, there is no such default), and in the caller's over that.
    let company = async |context: Value| {
        let reply = pass(&api, &call("model.purchase.purchase.default_get", json!([["company"], context]))).await;
        reply.body["body"]["result"]["company"].clone()
    };
    assert!(company(json!({})).await.is_i64());
    assert_eq!(company(json!({"company": null})).await, json!(null));
    let name = format!("Passed through {}", std::process::id());
    let made = pass(&api, &call("model.party.party.create", json!([[{"name": name}], {}]))).await;
    let id = made.body["body"]["result"][0].as_i64().unwrap_or_else(|| panic!("{}", made.body)).to_string();
    assert_eq!(tryton.client("parties_called", &json!({"name": name}))[0]["id"], id);
    // What the system refuses is an answer too: in its own form, and by its own status.
    let refused = pass(&api, &call("model.party.party.create", json!([[{"no_such_field": 1}], {}]))).await;
    assert_eq!((refused.status, refused.body["body"]["error"].is_array()), (200, true), "{}", refused.body);
    let none = pass(&api, &call("model.party.party.no_such_method", json!([{}]))).await;
    assert_eq!((none.status, &none.body["status"]), (200, &json!(403)), "{}", none.body);

    let before = proxy.calls("").len();
    let other = json!({"method": "model.a.b.read", "params": [{}]});
    let password = json!([[1], {"users": [["write", [2], {"password": "another one"}]]}, {}]);
    for (ask, at) in [
        (json!({"method": "GET", "path": "/rpc/"}), vec!["/body", "/method"]),
        (json!({"method": "POST", "path": "/other/rpc/", "body": other}), vec!["/path"]),
        (json!({"method": "POST", "path": "/rpc/../../other/rpc/", "body": other}), vec!["/path"]),
        (json!({"method": "POST", "path": "/rpc/r/x", "body": other}), vec!["/path"]),
        (call("common.db.login", json!(["api", {}])), vec!["/body/method"]),
        (call("common.db.logout", json!([{}])), vec!["/body/method"]),
        (call("common.db.reset_password", json!(["api", {}])), vec!["/body/method"]),
        (call("model.res.user.set_preferences", json!([{"email": "a@b.c"}, {}, {}])), vec!["/body/method"]),
        (call("model.res.user.application.create", json!([[{}], {}])), vec!["/body/method"]),
        (call("model.res.group.write", password), vec!["/body/params"]),
        (call("model.party.party.search_read", json!([[], 0, 1, null, ["name"]])), vec!["/body/params"]),
    ] {
        let reply = pass(&api, &ask).await;
        let mut pointers = reply.pointers();
        pointers.sort_unstable();
        assert_eq!((reply.status, pointers), (422, at), "{ask}: {}", reply.body);
    }
    assert_eq!(proxy.calls("").len(), before, "something was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_out_of_the_connections_own_paths_and_no_login_comes_back() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let simulator = Simulator::start(data.path(), "sap-s4hana", 30);
    let front = Front::start(&simulator.url).await;
    let mut credentials = simulator.credentials.clone();
    credentials["url"] = json!(front.url);
    let api = connect(&server, "sap-s4hana", credentials.clone()).await;
    synced(&api).await;
    let before = front.paths().len();
    let elsewhere = simulator.url.trim_start_matches("http:");
    for path in [
        "/_control/requests",
        &format!("{}/_control/requests", simulator.url),
        &format!("{elsewhere}/_control/requests"),
        &format!("{SERVICE}/../../../../../_control/requests"),
        &format!("{SERVICE}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/_control/requests"),
        &format!("{SERVICE}/..%2f..%2f..%2f..%2f..%2f_control/requests"),
        &format!("{SERVICE}/%252e%252e/%252e%252e/%252e%252e/%252e%252e/%252e%252e/_control/requests"),
        &format!("{SERVICE}/..;/..;/_control"),
        &format!("{SERVICE}\\..\\..\\_control"),
        &format!("{SERVICE}/A?sap-client=200"),
        "/sap/opu/odata/saproot/X",
        "@other.example/sap/opu/odata/sap/X",
        ":80@other.example/sap/opu/odata/sap/X",
    ] {
        let reply = pass(&api, &json!({"method": "GET", "path": path})).await;
        assert_eq!((reply.status, reply.pointers()), (422, vec!["/path"]), "{path}: {}", reply.body);
    }
    let wrong = json!({"method": "TRACE", "path": SERVICE, "query": {"$top": 1}});
    assert_eq!(pass(&api, &wrong).await.pointers(), ["/method", "/query/$top"]);
    let names = [
        "Authorization",
        "Cookie",
        "Host",
        "X-HTTP-Method",
        "x-forwarded-host",
        "SSL_CLIENT_CERT",
        "Transfer-Encoding",
        "X-CSRF-Token",
        "sap-client",
    ];
    for name in names {
        let reply = pass(&api, &json!({"method": "GET", "path": SERVICE, "headers": {name: "x"}})).await;
        assert_eq!(
            (reply.status, reply.pointers()),
            (422, vec![format!("/headers/{name}").as_str()]),
            "{}",
            reply.body
        );
    }
    let client = pass(&api, &json!({"method": "GET", "path": SERVICE, "query": {"SAP-Client": "200"}})).await;
    assert_eq!(client.pointers(), ["/query/SAP-Client"], "{}", client.body);
    let split = pass(&api, &json!({"method": "GET", "path": SERVICE, "headers": {"x-a": "1\r\nx-b: 2"}})).await;
    assert_eq!(split.pointers(), ["/headers/x-a"], "{}", split.body);
    let reader = server.api(server.key.as_deref().unwrap());
    assert_eq!(
        reader.send(Method::POST, "/passthrough", Some(&movement()), None).await.status,
        400,
        "no connection is named"
    );
    assert_eq!(front.paths().len(), before, "something was sent");

    // A system that says back all that it was sent.
    let echo =
        pass(&api, &json!({"method": "GET", "path": format!("{SERVICE}/ECHO"), "headers": {"x-mine": "kept"}})).await;
    let (said, password) = (echo.body.to_string(), credentials["password"].as_str().unwrap());
    assert!(said.contains("kept") && echo.body["headers"]["x-other"] == "also kept", "{said}");
    assert!(said.contains("[redacted]") && !said.contains(password) && !said.contains("a-session"), "{said}");
    assert!(
        echo.body["headers"]["set-cookie"].is_null() && echo.body["headers"]["www-authenticate"].is_null(),
        "{said}"
    );
    let large = pass(&api, &json!({"method": "GET", "path": format!("{SERVICE}/LARGE")})).await;
    assert_eq!((large.status, &large.body["code"]), (502, &json!("SYSTEM_REJECTED")), "{}", large.body);
    assert!(large.body["detail"].as_str().unwrap().contains("8000000 bytes"), "{}", large.body);
    let exact = pass(&api, &json!({"method": "GET", "path": format!("{SERVICE}/EXACT")})).await;
    assert_eq!(exact.body["body"].as_str().map(str::len), Some(8_000_000));
    let long = json!({"method": "POST", "path": GOODS, "body": "x".repeat(1_000_001)});
    assert_eq!(pass(&api, &long).await.status, 413);
    let number = pass(&api, &json!({"method": "GET", "path": format!("{SERVICE}/NUMBER")})).await;
    assert_eq!(number.status, 200);
}

/// Stands before a simulator, and answers some paths itself.
#[derive(Clone)]
struct Front {
    url: String,
    target: String,
    seen: Arc<Mutex<Vec<String>>>,
    client: reqwest::Client,
}

impl Front {
    async fn start(target: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let front = Self { url, target: target.to_owned(), seen: Arc::default(), client };
        let app = Router::new().fallback(answer).with_state(front.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        front
    }

    fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(State(front): State<Front>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    front.seen.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
    if path.contains("/ECHO") {
        let said = format!("{:?} {:?}", head.uri, head.headers);
        let password = head.headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
        let mut response = Response::new(Body::from(format!("{said} {password}")));
        for (name, value) in [("set-cookie", "SAP=a-session"), ("www-authenticate", "Basic"), ("x-other", "also kept")]
        {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        return response;
    }
    let sized = |size: usize| Response::new(Body::from("x".repeat(size)));
    match path.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default() {
        "LARGE" => return sized(8_000_001),
        "EXACT" => return sized(8_000_000),
        "NUMBER" => return sized(1),
        _ => {}
    }
    let body: Bytes = axum::body::to_bytes(body, 16 << 20).await.unwrap();
    let mut forwarded = front.client.request(head.method, format!("{}{path}", front.target)).body(body);
    for (name, value) in
        head.headers.iter().filter(|(name, _)| **name != header::HOST && **name != header::CONTENT_LENGTH)
    {
        forwarded = forwarded.header(name, value);
    }
    let told = forwarded.send().await.unwrap();
    let (status, headers) = (StatusCode::from_u16(told.status().as_u16()).unwrap(), told.headers().clone());
    #[expect(clippy::disallowed_methods, reason = "the test's own small server answers")]
    let mut response = Response::new(Body::from(told.bytes().await.unwrap()));
    *response.status_mut() = status;
    for (name, value) in
        headers.iter().filter(|(name, _)| **name != header::TRANSFER_ENCODING && **name != header::CONTENT_LENGTH)
    {
        response.headers_mut().append(name, value.clone());
    }
    response
}

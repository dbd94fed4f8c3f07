//! Requests and answers, as small as tests want them.

use http::{HeaderMap, Method};
use serde_json::Value;

/// A request, built up by a test.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) fn get(path: &str) -> Ask {
    Ask::new(Method::GET, path)
}

pub(crate) fn post(path: &str) -> Ask {
    Ask::new(Method::POST, path)
}

fn response_is_image(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|kind| kind.to_str().unwrap().starts_with("image/"))
}

impl Ask {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: None }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The connection that an application key is used for.
    pub(crate) fn at(self, connection: &str) -> Self {
        self.header("trunnion-connection", connection)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    pub(crate) fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) async fn send(self, client: &reqwest::Client, base: &str) -> Answer {
        let mut request = client.request(self.method, format!("{base}{}", self.path));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let mut response = request.send().await.unwrap();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.unwrap() {
            body.extend_from_slice(&piece);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // An image is no text; only its headers are looked at.
        let read = match response_is_image(&headers) {
            true => String::new(),
            false => String::from_utf8(body).unwrap(),
        };
        Answer { status, headers, body: read }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The answer, which must be a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }

    /// Status and code of a problem, which must have all that a problem has.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{self:?}");
        for name in ["type", "title", "detail"] {
            assert!(problem[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {self:?}");
        }
        (self.status, problem["code"].as_str().unwrap().to_owned())
    }
}

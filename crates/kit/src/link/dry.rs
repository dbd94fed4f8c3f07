//! A link that writes down what it would send, for a dry run. Reads and logins are real; a write is recorded and answered as
//! if it had been taken, so that the next one of several is recorded too.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, header};
use serde::Serialize;

use super::Link;
use crate::error::Error;
use crate::http::{Answer, Request};
use crate::spec::ProtocolKind;

/// A request as it would be sent, without the headers of a login; secrets are masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    pub method: String,
    pub url: String,
    pub headers: std::collections::BTreeMap<String, String>,
    pub body: Option<serde_json::Value>,
}

/// What a dry link recorded.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Planned>>>);

impl Recorder {
    pub fn take(&self) -> Vec<Planned> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Link {
    /// The same link, with its writes recorded instead of sent.
    #[must_use]
    pub fn dry(&self) -> (Self, Recorder) {
        let recorder = Recorder::default();
        (Self(self.0.clone(), Some(recorder.clone()), self.2, self.3.clone()), recorder)
    }

    pub fn is_dry(&self) -> bool {
        self.1.is_some()
    }

    /// As [`Link::call`], for a request that changes something there.
    pub async fn write(&self, request: Request) -> Result<Answer, Error> {
        match self.recorded(&request) {
            Some(answer) => Ok(answer),
            None => self.call(request).await,
        }
    }

    /// On a dry link: the write is written down, and this is its answer.
    pub(super) fn recorded(&self, request: &Request) -> Option<Answer> {
        let recorder = self.1.as_ref()?;
        recorder.0.lock().unwrap_or_else(PoisonError::into_inner).push(self.planned(request));
        let body = match self.spec().protocol.kind {
            ProtocolKind::JsonRpc => br#"{"id":1,"result":[]}"#.to_vec(),
            ProtocolKind::ODataV2 | ProtocolKind::ODataV4 | ProtocolKind::SuiteTalk => b"{}".to_vec(),
        };
        Some(Answer { status: 200, headers: HeaderMap::new(), body })
    }

    fn planned(&self, request: &Request) -> Planned {
        let text = |bytes: &[u8]| self.redact(&String::from_utf8_lossy(bytes));
        let logs_in = |name: &http::HeaderName| *name == header::AUTHORIZATION || *name == header::COOKIE;
        let headers = request.headers.iter().filter(|(name, _)| !logs_in(name));
        let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())));
        Planned {
            method: request.method.to_string(),
            url: self.redact(request.url.as_str()),
            headers: headers.collect(),
            body: request.body.as_ref().map(|body| {
                let body = text(body);
                serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body))
            }),
        }
    }
}

//! What is sent to a vendor system and what comes back.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use trunnion_model::time::Timestamp;
use url::Url;

use super::budget::Lane;
use super::redact::vendor_text;
use crate::error::{Error, VendorMessage};

/// Whether sending it twice does harm. The method does not say: some systems read by POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing there; may be sent again.
    Read,
    /// May change something there; never sent again once it may have arrived.
    Write,
}

#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
    pub effect: Effect,
    /// Who goes before it; a link sets it.
    pub lane: Lane,
    /// The largest answer that is read, where that is less than the connector's limit.
    pub largest: Option<usize>,
}

impl Request {
    /// A GET that reads.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            effect: Effect::Read,
            lane: Lane::default(),
            largest: None,
        }
    }

    pub fn new(method: Method, url: Url, effect: Effect) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, effect, lane: Lane::default(), largest: None }
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the body and its content type.
    #[must_use]
    pub fn with_body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Some(body.into());
        self
    }

    /// The largest answer that is read, of a connector that reads up to `limit`.
    pub(super) fn most(&self, limit: usize) -> usize {
        self.largest.map_or(limit, |largest| largest.min(limit))
    }

    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// Neither query values nor headers nor the body: any of them may hold a secret.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({:?} {} {}{})", self.effect, self.method, self.host(), self.url.path())
    }
}

/// A complete answer: the whole body was read.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text; what is not UTF-8 is not what any of the protocols promises.
    pub fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.body).map_err(|_| Error::Unexpected("the answer is not UTF-8 text".to_owned()))
    }

    /// The first header of that name, if it is readable text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Compares the media type without its parameters: `application/json` is also `application/json; charset=utf-8`.
    pub fn content_type_is(&self, media_type: &str) -> bool {
        let Some(value) = self.header(header::CONTENT_TYPE) else { return false };
        value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
    }

    /// When the system made the answer, by its own clock (whole seconds).
    pub fn server_time(&self) -> Option<Timestamp> {
        http_date(self.header(header::DATE)?)
    }

    /// The status and the readable part of the body, where the protocol knows nothing better to say.
    pub fn vendor_message(&self) -> VendorMessage {
        let mut text = vendor_text(&self.body);
        if text.is_empty() {
            text = format!("HTTP {}", self.status);
        }
        VendorMessage { status: Some(self.status), code: None, text, field: None }
    }
}

/// The body is left out: it is customer data.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Parses the date of an HTTP header (`Sun, 06 Nov 1994 08:49:37 GMT`).
pub fn http_date(text: &str) -> Option<Timestamp> {
    static PARSER: jiff::fmt::rfc2822::DateTimeParser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    PARSER.parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_http_says() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
        headers.insert("date", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        let answer = Answer { status: 204, headers, body: vec![0xff] };
        assert!(answer.content_type_is("application/json") && !answer.content_type_is("application/js"));
        assert_eq!(answer.server_time().unwrap().as_second(), 784_111_777);
        assert!(answer.text().is_err());
        assert_eq!(http_date("soon"), None);
    }

    #[test]
    fn debug_shows_neither_query_nor_header_nor_body() {
        let request = Request::new(Method::POST, "https://h.example/p?key=hush".parse().unwrap(), Effect::Write)
            .with_header(header::AUTHORIZATION, HeaderValue::from_static("hush"))
            .with_body("text/plain", "hush");
        assert_eq!(format!("{request:?}"), "Request(Write POST h.example/p)");
    }
}

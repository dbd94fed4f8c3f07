//! One try: sends, reads the whole body within its limit, and says of a failure whether anything may have arrived.

use std::error::Error as _;

use super::message::{Answer, Request};
use crate::spec::Limits;
use crate::webhook::Refusal;

/// Why a try brought no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection came about, so the system saw nothing.
    NotSent { reason: String, try_again: bool },
    /// No connection came about, because the system's certificate is not trusted.
    Untrusted(String),
    /// The system did not take the certificate that we showed, or wants one: it broke off before it read anything.
    CertificateRefused(String),
    /// The address is none that may be called.
    NotAllowed(String),
    /// The request, or a part of it, may have arrived.
    Broken(String),
    /// There was an answer, larger than the limit.
    TooLarge { status: u16 },
}

pub(super) async fn send(http: &reqwest::Client, request: &Request, limits: &Limits) -> Result<Answer, Failure> {
    match tokio::time::timeout(limits.timeout, exchange(http, request, request.most(limits.max_body_bytes))).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(Failure::Broken(format!("{} gave no complete answer within {:?}", request.host(), limits.timeout)))
        }
    }
}

async fn exchange(http: &reqwest::Client, request: &Request, most: usize) -> Result<Answer, Failure> {
    let mut outgoing = reqwest::Request::new(request.method.clone(), request.url.clone());
    outgoing.headers_mut().clone_from(&request.headers);
    *outgoing.body_mut() = request.body.clone().map(reqwest::Body::from);
    let mut response = http.execute(outgoing).await.map_err(|error| failure(&error, request))?;
    let status = response.status().as_u16();
    let announced = response.content_length().unwrap_or(0);
    if announced > most as u64 {
        return Err(Failure::TooLarge { status });
    }
    // All at once, because a body that grows is copied and takes twice its size.
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    let headers = std::mem::take(response.headers_mut());
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error, request))? {
        if body.len() + chunk.len() > most {
            return Err(Failure::TooLarge { status });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

fn failure(error: &reqwest::Error, request: &Request) -> Failure {
    let host = request.host();
    let port = request.url.port_or_known_default().unwrap_or_default();
    let cause = root_cause(error);
    if error.is_builder() {
        return Failure::NotSent { reason: format!("the request cannot be sent: {cause}"), try_again: false };
    }
    if let Some(alert) = refuses_certificate(error) {
        return Failure::CertificateRefused(format!("{host} does not take the client certificate ({alert})"));
    }
    if !error.is_connect() {
        return Failure::Broken(format!("the connection to {host} broke: {cause}"));
    }
    if is_refused(error) {
        return Failure::NotAllowed(not_allowed(host));
    }
    if cause.contains("certificate") {
        return Failure::Untrusted(format!("the certificate of {host} is not trusted: {cause}"));
    }
    let reason = if cause.contains("InvalidContentType") {
        format!("{host} does not speak TLS on port {port}: is it an http:// address?")
    } else if error.is_dns() {
        format!("the name {host} cannot be resolved: {cause}")
    } else if error.is_timeout() {
        format!("{host} does not answer on port {port}")
    } else {
        format!("no connection to {host} on port {port}: {cause}")
    };
    Failure::NotSent { reason, try_again: true }
}

/// Behind the name of a host.
pub(crate) const NOT_ALLOWED: &str = "is not in a network that this server may call";

/// For the customer: it does not say what is there.
pub(super) fn not_allowed(host: &str) -> String {
    format!("{host} {NOT_ALLOWED}")
}

fn is_refused(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<Refusal>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// What a TLS server says of a client's certificate (RFC 8446, section 6.2). With TLS 1.3 it says so after our handshake is
/// over, but it has read nothing of the request then.
fn refuses_certificate(error: &reqwest::Error) -> Option<&'static str> {
    const ALERTS: [&str; 8] = [
        "CertificateRequired",
        "BadCertificate",
        "UnsupportedCertificate",
        "CertificateRevoked",
        "CertificateExpired",
        "CertificateUnknown",
        "UnknownCA",
        "AccessDenied",
    ];
    let cause = root_cause(error);
    let alert = cause.strip_prefix("received fatal alert: ")?;
    ALERTS.into_iter().find(|known| alert.contains(known))
}

/// The innermost text: the outer ones name the URL, whose query may hold a secret.
fn root_cause(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else { return "the HTTP client refused it".to_owned() };
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

//! Servers in trouble, on real sockets: whatever is wrong with them, nobody is asked for other credentials because of it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::Method;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use trunnion_model::time::Clock;

use super::tests::quick;
use super::*;
use crate::error::{Cause, Error};
use crate::spec::Limits;

/// For `localhost`, signed by itself, until 2126. Nothing trusts it.
const CERTIFICATE: &str = "MIIBljCCATugAwIBAgIUIxjRRJ4rOgb7em+5S7rCROLFysswCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjAwNDgzNVoYDzIxMjYxMTAyMDA0ODM1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASZx8wKe8A30sree54pDn5VKPF0x/ab3//NOICPLZDwRElxnt9LQQIBGOlS7sh30P9HKwv0G4gv5PuKxZTKWACuo2kwZzAdBgNVHQ4EFgQUWDXi0zKkZwVwiuFblxNqUF2WfJMwHwYDVR0jBBgwFoAUWDXi0zKkZwVwiuFblxNqUF2WfJMwDwYDVR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwIDSQAwRgIhAMdbnK/mKqNK6oyc02OYD2nnLnMa1iCJl4vhzgEqMoIaAiEAij6lS8QxofhiSzu7V2QFDuqC44CPj2ECjtTwAAlTfZ4=";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTvKuGB639n3jjB4yYK37u4gle8l6mO6b1xmwIBiSEaShRANCAASZx8wKe8A30sree54pDn5VKPF0x/ab3//NOICPLZDwRElxnt9LQQIBGOlS7sh30P9HKwv0G4gv5PuKxZTKWACu";

/// Where a server listens that does that with each connection.
async fn server<Done: Future + Send>(then: impl Fn(TcpStream) -> Done + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            then(stream).await;
        }
    });
    port
}

/// What comes of a write, which is never sent again unless it certainly was not sent.
async fn asked(scheme: &str, port: u16) -> Error {
    let limits = Limits { timeout: Duration::from_millis(300), ..Limits::default() };
    let client = Client::new(&limits, Clock::system()).unwrap().with_pace(quick());
    let url = format!("{scheme}://localhost:{port}/x").parse().unwrap();
    client.send(&Request::new(Method::POST, url, Effect::Write)).await.unwrap_err()
}

fn der(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn self_signed() -> TlsAcceptor {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(der(KEY)));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(der(CERTIFICATE))], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_told_as_such() {
    let acceptor = self_signed();
    let port = server(move |stream| {
        let acceptor = acceptor.clone();
        // The client breaks off.
        async move { acceptor.accept(stream).await.err() }
    })
    .await;
    let error = asked("https", port).await;
    assert!(matches!(error, Error::Untrusted(_)), "{error:?}");
    assert_eq!(error.cause(), Cause::CertificateNotTrusted);
    assert!(error.to_string().contains("the certificate of localhost is not trusted"), "{error}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_breaks_off_or_says_nothing_is_out_of_reach() {
    let plain = server(|mut stream| async move { stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await }).await;
    let closing = server(|stream| async move { drop(stream) }).await;
    let (keep, _kept) = tokio::sync::mpsc::unbounded_channel();
    let silent = server(move |stream| {
        let kept = keep.send(stream);
        async move { kept }
    })
    .await;
    for (what, port) in [("plain", plain), ("closing", closing), ("silent", silent)] {
        let error = asked("https", port).await;
        // Of one that says nothing in time it is not known how far it came.
        let (unreachable, unknown) =
            (matches!(error, Error::Unreachable { .. }), matches!(error, Error::OutcomeUnknown(_)));
        assert!(unreachable || (unknown && what == "silent"), "{what}: {error:?}");
        assert_eq!(error.cause(), Cause::Outage, "{what}");
    }
}

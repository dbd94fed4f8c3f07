//! Accepting connections, with bounds: how many there are, how long a client may take to say what it wants, and how long
//! a shutdown waits for answers that are under way.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::stream::Stopping;

/// A client that opens a connection, or keeps one, must send a request's headers within this time. Longer than common
/// clients keep an idle connection (90 s), so that they close it and do not find it closed.
const HEADERS: Duration = Duration::from_secs(95);
/// Connections at a time; more wait in the listener's queue.
const CONNECTIONS: usize = 4096;
/// How long answers under way may take when the server is asked to stop. Long polls end here.
const DRAIN: Duration = Duration::from_secs(5);
/// What to do when the system has no file descriptor left: nothing, for so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves `app` until `shutdown` completes, then takes no new connection and lets answers under way end.
pub async fn serve(listener: TcpListener, app: Router, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let (stop, stopping) = watch::channel(false);
    let app = app.layer(Extension(Stopping(stopping)));
    let graceful = GracefulShutdown::new();
    tokio::select! {
        () = accept(&listener, app, &graceful) => {}
        () = shutdown => {}
    }
    drop(listener);
    stop.send_replace(true);
    let open = graceful.count();
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = open, "some answers were cut off at shutdown");
    }
    Ok(())
}

async fn accept(listener: &TcpListener, app: Router, graceful: &GracefulShutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // The semaphore is never closed.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => converse(stream, app.clone(), graceful, place),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn converse(stream: TcpStream, app: Router, graceful: &GracefulShutdown, place: OwnedSemaphorePermit) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection stays without TCP_NODELAY");
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
        drop(place);
    });
}

//! How connections are taken: so many at a time, with TLS or without, and none for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use scrip_console::sign_in::{PeerAddress, SIGN_IN};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

/// A client that sends its headers slower than this is let go; so is one that is slower to agree on TLS.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// What is behind an address, and how its clients are borne with.
pub struct Door {
    /// What answers.
    pub router: Router,
    /// Every connection begins with TLS, if it is there.
    pub tls: Option<TlsAcceptor>,
    /// Connections at a time; more wait to be accepted.
    pub connections_max: usize,
    /// A client that takes nothing of its answer for so long is let go.
    pub taken_within: Duration,
}

/// Accepts connections for ever.
pub async fn accept(listener: TcpListener, door: Door, connections: &GracefulShutdown) {
    let places = Arc::new(Semaphore::new(door.connections_max));
    // When nobody accepts any more, nobody waits for clients that have not agreed on TLS yet.
    let (_accepting, accepted) = watch::channel(());
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                let stream = (stream, PeerAddress(peer.ip().to_canonical()));
                let connection = connection(stream, &door, connections.watcher(), accepted.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                // No file descriptor left, most likely: connections that end make room.
                tracing::warn!(%error, "accepting a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// The same for whoever watches, if anybody may.
pub async fn accept_metrics(
    listener: Option<TcpListener>,
    door: Door,
    connections: &GracefulShutdown,
) {
    match listener {
        Some(listener) => accept(listener, door, connections).await,
        None => std::future::pending().await,
    }
}

/// A connection from its beginning to its end.
fn connection(
    (stream, peer): (TcpStream, PeerAddress),
    door: &Door,
    watcher: Watcher,
    mut accepted: watch::Receiver<()>,
) -> impl Future<Output = ()> + use<> {
    let (router, tls) = (door.router.clone(), door.tls.clone());
    let stream = bounded(stream, door.taken_within);
    async move {
        let Some(tls) = tls else { return answer((stream, peer), router, watcher).await };
        let agreed = tokio::select! {
            agreed = tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream)) => agreed,
            // It never changes: this is its end.
            _ = accepted.changed() => return,
        };
        match agreed {
            Ok(Ok(stream)) => answer((stream, peer), router, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "a client did not agree on TLS"),
            Err(_) => tracing::debug!("a client took too long to agree on TLS"),
        }
    }
}

/// A stream that fails when its client takes nothing for so long.
fn bounded(stream: TcpStream, taken_within: Duration) -> Pin<Box<TimeoutStream<TcpStream>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(taken_within));
    Box::pin(stream)
}

async fn answer<S>((stream, peer): (S, PeerAddress), router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        // Only where people sign in it matters whence they come.
        if request.uri().path().starts_with(SIGN_IN) {
            request.extensions_mut().insert(peer);
        }
        router.call(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off is its own affair.
    let _ = watcher.watch(connection).await;
}

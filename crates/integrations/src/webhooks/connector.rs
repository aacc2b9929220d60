//! Connects to an address only after it was looked at: a name can lead anywhere, and elsewhere a
//! moment later.

use std::future::Future;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;

use super::addresses::{Addresses, literal};

/// Connects to addresses that may be told of events.
#[derive(Clone)]
pub(super) struct Connector {
    addresses: Arc<Addresses>,
}

impl Connector {
    pub(super) const fn new(addresses: Arc<Addresses>) -> Self {
        Self { addresses }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let addresses = Arc::clone(&self.addresses);
        Box::pin(async move { connect(&addresses, &uri).await.map(TokioIo::new) })
    }
}

async fn connect(addresses: &Addresses, uri: &Uri) -> Result<TcpStream, Error> {
    let is_plain = uri.scheme() == Some(&Scheme::HTTP);
    let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
    let mut last = Error::new(ErrorKind::NotFound, "the host's name leads to no address");
    for address in resolve(uri, port).await? {
        if let Err(refused) = addresses.check(address.ip(), is_plain) {
            last = Error::new(ErrorKind::PermissionDenied, refused.to_string());
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = Error::new(error.kind(), format!("connecting: {error}")),
        }
    }
    Err(last)
}

async fn resolve(uri: &Uri, port: u16) -> Result<Vec<SocketAddr>, Error> {
    if let Some(address) = literal(uri) {
        return Ok(vec![SocketAddr::new(IpAddr::to_canonical(&address), port)]);
    }
    let host = uri.host().unwrap_or_default();
    let found = lookup_host((host, port)).await;
    let found = found.map_err(|error| Error::new(error.kind(), format!("the host: {error}")))?;
    Ok(found.collect())
}

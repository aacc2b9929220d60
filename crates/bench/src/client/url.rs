//! The address of a server that runs already.

use std::net::{SocketAddr, ToSocketAddrs as _};

use anyhow::{Context as _, bail};

const PORT: u16 = 80;

/// Where `http://host:port` is.
pub fn address_of(url: &str) -> anyhow::Result<SocketAddr> {
    let (host, port) = parts(url).with_context(|| format!("--url {url}"))?;
    let mut addresses = (host, port)
        .to_socket_addrs()
        .with_context(|| format!("--url {url}: the host {host} is not found"))?;
    addresses.next().with_context(|| format!("--url {url}: the host {host} has no address"))
}

fn parts(url: &str) -> anyhow::Result<(&str, u16)> {
    let Some(rest) = url.strip_prefix("http://") else {
        bail!(
            "the load speaks plain http; point it at the server itself, as http://127.0.0.1:8787"
        );
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#', '@']) {
        bail!("only http://host:port is understood, without a path or a user");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            (host, port.parse().with_context(|| format!("{port} is no port"))?)
        }
        _ => (authority, PORT),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        bail!("it names no host");
    }
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_port() {
        for (url, host, port) in [
            ("http://127.0.0.1:8787", "127.0.0.1", 8787),
            ("http://localhost/", "localhost", 80),
            ("http://[::1]:9", "::1", 9),
            ("http://[::1]", "::1", 80),
        ] {
            assert_eq!(parts(url).unwrap(), (host, port), "{url}");
        }
        for url in ["https://a", "a:80", "http://", "http://:80", "http://a:b", "http://a/b"] {
            assert!(parts(url).is_err(), "{url}");
        }
    }
}

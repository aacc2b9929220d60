//! Where `serve` listens, and that keys do not travel readable by accident.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Where connections are taken, and whether they are encrypted.
#[derive(Args)]
pub struct ListenOptions {
    /// Address and port to listen on. One that other machines reach needs TLS, or `--insecure-http`.
    #[arg(long, env = "SCRIP_LISTEN", default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,
    /// Speak TLS only, with the certificate in this file of PEM, those of its issuers after it. A new
    /// one is read at the next start.
    #[arg(
        long,
        env = "SCRIP_TLS_CERTIFICATE_FILE",
        value_name = "FILE",
        requires = "tls_key_file"
    )]
    pub tls_certificate_file: Option<PathBuf>,
    /// The certificate's private key, a file of PEM.
    #[arg(
        long,
        env = "SCRIP_TLS_KEY_FILE",
        value_name = "FILE",
        requires = "tls_certificate_file"
    )]
    pub tls_key_file: Option<PathBuf>,
    /// Listen where other machines reach it though there is no TLS: whoever is on the way reads the
    /// API keys. For a network of your own, as that of a container, behind something that has TLS.
    #[arg(long, env = "SCRIP_INSECURE_HTTP")]
    pub insecure_http: bool,
}

impl ListenOptions {
    /// TLS, if it was asked for. Refuses to let keys travel readable beyond this machine.
    pub fn tls(&self) -> anyhow::Result<Option<TlsAcceptor>> {
        if let (Some(certificates), Some(key)) = (&self.tls_certificate_file, &self.tls_key_file) {
            return Ok(Some(acceptor(certificates, key)?));
        }
        let address = self.listen;
        if !address.ip().to_canonical().is_loopback() {
            if !self.insecure_http {
                bail!(
                    "--listen {address} is reached from other machines, and without TLS whoever is \
                     on the way reads the API keys: give --tls-certificate-file and --tls-key-file, \
                     or --insecure-http if something in front of it has TLS"
                );
            }
            tracing::warn!(%address, "listening beyond this machine without TLS");
        }
        Ok(None)
    }
}

fn acceptor(certificates: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let about = |option: &str, file: &Path| format!("{option} {}", file.display());
    let about_certificates = || about("--tls-certificate-file", certificates);
    let about_key = || about("--tls-key-file", key);
    let chain = CertificateDer::pem_file_iter(certificates).with_context(about_certificates)?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().with_context(about_certificates)?;
    if chain.is_empty() {
        bail!("{}: there is no certificate in it", about_certificates());
    }
    let key = PrivateKeyDer::from_pem_file(key).with_context(about_key)?;
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("{} with {}", about_certificates(), about_key()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

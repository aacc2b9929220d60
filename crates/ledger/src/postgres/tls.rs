//! TLS to the database, with the words of PostgreSQL's own clients and what these mean by them.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio_postgres::Error;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::OpenError;
use super::certificates::{Check, Trusted, Verifier};
use super::trouble::in_full;
use super::url::TlsParameters;

/// What stands for the certificates that the system trusts, where a file of them could be named.
const SYSTEM: &str = "system";
/// What servers know the protocol by, who are spoken to in TLS from the first byte.
const PROTOCOL: &[u8] = b"postgresql";

/// Whether TLS is wanted, and how much of the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    fn of(parameters: &TlsParameters) -> Result<Self, OpenError> {
        let of_system = parameters.roots.as_deref() == Some(SYSTEM);
        let mode = match parameters.mode.as_deref() {
            None if of_system => Self::VerifyFull,
            None | Some("prefer") => Self::Prefer,
            Some("disable") => Self::Disable,
            Some("require") => Self::Require,
            Some("verify-ca") => Self::VerifyCa,
            Some("verify-full") => Self::VerifyFull,
            Some("allow") => {
                return Err(refused("sslmode=allow is not understood: use prefer or disable"));
            }
            Some(_) => {
                let known = "disable, prefer, require, verify-ca or verify-full";
                return Err(refused(&format!("sslmode must be {known}")));
            }
        };
        // Anybody can have a certificate of somebody whom every system trusts.
        if of_system && !matches!(mode, Self::Disable | Self::VerifyFull) {
            return Err(refused("sslrootcert=system needs sslmode=verify-full"));
        }
        if mode == Self::VerifyCa && parameters.roots.is_none() {
            return Err(refused("sslmode=verify-ca needs sslrootcert, or use verify-full"));
        }
        Ok(mode)
    }

    /// What tokio-postgres must know of it.
    const fn wanted(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }

    /// What is checked. Whoever names a file wants it to count.
    fn check(self, roots: Option<&str>) -> Result<Check, OpenError> {
        Ok(match (self, roots) {
            (Self::Disable, _) => Check::Nothing,
            (Self::VerifyFull, None | Some(SYSTEM)) => Check::IssuerAndName(of_system()?),
            (Self::VerifyFull, Some(file)) => Check::IssuerAndName(of_file(file)?),
            (_, Some(file)) => Check::Issuer(of_file(file)?),
            (_, None) => Check::Nothing,
        })
    }
}

/// How connections to one database are encrypted. Everything is read once, when the URL is.
#[derive(Clone)]
pub struct Tls {
    connector: MakeRustlsConnect,
    wanted: SslMode,
    may_do_without: bool,
}

impl Tls {
    /// What a URL says of it.
    pub fn of(parameters: &TlsParameters) -> Result<Self, OpenError> {
        let mode = Mode::of(parameters)?;
        let check = mode.check(parameters.roots.as_deref())?;
        let may_do_without = mode == Mode::Prefer && matches!(check, Check::Nothing);
        let own = if mode == Mode::Disable { None } else { own_certificate(parameters)? };
        let connector = MakeRustlsConnect::new(config(check, own)?);
        Ok(Self { connector, wanted: mode.wanted(), may_do_without })
    }

    /// Whether tokio-postgres is to ask for TLS.
    pub const fn wanted(&self) -> SslMode {
        self.wanted
    }

    /// What makes connections of it.
    pub fn connector(&self) -> MakeRustlsConnect {
        self.connector.clone()
    }

    /// A connection failed that may be tried without TLS: nobody insists on it, and the server may be
    /// one that promises it and cannot, or one that admits nobody with it.
    pub fn may_do_without(&self, error: &Error) -> bool {
        let of_tls = of_rustls(error).is_some();
        let not_admitted = error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
        self.may_do_without && (of_tls || not_admitted)
    }
}

type OwnCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn config(check: Check, own: Option<OwnCertificate>) -> Result<ClientConfig, OpenError> {
    let provider = ring::default_provider();
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&format!("TLS: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { check, algorithms }));
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((certificates, key)) => builder
            .with_client_auth_cert(certificates, key)
            .map_err(|error| refused(&format!("sslcert, sslkey: {error}")))?,
    };
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

/// What is shown to the server.
fn own_certificate(parameters: &TlsParameters) -> Result<Option<OwnCertificate>, OpenError> {
    match (&parameters.certificate, &parameters.key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let certificates = certificates("sslcert", certificate)?;
            let unreadable = |error| refused(&format!("sslkey: {key}: {error}"));
            let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable)?;
            Ok(Some((certificates, key)))
        }
        _ => Err(refused("sslcert and sslkey need each other")),
    }
}

/// The certificates of a file, at least one.
fn certificates(name: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let unreadable = |error| refused(&format!("{name}: {file}: {error}"));
    let found = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(unreadable)?;
    if found.is_empty() {
        return Err(refused(&format!("{name}: {file}: there is no certificate in it")));
    }
    Ok(found)
}

fn of_file(file: &str) -> Result<Trusted, OpenError> {
    let named = certificates("sslrootcert", file)?;
    let mut roots = RootCertStore::empty();
    for certificate in &named {
        roots
            .add(certificate.clone())
            .map_err(|error| refused(&format!("sslrootcert: {file}: {error}")))?;
    }
    Ok(Trusted { roots, named })
}

/// Certificates of a system that cannot be read are many systems' everyday; having none is not.
fn of_system() -> Result<Trusted, OpenError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let why = found.errors.first().map_or_else(String::new, |error| format!(": {error}"));
        return Err(refused(&format!("the system has no certificates to trust{why}")));
    }
    Ok(Trusted { roots, named: Vec::new() })
}

fn refused(why: &str) -> OpenError {
    OpenError::Url(why.to_owned())
}

/// What rustls says in an error of a connection.
fn of_rustls(error: &Error) -> Option<&rustls::Error> {
    let error = std::error::Error::source(error)?.downcast_ref::<std::io::Error>()?;
    error.get_ref()?.downcast_ref()
}

/// Why there is no connection, and what to do about a certificate.
pub fn in_words(error: &Error) -> String {
    let text = in_full(error);
    let advice = match of_rustls(error) {
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "nobody issued it who is trusted here; sslrootcert names a file of whom to trust"
        }
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => "sslmode=verify-full wants the URL's host among the certificate's alternative names",
        _ => return text,
    };
    format!("{text} ({advice})")
}

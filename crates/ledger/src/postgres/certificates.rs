//! How much of the server's certificate is checked.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Whom to trust.
#[derive(Debug)]
pub struct Trusted {
    /// What the certificates of others are checked against.
    pub roots: RootCertStore,
    /// The certificates that somebody named one by one. None is left out of `roots`.
    pub named: Vec<CertificateDer<'static>>,
}

impl Trusted {
    fn check(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(shown)?;
        let checked = verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &self.roots,
            between,
            now,
            algorithms.all,
        );
        match checked {
            // A server may sign for itself, with what PostgreSQL's manual has people make: rustls takes
            // no authority's certificate for a server's. It says so only after it looked at the dates.
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.named.contains(shown) =>
            {
                Ok(())
            }
            checked => checked,
        }
    }
}

/// What is checked of a server's certificate.
#[derive(Debug)]
pub enum Check {
    /// Nothing: what is said is hidden from whoever only listens.
    Nothing,
    /// Who issued it: no stranger can pose as the server.
    Issuer(Trusted),
    /// Also for whom: nobody else of the same issuer's can either.
    IssuerAndName(Trusted),
}

/// Checks servers' certificates. That the server has its certificate's key is always checked: SCRAM
/// may bind a password to the certificate, and otherwise anybody could show it.
#[derive(Debug)]
pub struct Verifier {
    /// How much.
    pub check: Check,
    /// The signatures that are understood.
    pub algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.check {
            Check::Nothing => {}
            Check::Issuer(trusted) => {
                trusted.check(end_entity, intermediates, now, self.algorithms)?;
            }
            Check::IssuerAndName(trusted) => {
                trusted.check(end_entity, intermediates, now, self.algorithms)?;
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::crypto::ring;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    /// What `openssl req -new -x509 -days 365` made for db.example: an authority's certificate.
    const SIGNED_BY_ITSELF: &str = "\
-----BEGIN CERTIFICATE-----
MIIBlTCCATygAwIBAgIULitO6uSWDC6wWJGlOgstkNJ+Ar8wCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKZGIuZXhhbXBsZTAeFw0yNjExMjkxMTM4MDBaFw0yNzExMjkx
MTM4MDBaMBUxEzARBgNVBAMMCmRiLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATWM+0yqJ4QzaHDWOCWWVa7LQ2F+IsGjgOOZ7ypw4NW7Bs1FPor+8dw
D8yTftI5A7l+8XSB83mA4/EdHM9cTgKso2owaDAdBgNVHQ4EFgQUHG2z3tpEGlvL
ehDFNhOGIEQO56EwHwYDVR0jBBgwFoAUHG2z3tpEGlvLehDFNhOGIEQO56EwDwYD
VR0TAQH/BAUwAwEB/zAVBgNVHREEDjAMggpkYi5leGFtcGxlMAoGCCqGSM49BAMC
A0cAMEQCIBMJ74/P8EDlVVmnVbvivuORznT7tDNAMVdqWxKSQCQkAiBta+uHejxT
7jC4dritQhXOLElWKqJHmFMyD5Clova+eg==
-----END CERTIFICATE-----
";
    /// When it was made.
    const MADE: u64 = 1_795_952_280;
    const DAY: u64 = 86_400;

    fn verdict(verifier: &Verifier, name: &'static str, seconds: u64) -> String {
        let shown = CertificateDer::from_pem_slice(SIGNED_BY_ITSELF.as_bytes()).unwrap();
        let name = ServerName::try_from(name).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let verdict = verifier.verify_server_cert(&shown, &[], &name, &[], now);
        verdict.map_or_else(|error| error.to_string(), |_| "trusted".to_owned())
    }

    fn verifier(check: Check) -> Verifier {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        Verifier { check, algorithms }
    }

    fn trusted(is_named: bool) -> Trusted {
        let shown = CertificateDer::from_pem_slice(SIGNED_BY_ITSELF.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(shown.clone()).unwrap();
        Trusted { roots, named: if is_named { vec![shown] } else { Vec::new() } }
    }

    #[test]
    fn a_server_that_signs_for_itself_is_trusted_where_it_is_named() {
        for (check, name, day, told) in [
            (Check::Issuer(trusted(true)), "db.example", 1, "trusted"),
            (Check::Issuer(trusted(true)), "other.example", 1, "trusted"),
            (Check::IssuerAndName(trusted(true)), "db.example", 1, "trusted"),
            (Check::IssuerAndName(trusted(true)), "other.example", 1, "not valid for name"),
            (Check::Issuer(trusted(true)), "db.example", 366, "expired"),
            (Check::IssuerAndName(trusted(true)), "db.example", 366, "expired"),
            (Check::Issuer(trusted(false)), "db.example", 1, "CaUsedAsEndEntity"),
            (Check::Nothing, "other.example", 366, "trusted"),
        ] {
            let verifier = verifier(check);
            let verdict = verdict(&verifier, name, MADE + day * DAY);
            assert!(verdict.contains(told), "{verifier:?}, {name}, day {day}: {verdict}");
        }
    }

    #[test]
    fn a_certificate_counts_from_its_day() {
        let verifier = verifier(Check::Issuer(trusted(true)));
        let verdict = verdict(&verifier, "db.example", MADE - DAY);
        assert!(verdict.contains("not valid yet"), "{verdict}");
    }
}

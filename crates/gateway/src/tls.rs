//! TLS on both sides, by rustls.
//!
//! Owns: certificates, verification as libpq's `sslmode` means it, and the channel binding of RFC 5929.
//! Refuses: TLS below 1.2, and any "just accept it" that `sslmode` did not ask for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig,
    SignatureScheme,
};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::config::SslMode;

/// What can be wrong with a certificate file. Shown to the operator, never to an agent.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read or holds no such thing.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// rustls does not accept the combination.
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
}

fn file_error(path: &Path, problem: impl fmt::Display) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(|certs| certs.collect::<Result<_, _>>())
        .map_err(|e| file_error(path, e))?;
    if found.is_empty() {
        return Err(file_error(path, "no certificate in it"));
    }
    Ok(found)
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|e| file_error(path, e))?;
    }
    Ok(store)
}

/// The agents' side.
pub struct ServerTls {
    /// For tokio-rustls.
    pub config: Arc<ServerConfig>,
    /// `tls-server-end-point` of our certificate; None where RFC 5929 defines none (Ed25519).
    pub end_point: Option<Vec<u8>>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls(…)")
    }
}

impl ServerTls {
    /// Reads `[tls]`'s files.
    ///
    /// # Errors
    /// A file that is missing or holds something else, or a key that does not belong to the certificate.
    pub fn load(cert: &Path, key: &Path, client_ca: Option<&Path>) -> Result<ServerTls, TlsError> {
        let chain = certificates(cert)?;
        let end_point = chain.first().and_then(|leaf| server_end_point(leaf));
        let key_der = PrivateKeyDer::from_pem_file(key).map_err(|e| file_error(key, e))?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?;
        let builder = match client_ca {
            Some(path) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider())
                        .build()
                        .map_err(|e| file_error(path, e))?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_single_cert(chain, key_der)
            .map_err(|e| file_error(key, e))?;
        // Direct TLS must name the protocol (PostgreSQL manual, 55.2.11): a client of another protocol that was
        // lured here fails in the handshake. Clients that come by SSLRequest offer no ALPN, or this one.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(ServerTls {
            config: Arc::new(config),
            end_point,
        })
    }
}

/// RFC 5929, section 4.1: the hash of the certificate with the hash of its own signature algorithm, MD5 and SHA-1
/// replaced by SHA-256. None where the algorithm has no single hash of its own.
pub fn server_end_point(leaf: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, certificate) = x509_parser::parse_x509_certificate(leaf).ok()?;
    match certificate
        .signature_algorithm
        .algorithm
        .to_id_string()
        .as_str()
    {
        // md5WithRSA, sha1WithRSA, ecdsa-with-SHA1, sha256WithRSA, ecdsa-with-SHA256
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.10045.4.1"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.3.2" => Some(Sha256::digest(leaf).to_vec()),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(Sha384::digest(leaf).to_vec()),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(Sha512::digest(leaf).to_vec()),
        _ => None,
    }
}

/// The servers' side, for one `sslmode`.
///
/// # Errors
/// A root file that is missing or empty; `verify-ca` and `verify-full` without any trusted root.
pub fn client_config(mode: SslMode, root: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    // libpq's documented oddity: `require` with a root certificate file behaves like `verify-ca`.
    let mode = if mode == SslMode::Require && root.is_some() {
        SslMode::VerifyCa
    } else {
        mode
    };
    let store = match (mode, root) {
        (SslMode::VerifyCa | SslMode::VerifyFull, Some(path)) => Some(roots(path)?),
        (SslMode::VerifyCa | SslMode::VerifyFull, None) => {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Some(store)
        }
        _ => None,
    };
    let config = match store {
        None => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider())))
            .with_no_client_auth(),
        Some(store) => {
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider())
                .build()
                .map_err(|e| rustls::Error::General(e.to_string()))?;
            let pinned = root.map(certificates).transpose()?.unwrap_or_default();
            let verifier = Trusted {
                inner,
                pinned,
                check_name: mode == SslMode::VerifyFull,
            };
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth()
        }
    };
    Ok(Arc::new(config))
}

/// `prefer` and `require`: encrypted against who listens, without knowing who answers, as libpq documents them.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// `verify-ca` and `verify-full`.
#[derive(Debug)]
struct Trusted {
    inner: Arc<WebPkiServerVerifier>,
    /// The certificates of `sslrootcert`.
    pinned: Vec<CertificateDer<'static>>,
    check_name: bool,
}

impl Trusted {
    /// A server that shows the very certificate that `sslrootcert` holds: self-signed, as `openssl req -x509` makes them,
    /// and trusted by libpq. WebPKI refuses it as a CA's, whoever trusts it.
    fn is_pinned(
        &self,
        leaf: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<bool, rustls::Error> {
        if !self.pinned.iter().any(|p| p.as_ref() == leaf.as_ref()) {
            return Ok(false);
        }
        let Ok((_, parsed)) = x509_parser::parse_x509_certificate(leaf) else {
            return Ok(false);
        };
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let valid = x509_parser::time::ASN1Time::from_timestamp(seconds)
            .is_ok_and(|now| parsed.validity().is_valid_at(now));
        if !valid {
            return Err(CertificateError::Expired.into());
        }
        if self.check_name {
            let leaf = rustls::server::ParsedCertificate::try_from(leaf)?;
            rustls::client::verify_server_name(&leaf, name)?;
        }
        Ok(true)
    }
}

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self
            .inner
            .verify_server_cert(end_entity, intermediates, name, ocsp, now)
        {
            // The name is checked last by WebPKI, so a failure of the name alone means that the chain held.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.check_name => Ok(ServerCertVerified::assertion()),
            Err(error) => match self.is_pinned(end_entity, name, now)? {
                true => Ok(ServerCertVerified::assertion()),
                false => Err(error),
            },
            ok => ok,
        }
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

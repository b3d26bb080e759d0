//! Certificates for a test, and a client that trusts one of them.

use crate::wait::within;
use rcgen::{CertificateParams, KeyPair};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate for `localhost` and `127.0.0.1`, signed by its own key.
#[derive(Debug, Clone)]
pub struct TestCertificate {
    /// The certificate, as PEM.
    pub certificate: String,
    /// Its key, as PEM.
    pub key: String,
}

impl TestCertificate {
    /// One that holds from yesterday for a year.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        Self::lasting(-1, 365)
    }

    /// One that holds from one number of days from now to another.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn lasting(from_days: i32, to_days: i32) -> Self {
        let at = |days: i32| {
            let (now, span) = (SystemTime::now(), DAY * days.unsigned_abs());
            if days < 0 { now - span } else { now + span }
        };
        Self::between(at(from_days), at(to_days))
    }

    /// One that ends after this time.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn ending_after(time: Duration) -> Self {
        Self::between(SystemTime::now() - DAY, SystemTime::now() + time)
    }

    fn between(from: SystemTime, to: SystemTime) -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("good names");
        (params.not_before, params.not_after) = (from.into(), to.into());
        let certificate = params.self_signed(&key).expect("a certificate can be made");
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Writes both into a folder, over what is there, and tells the paths of certificate and key.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let paths = (folder.join("certificate.pem"), folder.join("key.pem"));
        std::fs::write(&paths.0, &self.certificate).expect("the certificate can be written");
        std::fs::write(&paths.1, &self.key).expect("the key can be written");
        paths
    }
}

impl Default for TestCertificate {
    fn default() -> Self {
        Self::new()
    }
}

/// A client that trusts one certificate and no other.
#[derive(Clone)]
pub struct TlsClient(TlsConnector);

impl TlsClient {
    /// One that trusts this certificate.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn trusting(pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("a PEM file")).expect("a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Whoever resumes does not look at the certificate again.
        config.resumption = Resumption::disabled();
        Self(TlsConnector::from(Arc::new(config)))
    }

    /// Does the handshake over a connection, with the server called by its address.
    ///
    /// # Errors
    /// When the server does not do it, or shows another certificate.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn handshake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::from(stream.peer_addr()?.ip());
        within("the TLS handshake", self.0.connect(name, stream)).await
    }
}

//! A certificate and its key, read from PEM files and known to belong together.

use crate::date::rfc3339;
use grouploop_serve::Certificate;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// A file over this is no certificate and no key.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Who a server is: a certificate whose key is at hand.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    key: Arc<CertifiedKey>,
    /// Names and addresses that the certificate is for, as text.
    pub(super) names: BTreeSet<String>,
    /// From when it holds.
    pub(super) starts: SystemTime,
    /// Until when it holds.
    pub(super) ends: SystemTime,
}

/// What is wrong with a file of a certificate or a key: the end of a sentence that begins with its name.
#[derive(Debug, thiserror::Error)]
pub(super) enum Mistake {
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("holds no certificate: it must be a PEM file, with -----BEGIN CERTIFICATE----- in it")]
    NoCertificate,
    #[error("holds no certificate that can be used: {0}")]
    BadCertificate(String),
    #[error("holds no private key: it must be a PEM file, with -----BEGIN PRIVATE KEY----- in it")]
    NoKey,
    #[error(
        "is protected by a password: have it without one, as `openssl pkey` writes it, readable for this user alone"
    )]
    Locked,
    #[error(
        "holds a key of a kind that is not supported: it must be ECDSA (P-256, P-384), Ed25519 or RSA (2048 bits or more)"
    )]
    UnknownKey,
    #[error("holds the key of another certificate")]
    OtherKey,
}

/// Reads the certificates in a PEM file, in their order.
///
/// # Errors
/// When it cannot be read, or there is none in it.
pub(super) fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Mistake> {
    let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&read(file)?).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(Mistake::NoCertificate),
        Ok(chain) => Ok(chain),
        Err(error) => Err(Mistake::BadCertificate(error.to_string())),
    }
}

/// Reads the private key in a PEM file.
///
/// # Errors
/// When it cannot be read, or there is none in it.
pub(super) fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, Mistake> {
    let bytes = read(file)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        let locked = bytes.windows(9).any(|word| word == b"ENCRYPTED");
        if locked { Mistake::Locked } else { Mistake::NoKey }
    })
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Identity {
    /// A chain, the server's own certificate first, and the key of that.
    ///
    /// # Errors
    /// [`Mistake::BadCertificate`] about the chain; the others are about the key.
    pub(super) fn new(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'_>) -> Result<Self, Mistake> {
        let bad = |error: &dyn std::fmt::Display| Mistake::BadCertificate(error.to_string());
        let own = chain.first().ok_or(Mistake::NoCertificate)?;
        let parsed = x509_cert::Certificate::from_der(own).map_err(|error| bad(&error))?;
        let certificate = parsed.tbs_certificate();
        let names = certificate.get_extension::<SubjectAltName>().map_err(|error| bad(&error))?;
        let names = names.map(|(_, names)| names.0.iter().filter_map(text).collect()).unwrap_or_default();
        let validity = certificate.validity();
        let (starts, ends) = (validity.not_before.to_system_time(), validity.not_after.to_system_time());
        let key = any_supported_type(key).map_err(|_| Mistake::UnknownKey)?;
        let key = CertifiedKey::new(chain, key);
        match key.keys_match() {
            Ok(()) => Ok(Self { key: Arc::new(key), names, starts, ends }),
            Err(rustls::Error::InconsistentKeys(_)) => Err(Mistake::OtherKey),
            Err(error) => Err(bad(&error)),
        }
    }

    /// For ports to use.
    pub(super) fn certificate(&self) -> Certificate {
        Certificate { key: self.key.clone(), ends: rfc3339(self.ends), until: self.ends }
    }

    /// What browsers show as the SHA-256 fingerprint of the server's own certificate.
    pub(super) fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.key.cert.first().map_or(&[][..], |own| own));
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// Whether both are the same certificates.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert
    }
}

/// A name of a certificate as people write it.
fn text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(address) => {
            let bytes = address.as_bytes();
            let v4 = || <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from);
            Some(v4().or_else(v6)?.to_string())
        }
        _ => None,
    }
}

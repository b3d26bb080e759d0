//! TLS beside plain HTTP, on the same port. Devices speak no TLS and phones give motion data to secure pages alone, so both are served
//! where people know the port to be.
//!
//! ```text
//!                  first byte
//!  TcpStream ─ look ─┬─ 0x16 ──▶ handshake ──▶ MaybeTls::Tls
//!                    └─ other ───────────────▶ MaybeTls::Plain
//! ```
//!
//! A TLS connection begins with a record of its handshake, 0x16, and no HTTP request begins so. The look takes nothing away. Without a
//! [`Tls`] there is no look at all.

mod scheme;
mod stream;

pub use scheme::Scheme;
pub use stream::MaybeTls;

use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};
use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;

/// The type of a TLS record that holds a part of a handshake, and so the first byte of a connection.
const HANDSHAKE: u8 = 0x16;

/// What ports speak TLS with. Clones are cheap, and all of them see a renewed certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Current>,
}

/// A certificate that is ready to be used.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The chain, the server's own first, and its key.
    pub key: Arc<CertifiedKey>,
    /// When it ends, for people: `2027-01-31T23:59:59Z`.
    pub ends: String,
    /// The same, to know whether it is over.
    pub until: SystemTime,
}

/// Why a connection came to nothing before its first request.
#[derive(Debug, thiserror::Error)]
pub enum TlsFailure {
    /// Nothing was said at all, which is no fault: browsers connect before they know what to ask.
    #[error("nothing was said")]
    Silent,
    /// The handshake took too long.
    #[error("the TLS handshake took too long")]
    Slow,
    /// There was no handshake to be had. A browser that does not trust the certificate ends it too.
    #[error("no TLS handshake: {0}")]
    Failed(#[from] io::Error),
}

impl Tls {
    /// TLS 1.2 and 1.3 with this certificate, for HTTP/1.1.
    ///
    /// # Errors
    /// When there is no cryptography for that, which cannot be with the one that is built in.
    pub fn new(certificate: Certificate) -> Result<Self, Error> {
        let certificate = Arc::new(Current(RwLock::new(certificate)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(certificate.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// Connections from now on get this certificate; those that are open keep theirs.
    pub fn renew(&self, certificate: Certificate) {
        *self.certificate.0.write().unwrap_or_else(PoisonError::into_inner) = certificate;
    }

    /// When the certificate ends, as [`Certificate::ends`] says it.
    #[must_use]
    pub fn ends(&self) -> String {
        self.certificate.0.read().unwrap_or_else(PoisonError::into_inner).ends.clone()
    }

    /// The same as seconds since 1970; one that ended before has ended.
    #[must_use]
    pub fn ends_seconds(&self) -> u64 {
        let until = self.certificate.0.read().unwrap_or_else(PoisonError::into_inner).until;
        until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// That the certificate is over, in words for people; `None` while it holds.
    #[must_use]
    pub fn over(&self) -> Option<String> {
        let certificate = self.certificate.0.read().unwrap_or_else(PoisonError::into_inner);
        let Certificate { ends, until, .. } = &*certificate;
        (*until <= SystemTime::now()).then(|| {
            format!(
                "the certificate is over since {ends}: renew it; a new one in the same files is taken without a restart"
            )
        })
    }

    /// Finds out what the client speaks, and does the handshake when it is TLS; all of it within `limit`. `wrap` is put around the socket
    /// in either case.
    ///
    /// # Errors
    /// [`TlsFailure`].
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        socket: TcpStream,
        limit: Duration,
        wrap: impl FnOnce(TcpStream) -> S,
    ) -> Result<MaybeTls<S>, TlsFailure> {
        let end = Instant::now() + limit;
        let mut first = [0];
        let looked = timeout_at(end, socket.peek(&mut first)).await.map_err(|_| TlsFailure::Silent)?;
        // One that is closed or broken already is for whoever reads it.
        if looked.is_err() || first != [HANDSHAKE] {
            return Ok(MaybeTls::Plain(wrap(socket)));
        }
        let stream = timeout_at(end, self.acceptor.accept(wrap(socket))).await.map_err(|_| TlsFailure::Slow)??;
        Ok(MaybeTls::Tls(Box::new(stream)))
    }
}

/// Without the key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("ends", &self.ends()).finish_non_exhaustive()
    }
}

/// The certificate of now.
#[derive(Debug)]
struct Current(RwLock<Certificate>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}

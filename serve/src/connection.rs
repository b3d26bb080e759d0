//! One connection, from its first byte to its last.

use crate::body::PatientBody;
use crate::client::Client;
use crate::counts::{Counts, Open};
use crate::guard::Guard;
use crate::tls::{MaybeTls, Tls, TlsFailure};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Bytes that a request's line and headers may have, and that an answer's pieces may have before hyper asks for no more of them.
const BUFFER_BYTES: usize = 16 * 1024;

/// The address that a request came from, among the extensions of each request. Behind a proxy it is the proxy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote(pub SocketAddr);

/// HTTP/1 as every port of ours speaks it. `header_timeout` is the time for the headers of a request, from the end of the one before.
#[must_use]
pub fn http1(header_timeout: Duration) -> Builder {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(BUFFER_BYTES)
        // As devices and their tutorials write header names.
        .title_case_headers(true);
    builder
}

/// For who says all that it has to say, closes that direction, and then listens: small clients do, and `nc -N`.
pub(crate) fn one_way(mut builder: Builder) -> Builder {
    builder.half_close(true);
    builder
}

/// What the connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: &'static str,
    pub(crate) http1: Builder,
    pub(crate) header_timeout: Duration,
    pub(crate) tls: Option<Tls>,
    pub(crate) slow_client: Duration,
    pub(crate) router: Router,
    pub(crate) counts: Arc<Counts>,
    /// No new connections and no new requests.
    pub(crate) closing: CancellationToken,
    /// Nothing any more.
    pub(crate) stop: CancellationToken,
}

/// Serves until the client goes, or is ended.
pub(crate) async fn serve(shared: Arc<Shared>, socket: TcpStream, remote: SocketAddr, open: Open) {
    let client = Arc::new(Client::new(shared.slow_client, shared.counts.clone()));
    let stream = match &shared.tls {
        None => MaybeTls::Plain(Guard::new(socket, client.clone())),
        Some(tls) => match secure(&shared, tls, socket, &client).await {
            Ok(stream) => stream,
            Err(error) => {
                return tracing::debug!(serve.name = shared.name, peer.address = %remote, %error, "connection failed");
            }
        },
    };
    let (of_requests, of_answers, scheme) = (client.clone(), client.clone(), stream.scheme());
    let service = shared.router.clone().map_request(move |mut request: Request<Incoming>| {
        of_requests.begun.store(false, Ordering::Relaxed);
        request.extensions_mut().insert(Remote(remote));
        scheme.note(request.extensions_mut());
        request.map(|body| PatientBody::new(body, of_requests.clone()))
    });
    let service = service.map_response(move |mut answer: Response<Body>| {
        *of_answers.sealed() = answer.extensions_mut().remove();
        answer
    });
    let connection = shared.http1.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection.with_upgrades());
    let ended = tokio::select! {
        biased;
        () = shared.stop.cancelled() => None,
        // Before `closing`, so that a request that is there already is answered.
        ended = connection.as_mut() => Some(ended),
        () = shared.closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => None,
                ended = connection => Some(ended),
            }
        }
    };
    // All of them are a peer's: bad HTTP, a reset, headers that never end.
    if let Some(Err(error)) = ended {
        // This is the time for headers, which ends idle connections as well. Slow writes and bodies are counted where they are found.
        if error.is_timeout() && client.begun.load(Ordering::Relaxed) {
            client.counts.add_slow();
        }
        tracing::debug!(serve.name = shared.name, peer.address = %remote, %error, "connection failed");
    }
    drop(open);
}

/// The guard is below TLS: a client has to take what is on the wire, whatever it is to mean.
async fn secure(
    shared: &Shared,
    tls: &Tls,
    socket: TcpStream,
    client: &Arc<Client>,
) -> Result<MaybeTls<Guard>, TlsFailure> {
    // Boxed, so that a connection is small after it.
    let accepted = Box::pin(tls.accept(socket, shared.header_timeout, |socket| Guard::new(socket, client.clone())));
    let stream = tokio::select! {
        biased;
        stream = accepted => stream,
        () = shared.closing.cancelled() => Err(TlsFailure::Silent),
    };
    match &stream {
        // What has come so far is the handshake.
        Ok(_) => client.begun.store(false, Ordering::Relaxed),
        Err(TlsFailure::Slow) => client.counts.add_slow(),
        Err(TlsFailure::Failed(_)) => client.counts.add_tls_failed(),
        Err(TlsFailure::Silent) => {}
    }
    stream
}

//! A worker: one thread with a runtime of its own that serves connections from their first byte to their last.
//!
//! One acceptor hands connections out, rather than `SO_REUSEPORT` on each thread: so a port that another process holds is still an error,
//! and the spread is ours. Connections fill one worker before the next gets any, because a thread that has more to do takes more frames
//! with each wake-up; beyond that they are spread evenly.

use crate::metrics::Refused;
use crate::node::Node;
use crate::pace::Pace;
use axum::Router;
use axum::http::Request;
use grouploop_serve::{MaybeTls, TlsFailure};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::convert::identity;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tower::ServiceExt;

/// Connections that a worker gets before the next one gets its first.
const FILL_FIRST: usize = 256;
/// How long a connection may be used for HTTP before its client has to make a new one: nobody who reads slowly, or nothing, holds one for
/// ever. WebSockets have their own rules.
const HTTP_LIFE: Duration = Duration::from_secs(60);
/// Time for the answer that is under way then.
const HTTP_GOODBYE: Duration = Duration::from_secs(2);
/// Accepted connections that may wait for their worker.
const HANDOVER: usize = 1024;

/// One of the threads that serve connections.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) pace: Arc<Pace>,
    pub(crate) runtime: Handle,
    sockets: mpsc::Sender<std::net::TcpStream>,
    open: AtomicUsize,
}

impl Worker {
    /// Starts the thread, which answers requests with this router. It ends when the node's `stop` is cancelled.
    pub(crate) fn start(
        node: &Arc<Node>,
        index: usize,
        router: impl FnOnce(Arc<Self>) -> Router,
    ) -> io::Result<(Arc<Self>, JoinHandle<()>)> {
        let pace = Arc::new(Pace::new(Duration::from_millis(node.settings.coalesce_ms)));
        let hook = pace.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || hook.before_park())
            .build()?;
        let (sockets, incoming) = mpsc::channel(HANDOVER);
        let worker = Arc::new(Self {
            index,
            pace: pace.clone(),
            runtime: runtime.handle().clone(),
            sockets,
            open: AtomicUsize::new(0),
        });
        let (node, this, router) = (node.clone(), worker.clone(), router(worker.clone()));
        let thread = std::thread::Builder::new().name(format!("edge-{index}")).spawn(move || {
            pace.adopt_current_thread();
            runtime.block_on(this.serve(node, router, incoming));
        })?;
        Ok((worker, thread))
    }

    /// The worker for the next connection; none when all of them together have as many as may be.
    pub(crate) fn choose(workers: &[Arc<Self>], limit: usize) -> Option<&Arc<Self>> {
        let open = |worker: &&Arc<Self>| worker.open.load(Ordering::Relaxed);
        if workers.iter().map(|worker| open(&worker)).sum::<usize>() >= limit {
            return None;
        }
        workers.iter().find(|worker| open(worker) < FILL_FIRST).or_else(|| workers.iter().min_by_key(open))
    }

    /// Hands a connection over. Gives it up when the worker has too many waiting.
    pub(crate) fn hand_over(&self, socket: std::net::TcpStream) -> bool {
        let taken = self.sockets.try_send(socket).is_ok();
        if taken {
            self.open.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    async fn serve(
        self: Arc<Self>,
        node: Arc<Node>,
        router: Router,
        mut incoming: mpsc::Receiver<std::net::TcpStream>,
    ) {
        let server = grouploop_serve::http1(Duration::from_millis(node.settings.header_timeout_ms));
        loop {
            let socket = tokio::select! {
                biased;
                () = node.stop.cancelled() => return,
                socket = incoming.recv() => match socket {
                    Some(socket) => socket,
                    None => return,
                },
            };
            let open = Open(self.clone());
            let Ok(socket) = TcpStream::from_std(socket) else { continue };
            node.connections.spawn(serve_http(node.clone(), server.clone(), router.clone(), socket, Arc::new(open)));
        }
    }
}

/// Serves a connection as HTTP, until it ends, is upgraded or has been there long enough.
async fn serve_http(node: Arc<Node>, server: Builder, router: Router, socket: TcpStream, open: Arc<Open>) {
    let Some(stream) = secure(&node, socket).await else { return };
    let scheme = stream.scheme();
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(open.clone());
        scheme.note(request.extensions_mut());
        request
    });
    let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection.with_upgrades());
    // Errors here are a peer's: bad HTTP, a reset, a header that never ends.
    tokio::select! {
        biased;
        () = node.closing.cancelled() => {}
        () = tokio::time::sleep(HTTP_LIFE) => {}
        _ = connection.as_mut() => return,
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(HTTP_GOODBYE, connection).await;
}

/// The connection with TLS, when this edge has it and the client begins so.
async fn secure(node: &Node, socket: TcpStream) -> Option<MaybeTls<TcpStream>> {
    let Some(tls) = &node.tls else { return Some(MaybeTls::Plain(socket)) };
    let limit = Duration::from_millis(node.settings.header_timeout_ms);
    // Boxed, so that the task is small after it.
    let accepted = tokio::select! {
        biased;
        () = node.closing.cancelled() => return None,
        accepted = Box::pin(tls.accept(socket, limit, identity)) => accepted,
    };
    let error = match accepted {
        Ok(stream) => return Some(stream),
        Err(error) => error,
    };
    match error {
        TlsFailure::Silent => {}
        TlsFailure::Slow => node.metrics.refused(Refused::TlsSlow),
        TlsFailure::Failed(_) => node.metrics.refused(Refused::TlsFailed),
    }
    tracing::debug!(%error, "connection failed");
    None
}

/// Counts a connection as open on its worker, as HTTP and as WebSocket.
#[derive(Debug)]
pub(crate) struct Open(Arc<Worker>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

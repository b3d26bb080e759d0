//! A server from its start to its drain.

use crate::accept::accept;
use crate::connection::{Shared, http1, one_way};
use crate::counts::Counts;
use crate::tls::Tls;
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Time for what is cut to let go.
const CUT: Duration = Duration::from_secs(1);

/// What a server is started with beside its listener and its router.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// What it is called in logs.
    pub name: &'static str,
    /// Connections that may be open at a time; more are closed at once.
    pub max_connections: usize,
    /// Time for the headers of a request, from the first byte that could come: it also ends connections that are idle. As much for a TLS
    /// handshake before the first.
    pub header_timeout: Duration,
    /// How long we wait for a client that takes its answer, or sends its body, at less than 1 KiB/s.
    pub slow_client: Duration,
    /// Where to count what happens.
    pub counts: Arc<Counts>,
    /// What to speak TLS with, to clients that begin so; without it every connection is plain.
    pub tls: Option<Tls>,
}

/// A running server. Dropped without [`Server::drain`] it stops at once.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: TaskTracker,
}

impl Server {
    /// Starts to serve on a bound listener, on the runtime that it is called on.
    ///
    /// # Errors
    /// When the listener is not usable.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(options: ServeOptions, listener: std::net::TcpListener, router: Router) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let ServeOptions { name, max_connections, header_timeout, slow_client, counts, tls } = options;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let shared = Arc::new(Shared {
            name,
            http1: one_way(http1(header_timeout)),
            header_timeout,
            tls,
            slow_client,
            router,
            counts,
            closing: stop.child_token(),
            stop,
        });
        tasks.spawn(accept(shared.clone(), listener, max_connections, tasks.clone()));
        tracing::debug!(serve.name = name, serve.address = %address, "listening");
        Ok(Self { shared, address, tasks })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.counts.open()
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> &Arc<Counts> {
        &self.shared.counts
    }

    /// Ends in order: `lame_duck` while it serves as ever, for load balancers to look elsewhere; then no new connections and no new
    /// requests, and at most `limit` for the answers under way. True when none had to be cut.
    pub async fn drain(self, lame_duck: Duration, limit: Duration) -> bool {
        let name = self.shared.name;
        tracing::info!(serve.name = name, connections = self.connections(), "draining");
        tokio::time::sleep(lame_duck).await;
        self.shared.closing.cancel();
        self.tasks.close();
        let clean = timeout(limit, self.tasks.wait()).await.is_ok();
        if clean {
            tracing::info!(serve.name = name, "drained");
        } else {
            tracing::warn!(
                serve.name = name,
                connections.cut = self.connections(),
                "drained, but not every answer ended in time"
            );
            self.shared.stop.cancel();
            let _ = timeout(CUT, self.tasks.wait()).await;
        }
        clean
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

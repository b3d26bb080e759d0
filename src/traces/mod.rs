//! Traces for a collector that speaks OTLP over HTTP; off unless its address is set.
//!
//! ```text
//!  edge ── spans that ended ──▶ queue (bounded) ──▶ export, one task ──▶ POST <endpoint>/v1/traces
//!                                 │ full: thrown away and counted
//! ```
//!
//! Nobody waits for the collector: while it is away, or hangs, spans are thrown away and everything else goes on.

mod export;
mod settings;

pub(crate) use settings::TracingSettings;

use export::{Export, Queue};
use grouploop_bridge::{NodeId, Tracer};
use reqwest::{Certificate, Client, Url};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Spans that may wait for the collector.
const QUEUE: usize = 4096;
/// Time for one request to the collector.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time for what still waits when the process ends.
const GOODBYE: Duration = Duration::from_secs(2);

/// The traces of one node, on their way.
#[derive(Debug)]
pub(crate) struct Traces {
    tracer: Tracer,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Traces {
    /// Starts to send what a node traces, when an endpoint is set.
    ///
    /// # Errors
    /// When there is no HTTP client to be had.
    pub(crate) fn start(
        settings: &TracingSettings,
        role: &'static str,
        node: &NodeId,
        trusted: Vec<Certificate>,
    ) -> anyhow::Result<Self> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        if settings.endpoint.is_empty() {
            return Ok(Self { tracer: Tracer::default(), stop, tasks });
        }
        let (sender, waiting) = mpsc::channel(QUEUE);
        let queue = Arc::new(Queue::new(sender));
        let client = client(&settings.endpoint, trusted)?;
        let export = Export::new(&settings.endpoint, client, role, node, queue.clone())?;
        tasks.spawn(export.run(waiting, stop.clone()));
        Ok(Self { tracer: Tracer::new(queue, settings.frames), stop, tasks })
    }

    /// For the node.
    pub(crate) fn tracer(&self) -> Tracer {
        self.tracer.clone()
    }

    /// Sends what still waits, within a short time.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        // A collector that is away at the end has missed the last spans; that is all.
        let _ = tokio::time::timeout(GOODBYE, self.tasks.wait()).await;
    }
}

fn client(endpoint: &str, trusted: Vec<Certificate>) -> reqwest::Result<Client> {
    // rustls takes its cryptography from whoever is first to say so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let builder = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        // A proxy that the environment names cannot reach what is on this machine alone.
        if is_loopback(endpoint) { builder.no_proxy() } else { builder }
    };
    // On a machine that trusts nobody, as in a small container, there is no such client; plain HTTP needs none.
    builder().tls_certs_merge(trusted).build().or_else(|_| builder().tls_certs_only([]).build())
}

fn is_loopback(url: &str) -> bool {
    let url = Url::parse(url);
    let host = url.as_ref().ok().and_then(|url| url.host_str()).unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

//! The server of the pages from its start to its drain: one for each port, and one state behind all of them.

use crate::apps::Apps;
use crate::cdn::Cdn;
use crate::config::Config;
use crate::http;
use crate::metrics::Metrics;
use crate::state::State;
use crate::{Neighbours, Pages, Port, UiSettings};
use grouploop_serve::{Counts, ServeOptions, Server, Tls};
use reqwest::Certificate;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Between two looks whether the CDN is there.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// Time for the last look to end.
const TASKS_END: Duration = Duration::from_secs(1);

/// What it is started with beside its listeners.
#[derive(Debug, Clone)]
pub struct UiOptions {
    /// The settings; the caller has looked at [`UiSettings::complaints`].
    pub settings: UiSettings,
    /// The version to show.
    pub version: String,
    /// The pages that there are.
    pub pages: Pages,
    /// Where the other services are.
    pub neighbours: Neighbours,
    /// The CDN as this process reaches it.
    pub cdn_url: String,
    /// The CDN as browsers reach it; empty to derive it from the address of the page.
    pub cdn_base_url: String,
    /// The addresses under which others in the same network reach this machine, as they are now.
    pub lan: fn() -> Vec<Ipv4Addr>,
    /// What the ports speak TLS with, beside plain HTTP; none when they do not.
    pub tls: Option<Tls>,
    /// Certificates that are trusted beside those of the system, where the CDN has HTTPS.
    pub trusted: Vec<Certificate>,
}

/// Why it cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener is not usable.
    #[error("the pages cannot be served: {0}")]
    Listen(#[from] io::Error),
    /// There can be no HTTP client.
    #[error("the pages' server has no HTTP client for the CDN: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running server of pages. Dropped without [`Ui::drain`] it stops at once.
#[derive(Debug)]
pub struct Ui {
    state: Arc<State>,
    servers: Vec<(Port, Server)>,
    tasks: TaskTracker,
    /// Ends the tasks, also when nobody drains.
    stop: DropGuard,
    settings: UiSettings,
}

impl Ui {
    /// Starts to serve on bound listeners, on the runtime that it is called on.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: UiOptions, listeners: Vec<(Port, TcpListener)>) -> Result<Self, StartError> {
        let UiOptions { settings, version, pages, neighbours, cdn_url, cdn_base_url, lan, tls, trusted } = options;
        let metrics = Arc::<Metrics>::default();
        let mut ports = Vec::with_capacity(listeners.len());
        for (port, listener) in &listeners {
            ports.push((*port, listener.local_addr()?));
        }
        let counts: Vec<(Port, Arc<Counts>)> = ports.iter().map(|(port, _)| (*port, Arc::default())).collect();
        let ours = http::names_of_ours().map(str::to_owned).chain(pages.names()).collect();
        let state = Arc::new(State {
            apps: Apps::new(&settings.apps, ours),
            cdn: Cdn::new(&cdn_url, settings.cdn_timeout(), trusted, metrics.clone())?,
            config: Config::new(&settings, &cdn_base_url, version.clone(), neighbours, ports, tls.is_some(), lan),
            tls: tls.clone(),
            version,
            pages,
            metrics,
            counts: counts.clone(),
            draining: false.into(),
        });
        let mut servers = Vec::with_capacity(listeners.len());
        for ((port, listener), (_, counts)) in listeners.into_iter().zip(counts) {
            let serve = ServeOptions {
                name: port.page(),
                max_connections: settings.max_connections as usize,
                header_timeout: Duration::from_millis(settings.header_timeout_ms),
                slow_client: Duration::from_millis(settings.slow_client_ms),
                counts,
                tls: tls.clone(),
            };
            let server = Server::start(serve, listener, http::router(state.clone(), port))?;
            tracing::info!(ui.page = port.page(), ui.address = %server.address(), "listening");
            servers.push((port, server));
        }
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(watch_cdn(state.clone(), stop.clone()));
        Ok(Self { state, servers, tasks, stop: stop.drop_guard(), settings })
    }

    /// The address of each port.
    #[must_use]
    pub fn addresses(&self) -> Vec<(Port, SocketAddr)> {
        self.servers.iter().map(|(port, server)| (*port, server.address())).collect()
    }

    /// Ends in order, all ports together: readiness red, a pause for load balancers, no new connections, the answers under way. Every step is
    /// bounded. `false` when something had to be cut off.
    pub async fn drain(self) -> bool {
        let Self { state, servers, tasks, stop, settings } = self;
        state.start_draining();
        let lame_duck = Duration::from_millis(settings.lame_duck_ms);
        let limit = Duration::from_millis(settings.drain_timeout_ms);
        let mut draining = JoinSet::new();
        for (_, server) in servers {
            draining.spawn(server.drain(lame_duck, limit));
        }
        let served = draining.join_all().await.into_iter().all(|clean| clean);
        drop(stop);
        tasks.close();
        let ended = timeout(TASKS_END, tasks.wait()).await.is_ok();
        served && ended
    }
}

/// Whether the CDN is there is known before anybody asks for something of it.
async fn watch_cdn(state: Arc<State>, stop: CancellationToken) {
    loop {
        let look = async {
            state.cdn.probe().await;
            tokio::time::sleep(PROBE_EVERY).await;
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = look => {}
        }
    }
}

//! A CDN from its start to its drain.

use crate::CdnSettings;
use crate::built_in::built_in;
use crate::http;
use crate::rollout::Runner;
use crate::state::State;
use crate::store::{OpenError, Store};
use crate::watch::Watch;
use grouploop_bridge::{Bus, NodeId, Pattern, Reporter, Version, run_reports};
use grouploop_serve::{ServeOptions, Server, Tls};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Time for the bus to send what is queued at the end.
const BUS_DRAIN: Duration = Duration::from_secs(2);

/// What a CDN is started with beside its listener and its bus.
#[derive(Debug, Clone)]
pub struct CdnOptions {
    /// The settings; the caller has looked at [`CdnSettings::complaints`].
    pub settings: CdnSettings,
    /// The name of this node.
    pub node: NodeId,
    /// The version to show.
    pub version: Version,
    /// The environment: where stores far away have their addresses and credentials.
    pub variables: BTreeMap<String, String>,
    /// What to speak TLS with, to clients that begin so; without it every connection is plain.
    pub tls: Option<Tls>,
    /// The addresses under which others in the same network reach this machine: devices, which are told where firmware is.
    pub lan: fn() -> Vec<Ipv4Addr>,
}

/// Why a CDN cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store's URL or its variables cannot work.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The listener is not usable.
    #[error("the CDN cannot listen: {0}")]
    Listen(#[from] io::Error),
}

/// A running CDN. Dropped without [`Cdn::drain`] it stops at once.
#[derive(Debug)]
pub struct Cdn {
    state: Arc<State>,
    server: Server,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl Cdn {
    /// Starts to serve on a bound listener, on the runtime that it is called on. A store that is away is no error: readiness says so.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(options: CdnOptions, listener: std::net::TcpListener, bus: Bus) -> Result<Self, StartError> {
        let CdnOptions { settings, node, version, variables, tls, lan } = options;
        let store = Store::open(&settings.store, variables, settings.store_timeout())?;
        let serve = ServeOptions {
            name: "cdn",
            max_connections: settings.max_connections as usize,
            header_timeout: Duration::from_millis(settings.header_timeout_ms),
            slow_client: Duration::from_millis(settings.slow_client_ms),
            counts: Arc::default(),
            tls,
        };
        let state = Arc::new(State::new(settings, node, version, bus, store, &serve, lan));
        // Before the first request, so that nobody finds an empty store. A store that is away does not hold this up for long.
        let (files, mut watch) = (built_in(), Watch::default());
        watch.look(&state, &files).await;
        // With the bus closed, which only a drain does, there is nothing to hear.
        let kept = state.bus.subscribe(Pattern::AllKept).await.ok();
        let server = Server::start(serve, listener, http::router(state.clone()))?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(watch.run(state.clone(), files, stop.clone()));
        let (hearing, stopped) = (state.clone(), stop.clone());
        tasks.spawn(async move { hearing.news.run(hearing.bus.clone(), kept, stopped).await });
        tasks.spawn(Runner::new(state.clone()).run(stop.clone()));
        tasks.spawn(state.downloads.clone().run(state.bus.clone(), state.node.clone(), stop.clone()));
        tasks.spawn(run_reports(state.clone(), reporter(&state), stop.clone()));
        tracing::info!(
            cdn.address = %server.address(),
            cdn.store = crate::store::shown(&state.settings.store),
            cdn.writing = state.token.is_set(),
            node.id = %state.node,
            bus.engine = state.bus.engine().name(),
            "listening"
        );
        Ok(Self { state, server, tasks, stop: stop.drop_guard() })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Ends in order: readiness red, a pause for load balancers, no new connections, the answers under way, then the bus. Every step is
    /// bounded. `false` when something had to be cut off.
    pub async fn drain(self) -> bool {
        let Self { state, server, tasks, stop } = self;
        state.start_draining();
        let ended = |ms| Duration::from_millis(ms);
        let served = server.drain(ended(state.settings.lame_duck_ms), ended(state.settings.drain_timeout_ms)).await;
        drop(stop);
        tasks.close();
        let tasks_ended = timeout(BUS_DRAIN, tasks.wait()).await.is_ok();
        let bus_drained = state.bus.drain(BUS_DRAIN).await;
        if !tasks_ended || !bus_drained {
            tracing::warn!(drain.tasks_ended = tasks_ended, drain.bus = bus_drained, "the CDN did not end in time");
        }
        served && tasks_ended && bus_drained
    }
}

/// Whose reports those of this node are.
fn reporter(state: &State) -> Reporter {
    let State { node, version, bus, .. } = state;
    Reporter { node: node.clone(), role: "cdn", version: version.clone(), bus: bus.clone() }
}

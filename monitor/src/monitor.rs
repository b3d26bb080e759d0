//! A monitor from its start to its drain.

use crate::settings::MonitorSettings;
use crate::state::State;
use crate::{hearing, http, picture, polling, rosters};
use axum::Router;
use grouploop_bridge::{Bus, NodeId, Version};
use grouploop_serve::{ServeOptions, Server, Tls};
use reqwest::Certificate;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::DropGuard;

/// Time for the bus to end.
const BUS_DRAIN: Duration = Duration::from_secs(2);

/// What a monitor is started with beside its listener and its bus.
#[derive(Debug, Clone)]
pub struct MonitorOptions {
    /// The settings; the caller has looked at [`MonitorSettings::complaints`].
    pub settings: MonitorSettings,
    /// Its name, which the bus knows it by; others do not hear of it.
    pub node: NodeId,
    /// The version to show.
    pub version: Version,
    /// What to speak TLS with, to clients that begin so; without it every connection is plain.
    pub tls: Option<Tls>,
    /// Certificates that are trusted beside those of the system, where NATS servers have HTTPS.
    pub trusted: Vec<Certificate>,
    /// What answers browsers, at `/` and with whatever belongs to it; without it they read what programs do.
    pub page: Option<Router>,
}

/// Why a monitor cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener is not usable.
    #[error("the monitor cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// What asks NATS servers cannot be made.
    #[error("the monitor cannot ask NATS servers: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running monitor. Dropped without [`Monitor::drain`] it stops at once.
#[derive(Debug)]
pub struct Monitor {
    state: Arc<State>,
    server: Server,
    stop: DropGuard,
}

impl Monitor {
    /// Starts to serve on a bound listener, on the runtime that it is called on.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: MonitorOptions, listener: std::net::TcpListener, bus: Bus) -> Result<Self, StartError> {
        let settings = &options.settings;
        let serve = ServeOptions {
            name: "monitor",
            max_connections: settings.max_connections as usize,
            header_timeout: Duration::from_millis(settings.header_timeout_ms),
            slow_client: Duration::from_millis(settings.slow_client_ms),
            counts: Arc::default(),
            tls: options.tls.clone(),
        };
        let client = polling::client(&options.settings.servers(), options.trusted.clone())?;
        let state = Arc::new(State::new(options, bus, &serve));
        let server = Server::start(serve, listener, http::router(state.clone()))?;
        let spawn = &state.tasks;
        spawn.spawn(hearing::run(state.clone()));
        spawn.spawn(picture::run(state.clone()));
        spawn.spawn(rosters::run(state.clone()));
        for (number, url) in state.settings.servers().into_iter().enumerate() {
            spawn.spawn(polling::run(state.clone(), client.clone(), number, url));
        }
        tracing::info!(
            monitor.address = %server.address(),
            monitor.nats_servers = state.settings.servers().len(),
            bus.engine = state.bus.engine().name(),
            "listening"
        );
        let stop = state.stop.clone().drop_guard();
        Ok(Self { state, server, stop })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Ends in order: readiness red, a pause for load balancers, no new connections, streams and taps, the answers under way, then the bus.
    /// Every step is bounded. `false` when something had to be cut off.
    pub async fn drain(self) -> bool {
        let Self { state, server, stop } = self;
        state.start_draining();
        let (lame_duck, limit) = (Duration::from_millis(state.settings.lame_duck_ms), state.settings.drain_timeout());
        let served = server.drain(lame_duck, limit).await;
        drop(stop);
        state.tasks.close();
        let tasks_ended = timeout(limit, state.tasks.wait()).await.is_ok();
        let bus_drained = state.bus.drain(BUS_DRAIN).await;
        if !tasks_ended || !bus_drained {
            tracing::warn!(drain.tasks_ended = tasks_ended, drain.bus = bus_drained, "the monitor did not end in time");
        }
        served && tasks_ended && bus_drained
    }
}

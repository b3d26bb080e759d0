//! A simulator from its start to its drain.

use super::http;
use super::settings::SimulatorSettings;
use super::state::State;
use axum::Router;
use grouploop_bridge::{Bus, NodeId, Version};
use grouploop_serve::{ServeOptions, Server, Tls};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// What a simulator is started with beside its listener and its bus.
#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// The settings; the caller has looked at [`SimulatorSettings::complaints`].
    pub settings: SimulatorSettings,
    /// The name of this node.
    pub node: NodeId,
    /// The version to show.
    pub version: Version,
    /// The edge of swarms that go over WebSockets and name none, as `ws://host:port`; without one it is that of this machine, on port 5003.
    pub edge: Option<String>,
    /// What to speak TLS with, to clients that begin so; without it every connection is plain.
    pub tls: Option<Tls>,
    /// What answers browsers, at `/` and with whatever belongs to it; without it they read what programs do.
    pub page: Option<Router>,
}

/// Why a simulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener is not usable.
    #[error("the simulator cannot listen: {0}")]
    Listen(#[from] io::Error),
}

/// A running simulator, without swarms at first.
#[derive(Debug)]
pub struct Simulator {
    state: Arc<State>,
    server: Server,
}

impl Simulator {
    /// Starts to serve on a bound listener, on the runtime that it is called on. `ears` is a second access to the same bus, for what is
    /// recorded: on the first one it would not hear its own devices.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        options: SimulatorOptions,
        listener: std::net::TcpListener,
        bus: Bus,
        ears: Bus,
    ) -> Result<Self, StartError> {
        let settings = &options.settings;
        let serve = ServeOptions {
            name: "simulator",
            max_connections: settings.max_connections as usize,
            header_timeout: Duration::from_millis(settings.header_timeout_ms),
            slow_client: Duration::from_millis(settings.slow_client_ms),
            counts: Arc::default(),
            tls: options.tls.clone(),
        };
        let state = Arc::new(State::new(options, bus, ears, &serve));
        let server = Server::start(serve, listener, http::router(state.clone()))?;
        tracing::info!(
            simulator.address = %server.address(),
            node.id = %state.swarms.node(),
            bus.engine = state.swarms.bus().engine().name(),
            "listening"
        );
        Ok(Self { state, server })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Ends in order: readiness red, a pause for load balancers, no new connections, the answers under way, the streams, the swarms with
    /// all their devices, then the bus. What comes after the answers has `drain_timeout_ms` together. `false` when something had to be cut off.
    pub async fn drain(self) -> bool {
        let Self { state, server } = self;
        state.start_draining();
        let (lame_duck, limit) = (Duration::from_millis(state.settings.lame_duck_ms), state.settings.drain_timeout());
        let served = server.drain(lame_duck, limit).await;
        state.stop.cancel();
        state.tasks.close();
        let end = Instant::now() + limit;
        let left = || end.saturating_duration_since(Instant::now());
        let tasks_ended = timeout(limit, state.tasks.wait()).await.is_ok();
        let deck_ended = state.deck.drain(left()).await;
        let swarms_ended = state.swarms.drain(left()).await && deck_ended;
        if !tasks_ended || !swarms_ended {
            tracing::warn!(
                drain.streams = tasks_ended,
                drain.swarms = swarms_ended,
                "the simulator did not end in time"
            );
        }
        served && tasks_ended && swarms_ended
    }
}

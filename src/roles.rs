//! The roles that serve: build, say where they listen, run until a signal, drain.

use crate::exit::Exit;
use crate::listing::{Row, lan_addresses, listing};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::terminal::{complain, print};
use grouploop_bridge::{Bus, NodeId};
use grouploop_edge::{Edge, EdgeOptions};
use std::net::{SocketAddr, TcpListener};

/// What this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything there is.
    Up,
    /// One edge.
    Edge,
    /// One CDN.
    Cdn,
}

/// Runs a role until a signal ends it.
///
/// # Errors
/// When it cannot start.
pub(crate) async fn serve(role: Role, settings: Settings) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    let listener = match crate::listener::bind(&settings.edge.listen, "edge.listen", ", or WS_PORT") {
        Ok(listener) => listener,
        Err(complaint) => {
            complain(&complaint);
            return Ok(Exit::Unavailable);
        }
    };
    // Each connection is an open file, and the usual 1,024 would be the end of a festival; what the system allows at most is its own
    // matter, and not an error here.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let node = settings.node.id("edge");
    let running = Running::start(&settings, &node, listener).await?;
    if role == Role::Up {
        let title = format!("GroupLoop {}, node {node}, bus {}", env!("CARGO_PKG_VERSION"), settings.bus.engine.name());
        let rows = [Row { role: "edge", scheme: "ws", address: running.address() }];
        // A closed stdout is no reason to stop serving.
        let _ = print(&listing(&title, &rows, &lan_addresses()), Exit::Success);
    }

    let signal = signals.next().await;
    tracing::info!(signal, "signal received");
    tokio::select! {
        biased;
        signal = signals.next() => {
            tracing::warn!(signal, "stopped at once by a second signal");
            Ok(Exit::Interrupted)
        }
        clean = running.drain() => Ok(if clean { Exit::Success } else { Exit::Failed }),
    }
}

/// The services of this process.
struct Running {
    edge: Edge,
}

impl Running {
    async fn start(settings: &Settings, node: &NodeId, listener: TcpListener) -> anyhow::Result<Self> {
        let bus = Bus::start(&settings.bus, node).await?;
        let options = EdgeOptions {
            settings: settings.edge.clone(),
            node: node.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cdn_base_url: settings.cdn.base_url.clone(),
        };
        Ok(Self { edge: Edge::start(options, listener, bus).await? })
    }

    fn address(&self) -> SocketAddr {
        self.edge.address()
    }

    /// Ends everything in order; `false` when something had to be cut off.
    async fn drain(self) -> bool {
        self.edge.drain().await.clean
    }
}

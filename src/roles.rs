//! The roles that serve: build, say where they listen, run until a signal, drain.

use crate::client::{EdgeUrl, Peer};
use crate::exit::Exit;
use crate::listener::bind;
use crate::listing::{Row, Security, lan_addresses, listing};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::terminal::{complain, print};
use crate::tls::{ServerTls, trusted};
use crate::traces::Traces;
use grouploop_bridge::{Bus, EngineKind, Hub, NodeId, Version};
use grouploop_cdn::{Cdn, CdnOptions};
use grouploop_edge::{Edge, EdgeOptions};
use grouploop_monitor::{Monitor, MonitorOptions};
use grouploop_serve::Tls;
use grouploop_simulator::{Simulator, SimulatorOptions};
use grouploop_ui::{Lodger, Neighbours, Pages, Port, Ui, UiOptions, UiSettings};
use std::collections::BTreeMap;
use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// What this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything there is.
    Up,
    /// One edge.
    Edge,
    /// One CDN.
    Cdn,
    /// One simulator.
    Simulator,
    /// One monitor.
    Monitor,
    /// The pages.
    Ui,
}

/// What a role is started with.
pub(crate) struct Start {
    pub(crate) settings: Settings,
    /// The environment, where object stores have their credentials.
    pub(crate) variables: BTreeMap<String, String>,
}

/// Runs a role until a signal ends it.
///
/// # Errors
/// When it cannot start.
pub(crate) async fn serve(role: Role, start: Start) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    let listeners = match Listeners::bind(role, &start.settings) {
        Ok(listeners) => listeners,
        Err(complaints) => {
            complaints.iter().for_each(|complaint| complain(complaint));
            return Ok(Exit::Unavailable);
        }
    };
    // Each connection is an open file, and the usual 1,024 would be the end of a festival; what the system allows at most is its own
    // matter, and not an error here.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    if role == Role::Simulator && start.settings.bus.engine == EngineKind::Embedded {
        tracing::warn!(
            bus.engine = "embedded",
            "no other process shares this bus, so only swarms over WebSocket are seen by anybody; add --nats nats://host:4222, or use `grouploop up`"
        );
    }
    if role == Role::Monitor && start.settings.bus.engine == EngineKind::Embedded {
        tracing::warn!(
            bus.engine = "embedded",
            "no other process shares this bus, so there is nothing to see; add --nats nats://host:4222, or use `grouploop up`"
        );
    }
    let tls = match ServerTls::load(&start.settings.tls, listeners.addresses()) {
        Ok(tls) => tls,
        Err(complaint) => {
            complain(&complaint);
            return Ok(Exit::Usage);
        }
    };
    let running = Running::start(role, &start, listeners, tls.as_ref().map(ServerTls::handle)).await?;
    if role == Role::Up {
        let engine = start.settings.bus.engine.name();
        let title = format!("GroupLoop {}, bus {engine}", env!("CARGO_PKG_VERSION"));
        // A closed stdout is no reason to stop serving.
        let security = match &tls {
            None => Security::None,
            Some(tls) if tls.is_made() => Security::Made,
            Some(_) => Security::Own,
        };
        let _ = print(&listing(&title, &running.rows(), &lan_addresses(), security), Exit::Success);
        if let Some(folder) = start.settings.cdn.store.strip_prefix("file://") {
            let _ =
                print(&format!("What you put into {folder}/js and {folder}/static, the CDN serves.\n"), Exit::Success);
        }
    }

    let keep_fresh = async {
        match tls {
            Some(tls) => tls.keep_fresh().await,
            None => pending().await,
        }
    };
    let signal = tokio::select! {
        biased;
        signal = signals.next() => signal,
        never = keep_fresh => match never {},
    };
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

/// The ports of the services of this process, all of them open before anything starts.
struct Listeners {
    edge: Option<TcpListener>,
    cdn: Option<TcpListener>,
    simulator: Option<TcpListener>,
    monitor: Option<TcpListener>,
    /// None or all.
    ui: Vec<(Port, TcpListener)>,
}

impl Listeners {
    /// Every port that cannot be had is named.
    fn bind(role: Role, settings: &Settings) -> Result<Self, Vec<String>> {
        let mut complaints = Vec::new();
        let mut open = |of: Role, address: &str, key: &str, others: &str| {
            if role != Role::Up && role != of {
                return None;
            }
            bind(address, key, others).map_err(|complaint| complaints.push(complaint)).ok()
        };
        // The flag of `up` is the edge's.
        let flag = if role == Role::Up { "" } else { "--listen ADDRESS, " };
        let edge = open(Role::Edge, &settings.edge.listen, "edge.listen", "--listen ADDRESS, WS_PORT, ");
        let cdn = open(Role::Cdn, &settings.cdn.listen, "cdn.listen", flag);
        let simulator = open(Role::Simulator, &settings.simulator.listen, "simulator.listen", flag);
        let monitor = open(Role::Monitor, &settings.monitor.listen, "monitor.listen", flag);
        let ui = Port::ALL.into_iter().filter_map(|port| {
            let flag = if port == Port::Hub { flag } else { "" };
            Some((port, open(Role::Ui, port.listen(&settings.ui), port.setting(), flag)?))
        });
        let ui = ui.collect();
        if complaints.is_empty() { Ok(Self { edge, cdn, simulator, monitor, ui }) } else { Err(complaints) }
    }

    /// Where they are.
    fn addresses(&self) -> Vec<SocketAddr> {
        let all = [&self.edge, &self.cdn, &self.simulator, &self.monitor].into_iter().flatten();
        let all = all.chain(self.ui.iter().map(|(_, listener)| listener));
        all.filter_map(|listener| address_of(Some(listener))).collect()
    }

    /// Where the services are that pages talk to: here, or where these settings would have them.
    fn neighbours(&self, settings: &Settings) -> Neighbours {
        let at = |listener: &Option<TcpListener>, listen: &str, port| {
            address_of(listener.as_ref()).unwrap_or_else(|| expected(listen, port))
        };
        Neighbours {
            edge: at(&self.edge, &settings.edge.listen, 5003),
            cdn: at(&self.cdn, &settings.cdn.listen, 5008),
            simulator: at(&self.simulator, &settings.simulator.listen, 5005),
            monitor: at(&self.monitor, &settings.monitor.listen, 5010),
        }
    }

    /// The same of the pages.
    fn pages(&self, settings: &Settings) -> Vec<(Port, SocketAddr)> {
        let usual = UiSettings::default();
        let at = |port: Port| {
            let known = expected(port.listen(&usual), 0).port();
            let here = self.ui.iter().find(|(other, _)| *other == port).map(|(_, listener)| listener);
            address_of(here).unwrap_or_else(|| expected(port.listen(&settings.ui), known))
        };
        Port::ALL.into_iter().map(|port| (port, at(port))).collect()
    }
}

fn address_of(listener: Option<&TcpListener>) -> Option<SocketAddr> {
    listener.and_then(|listener| listener.local_addr().ok())
}

/// The services of this process.
struct Running {
    edge: Option<Edge>,
    cdn: Option<Cdn>,
    simulator: Option<Simulator>,
    monitor: Option<Monitor>,
    ui: Option<Ui>,
    /// Those of the edge.
    traces: Option<Traces>,
}

impl Running {
    async fn start(role: Role, start: &Start, listeners: Listeners, tls: Option<Tls>) -> anyhow::Result<Self> {
        let Start { settings, variables } = start;
        let several = role == Role::Up;
        let buses = Buses::new(settings);
        let mut running = Self { edge: None, cdn: None, simulator: None, monitor: None, ui: None, traces: None };
        let (pages, neighbours) = (Pages::built_in(), listeners.neighbours(settings));
        let lodger = Lodger {
            settings: settings.ui.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pages: pages.clone(),
            neighbours,
            ports: listeners.pages(settings),
            cdn_base_url: settings.cdn.base_url.clone(),
            lan: lan_addresses,
            tls: tls.is_some(),
        };
        let mut cdn_base_url = settings.cdn.base_url.clone();
        let trusted = || trusted(&settings.tls).map_err(anyhow::Error::msg);
        // Before those whose first words it hears.
        if let Some(listener) = listeners.monitor {
            let node = node(settings, "monitor", several);
            let options = MonitorOptions {
                settings: settings.monitor.clone(),
                node: node.clone(),
                version: version(),
                tls: tls.clone(),
                trusted: trusted()?,
                page: Some(lodger.monitor()),
            };
            running.monitor = Some(Monitor::start(options, listener, buses.of(&node).await?)?);
        }
        // Early, so that the edge finds its registry at once.
        if let Some(listener) = listeners.cdn {
            let node = node(settings, "cdn", several);
            let options = CdnOptions {
                settings: settings.cdn.clone(),
                node: node.clone(),
                version: version(),
                variables: variables.clone(),
                tls: tls.clone(),
                lan: lan_addresses,
            };
            let cdn = Cdn::start(options, listener, buses.of(&node).await?).await?;
            if cdn_base_url.is_empty() {
                cdn_base_url = format!("http://{}", reachable_here(cdn.address()));
            }
            running.cdn = Some(cdn);
        }
        if let Some(listener) = listeners.edge {
            let node = node(settings, "edge", several);
            let traces = Traces::start(&settings.tracing, "edge", &node, trusted()?)?;
            let options = EdgeOptions {
                settings: settings.edge.clone(),
                node: node.clone(),
                version: version(),
                cdn_base_url,
                tls: tls.clone(),
                trusted: trusted()?,
                tracer: traces.tracer(),
            };
            running.traces = Some(traces);
            running.edge = Some(Edge::start(options, listener, buses.of(&node).await?).await?);
        }
        if let Some(listener) = listeners.simulator {
            let node = node(settings, "simulator", several);
            let options = SimulatorOptions {
                settings: settings.simulator.clone(),
                node: node.clone(),
                version: version(),
                edge: edge_for_swarms(running.edge.as_ref().map(Edge::address), settings),
                tls: tls.clone(),
                page: Some(lodger.simulator()),
            };
            let (bus, ears) = (buses.of(&node).await?, buses.of(&NodeId::random("recorder")).await?);
            running.simulator = Some(Simulator::start(options, listener, bus, ears)?);
        }
        if !listeners.ui.is_empty() {
            let options = UiOptions {
                settings: settings.ui.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pages,
                neighbours,
                cdn_url: cdn_for_pages(running.cdn.is_some(), neighbours.cdn, settings),
                cdn_base_url: settings.cdn.base_url.clone(),
                lan: lan_addresses,
                tls,
                trusted: trusted()?,
            };
            running.ui = Some(Ui::start(options, listeners.ui)?);
        }
        Ok(running)
    }

    /// What people open first, first.
    fn rows(&self) -> Vec<Row> {
        let pages = self.ui.iter().flat_map(Ui::addresses).map(|(port, address)| (port.page(), "http", address));
        let others = [
            ("edge", "ws", self.edge.as_ref().map(Edge::address)),
            ("simulator", "http", self.simulator.as_ref().map(Simulator::address)),
            ("monitor", "http", self.monitor.as_ref().map(Monitor::address)),
            ("cdn", "http", self.cdn.as_ref().map(Cdn::address)),
        ];
        let others = others.into_iter().filter_map(|(role, scheme, address)| Some((role, scheme, address?)));
        let mut rows: Vec<Row> =
            others.chain(pages).map(|(role, scheme, address)| Row { role, scheme, address }).collect();
        let order = ["dashboard", "control", "emulator", "edge", "simulator", "monitor", "cdn", "docs"];
        rows.sort_by_key(|row| order.iter().position(|role| *role == row.role));
        rows
    }

    /// Ends everything in order, each before what it relies on; `false` when something had to be cut off.
    async fn drain(self) -> bool {
        let simulator = match self.simulator {
            Some(simulator) => simulator.drain().await,
            None => true,
        };
        let ui = match self.ui {
            Some(ui) => ui.drain().await,
            None => true,
        };
        let edge = match self.edge {
            Some(edge) => edge.drain().await.clean,
            None => true,
        };
        if let Some(traces) = self.traces {
            traces.end().await;
        }
        let cdn = match self.cdn {
            Some(cdn) => cdn.drain().await,
            None => true,
        };
        // Last, so that it shows to the end what the others do.
        let monitor = match self.monitor {
            Some(monitor) => monitor.drain().await,
            None => true,
        };
        simulator && ui && edge && cdn && monitor
    }
}

/// The access of each service to the bus: several in one process share the embedded one, and on NATS each has connections of its own.
struct Buses<'a> {
    settings: &'a Settings,
    hub: Hub,
}

impl<'a> Buses<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self { settings, hub: Hub::new() }
    }

    async fn of(&self, node: &NodeId) -> anyhow::Result<Bus> {
        Ok(match self.settings.bus.engine {
            EngineKind::Embedded => self.hub.attach(),
            EngineKind::Nats => Bus::start(&self.settings.bus, node).await?,
        })
    }
}

/// What this is, and what it was built from.
pub(crate) fn version() -> Version {
    let [number, commit] = [env!("CARGO_PKG_VERSION"), env!("GROUPLOOP_BUILT_FROM")].map(str::to_owned);
    Version { number, commit }
}

/// The name of a node: the one that is set, with the role behind it where several share the process.
fn node(settings: &Settings, role: &'static str, several: bool) -> NodeId {
    let name = &settings.node.name;
    let with_role = format!("{name}-{role}");
    if several && !name.is_empty() {
        return with_role.parse().unwrap_or_else(|_| NodeId::random(role));
    }
    settings.node.id(role)
}

/// The edge for swarms that name none: the one of this process, else the one that the settings name. `None` when devices could not use it:
/// they have neither TLS nor passwords.
fn edge_for_swarms(own: Option<SocketAddr>, settings: &Settings) -> Option<String> {
    let own = own.map(|address| format!("ws://{}", reachable_here(address)));
    let named = || EdgeUrl::choose(&Peer::default(), settings).and_then(EdgeUrl::plain).ok().map(|url| url.origin());
    own.or_else(|| named().filter(|url| !url.contains('@')))
}

/// Where the server of the pages finds the CDN: what is set for it, else the CDN of this process, else the one that the settings name, else
/// the one that they would start on this machine.
fn cdn_for_pages(own: bool, address: SocketAddr, settings: &Settings) -> String {
    let set = [Some(&settings.ui.cdn_url), Some(&settings.cdn.base_url).filter(|_| !own)];
    let set = set.into_iter().flatten().find(|url| !url.is_empty());
    set.map_or_else(|| format!("http://{}", reachable_here(address)), Clone::clone)
}

/// Where a service of these settings listens that is not in this process; at the port that people know when the settings leave it open.
fn expected(listen: &str, port: u16) -> SocketAddr {
    let mut address = listen.parse().unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    if address.port() == 0 {
        address.set_port(port);
    }
    address
}

/// An address that this machine can connect to.
fn reachable_here(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())) } else { address }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Flags, load};
    use std::path::Path;

    #[test]
    fn swarms_connect_to_the_edge_beside_them_or_to_the_one_that_is_named() {
        let edge = |own: Option<&str>, url: &str| {
            let flags = Flags { set: vec![format!("ui.ws_default_url={url}")], ..Flags::default() };
            let settings = load(&flags, &BTreeMap::new(), Path::new("/nonexistent")).unwrap().settings;
            edge_for_swarms(own.map(|address| address.parse().unwrap()), &settings)
        };
        assert_eq!(edge(Some("0.0.0.0:6003"), "ws://hub:1/").unwrap(), "ws://127.0.0.1:6003");
        assert_eq!(edge(None, "ws://hub:1/x").unwrap(), "ws://hub:1");
        assert_eq!(edge(None, "").unwrap(), "ws://127.0.0.1:5003");
        assert_eq!([edge(None, "wss://hub/"), edge(None, "ws://me:secret@hub/")], [None, None]);
    }

    #[test]
    fn pages_ask_the_cdn_beside_them_or_the_one_that_is_named() {
        let cdn = |own: bool, set: &[&str]| {
            let flags = Flags { set: set.iter().map(|one| (*one).to_owned()).collect(), ..Flags::default() };
            let settings = load(&flags, &BTreeMap::new(), Path::new("/nonexistent")).unwrap().settings;
            cdn_for_pages(own, expected("0.0.0.0:0", 5008), &settings)
        };
        let (named, inside) = ("cdn.base_url=http://hub.example:5008", "ui.cdn_url=http://cdn:5000");
        assert_eq!([cdn(true, &[]), cdn(false, &[])], ["http://127.0.0.1:5008", "http://127.0.0.1:5008"]);
        assert_eq!([cdn(true, &[named]), cdn(false, &[named])], ["http://127.0.0.1:5008", "http://hub.example:5008"]);
        assert_eq!([cdn(true, &[named, inside]), cdn(false, &[named, inside])], ["http://cdn:5000", "http://cdn:5000"]);
    }

    #[test]
    fn an_address_of_all_is_reached_on_this_machine() {
        for (bound, here) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "127.0.0.1:1"),
            ("10.0.0.7:1", "10.0.0.7:1"),
            ("[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(reachable_here(bound.parse().unwrap()).to_string(), here);
        }
    }
}

//! The services of the stack as processes.

use super::compose::{Service, required, service, stack, tool};
use super::resolver::Resolver;
use crate::nats::{ClusterFolder, NatsServer};
use crate::port::Loopback;
use crate::process::Process;
use crate::s3::S3Server;
use crate::{eventually, http_get};
use futures_util::future::join_all;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The whole stack, with as many edges as the file says.
#[derive(Debug)]
pub struct Stack {
    binary: PathBuf,
    net: Loopback,
    stack: Value,
    names: Vec<(String, String)>,
    resolver: Resolver,
    edges: Vec<Process>,
    _others: Vec<Process>,
    _store: S3Server,
    _clusters: Vec<ClusterFolder>,
}

const EDGE: u8 = 21;
const BALANCER: u8 = 31;
const CDN: u8 = 41;
const SIMULATOR: u8 = 42;
const UI: u8 = 43;
const MONITOR: u8 = 44;
/// Those of which there is one.
const SINGLE: [(&str, u8); 5] =
    [("cdn", CDN), ("simulator", SIMULATOR), ("ui", UI), ("monitor", MONITOR), ("balancer", BALANCER)];

impl Stack {
    /// Starts all of it with this binary; returns when each says by its own health check that it is well. More variables for the file may
    /// be given.
    ///
    /// # Panics
    /// When something of it does not come up.
    pub async fn start(binary: impl Into<PathBuf>, more: &[(&str, &str)]) -> Self {
        let (net, store) = (Loopback::new(), S3Server::start().await);
        let mut variables = required();
        variables.insert("STORE_KEY".into(), store.access_key().into());
        variables.insert("STORE_SECRET".into(), store.secret_key().into());
        variables.insert("CDN_TOKEN".into(), "0123456789-token-of-the-tests".into());
        variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let stack = stack(&variables);
        let replicas = stack["services"]["edge"]["deploy"]["replicas"].as_u64().unwrap();
        let edges: Vec<Ipv4Addr> = (0..u8::try_from(replicas).unwrap()).map(|number| net.host(EDGE + number)).collect();
        let resolver = Resolver::start(net, edges.clone()).await;
        let mut names: Vec<(String, String)> =
            (1..=3).map(|number| (format!("nats-{number}:"), format!("{}:", net.host(10 + number)))).collect();
        names.extend([
            ("//cdn:".into(), format!("//{}:", net.host(CDN))),
            ("//balancer:".into(), format!("//{}:", net.host(BALANCER))),
            ("http://store:8333".into(), store.endpoint()),
            ("127.0.0.11".into(), resolver.addr()),
        ]);
        let mut whole = Self {
            binary: binary.into(),
            net,
            stack,
            names,
            resolver,
            edges: Vec::new(),
            _others: Vec::new(),
            _store: store,
            _clusters: Vec::new(),
        };
        let mut others: Vec<Process> = (1..=3).map(|number| whole.nats(number)).collect();
        for (name, host) in SINGLE {
            others.push(whole.spawn(name, net.host(host)));
        }
        whole.edges = edges.iter().map(|host| whole.spawn("edge", *host)).collect();
        whole._others = others;
        for host in edges {
            whole.healthy("edge", host).await;
        }
        for (name, host) in SINGLE {
            whole.healthy(name, net.host(host)).await;
        }
        for number in 1..=3 {
            whole.healthy(&format!("nats-{number}"), net.host(10 + number)).await;
        }
        whole
    }

    /// How many edges there are.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.edges.len()
    }

    /// An edge itself, past the load balancer.
    #[must_use]
    pub fn edge_addr(&self, number: usize) -> SocketAddr {
        (self.edge_host(number), 5003).into()
    }

    fn edge_host(&self, number: usize) -> Ipv4Addr {
        self.net.host(EDGE + u8::try_from(number).expect("there are few"))
    }

    /// Where devices and apps connect.
    #[must_use]
    pub fn balancer(&self) -> SocketAddr {
        (self.net.host(BALANCER), 5003).into()
    }

    /// The CDN.
    #[must_use]
    pub fn cdn(&self) -> SocketAddr {
        (self.net.host(CDN), 5008).into()
    }

    /// The simulator.
    #[must_use]
    pub fn simulator(&self) -> SocketAddr {
        (self.net.host(SIMULATOR), 5005).into()
    }

    /// The monitor.
    #[must_use]
    pub fn monitor(&self) -> SocketAddr {
        (self.net.host(MONITOR), 5010).into()
    }

    /// A page by its port.
    #[must_use]
    pub fn page(&self, port: u16) -> SocketAddr {
        (self.net.host(UI), port).into()
    }

    /// Kills an edge; its name stays known, as that of a machine that lost its power.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn kill_edge(&self, number: usize) {
        self.edges[number].kill().await;
    }

    /// Freezes an edge: its kernel takes connections, and nobody answers them.
    pub fn freeze_edge(&self, number: usize) {
        self.edges[number].stop();
    }

    /// Restarts an edge as an engine does: its name goes, it is told, it ends, it comes again under its name, and is well.
    ///
    /// # Panics
    /// When it does not end in order, or does not come back.
    pub async fn restart_edge(&mut self, number: usize) {
        let all: Vec<Ipv4Addr> = (0..self.edges.len()).map(|number| self.edge_host(number)).collect();
        let host = self.edge_host(number);
        self.resolver.set(all.iter().copied().filter(|other| *other != host).collect());
        let edge = self.edges.get(number).expect("there is such an edge");
        assert!(edge.terminate().await.success(), "{:?}", edge.log());
        let again = self.spawn("edge", host);
        self.edges[number] = again;
        self.resolver.set(all);
        self.healthy("edge", host).await;
    }

    /// Restarts all edges at the same moment, as `docker compose restart edge` does: each has its name until it has ended, and again as soon as it
    /// runs.
    ///
    /// # Panics
    /// When one does not end in order, or does not come back.
    pub async fn restart_edges(&mut self) {
        let hosts: Vec<Ipv4Addr> = (0..self.edges.len()).map(|number| self.edge_host(number)).collect();
        let named = Mutex::new(hosts.clone());
        let rename = |change: &dyn Fn(&mut Vec<Ipv4Addr>)| {
            let mut named = named.lock().expect("nobody panics with it");
            change(&mut named);
            self.resolver.set(named.clone());
        };
        let restart = async |edge: &Process, host: Ipv4Addr| {
            assert!(edge.terminate().await.success(), "{:?}", edge.log());
            rename(&|named| named.retain(|other| *other != host));
            let again = self.spawn("edge", host);
            rename(&|named| named.push(host));
            again
        };
        let edges = join_all(self.edges.iter().zip(&hosts).map(|(edge, host)| restart(edge, *host))).await;
        self.edges = edges;
        for host in hosts {
            self.healthy("edge", host).await;
        }
    }

    /// What stands in the file, with addresses for names, and folders of this machine for those of the container.
    fn here(&self, service: &Service, host: Ipv4Addr, text: &str) -> String {
        let text = text.replace("0.0.0.0", &host.to_string());
        let text = self.names.iter().fold(text, |text, (name, address)| text.replace(name, address));
        service.binds().iter().fold(text, |text, (source, target)| text.replace(target, &source.to_string_lossy()))
    }

    fn environment(&self, service: &Service, host: Ipv4Addr) -> BTreeMap<String, String> {
        let all = service.environment().into_iter();
        all.map(|(name, value)| (name, self.here(service, host, &value))).collect()
    }

    fn spawn(&self, name: &str, host: Ipv4Addr) -> Process {
        let service = service(&self.stack, name);
        let mut args: Vec<String> =
            service.command().iter().map(|argument| self.here(&service, host, argument)).collect();
        let program = if service.is_ours() { self.binary.clone() } else { tool(&args.remove(0)) };
        let mut command = Command::new(program);
        command.env_clear().current_dir(std::env::temp_dir());
        command.args(args).envs(self.environment(&service, host));
        Process::spawn(format!("{name} at {host}"), command)
    }

    /// One more than the file says: where this server is.
    fn nats(&mut self, number: u8) -> Process {
        let service = service(&self.stack, &format!("nats-{number}"));
        let host = self.net.host(10 + number);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nats/cluster.conf");
        let folder = ClusterFolder::new(&path, host);
        let mut command = Command::new(NatsServer::program());
        command.env_clear().envs(self.environment(&service, host));
        let config = folder.file().to_string_lossy();
        command.args(service.command().iter().map(|argument| argument.replace("/etc/nats/cluster.conf", &config)));
        command.args(["--addr", &host.to_string()]);
        let process = Process::spawn(service.name, command);
        self._clusters.push(folder);
        process
    }

    /// Waits until the health check of the file is content.
    async fn healthy(&self, name: &str, host: Ipv4Addr) {
        let service = service(&self.stack, name);
        let test: Vec<String> =
            service.health().iter().skip(1).map(|word| word.replace("127.0.0.1", &host.to_string())).collect();
        let url = test.last().unwrap();
        if service.is_ours() {
            let check = || {
                let mut command = tokio::process::Command::new(&self.binary);
                command.env_clear().args(&test[1..]).output()
            };
            eventually!(check().await.unwrap().status.success());
        } else {
            let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
            let address: SocketAddr = address.parse().unwrap();
            eventually!(tokio::net::TcpStream::connect(address).await.is_ok());
            eventually!(http_get(address, &format!("/{path}")).await.status == 200);
        }
    }
}

//! A private nats-server: the real program, on a loopback port of its own.

use crate::port::{Loopback, PortTaken, on_a_free_port};
use crate::process::Process;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// A running (or, after [`kill`](Self::kill), dead) nats-server, at the same address all its life. Killed when dropped.
#[derive(Debug)]
pub struct NatsServer {
    addr: SocketAddr,
    launch: Launch,
    process: Process,
}

/// What a server is started with, beside its address.
#[derive(Debug, Default)]
struct Launch {
    config: Option<ConfigFile>,
    folder: Option<ClusterFolder>,
    args: Vec<String>,
    variables: Vec<(String, String)>,
}

impl NatsServer {
    /// Starts one with the program's default configuration and no persistence.
    ///
    /// # Panics
    /// When there is no nats-server to start (`make setup` brings it), or it does not come up.
    pub async fn start() -> Self {
        Self::launch(Launch::default()).await
    }

    /// As [`start`](Self::start), with the text of a configuration file. The address and the port are set apart.
    ///
    /// # Panics
    /// As [`start`](Self::start), and when the server does not like the configuration: with its log.
    pub async fn with_config(text: &str) -> Self {
        Self::launch(Launch { config: Some(ConfigFile::write(text)), ..Launch::default() }).await
    }

    /// As [`start`](Self::start), with a configuration file where it stands, the variables that it wants, and its HTTP endpoints at a free port.
    ///
    /// # Panics
    /// As [`with_config`](Self::with_config).
    pub async fn with_file(path: &Path, variables: &[(&str, &str)]) -> Self {
        let args = ["--config", &path.to_string_lossy(), "--http_port", "-1"].map(str::to_owned);
        Self::launch(Launch { args: args.into(), variables: owned(variables), ..Launch::default() }).await
    }

    /// Three servers of one cluster, `nats-1` to `nats-3`, each at its own loopback address with the ports of the file. `password` is the one
    /// that they tell each other.
    ///
    /// # Panics
    /// As [`with_config`](Self::with_config), and when one of them has no route to another.
    pub async fn cluster(path: &Path, variables: &[(&str, &str)], password: &str) -> [Self; 3] {
        let net = Loopback::new();
        let hosts = [1, 2, 3].map(|host| net.host(host));
        let routes = hosts.map(|host| format!("\"nats-route://cluster:{password}@{host}:6222\"")).join(", ");
        let mut servers = Vec::new();
        for (number, host) in (1..).zip(hosts) {
            let folder = ClusterFolder::new(path, host);
            let launch = Launch {
                config: None,
                folder: Some(folder),
                args: vec!["--name".to_owned(), format!("nats-{number}")],
                variables: [owned(variables), owned(&[("NATS_ROUTES", &format!("[{routes}]"))])].concat(),
            };
            let addr = SocketAddr::from((host, 4222));
            let Ok(process) = spawn(addr, &launch).await else { panic!("{addr} is taken") };
            servers.push(Self { addr, launch, process });
        }
        let servers: [Self; 3] = servers.try_into().expect("there are three");
        for server in &servers {
            let others = servers.iter().filter(|other| other.addr != server.addr);
            for other in others {
                let route = format!("{}:6222 - rid", other.addr.ip());
                let seen = |line: &str| line.contains(&route).then_some(());
                let found = server.process.search_log(&seen).await.is_some();
                assert!(found, "{} has no route to {}:\n{}", server.addr, other.addr, server.process.tail());
            }
        }
        servers
    }

    async fn launch(launch: Launch) -> Self {
        let (addr, process) = on_a_free_port("a nats-server", async |port| {
            let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            Ok((addr, spawn(addr, &launch).await?))
        })
        .await
        .1;
        Self { addr, launch, process }
    }

    /// The program: `NATS_SERVER`, else what `make setup` puts into `.tools`, else the one on PATH.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn program() -> PathBuf {
        if let Some(named) = std::env::var_os("NATS_SERVER") {
            return named.into();
        }
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/nats-server");
        if ours.exists() {
            return ours;
        }
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&paths).map(|folder| folder.join("nats-server")).find(|path| path.is_file());
        found.unwrap_or_else(|| panic!("no nats-server for the tests: run `make setup`, or name one in NATS_SERVER"))
    }

    /// `nats://127.0.0.1:<port>`, before and after a restart.
    pub fn url(&self) -> String {
        format!("nats://{}", self.addr())
    }

    /// `127.0.0.1:<port>`.
    pub fn addr(&self) -> String {
        self.addr.to_string()
    }

    /// Where its HTTP endpoints are, of a server whose configuration has them.
    ///
    /// # Panics
    /// When it has none.
    pub async fn http_addr(&self) -> SocketAddr {
        let found = |line: &str| line.split_once("Starting http monitor on ")?.1.parse().ok();
        self.process.find_in_log("where its HTTP endpoints are", found).await
    }

    /// The process: its log, CPU time, memory.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends it with SIGKILL: clients see their connections drop, and new ones are refused.
    pub async fn kill(&self) {
        self.process.kill().await;
    }

    /// Starts it again on the same port, having killed it if it still ran. Returns when it takes connections.
    ///
    /// # Panics
    /// When it does not come up again.
    pub async fn restart(&mut self) {
        self.kill().await;
        match spawn(self.addr, &self.launch).await {
            Ok(process) => self.process = process,
            Err(PortTaken) => panic!("{} was taken while the nats-server was down", self.addr),
        }
    }

    /// Freezes it (SIGSTOP): connections stay open, and nothing answers.
    pub fn stop(&self) {
        self.process.stop();
    }

    /// Lets it go on (SIGCONT).
    pub fn cont(&self) {
        self.process.cont();
    }
}

fn owned(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn spawn(addr: SocketAddr, launch: &Launch) -> Result<Process, PortTaken> {
    let mut command = Command::new(NatsServer::program());
    command.args(["--addr", &addr.ip().to_string(), "--port", &addr.port().to_string()]);
    if let Some(config) = &launch.config {
        command.arg("--config").arg(&config.path);
    }
    if let Some(folder) = &launch.folder {
        command.arg("--config").arg(folder.file());
    }
    command.args(&launch.args).envs(launch.variables.iter().map(|(name, value)| (name, value)));
    let process = Process::spawn("nats-server", command);
    let up = |line: &str| match line {
        _ if line.ends_with("Server is ready") => Some(true),
        _ if line.contains("address already in use") => Some(false),
        _ => None,
    };
    if process.find_in_log("`Server is ready`", up).await { Ok(process) } else { Err(PortTaken) }
}

/// A configuration in the temporary folder, removed when dropped.
#[derive(Debug)]
struct ConfigFile {
    path: PathBuf,
}

impl ConfigFile {
    fn write(text: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("grouploop-nats-{}-{}.conf", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        Self { path }
    }
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The configuration of a cluster once more, for one of several servers on this machine: it says at which address of its own a server listens
/// for the others. (The flag that does, `--cluster`, takes the password away with it.) Removed when dropped.
#[derive(Debug)]
pub(crate) struct ClusterFolder {
    folder: PathBuf,
    file: PathBuf,
}

impl ClusterFolder {
    /// Copies the folder of this file.
    ///
    /// # Panics
    /// When it cannot, or the file has no port for the cluster.
    pub(crate) fn new(path: &Path, host: Ipv4Addr) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("grouploop-nats-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        for entry in std::fs::read_dir(path.parent().expect("a file is in a folder")).expect("the folder is there") {
            let entry = entry.expect("the folder can be read");
            std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("it can be copied");
        }
        let file = folder.join(path.file_name().expect("a file has a name"));
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let port = "    port: 6222\n";
        assert!(text.contains(port), "{} has the port of the cluster", path.display());
        std::fs::write(&file, text.replace(port, &format!("{port}    host: \"{host}\"\n"))).expect("it can be written");
        Self { folder, file }
    }

    /// The configuration.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }
}

impl Drop for ClusterFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::within;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpStream;

    /// Connects and returns the server's first line, its `INFO`.
    async fn info(nats: &NatsServer) -> std::io::Result<(BufReader<TcpStream>, String)> {
        let mut stream = BufReader::new(TcpStream::connect(nats.addr()).await?);
        let mut line = String::new();
        within("INFO", stream.read_line(&mut line)).await?;
        Ok((stream, line))
    }

    #[tokio::test]
    async fn it_starts_dies_and_comes_back_on_its_port() {
        let mut nats = NatsServer::start().await;
        let (mut stream, greeting) = info(&nats).await.unwrap();
        assert!(greeting.starts_with("INFO {"), "{greeting}");
        let url = nats.url();

        nats.kill().await;
        within("the end of the connection", stream.read_to_end(&mut Vec::new())).await.unwrap();
        assert!(info(&nats).await.is_err());

        nats.restart().await;
        assert_eq!(nats.url(), url);
        info(&nats).await.unwrap();
    }

    #[tokio::test]
    async fn a_frozen_server_answers_when_it_goes_on() {
        let nats = NatsServer::start().await;
        let (mut stream, _) = info(&nats).await.unwrap();
        nats.stop();
        crate::eventually!(
            std::fs::read_to_string(format!("/proc/{}/stat", nats.process().pid())).unwrap().contains(") T ")
        );
        stream.write_all(b"CONNECT {\"verbose\":true}\r\n").await.unwrap();
        nats.cont();
        let mut line = String::new();
        within("+OK", stream.read_line(&mut line)).await.unwrap();
        assert_eq!(line, "+OK\r\n");
    }

    #[tokio::test]
    async fn several_run_side_by_side_each_with_its_own_configuration() {
        let (plain, small) = tokio::join!(NatsServer::start(), NatsServer::with_config("max_payload: 4096"));
        assert_ne!(plain.addr(), small.addr());
        assert!(info(&small).await.unwrap().1.contains("\"max_payload\":4096"));
    }

    #[tokio::test]
    #[should_panic(expected = "nats-server never said `Server is ready`")]
    async fn a_wrong_configuration_fails_with_its_reason() {
        NatsServer::with_config("max_payload: [").await;
    }
}

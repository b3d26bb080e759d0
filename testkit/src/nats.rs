//! A private nats-server: the real program, on a loopback port of its own.

use crate::port::{PortTaken, on_a_free_port};
use crate::process::Process;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// A running (or, after [`kill`](Self::kill), dead) nats-server, on the same port all its life. Killed when dropped.
#[derive(Debug)]
pub struct NatsServer {
    port: u16,
    config: Option<ConfigFile>,
    process: Process,
}

impl NatsServer {
    /// Starts one with the program's default configuration and no persistence.
    ///
    /// # Panics
    /// When there is no nats-server to start (`make setup` brings it), or it does not come up.
    pub async fn start() -> Self {
        Self::launch(None).await
    }

    /// As [`start`](Self::start), with the text of a configuration file. The address and the port are set apart.
    ///
    /// # Panics
    /// As [`start`](Self::start), and when the server does not like the configuration: with its log.
    pub async fn with_config(text: &str) -> Self {
        Self::launch(Some(ConfigFile::write(text))).await
    }

    async fn launch(config: Option<ConfigFile>) -> Self {
        let (port, process) = on_a_free_port("a nats-server", async |port| spawn(port, config.as_ref()).await).await;
        Self { port, config, process }
    }

    /// `nats://127.0.0.1:<port>`, before and after a restart.
    pub fn url(&self) -> String {
        format!("nats://{}", self.addr())
    }

    /// `127.0.0.1:<port>`.
    pub fn addr(&self) -> String {
        format!("127.0.0.1:{}", self.port)
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
        match spawn(self.port, self.config.as_ref()).await {
            Ok(process) => self.process = process,
            Err(PortTaken) => panic!("port {} was taken while the nats-server was down", self.port),
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

async fn spawn(port: u16, config: Option<&ConfigFile>) -> Result<Process, PortTaken> {
    let mut command = Command::new(binary());
    command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
    if let Some(config) = config {
        command.arg("--config").arg(&config.path);
    }
    let process = Process::spawn("nats-server", command);
    let up = |line: &str| match line {
        _ if line.ends_with("Server is ready") => Some(true),
        _ if line.contains("address already in use") => Some(false),
        _ => None,
    };
    if process.find_in_log("`Server is ready`", up).await { Ok(process) } else { Err(PortTaken) }
}

/// The program: `NATS_SERVER`, else what `make setup` puts into `.tools`, else the one on PATH.
fn binary() -> PathBuf {
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

//! Which servers there are, where their programs lie, and how each says that it is up.

use crate::clock::pause;
use crate::process::{Process, Processes};
use anyhow::{Context, Result, bail, ensure};
use std::env::{current_dir, current_exe};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const READY: Duration = Duration::from_secs(10);

/// The programs to measure.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    pub(crate) processes: Processes,
    /// The `grouploop` binary.
    pub(crate) edge: PathBuf,
    pub(crate) nats: PathBuf,
    /// The example of the simulator that says how fast its bodies are.
    pub(crate) body_speed: PathBuf,
    relay: PathBuf,
}

impl Servers {
    /// `edge` is by default the `grouploop` binary beside this one, with examples where cargo puts them; `nats` the project's own, else the
    /// one on PATH.
    pub(crate) fn locate(processes: Processes, edge: Option<PathBuf>, nats: Option<PathBuf>) -> Result<Self> {
        let relay = current_exe()?;
        let edge = edge.unwrap_or_else(|| relay.with_file_name("grouploop"));
        let nats = nats.unwrap_or_else(|| {
            // The bench is started in the project, or at least lies in its target/release.
            let roots = [current_dir().ok(), relay.ancestors().nth(3).map(Path::to_path_buf)];
            let own = roots.into_iter().flatten().map(|root| root.join(".tools/bin/nats-server"));
            own.into_iter().find(|path| path.exists()).unwrap_or_else(|| "nats-server".into())
        });
        let body_speed = edge.with_file_name("examples").join("body_speed");
        Ok(Self { processes, edge, nats, body_speed, relay })
    }

    pub(crate) fn start_relay(&self) -> Result<Process> {
        let mut command = Command::new(&self.relay);
        command.args(["relay", "--listen", "127.0.0.1:0"]);
        self.processes.start("relay", &mut command, json_address)
    }

    /// An edge with its default settings, on the embedded bus unless there is a NATS server.
    pub(crate) fn start_edge(&self, nats: Option<&Process>) -> Result<Process> {
        let mut command = self.role("edge")?;
        if let Some(nats) = nats {
            command.env("NATS_URL", nats_url(nats));
        }
        let edge = self.processes.start("edge", &mut command, json_address)?;
        wait_until_ready(edge, "/readyz")
    }

    /// A CDN with its default settings on this folder.
    pub(crate) fn start_cdn(&self, folder: &Path) -> Result<Process> {
        let mut command = self.role("cdn")?;
        command.args(["--set", &format!("cdn.store=file://{}", folder.display())]);
        let cdn = self.processes.start("cdn", &mut command, json_address)?;
        wait_until_ready(cdn, "/readyz")
    }

    /// `grouploop record` of a space on a NATS server, when it has begun to listen.
    pub(crate) fn start_recorder(&self, nats: &Process, space: &str, file: &Path) -> Result<Process> {
        let mut command = self.grouploop("record")?;
        command.args(["--nats", &nats_url(nats), "--space", space]).arg(file);
        // It listens to the bus, not on an address, and says so once its subscription is there.
        let bus = nats.address;
        self.processes.start("record", &mut command, move |line| line.ends_with("connected to NATS").then_some(bus))
    }

    /// A role of the grouploop binary on a free port.
    fn role(&self, role: &str) -> Result<Command> {
        let mut command = self.grouploop(role)?;
        command.args(["--listen", "127.0.0.1:0"]);
        Ok(command)
    }

    /// A subcommand of the grouploop binary, without settings from the environment.
    pub(crate) fn grouploop(&self, subcommand: &str) -> Result<Command> {
        ensure!(self.edge.exists(), "{} does not exist: build the grouploop binary first", self.edge.display());
        let mut command = Command::new(&self.edge);
        command.arg(subcommand);
        for (name, _) in std::env::vars_os() {
            let set_by_user = name.to_string_lossy();
            if set_by_user.starts_with("GROUPLOOP_") || set_by_user.starts_with("WS_") {
                command.env_remove(&name);
            }
        }
        command.env_remove("NATS_URL").env_remove("CDN_BASE_URL").env("GROUPLOOP_LOG__FORMAT", "json");
        Ok(command)
    }

    pub(crate) fn start_nats(&self) -> Result<Process> {
        let mut command = Command::new(&self.nats);
        command.args(["-a", "127.0.0.1", "-p", "-1"]);
        self.processes.start("nats-server", &mut command, nats_address)
    }

    /// The first line of what a program answers to `--version`.
    pub(crate) fn version(program: &Path) -> String {
        let output = Command::new(program).arg("--version").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        text.lines().next().unwrap_or("unknown").to_owned()
    }
}

/// What programs call a NATS server.
pub(crate) fn nats_url(nats: &Process) -> String {
    format!("nats://{}", nats.address)
}

/// From a JSON log line whose message is `listening`: the field that ends in `.address`, wherever the log format puts fields.
fn json_address(line: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line).as_object()?;
    if fields.get("message")?.as_str()? != "listening" {
        return None;
    }
    fields.iter().find(|(name, _)| name.ends_with(".address"))?.1.as_str()?.parse().ok()
}

/// From the server's log: `[1] 2025/01/01 12:00:00.000000 [INF] Listening for client connections on 127.0.0.1:4222`.
fn nats_address(line: &str) -> Option<SocketAddr> {
    line.split_once("Listening for client connections on ")?.1.trim().parse().ok()
}

/// Waits until a server answers this path with 200.
pub(crate) fn wait_until_ready(server: Process, path: &str) -> Result<Process> {
    let (started, address) = (Instant::now(), server.address);
    loop {
        let answer = get(address, path);
        if matches!(answer, Ok(200)) {
            return Ok(server);
        }
        if started.elapsed() > READY {
            let status = answer.map_or_else(|error| error.to_string(), |status| status.to_string());
            bail!("http://{address}{path} does not answer 200 after {} s but: {status}", READY.as_secs());
        }
        pause(Duration::from_millis(50));
    }
}

/// The status of a plain HTTP GET.
fn get(address: SocketAddr, path: &str) -> Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let Some(status) = std::str::from_utf8(&head)?.strip_prefix("HTTP/1.1 ") else { bail!("no HTTP answer") };
    status.parse().context("no HTTP status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_logs() {
        let wanted = Some(SocketAddr::from(([127, 0, 0, 1], 4222)));
        for line in [
            r#"{"message":"listening","edge.address":"127.0.0.1:4222"}"#,
            r#"{"level":"INFO","fields":{"edge.address":"127.0.0.1:4222","message":"listening"},"target":"x"}"#,
        ] {
            assert_eq!(json_address(line), wanted, "{line}");
        }
        assert_eq!(json_address(r#"{"message":"ready","edge.address":"127.0.0.1:4222"}"#), None);
        assert_eq!(json_address("plain text"), None);
        let line = "[7] 2025/01/01 12:00:00.000000 [INF] Listening for client connections on 127.0.0.1:4222";
        assert_eq!(nats_address(line), wanted);
        assert_eq!(nats_address("[7] [INF] Server is ready"), None);
    }
}

//! Edges (and other roles of the `grouploop` binary) as processes of their own.

use crate::nats::NatsServer;
use crate::process::Process;
use serde_json::Value;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

/// A running edge on a free loopback port; everything of [`Process`] is there too (`kill`, `terminate`, `log`, `rss_bytes`…).
#[derive(Debug)]
pub struct Edge {
    process: Process,
    addr: SocketAddr,
}

/// What to start; see [`Edge::builder`].
#[derive(Debug)]
pub struct EdgeBuilder {
    binary: PathBuf,
    role: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Edge {
    /// Starts `<binary> edge --listen 127.0.0.1:0` and returns when it listens. A test passes `env!("CARGO_BIN_EXE_grouploop")`.
    ///
    /// # Panics
    /// When it does not come to listen: with its log.
    pub async fn start(binary: impl Into<PathBuf>) -> Self {
        Self::builder(binary).start().await
    }

    /// As [`start`](Self::start), with choices. Settings come from the builder alone: variables of GroupLoop in the environment of
    /// the test are not passed on, and no settings file is near. The path of the binary must be absolute.
    pub fn builder(binary: impl Into<PathBuf>) -> EdgeBuilder {
        EdgeBuilder { binary: binary.into(), role: "edge".into(), args: Vec::new(), env: Vec::new() }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a WebSocket there: `ws_url("/")`, `ws_url("/spaces/blue?devices=1a2b")`.
    pub fn ws_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.addr)
    }

    /// The URL of a page there.
    pub fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

impl Deref for Edge {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl EdgeBuilder {
    /// Another role than `edge`, `up` say. It must listen for WebSockets and take `--listen`.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        role.clone_into(&mut self.role);
        self
    }

    /// One more argument, after those that are always there.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// A variable of the environment, `env("GROUPLOOP_EDGE__LAME_DUCK_MS", "200")`.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.env.push((name.into(), value.to_string()));
        self
    }

    /// Puts it on this nats-server.
    #[must_use]
    pub fn nats(self, nats: &NatsServer) -> Self {
        self.nats_url(nats.url())
    }

    /// Puts it on the nats-server at this URL; a [`Proxy`](crate::Proxy) may be there.
    #[must_use]
    pub fn nats_url(self, url: impl Into<String>) -> Self {
        self.env("GROUPLOOP_BUS__ENGINE", "nats").env("NATS_URL", url.into())
    }

    /// Starts it without waiting for anything: for processes that must fail, or that wait for something themselves.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn spawn(self) -> Process {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            let ours = |name: &str| {
                name.starts_with("GROUPLOOP_")
                    || matches!(
                        name,
                        "NATS_URL" | "CDN_BASE_URL" | "WS_HOST" | "WS_PORT" | "WS_DEFAULT_URL" | "RUST_LOG"
                    )
            };
            if name.to_str().is_some_and(ours) {
                command.env_remove(&name);
            }
        }
        command.env("GROUPLOOP_LOG__FORMAT", "json");
        // Away from a grouploop.toml that someone keeps where the tests run.
        command.current_dir(std::env::temp_dir());
        command.arg(&self.role).args(["--listen", "127.0.0.1:0"]).args(&self.args).envs(self.env);
        Process::spawn(format!("grouploop {}", self.role), command)
    }

    /// Starts it and returns when it listens.
    ///
    /// # Panics
    /// When it does not come to listen: with its log.
    pub async fn start(self) -> Edge {
        let process = self.spawn();
        let addr = process.find_in_log("where its edge listens", listening).await;
        Edge { process, addr }
    }
}

/// The address in the line that says `listening` and names `edge.address`.
fn listening(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    if fields.get("message")?.as_str()? != "listening" {
        return None;
    }
    fields.get("edge.address")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_either_shape_of_the_line() {
        let nested =
            r#"{"level":"INFO","fields":{"message":"listening","edge.address":"127.0.0.1:1234"},"target":"edge"}"#;
        let flat = r#"{"level":"INFO","message":"listening","edge.address":"127.0.0.1:1234"}"#;
        let expected = Some("127.0.0.1:1234".parse().unwrap());
        assert_eq!(listening(nested), expected);
        assert_eq!(listening(flat), expected);
        assert_eq!(listening(r#"{"fields":{"message":"listening","cdn.address":"127.0.0.1:1"}}"#), None);
        assert_eq!(listening("plain text"), None);
    }

    #[tokio::test]
    async fn it_is_started_on_a_free_port_with_nothing_inherited() {
        // A stand-in for the binary: says what it was started with, as the binary would say where it listens.
        let script = r#"echo "args: $*; engine: $GROUPLOOP_BUS__ENGINE"; echo '{"fields":{"message":"listening","edge.address":"127.0.0.1:7"}}'; exec sleep 1000"#;
        let path = std::env::temp_dir().join(format!("grouploop-edge-{}.sh", std::process::id()));
        std::fs::write(&path, script).unwrap();
        // `sh <path> --listen …`: the role is where a script's name goes, so no file needs to be made executable.
        let edge = Edge::builder("sh").role(path.to_str().unwrap()).arg("--more").nats_url("nats://x:1").start().await;
        std::fs::remove_file(&path).unwrap();
        assert_eq!(edge.ws_url("/spaces/blue"), "ws://127.0.0.1:7/spaces/blue");
        assert_eq!(edge.http("/health"), "http://127.0.0.1:7/health");
        assert_eq!(edge.log()[0], "args: --listen 127.0.0.1:0 --more; engine: nats");
    }
}

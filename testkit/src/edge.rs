//! Edges (and other roles of the `grouploop` binary) as processes of their own.

use crate::nats::NatsServer;
use crate::process::Process;
use serde_json::Value;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

/// Variables of a test's own environment that would change what is started.
const SETTINGS: [&str; 6] = ["NATS_URL", "CDN_BASE_URL", "WS_HOST", "WS_PORT", "WS_DEFAULT_URL", "RUST_LOG"];
/// The same, by how they begin: the settings of GroupLoop, and what the object stores of a CDN are configured with.
const SETTINGS_IN: [&str; 4] = ["GROUPLOOP_", "AWS_", "GOOGLE_", "AZURE_"];

/// A running edge, or another role, on a free loopback port; everything of [`Process`] is there too (`kill`, `terminate`, `log`,
/// `rss_bytes`…).
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
    listen: String,
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

    /// As [`start`](Self::start), with choices. Settings come from the builder alone: variables of GroupLoop and of object stores in
    /// the environment of the test are not passed on, and no settings file is near. The path of the binary must be absolute.
    pub fn builder(binary: impl Into<PathBuf>) -> EdgeBuilder {
        EdgeBuilder {
            binary: binary.into(),
            role: "edge".into(),
            listen: "127.0.0.1:0".into(),
            args: Vec::new(),
            env: Vec::new(),
        }
    }

    /// Where it listens: the edge of `edge` and `up`, the CDN of `cdn`, the simulator of `simulator`, the monitor of
    /// `monitor`, the hub of `ui`.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where its CDN listens, for `up`, which has both.
    ///
    /// # Panics
    /// When it has no CDN, or that does not come to listen: with its log.
    pub async fn cdn_addr(&self) -> SocketAddr {
        self.process.find_in_log("where its CDN listens", |line| listening(line, "cdn.address")).await
    }

    /// Where its simulator listens, for `up`, which has one too.
    ///
    /// # Panics
    /// When it has no simulator, or that does not come to listen: with its log.
    pub async fn simulator_addr(&self) -> SocketAddr {
        self.process.find_in_log("where its simulator listens", |line| listening(line, "simulator.address")).await
    }

    /// Where its monitor listens, for `up`, which has one too.
    ///
    /// # Panics
    /// When it has no monitor, or that does not come to listen: with its log.
    pub async fn monitor_addr(&self) -> SocketAddr {
        self.process.find_in_log("where its monitor listens", |line| listening(line, "monitor.address")).await
    }

    /// Where one of its pages is served, for `up` and `ui`: `page_addr("emulator")`.
    ///
    /// # Panics
    /// When there is no such page, or it does not come to listen: with its log.
    pub async fn page_addr(&self, page: &str) -> SocketAddr {
        let page_field = format!("\"{page}\"");
        let found = |line: &str| listening(line, "ui.address").filter(|_| line.contains(&page_field));
        self.process.find_in_log(&format!("where its {page} listens"), found).await
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
    /// Another role than `edge`: `up`, `cdn`, `simulator`, `monitor` or `ui`. A CDN has its store in memory, there are no apps, and whatever else `up`
    /// or `ui` has listens on free ports, unless variables such as `GROUPLOOP_CDN__STORE` or `GROUPLOOP_SIMULATOR__LISTEN` are set here.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        role.clone_into(&mut self.role);
        self
    }

    /// Another address than a free port of its own: of a process that is gone and comes back, say.
    #[must_use]
    pub fn listen(mut self, address: impl ToString) -> Self {
        self.listen = address.to_string();
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
        Process::spawn(format!("grouploop {}", self.role), self.command())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_setting) {
                command.env_remove(&name);
            }
        }
        command.env("GROUPLOOP_LOG__FORMAT", "json");
        if matches!(self.role.as_str(), "up" | "cdn") {
            // By default it would be a port that everybody uses, and a folder that stays.
            command.env("GROUPLOOP_CDN__LISTEN", "127.0.0.1:0").env("GROUPLOOP_CDN__STORE", "memory://");
        }
        if self.role == "up" {
            command.env("GROUPLOOP_SIMULATOR__LISTEN", "127.0.0.1:0").env("GROUPLOOP_UI__LISTEN", "127.0.0.1:0");
            command.env("GROUPLOOP_MONITOR__LISTEN", "127.0.0.1:0");
        }
        if matches!(self.role.as_str(), "up" | "ui") {
            command
                .env("GROUPLOOP_UI__EMULATOR_LISTEN", "127.0.0.1:0")
                .env("GROUPLOOP_UI__CONTROL_LISTEN", "127.0.0.1:0")
                .env("GROUPLOOP_UI__DOCS_LISTEN", "127.0.0.1:0");
            command.env("GROUPLOOP_UI__APPS", "");
        }
        // Away from a grouploop.toml that someone keeps where the tests run.
        command.current_dir(std::env::temp_dir());
        let env = self.env.iter().map(|(name, value)| (name, value));
        command.arg(&self.role).args(["--listen", &self.listen]).args(&self.args).envs(env);
        command
    }

    /// Starts it and returns when it listens.
    ///
    /// # Panics
    /// When it does not come to listen: with its log.
    pub async fn start(self) -> Edge {
        let field = match self.role.as_str() {
            "cdn" => "cdn.address",
            "simulator" => "simulator.address",
            "monitor" => "monitor.address",
            "ui" => "ui.address",
            _ => "edge.address",
        };
        let process = self.spawn();
        let addr = process.find_in_log("where it listens", |line| listening(line, field)).await;
        Edge { process, addr }
    }
}

fn is_setting(name: &str) -> bool {
    SETTINGS.contains(&name) || SETTINGS_IN.iter().any(|start| name.starts_with(start))
}

/// The address in the line that says `listening` and has this field, `edge.address` say.
fn listening(line: &str, field: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    if fields.get("message")?.as_str()? != "listening" {
        return None;
    }
    fields.get(field)?.as_str()?.parse().ok()
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
        assert_eq!(listening(nested, "edge.address"), expected);
        assert_eq!(listening(flat, "edge.address"), expected);
        assert_eq!(listening(flat, "cdn.address"), None);
        assert_eq!(listening("plain text", "edge.address"), None);
    }

    #[test]
    fn nothing_that_configures_it_is_inherited() {
        for name in ["GROUPLOOP_CDN__TOKEN", "NATS_URL", "AWS_REGION", "GOOGLE_BUCKET", "AZURE_STORAGE_ACCOUNT_KEY"] {
            assert!(is_setting(name), "{name}");
        }
        for name in ["PATH", "NATS_SERVER", "HOME", "MY_AWS_REGION"] {
            assert!(!is_setting(name), "{name}");
        }
    }

    #[test]
    fn a_cdn_shares_neither_port_nor_store_unless_the_test_says_so() {
        let env = |builder: EdgeBuilder, name: &str| {
            let command = builder.command();
            let found = command.get_envs().find(|(key, _)| *key == name);
            found.and_then(|(_, value)| Some(value?.to_str().unwrap().to_owned()))
        };
        let role = |role: &str| Edge::builder("/grouploop").role(role);
        let (listen, store) = ("GROUPLOOP_CDN__LISTEN", "GROUPLOOP_CDN__STORE");
        for name in ["up", "cdn"] {
            assert_eq!(env(role(name), listen).as_deref(), Some("127.0.0.1:0"));
            assert_eq!(env(role(name), store).as_deref(), Some("memory://"));
            assert_eq!(env(role(name).env(store, "s3://b"), store).as_deref(), Some("s3://b"));
        }
        let simulator = "GROUPLOOP_SIMULATOR__LISTEN";
        assert_eq!(env(role("up"), simulator).as_deref(), Some("127.0.0.1:0"));
        assert_eq!(env(role("simulator"), simulator), None);
        let (hub, emulator) = ("GROUPLOOP_UI__LISTEN", "GROUPLOOP_UI__EMULATOR_LISTEN");
        assert_eq!(
            [hub, emulator].map(|name| env(role("up"), name)),
            [Some("127.0.0.1:0".into()), Some("127.0.0.1:0".into())]
        );
        assert_eq!([hub, emulator].map(|name| env(role("ui"), name)), [None, Some("127.0.0.1:0".into())]);
        assert_eq!(env(role("edge"), listen), None);
        assert_eq!(env(role("edge"), store), None);
    }

    #[tokio::test]
    async fn it_is_started_on_a_free_port_with_nothing_inherited() {
        // A stand-in for the binary: says what it was started with, as the binary would say where it listens.
        let script = r#"
            echo "args: $*; engine: $GROUPLOOP_BUS__ENGINE"
            echo '{"fields":{"message":"listening","cdn.address":"127.0.0.1:8"}}'
            echo '{"fields":{"message":"listening","ui.page":"dashboard","ui.address":"127.0.0.1:9"}}'
            echo '{"fields":{"message":"listening","ui.page":"emulator","ui.address":"127.0.0.1:10"}}'
            echo '{"fields":{"message":"listening","edge.address":"127.0.0.1:7"}}'
            exec sleep 1000"#;
        let path = std::env::temp_dir().join(format!("grouploop-edge-{}.sh", std::process::id()));
        std::fs::write(&path, script).unwrap();
        // `sh <path> --listen …`: the role is where a script's name goes, so no file needs to be made executable.
        let edge = Edge::builder("sh").role(path.to_str().unwrap()).arg("--more").nats_url("nats://x:1").start().await;
        std::fs::remove_file(&path).unwrap();
        assert_eq!(edge.ws_url("/spaces/blue"), "ws://127.0.0.1:7/spaces/blue");
        assert_eq!(edge.http("/health"), "http://127.0.0.1:7/health");
        assert_eq!(edge.cdn_addr().await.port(), 8);
        assert_eq!(edge.page_addr("emulator").await.port(), 10);
        assert_eq!(edge.log()[0], "args: --listen 127.0.0.1:0 --more; engine: nats");
    }
}

//! `nats/`: what each user of it may do and must not, with a real nats-server; and the real roles, each under its own user.

use crate::rollouts::{self, BOARD, TOKEN};
use crate::stage::{builder, meet, tune_in};
use grouploop_testkit::{Edge, EdgeBuilder, NatsServer, Peer, eventually, http, http_get, within};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The variables that the configuration wants; a password is the user's name twice.
pub(crate) const PASSWORDS: [(&str, &str); 6] = [
    ("NATS_EDGE_PASSWORD", "\"edge-edge\""),
    ("NATS_SIMULATOR_PASSWORD", "\"simulator-simulator\""),
    ("NATS_CDN_PASSWORD", "\"cdn-cdn\""),
    ("NATS_MONITOR_PASSWORD", "\"monitor-monitor\""),
    ("NATS_PEOPLE_PASSWORD", "\"people-people\""),
    ("NATS_CLUSTER_PASSWORD", "\"cluster-cluster\""),
];
const USERS: [&str; 5] = ["edge", "simulator", "cdn", "monitor", "people"];

/// A file of the configuration.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("nats").join(name)
}

/// The role, as this user of the server at `url`.
pub(crate) fn role(role: &str, user: &str, url: &str) -> EdgeBuilder {
    builder()
        .role(role)
        .nats_url(url)
        .env("GROUPLOOP_BUS__NATS__USER", user)
        .env("GROUPLOOP_BUS__NATS__PASSWORD", format!("{user}-{user}"))
        .env("GROUPLOOP_BUS__NATS__INBOX_PREFIX", format!("_INBOX_{user}"))
}

async fn one() -> NatsServer {
    NatsServer::with_file(&file("one.conf"), &PASSWORDS).await
}

/// A client that speaks the protocol by hand.
struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects; the server's answer, `PONG` when it lets us in.
    async fn connect(nats: &NatsServer, login: serde_json::Value) -> (Self, String) {
        let mut client = Self(BufReader::new(TcpStream::connect(nats.addr()).await.unwrap()));
        assert!(client.line().await.starts_with("INFO "));
        client.say(&format!("CONNECT {login}\r\nPING\r\n")).await;
        let answer = client.line().await;
        (client, answer)
    }

    async fn user(nats: &NatsServer, user: &str) -> Self {
        let login = json!({"user": user, "pass": format!("{user}-{user}"), "verbose": false, "headers": true});
        let (client, answer) = Self::connect(nats, login).await;
        assert_eq!(answer, "PONG", "{user} is let in");
        client
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        within("a line of the server", self.0.read_line(&mut line)).await.unwrap();
        line.trim_end().to_owned()
    }

    /// Whether the server lets pass what we say: the complaints that come before the answer to a ping.
    async fn may(&mut self, text: &str) -> bool {
        self.say(&format!("{text}\r\nPING\r\n")).await;
        let mut lets = true;
        loop {
            let line = self.line().await;
            match line.as_str() {
                "PONG" => return lets,
                _ if line.contains("Permissions Violation") => lets = false,
                _ => {}
            }
        }
    }

    async fn may_publish(&mut self, subject: &str) -> bool {
        self.may(&format!("PUB {subject} 1\r\nx")).await
    }

    async fn may_subscribe(&mut self, subject: &str) -> bool {
        self.may(&format!("SUB {subject} 1\r\nUNSUB 1")).await
    }
}

#[tokio::test]
async fn each_user_may_do_what_its_role_needs_and_nothing_else() {
    let nats = one().await;
    // Publishing: edge, simulator, cdn, monitor, people.
    let publish = [
        ("gl.space.blue.telemetry.n-1", [1, 1, 0, 0, 1]),
        ("gl.space.blue.command.1a2b", [1, 1, 1, 0, 1]),
        ("gl.space.blue.command", [1, 1, 0, 0, 1]),
        ("gl.space.blue.roster", [1, 0, 1, 1, 0]),
        ("gl.space.blue.presence", [1, 1, 0, 0, 1]),
        ("gl.space.blue.kept", [0, 0, 1, 0, 0]),
        ("gl.node.n-1", [1, 1, 0, 0, 1]),
        ("gl.node.n-1.echo", [1, 1, 0, 0, 1]),
        ("gl.node.n-1.report", [1, 1, 1, 0, 1]),
        ("gl.registry", [0, 0, 1, 0, 0]),
        ("gl.cdn.firmware", [0, 0, 1, 0, 0]),
        ("gl.nowhere", [1, 1, 1, 1, 1]),
        ("gl.space.blue.telemetry", [0; 5]),
        ("gl.space.blue", [0; 5]),
        ("gl.anything", [0; 5]),
        ("anything", [0; 5]),
        ("_INBOX_edge.a.1", [0; 5]),
        ("$SYS.REQ.SERVER.PING", [0; 5]),
        ("$SYS.REQ.USER.INFO", [0; 5]),
        ("$JS.API.INFO", [0; 5]),
    ];
    let subscribe = [
        ("gl.space.blue.telemetry.*", [1, 1, 0, 1, 1]),
        ("gl.space.blue.command.1a2b", [1, 1, 0, 1, 1]),
        ("gl.space.blue.command", [1, 1, 0, 1, 1]),
        ("gl.space.blue.roster", [1, 1, 0, 1, 1]),
        ("gl.space.blue.presence", [1, 1, 0, 1, 1]),
        ("gl.space.*.kept", [0, 0, 1, 1, 0]),
        ("gl.node.*", [1, 1, 0, 1, 1]),
        ("gl.node.n-1.echo", [1, 1, 0, 1, 1]),
        ("gl.node.*.report", [0, 0, 0, 1, 0]),
        ("gl.registry", [1, 0, 0, 1, 0]),
        ("gl.cdn.firmware", [0, 0, 1, 1, 0]),
        ("gl.>", [0, 0, 0, 1, 0]),
        ("_INBOX_edge.a.*", [1, 0, 0, 0, 0]),
        ("_INBOX_simulator.a.*", [0, 1, 0, 0, 0]),
        ("_INBOX_cdn.a.*", [0, 0, 1, 0, 0]),
        ("_INBOX_monitor.a.*", [0, 0, 0, 1, 0]),
        ("_INBOX_people.a.*", [0, 0, 0, 0, 1]),
        ("_INBOX.>", [0; 5]),
        (">", [0; 5]),
        ("*.>", [0; 5]),
        ("$SYS.>", [0; 5]),
    ];
    for (number, user) in USERS.into_iter().enumerate() {
        let mut client = Client::user(&nats, user).await;
        for (subject, lets) in publish {
            assert_eq!(client.may_publish(subject).await, lets[number] == 1, "{user} publishes to {subject}");
        }
        for (subject, lets) in subscribe {
            assert_eq!(client.may_subscribe(subject).await, lets[number] == 1, "{user} subscribes to {subject}");
        }
    }
}

#[tokio::test]
async fn an_answer_goes_to_whoever_asked_and_nowhere_else() {
    let nats = one().await;
    let mut asker = Client::user(&nats, "cdn").await;
    let mut asked = Client::user(&nats, "edge").await;
    let mut ear = Client::user(&nats, "monitor").await;
    assert!(ear.may("SUB gl.> 1").await);
    assert!(asked.may("SUB gl.space.blue.roster 7").await);
    assert!(asker.may("SUB _INBOX_cdn.q.* 8").await);
    asker.say("PUB gl.space.blue.roster _INBOX_cdn.q.1 1\r\nx\r\n").await;
    assert_eq!(asked.line().await, "MSG gl.space.blue.roster 7 _INBOX_cdn.q.1 1");
    assert_eq!(asked.line().await, "x");
    assert!(!asked.may_publish("_INBOX_cdn.q.2").await, "nobody asked there");
    assert_eq!(ear.line().await, "MSG gl.space.blue.roster 1 _INBOX_cdn.q.1 1");
    assert!(!ear.may_publish("_INBOX_cdn.q.1").await, "the monitor hears questions and answers none");
    for _ in 0..3 {
        assert!(asked.may_publish("_INBOX_cdn.q.1").await, "a list has several pages");
        assert_eq!(asker.line().await, "MSG _INBOX_cdn.q.1 8 1");
        assert_eq!(asker.line().await, "x");
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_name_and_a_password() {
    let nats = one().await;
    for login in [
        json!({"verbose": false}),
        json!({"user": "edge", "pass": ""}),
        json!({"user": "edge", "pass": "cdn-cdn"}),
        json!({"user": "nobody", "pass": "edge-edge"}),
        json!({"user": "cluster", "pass": "cluster-cluster"}),
        json!({"user": "sys", "pass": "sys"}),
    ] {
        let (_, answer) = Client::connect(&nats, login.clone()).await;
        assert_eq!(answer, "-ERR 'Authorization Violation'", "{login}");
    }
    let varz = http_get(nats.http_addr().await, "/varz").await.json();
    assert_eq!((&varz["auth_required"], &varz["max_payload"]), (&json!(true), &json!(1 << 20)));
    assert_eq!((&varz["max_connections"], &varz["max_pending"]), (&json!(10_000), &json!(32 << 20)));
    assert_eq!(varz["websocket"], json!({}), "no listener for browsers");
    assert_eq!(varz.get("jetstream").and_then(|jetstream| jetstream.get("config")), None, "nothing is kept");
}

#[test]
fn a_password_that_is_missing_is_named() {
    for (file_name, missing) in
        [("one.conf", "NATS_EDGE_PASSWORD"), ("cluster.conf", "NATS_CLUSTER_PASSWORD"), ("cluster.conf", "NATS_ROUTES")]
    {
        let given = PASSWORDS.into_iter().filter(|(name, _)| *name != missing);
        let mut command = Command::new(NatsServer::program());
        command.args(["-t", "--config"]).arg(file(file_name)).env_clear().envs(given);
        let output = command.output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success() && said.trim_end().lines().count() == 1 && said.contains(missing), "{said}");
    }
}

/// Servers find each other, and tell each other their password, where Kubernetes runs them.
#[test]
fn the_routes_of_the_kubernetes_example_are_taken() {
    let example = std::fs::read_to_string(file("../deploy/kubernetes/nats.yaml")).unwrap();
    let (before, rest) = example.split_once("- name: NATS_ROUTES\n              value: >-\n").unwrap();
    assert!(before.contains("name: NATS_CLUSTER_PASSWORD"), "a variable is known to those below it");
    let (routes, _) = rest.split_once(']').unwrap();
    let routes = format!("{}]", routes.trim().replace("$(NATS_CLUSTER_PASSWORD)", "cluster-cluster"));
    assert_eq!(routes.matches("nats-route://cluster:cluster-cluster@nats-").count(), 3, "{routes}");
    let mut command = Command::new(NatsServer::program());
    command.args(["-t", "--config"]).arg(file("cluster.conf")).env_clear().envs(PASSWORDS).env("NATS_ROUTES", routes);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// What a server complained of: nothing, when all rights are there.
fn violations(nats: &NatsServer) -> Vec<String> {
    nats.process().log().into_iter().filter(|line| line.contains("Violation")).collect()
}

/// What became of the commands that the simulator sent by itself.
async fn load(simulator: &Edge, kind: &str) -> u64 {
    let name = format!("grouploop_simulator_command_load_total{{kind=\"{kind}\"}} ");
    let metrics = http_get(simulator.addr(), "/metrics").await;
    let line = metrics.text().lines().find_map(|line| line.strip_prefix(&name).map(str::to_owned));
    line.expect("there is such a figure").parse().unwrap()
}

/// Taps a subject until a message of it has come.
async fn tapped(monitor: &Edge, subject: &str) {
    let mut stream = TcpStream::connect(monitor.addr()).await.unwrap();
    let request = format!("GET /api/tap?subject={subject} HTTP/1.0\r\nHost: {}\r\n\r\n", monitor.addr());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    while within("a message", lines.next_line()).await.unwrap().expect("the tap stays open") != "event: message" {}
}

async fn ready(role: &Edge) {
    eventually!(http_get(role.addr(), "/readyz").await.status == 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_works_under_its_own_user() {
    let nats = one().await;
    let cdn_role = || role("cdn", "cdn", &nats.url()).env("GROUPLOOP_CDN__TOKEN", TOKEN);
    let folder = std::env::temp_dir().join(format!("grouploop-rights-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = format!("file://{}", folder.display());
    let cdn = cdn_role().env("GROUPLOOP_CDN__STORE", &store).start().await;
    let other_cdn = cdn_role().env("GROUPLOOP_CDN__STORE", &store).start().await;
    let edge_role = || role("edge", "edge", &nats.url()).env("CDN_BASE_URL", cdn.http(""));
    let (one, two) = (edge_role().start().await, edge_role().start().await);
    let simulator = role("simulator", "simulator", &nats.url()).start().await;
    let monitor = role("monitor", "monitor", &nats.url()).start().await;
    for started in [&cdn, &other_cdn, &one, &two, &simulator, &monitor] {
        ready(started).await;
    }

    // Telemetry, a command to one, to all, and the roster, from edge to edge.
    let mut device = Peer::connect(one.ws_url("/")).await;
    let mut viewer = Peer::viewer(two.ws_url("/")).await;
    let mut controller = Peer::connect(two.ws_url("/")).await;
    tune_in(&mut viewer, &mut device, 0x1a2b).await;
    meet(&mut controller, &mut device, 0x1a2b).await;
    assert_eq!(controller.ask("cmd:all:status").await, "cmd:result:sent_to_1_devices");
    device.expect("status:").await;

    // Simulated devices, with a load of commands of their own.
    let swarm = json!({"name": "crowd", "devices": 1500, "first_id": "2000", "rate_hz": 1});
    let json_body = ("Content-Type", "application/json");
    let started = http("POST", simulator.addr(), "/api/swarms", &[json_body], swarm.to_string()).await;
    assert_eq!(started.status, 201, "{}", started.text());
    viewer.frame_where(|line| line.starts_with("2001")).await;
    let mut controller = Peer::connect(one.ws_url("/")).await;
    eventually!(controller.ask("cmd:2001:led:ff8000").await == "cmd:result:success");
    eventually!(controller.ask("cmd:all:reset").await == "cmd:result:sent_to_1501_devices");
    // More than one page of answers.
    let devices = http_get(two.addr(), "/api/spaces/main/devices").await.json();
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1501);

    // The monitor hears the reports of all, asks who is there, and is shown what it taps.
    let system = async || http_get(monitor.addr(), "/api/system").await.json();
    eventually!({
        let system = system().await;
        let nodes = system["nodes"].as_array().unwrap();
        nodes.len() == 5 && nodes.iter().all(|node| node["state"] == "live")
    });
    let devices = http_get(monitor.addr(), "/api/spaces/main/devices").await.json();
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1501);
    for subject in ["gl.%3E", "gl.node.*.report", "gl.space.main.telemetry.*"] {
        tapped(&monitor, subject).await;
    }

    // A load of commands to its own devices and to all, which it counts the answers of.
    for (name, target) in [("asked", "each"), ("asked-all", "all")] {
        let commands = json!({"per_second": 20, "target": target, "which": ["status"]});
        let swarm = json!({"name": name, "space": name, "devices": 3, "rate_hz": 1, "commands": commands});
        let started = http("POST", simulator.addr(), "/api/swarms", &[json_body], swarm.to_string()).await;
        assert_eq!(started.status, 201, "{}", started.text());
    }
    eventually!(load(&simulator, "success").await >= 40);

    // The CDN: a rollout, which either of the two drives and both know, and a registry for the edges.
    rollouts::publish(&cdn).await;
    rollouts::swarm(&simulator, "lab", 0x100, 2, json!({})).await;
    let definition = json!({"firmware": {"board": BOARD, "version": "1.4.0"}, "devices": ["0100", "0101"]});
    let rollout = rollouts::make(&cdn, &definition).await;
    rollouts::until_state(&other_cdn, &rollout, "done").await;
    let authorization = format!("Bearer {TOKEN}");
    let registry = r#"{"commands": {"wink": {"handler": "x", "parameters": [], "description": "d", "examples": []}}}"#;
    let written =
        http("PUT", cdn.addr(), "/static/commands.json", &[("Authorization", &authorization)], registry).await;
    assert!(matches!(written.status, 200 | 201), "{}", written.text());
    eventually!(controller.ask("cmd:2001:wink").await == "cmd:result:success");

    // A person's recorder and swarm.
    let recording = folder.join("night.glrec");
    let person = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grouploop"));
        let login = [("USER", "people"), ("PASSWORD", "people-people"), ("INBOX_PREFIX", "_INBOX_people")];
        let login = login.map(|(name, value)| (format!("GROUPLOOP_BUS__NATS__{name}"), value));
        command.env_clear().current_dir(&folder).envs(login).args(args).args(["--nats", &nats.url()]);
        tokio::process::Command::from(command)
    };
    let recording = recording.to_str().unwrap();
    let scenario = folder.join("asking.toml");
    std::fs::write(
        &scenario,
        "[[swarm]]\ndevices = 3\nspace = \"fourth\"\nduration = \"1s\"\n[swarm.commands]\nper_second = 20\nwhich = [\"status\"]\n",
    )
    .unwrap();
    for args in [
        &["record", recording, "--duration", "1s"][..],
        &["simulate", scenario.to_str().unwrap(), "--expect", "failed_commands=0"],
        &["replay", recording, "--speed", "10", "--space", "other"],
        &["simulate", "--devices", "3", "--space", "third", "--duration", "1s"],
    ] {
        let output = within(format!("{args:?} to end"), person(args).output()).await.unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
    }
    assert_eq!(load(&simulator, "no_answer").await, 0);
    for role in [cdn, other_cdn, one, two, simulator, monitor] {
        assert!(role.terminate().await.success(), "{:?}", role.log());
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(violations(&nats), Vec::<String>::new());
}

#[tokio::test]
async fn a_user_with_too_few_rights_is_named_by_readyz() {
    let nats = one().await;
    for (name, user, wanted) in [
        ("edge", "monitor", ["publishing to gl.node.", "subscribing to _INBOX_edge."]),
        ("simulator", "monitor", ["publishing to gl.node.", "subscribing to _INBOX_edge."]),
        ("cdn", "monitor", ["publishing to gl.registry", "subscribing to _INBOX_edge."]),
        ("monitor", "cdn", ["subscribing to gl.node.*.report", "subscribing to _INBOX_edge."]),
    ] {
        let started =
            role(name, user, &nats.url()).env("GROUPLOOP_BUS__NATS__INBOX_PREFIX", "_INBOX_edge").start().await;
        for wanted in wanted {
            eventually!(http_get(started.addr(), "/readyz").await.text().contains(wanted));
        }
        let answer = http_get(started.addr(), "/readyz").await;
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.text().contains("its NATS user lacks the right"), "{}", answer.text());
        assert_eq!(http_get(started.addr(), "/health").await.json()["status"], "degraded", "{name}");
    }
}

/// Who may not answer is noticed by those alone who ask in vain; so a node asks itself.
#[tokio::test]
async fn a_user_that_may_not_answer_is_named_by_readyz() {
    let folder = std::env::temp_dir().join(format!("grouploop-mute-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(file("")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mute: Vec<&str> = text.lines().filter(|line| !line.contains("ANSWERS")).collect();
        std::fs::write(folder.join(path.file_name().unwrap()), mute.join("\n")).unwrap();
    }
    let mute = NatsServer::with_file(&folder.join("one.conf"), &PASSWORDS).await;
    let nats = one().await;
    for name in ["edge", "simulator"] {
        let started = role(name, name, &mute.url()).start().await;
        eventually!(http_get(started.addr(), "/readyz").await.text().contains("bus refuses answering"));
        // With the right it is ready, and stays so.
        let started = role(name, name, &nats.url()).start().await;
        eventually!(http_get(started.addr(), "/readyz").await.status == 200);
    }
    assert_eq!(violations(&nats), Vec::<String>::new());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_said_by_each_role_once_in_its_log() {
    let nats = one().await;
    let tries = || nats.process().log().iter().filter(|line| line.contains("authentication error")).count();
    for name in ["edge", "simulator", "cdn", "monitor"] {
        let before = tries();
        let started = role(name, name, &nats.url()).env("GROUPLOOP_BUS__NATS__PASSWORD", "wrong").start().await;
        // It tries again and again.
        eventually!(tries() >= before + 6);
        let health = http_get(started.addr(), "/health").await.json();
        assert_eq!(health["status"], "degraded", "{name}: {health}");
        let words = ["bus away: ", "authorization violation", "bus.nats.password"];
        let reasons = health["reasons"][0].as_str().unwrap();
        assert!(words.iter().all(|word| reasons.contains(word)), "{name}: {health}");
        let ready = http_get(started.addr(), "/readyz").await;
        // A CDN serves without the bus.
        assert_eq!(ready.status, if name == "cdn" { 200 } else { 503 }, "{name}");
        assert!(name == "cdn" || words.iter().all(|word| ready.text().contains(word)), "{name}: {}", ready.text());
        let log = started.log();
        let said = log.iter().filter(|line| line.contains("authorization violation")).count();
        // One for each bus of the process: a simulator has one more for its recorder.
        assert_eq!(said, if name == "simulator" { 2 } else { 1 }, "{log:?}");
    }
}

//! `grouploop simulate` as people run it: devices that edges, commands and rosters take for real, a report, and an end in order.

use crate::stage::{builder, edges};
use grouploop_testkit::{Edge, NatsServer, Peer, Process, eventually, http_get, within};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use tokio::process::Command;

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grouploop"));
    command.env_clear().arg("simulate").args(args).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs to its end: exit code, standard output, standard error.
async fn run(args: &[&str]) -> (i32, String, String) {
    let output = within(format!("simulate {args:?} to end"), program(args).output()).await.unwrap();
    let Output { status, stdout, stderr } = output;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn start(args: &[&str]) -> Process {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_grouploop"));
    command.env_clear().arg("simulate").args(args);
    Process::spawn("simulate", command)
}

/// A file of this test, gone at its end.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("grouploop-{}-{name}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&std::fs::read(&self.0).unwrap()).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn roster(edge: &Edge, space: &str) -> Vec<String> {
    let page = http_get(edge.addr(), &format!("/api/spaces/{space}/devices")).await.json();
    page["devices"].as_array().unwrap().iter().map(|device| device["id"].as_str().unwrap().to_owned()).collect()
}

/// A connection carries its first frame a period after it was begun; until then the edge knows nobody there.
#[tokio::test]
async fn commands_over_websockets_go_to_those_whom_the_edge_knows() {
    let edge = builder().start().await;
    let scenario = File::new("asked.toml");
    let swarm = "devices = 20\nrate_hz = 1\nduration = \"3s\"";
    let load = "per_second = 20\nwhich = [\"status\"]";
    std::fs::write(scenario.path(), format!("[[swarm]]\n{swarm}\n[swarm.commands]\n{load}\n")).unwrap();
    let url = format!("ui.ws_default_url=ws://{}", edge.addr());
    // The frames that were due before count as dropped, which is another matter.
    let (_, table, said) = run(&[scenario.path(), "--set", &url, "--expect", "failed_commands<10%"]).await;
    assert!(table.contains("ok    failed_commands<10%: "), "{table}{said}");
}

#[tokio::test]
async fn simulated_devices_on_nats_are_devices_to_every_edge() {
    let nats = NatsServer::start().await;
    let [one, two] = edges(&nats).await;
    let mut viewer = Peer::viewer(one.ws_url("/spaces/lab")).await;
    let mut controller = Peer::connect(two.ws_url("/spaces/lab")).await;
    let swarm = start(&["--nats", &nats.url(), "--devices", "20", "--space", "lab", "--first-id", "1a00"]);
    viewer.frame_where(|line| line.starts_with("1a13")).await;
    eventually!(controller.ask("cmd:1a05:led:00ff00").await == "cmd:result:success");
    eventually!(controller.ask("cmd:all:vibrate:100").await == "cmd:result:sent_to_20_devices");
    assert_eq!(controller.ask("cmd:1b00:status").await, "cmd:result:failed");
    eventually!(roster(&one, "lab").await.len() == 20);
    swarm.signal("INT");
    assert!(swarm.ended().await.success(), "{:?}", swarm.log());
    eventually!(roster(&two, "lab").await.is_empty());
    assert_eq!(controller.ask("cmd:1a05:status").await, "cmd:result:failed");
    assert_eq!(controller.ask("cmd:all:status").await, "cmd:result:sent_to_0_devices");
}

#[tokio::test]
async fn without_nats_devices_connect_to_the_edge_and_the_report_says_what_arrived() {
    let edge = builder().start().await;
    let url = format!("ws://{}", edge.addr());
    let report = File::new("report.json");
    let args =
        ["--devices", "30", "--duration", "2s", "--edge", &url, "--measure", "--expect", "lost=0,p99<2s,sent>1000"];
    let (code, table, said) = run(&[&args[..], &["--report", report.path()]].concat()).await;
    assert_eq!(code, 0, "{table}{said}");
    let report = report.json();
    let swarm = &report["swarms"][0];
    assert_eq!((swarm["transport"].as_str(), swarm["connections"]["opened"].as_u64()), (Some("ws"), Some(30)));
    assert_eq!(report["measured"]["all"]["delivered"], swarm["frames"]["sent"]);
    assert_eq!(report["measured"]["all"]["duplicated"], 0);
    assert_eq!(report["verdict"]["passed"], true);
    assert!(table.contains("passed") && table.contains("lost=0"), "{table}");
}

#[tokio::test]
async fn an_interrupted_run_reports_and_what_does_not_come_true_is_the_exit_code() {
    let nats = NatsServer::start().await;
    let report = File::new("interrupted.json");
    let args = ["--nats", &nats.url(), "--devices", "5", "--expect", "sent>1000000", "--report", report.path()];
    let swarm = start(&args);
    let [edge] = edges(&nats).await;
    Peer::viewer(edge.ws_url("/")).await.next_frame().await;
    swarm.signal("INT");
    assert_eq!(swarm.ended().await.code(), Some(1), "{:?}", swarm.log());
    let found = report.json();
    assert_eq!((&found["verdict"]["passed"], &found["verdict"]["on_time"]), (&false.into(), &true.into()));
}

#[tokio::test]
async fn all_mistakes_of_a_scenario_are_named_with_their_lines_before_anything_runs() {
    let file = File::new("scenario.toml");
    std::fs::write(&file.0, "[[swarm]]\ndevices = 70000\nrate = 5\n\n[[swarm]]\nmotion = \"fly\"\n").unwrap();
    let (code, table, said) = run(&[file.path()]).await;
    assert_eq!((code, table.as_str()), (64, ""));
    for wrong in
        [":2: `devices` is 70000", "spread them over several swarms", ":3: swarm has no key", ":6: `motion` is \"fly\""]
    {
        assert!(said.contains(wrong), "{wrong} in {said}");
    }
    let (code, _, said) = run(&["--devices", "70000"]).await;
    assert!(code == 64 && said.contains("65536"), "{said}");
    let (code, _, said) = run(&["no-such-file.toml"]).await;
    assert!(code == 64 && said.contains("workshop"), "{said}");
    let (code, _, said) = run(&["--expect", "p99<1ms"]).await;
    assert!(code == 64 && said.contains("--measure"), "{said}");
}

#[tokio::test]
async fn a_nats_server_that_is_not_there_is_named() {
    let nats = NatsServer::start().await;
    let url = nats.url();
    nats.kill().await;
    let (code, _, said) = run(&["--nats", &url]).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("no NATS server answers") && said.contains(url.trim_start_matches("nats://")), "{said}");
}

#[tokio::test]
async fn a_nats_server_that_dies_costs_frames_and_nothing_else() {
    let mut nats = NatsServer::start().await;
    let report = File::new("away.json");
    let args = ["--nats", &nats.url(), "--devices", "50", "--space", "lab", "--report", report.path()];
    let swarm = start(&args);
    let [edge] = edges(&nats).await;
    let mut viewer = Peer::viewer(edge.ws_url("/spaces/lab")).await;
    viewer.next_frame().await;
    nats.kill().await;
    nats.restart().await;
    // Interest is back, too.
    let mut controller = Peer::connect(edge.ws_url("/spaces/lab")).await;
    eventually!(controller.ask("cmd:0007:led:ff0000").await == "cmd:result:success");
    let mut later = Peer::viewer(edge.ws_url("/spaces/lab")).await;
    later.next_frame().await;
    swarm.signal("TERM");
    swarm.ended().await;
    let frames = &report.json()["swarms"][0]["frames"];
    assert!(frames["dropped"]["bus_away"].as_u64() > Some(0), "{frames}");
    let dropped: u64 = frames["dropped"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(
        frames["scheduled"].as_u64().unwrap(),
        frames["sent"].as_u64().unwrap() + dropped + frames["skipped"].as_u64().unwrap()
    );
}

#[tokio::test]
async fn an_edge_that_dies_is_connected_to_again() {
    let nats = NatsServer::start().await;
    let [one, two] = edges(&nats).await;
    let mut viewer = Peer::viewer(two.ws_url("/")).await;
    let address = one.addr();
    let report = File::new("reconnect.json");
    let url = format!("ws://{address}");
    let swarm = start(&["--devices", "10", "--edge", &url, "--report", report.path()]);
    viewer.next_frame().await;
    eventually!(roster(&two, "main").await.len() == 10);
    one.kill().await;
    eventually!(roster(&two, "main").await.is_empty());
    let _again = builder().nats(&nats).listen(address).start().await;
    // Firmware tries again every five seconds, and so do these.
    eventually!(roster(&two, "main").await.len() == 10);
    swarm.signal("INT");
    swarm.ended().await;
    let connections = &report.json()["swarms"][0]["connections"];
    assert_eq!((connections["opened"].as_u64(), connections["lost"].as_u64()), (Some(20), Some(10)), "{connections}");
}

#[tokio::test]
async fn the_last_frames_before_a_goodbye_reach_the_bus() {
    let nats = NatsServer::start().await;
    let [edge] = edges(&nats).await;
    let url = format!("ws://{}", edge.addr());
    // A space for each round: what is left behind when it ends is lost.
    for round in ["a", "b", "c"] {
        let args =
            ["--nats", &nats.url(), "--transport", "ws", "--edge", &url, "--devices", "50", "--duration", "700ms"];
        let more = ["--devices-per-connection", "10", "--space", round, "--measure=bus", "--expect", "lost=0,sent>100"];
        let (code, table, said) = run(&[&args[..], &more].concat()).await;
        assert_eq!(code, 0, "{table}{said}");
    }
}

#[tokio::test]
async fn a_run_that_reaches_nobody_fails() {
    let (code, table, said) = run(&["--devices", "3", "--duration", "1s", "--edge", "ws://127.0.0.1:9"]).await;
    assert_eq!(code, 1, "{table}{said}");
    assert!(table.contains("60 connecting") && table.contains("FAIL  load"), "{table}");
}

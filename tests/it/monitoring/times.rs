//! How long commands and frames take, as edges measure it.

use crate::stage::{edges, meet, tune_in};
use grouploop_testkit::{Edge, NatsServer, Peer, http, http_get};

const DEVICE: u16 = 0x1a2b;

/// How many times a histogram has counted.
async fn count(edge: &Edge, name: &str, label: &str) -> u64 {
    let metrics = http_get(edge.addr(), "/metrics").await;
    let start = format!("grouploop_edge_{name}_count{{{label}}} ");
    metrics.text().lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
}

#[tokio::test]
async fn frames_are_timed_to_the_bus_and_to_viewers_and_commands_to_their_answers() {
    let nats = NatsServer::start().await;
    let [one, two] = edges(&nats).await;
    let mut device = Peer::device(one.ws_url("/"), DEVICE).await;
    let mut viewer = Peer::viewer(two.ws_url("/")).await;
    tune_in(&mut viewer, &mut device, DEVICE).await;
    assert!(count(&one, "frame_delay_seconds", "to=\"bus\"").await > 0);
    assert!(count(&two, "frame_delay_seconds", "to=\"viewer\"").await > 0);
    // Nothing of these was there.
    assert_eq!(count(&two, "frame_delay_seconds", "to=\"bus\"").await, 0);
    assert_eq!(count(&one, "frame_delay_seconds", "to=\"viewer\"").await, 0);

    let mut controller = Peer::connect(two.ws_url("/")).await;
    meet(&mut controller, &mut device, DEVICE).await;
    let before = count(&two, "command_seconds", "kind=\"success\"").await;
    assert!(before > 0);
    assert_eq!(controller.ask("cmd:dead:reset").await, "cmd:result:failed");
    assert_eq!(controller.ask("cmd:dead:nonsense").await, "cmd:error:unknown_command");
    assert_eq!(controller.ask("cmd:all:reset").await, "cmd:result:sent_to_1_devices");
    let body = "{\"target\": [\"1a2b\", \"dead\"], \"command\": \"reset\"}";
    let json = [("Content-Type", "application/json")];
    assert_eq!(http("POST", two.addr(), "/api/spaces/main/commands", &json, body).await.json()["sent"], 1);
    let all = "{\"target\": \"all\", \"command\": \"reset\"}";
    assert_eq!(http("POST", two.addr(), "/api/spaces/main/commands", &json, all).await.json()["sent"], 1);
    assert_eq!(count(&two, "command_seconds", "kind=\"success\"").await, before + 1);
    assert!(count(&two, "command_seconds", "kind=\"failed\"").await >= 2);
    assert_eq!(count(&two, "command_seconds", "kind=\"sent_to_all\"").await, 2);
    assert_eq!(count(&one, "command_seconds", "kind=\"success\"").await, 0);
}

//! Loads over the embedded bus on paused time, and over a WebSocket to an edge that the test plays.

use super::*;
use crate::scenario::Scenario;
use crate::swarm::Status;
use crate::swarms::{Limits, Swarms};
use futures_util::stream::SelectAll;
use futures_util::{SinkExt, Stream, StreamExt};
use grouploop_bridge::{Bus, Delivery, DeviceId, Hub, Pattern, Space, Subject, Subscription};
use std::sync::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

fn plan(text: &str) -> Arc<Swarm> {
    Arc::new(Scenario::parse(&format!("[[swarm]]\n{text}")).unwrap().swarms.remove(0))
}

fn node(hub: &Hub) -> Arc<Node> {
    Node::start("sim-1".parse().unwrap(), "0".into(), hub.attach())
}

fn command(device: u16) -> Pattern {
    Subject::Command { space: Space::main(), device: DeviceId(device) }.into()
}

/// All of its devices have appeared.
fn all_of(plan: &Swarm) -> Arc<Appeared> {
    Arc::new(Appeared(Mutex::new(plan.ids.clone())))
}

/// A node that has a device and answers nothing, not even that it is there: what it is asked.
async fn mute_node(bus: &Bus) -> SelectAll<Subscription> {
    let id: grouploop_bridge::NodeId = "mute".parse().unwrap();
    let echo = Subject::Echo { node: id.clone() };
    let all = Subject::CommandAll { space: Space::main() };
    let questions = bus.subscribe_all(&[echo.into(), all.into()]).await.unwrap();
    let beat = serde_json::json!({"node": "mute", "role": "edge", "version": "", "clock": 0, "devices": {"main": 1}});
    bus.publish(&Subject::Node { node: id }, beat.to_string().into()).unwrap();
    questions.into_iter().collect()
}

/// Answers nothing.
async fn hold(mut questions: impl Stream<Item = Delivery> + Unpin) {
    let mut held: Vec<Delivery> = Vec::new();
    while let Some(question) = questions.next().await {
        held.push(question);
    }
}

/// Runs a load for a time and returns its figures at the end.
async fn run_for(time: Duration, plan: &Arc<Swarm>, sink: Sink) -> CommandFigures {
    let (counts, stop) = (CommandCounts::default(), CancellationToken::new());
    let ends = async {
        tokio::time::sleep(time).await;
        stop.cancel();
    };
    tokio::join!(ends, run(|| plan.clone(), all_of(plan), sink, &counts, &stop));
    counts.figures()
}

/// Answers everything, and notes it.
async fn answer(mut questions: Subscription, seen: &Mutex<Vec<String>>) {
    while let Some(question) = questions.next().await {
        let Subject::Command { device, .. } = question.subject else { continue };
        seen.lock().unwrap().push(format!("{device} {}", str::from_utf8(&question.payload).unwrap()));
        question.respond("success".into()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn commands_go_at_their_rate_in_turn_to_one_device_after_the_other_and_absent_ones_fail() {
    let (hub, seen) = (Hub::new(), Mutex::default());
    let (node, other) = (node(&hub), hub.attach());
    let here = [other.subscribe(command(0)).await.unwrap(), other.subscribe(command(1)).await.unwrap()];
    let plan = plan("devices = 3\ncommands = { per_second = 10, which = [\"led:ff0000\", \"status\"] }");
    let [zero, one] = here.map(|questions| answer(questions, &seen));
    let figures = tokio::select! {
        _ = async { tokio::join!(zero, one) } => unreachable!(),
        figures = run_for(Duration::from_millis(1250), &plan, Sink::Bus { node }) => figures,
    };
    let expected = ["led:ff0000", "status:"].iter().cycle().enumerate().take(12);
    let expected = expected.filter(|(turn, _)| turn % 3 < 2).map(|(turn, text)| format!("000{} {text}", turn % 3));
    assert_eq!(*seen.lock().unwrap(), expected.collect::<Vec<_>>());
    assert_eq!((figures.sent, figures.success, figures.failed), (12, 8, 4));
    assert_eq!((figures.no_answer, figures.not_sent, figures.devices_reached), (0, 0, 0));
    assert!(figures.latency.unwrap().max_us < 5000, "{figures:?}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_answers_is_counted_and_more_than_may_wait_is_not_sent() {
    let hub = Hub::new();
    let (node, other) = (node(&hub), hub.attach());
    let mut questions = other.subscribe(command(0)).await.unwrap();
    let plan = plan("devices = 1\ncommands = { per_second = 2000, which = [\"led:ff0000\"] }");
    let figures = tokio::select! {
        () = hold(&mut questions) => unreachable!(),
        figures = run_for(Duration::from_secs(2), &plan, Sink::Bus { node: node.clone() }) => figures,
    };
    assert_eq!((figures.sent, figures.no_answer), (1024, 1024), "{figures:?}");
    assert!((3990..=4000).contains(&(figures.sent + figures.not_sent)), "{figures:?}");
    assert_eq!((figures.success, figures.failed, figures.latency), (0, 0, None));

    // Those that waited in vain make room for others.
    let mut questions = other.subscribe(command(0)).await.unwrap();
    let figures = tokio::select! {
        () = hold(&mut questions) => unreachable!(),
        figures = run_for(Duration::from_secs(3), &plan, Sink::Bus { node }) => figures,
    };
    assert!((1900..=2048).contains(&figures.sent) && figures.no_answer == figures.sent, "{figures:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_takes_nothing_has_sent_nothing() {
    let hub = Hub::new();
    let node = node(&hub);
    assert!(node.drain(Duration::from_secs(1)).await);
    let plan = plan("devices = 1\ncommands = { per_second = 10, which = [\"led:ff0000\"] }");
    let figures = run_for(Duration::from_millis(1050), &plan, Sink::Bus { node }).await;
    assert_eq!(figures, CommandFigures { not_sent: 10, ..CommandFigures::default() });
}

fn swarms(name: &str, bus: Bus) -> Swarms {
    Swarms::new(name.parse().unwrap(), "0".into(), bus, Limits::NONE)
}

#[tokio::test(start_paused = true)]
async fn a_command_to_all_reaches_the_devices_of_every_node_while_the_swarm_runs() {
    let hub = Hub::new();
    let (one, two) = (swarms("sim-1", hub.attach()), swarms("sim-2", hub.attach()));
    let start = |swarms: &Swarms, text: &str| {
        swarms.start(Arc::unwrap_or_clone(plan(&format!("space = \"lab\"\n{text}")))).unwrap()
    };
    let away = start(&two, "devices = 4\nfirst_id = \"1000\"");
    let load = "commands = { per_second = 5, target = \"all\", which = [\"vibrate:100\"] }";
    let loaded = start(&one, &format!("devices = 3\nstarts_after = \"1s\"\nduration = \"2100ms\"\n{load}"));
    assert_eq!(away.command_figures(), None);
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(loaded.command_figures(), Some(CommandFigures::default()), "its time has not come");
    assert_eq!(loaded.ended().await, Status::Finished);
    let figures = loaded.command_figures().unwrap();
    assert_eq!((figures.sent, figures.success, figures.devices_reached), (10, 10, 70), "{figures:?}");
    assert_eq!((figures.failed, figures.no_answer, figures.not_sent), (0, 0, 0));
    assert_eq!((loaded.figures().commands_received, away.figures().commands_received), (30, 40));
    assert!(one.drain(Duration::from_secs(2)).await && two.drain(Duration::from_secs(2)).await);
}

/// At 1 Hz the last device appears when half of the first commands are due already; and one is due when the swarm ends.
#[tokio::test(start_paused = true)]
async fn every_command_finds_its_device_from_the_first_to_the_last() {
    let hub = Hub::new();
    for target in ["each", "all"] {
        let swarms = swarms("sim-1", hub.attach());
        let load = format!("commands = {{ per_second = 20, target = \"{target}\", which = [\"status\"] }}");
        let loaded = swarms.start(Arc::unwrap_or_clone(plan(&format!(
            "space = \"{target}\"\ndevices = 3\nrate_hz = 1\nduration = \"1s\"\n{load}"
        ))));
        let loaded = loaded.unwrap();
        assert_eq!(loaded.ended().await, Status::Finished);
        let figures = loaded.command_figures().unwrap();
        assert!((19..=20).contains(&figures.sent), "{target}: {figures:?}");
        assert_eq!(figures.success, figures.sent, "{target}: {figures:?}");
        let received = if target == "each" { figures.sent } else { figures.devices_reached };
        assert_eq!(loaded.figures().commands_received, received, "{target}");
        assert!(swarms.drain(Duration::from_secs(2)).await);
    }
}

#[tokio::test(start_paused = true)]
async fn devices_stay_until_commands_that_are_on_their_way_are_answered() {
    let hub = Hub::new();
    let (swarms, other) = (swarms("sim-1", hub.attach()), hub.attach());
    let load = "commands = { per_second = 3, target = \"all\", which = [\"status\"] }";
    let loaded =
        swarms.start(Arc::unwrap_or_clone(plan(&format!("devices = 2\nduration = \"900ms\"\n{load}")))).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut mute = mute_node(&other).await;
    let watch = async {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!((loaded.status(), loaded.figures().present), (Status::Running, 2));
        assert_eq!(loaded.ended().await, Status::Finished);
    };
    tokio::select! {
        () = watch => {}
        () = hold(&mut mute) => unreachable!(),
    }
    let figures = loaded.command_figures().unwrap();
    assert_eq!((figures.sent, figures.no_answer, loaded.figures().present), (2, 2, 0), "{figures:?}");
    assert!(swarms.drain(Duration::from_secs(2)).await);
}

#[tokio::test(start_paused = true)]
async fn a_command_to_all_that_a_node_does_not_answer_has_no_answer_and_one_to_nobody_fails() {
    let hub = Hub::new();
    let (node, mute) = (node(&hub), hub.attach());
    let plan = plan("devices = 1\ncommands = { per_second = 10, target = \"all\", which = [\"led:ff0000\"] }");
    let half_second = Duration::from_millis(550);
    let figures = run_for(half_second, &plan, Sink::Bus { node: node.clone() }).await;
    assert_eq!((figures.sent, figures.failed), (5, 5), "{figures:?}");

    let mut mute = mute_node(&mute).await;
    let figures = tokio::select! {
        () = hold(&mut mute) => unreachable!(),
        figures = run_for(Duration::from_millis(3050), &plan, Sink::Bus { node }) => figures,
    };
    assert_eq!((figures.sent, figures.no_answer, figures.latency), (30, 30, None), "{figures:?}");
}

type Edge = WebSocketStream<TcpStream>;

/// Takes one connection and says where it wanted to go.
async fn accept(listener: &TcpListener) -> (Edge, String) {
    let (stream, _) = grouploop_testkit::within("a connection for commands", listener.accept()).await.unwrap();
    let mut path = String::new();
    #[expect(clippy::result_large_err, reason = "the type of the crate's callback")]
    let note = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        path = request.uri().path().to_owned();
        Ok(response)
    };
    let mut edge = tokio_tungstenite::accept_hdr_async(stream, note).await.unwrap();
    edge.send(Message::text(grouploop_bridge::GREETING)).await.unwrap();
    (edge, path)
}

async fn line(edge: &mut Edge) -> String {
    let message = grouploop_testkit::within("a command", edge.next()).await.unwrap().unwrap();
    message.into_text().unwrap().as_str().to_owned()
}

#[tokio::test]
async fn over_a_websocket_answers_belong_to_commands_in_their_order_and_a_broken_connection_is_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let edges = vec![format!("ws://{}", listener.local_addr().unwrap())];
    let load = "commands = { per_second = 200, which = [\"led:ff0000\", \"status\"] }";
    let plan = plan(&format!("space = \"lab\"\ndevices = 2\nfirst_id = \"1a2b\"\n{load}"));
    let (counts, stop) = (CommandCounts::default(), CancellationToken::new());
    let edge = async {
        let (mut edge, path) = accept(&listener).await;
        assert_eq!(path, "/spaces/lab");
        let first = line(&mut edge).await;
        let second = line(&mut edge).await;
        // Which turn it is depends on how long connecting took.
        let both = ["cmd:1a2b:led:ff0000", "cmd:1a2c:status:"];
        assert!(both.contains(&first.as_str()) && both.contains(&second.as_str()) && first != second);
        assert_eq!(counts.figures().success + counts.figures().failed, 0);
        line(&mut edge).await;
        edge.send(Message::text("cmd:result:success\n")).await.unwrap();
        edge.send(Message::text("cmd:result:failed")).await.unwrap();
        edge.send(Message::text("cmd:result:sent_to_7_devices")).await.unwrap();
        grouploop_testkit::eventually!(counts.figures().success == 2 && counts.figures().failed == 1);
        assert_eq!(counts.figures().devices_reached, 7);
        // The fourth will have no answer.
        line(&mut edge).await;
        let before = counts.figures().not_sent;
        drop(edge);
        grouploop_testkit::eventually!(counts.figures().no_answer > 0 && counts.figures().not_sent > before);
        let (mut edge, _) = accept(&listener).await;
        let before = counts.figures().success;
        line(&mut edge).await;
        edge.send(Message::text("cmd:result:success")).await.unwrap();
        grouploop_testkit::eventually!(counts.figures().success == before + 1);
        stop.cancel();
        // It goes after a moment for answers.
        while edge.next().await.is_some_and(|message| message.is_ok()) {}
    };
    tokio::join!(edge, run(|| plan.clone(), all_of(&plan), Sink::Ws { edges }, &counts, &stop));
    let figures = counts.figures();
    assert_eq!(figures.success + figures.failed + figures.no_answer, figures.sent, "{figures:?}");
}

#[tokio::test]
async fn without_an_edge_no_command_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let edges = vec![format!("ws://{}", listener.local_addr().unwrap())];
    drop(listener);
    let plan = plan("devices = 2\ncommands = { per_second = 1000, which = [\"led:ff0000\"] }");
    let (counts, stop) = (CommandCounts::default(), CancellationToken::new());
    let watch = async {
        grouploop_testkit::eventually!(counts.figures().not_sent >= 20);
        stop.cancel();
    };
    tokio::join!(watch, run(|| plan.clone(), all_of(&plan), Sink::Ws { edges }, &counts, &stop));
    assert_eq!(counts.figures(), CommandFigures { not_sent: counts.figures().not_sent, ..CommandFigures::default() });
}

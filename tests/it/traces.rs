//! Traces: what a collector hears of commands and frames, and that nobody notices one that does not listen.

use crate::stage::{builder, meet, tune_in};
use grouploop_testkit::{Edge, NOBODY, NatsServer, Peer, Proxy, eventually, frame, http};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const DEVICE: u16 = 0x1a2b;
/// What the collector wants to hear from those who may send.
const SECRET: &str = "only-for-this-test";
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A span as it arrived, with the name of the node that it is from.
#[derive(Debug, Clone)]
struct Span {
    node: String,
    name: String,
    trace: String,
    id: String,
    parent: String,
    failed: bool,
    took: u64,
    about: Vec<(String, String)>,
}

impl Span {
    fn about(&self, key: &str) -> Option<&str> {
        self.about.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// A collector: takes OTLP over HTTP and keeps what it heard.
struct Collector {
    addr: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    _server: JoinSet<()>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, spans) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Span>>>::default());
        let mut server = JoinSet::new();
        let kept = spans.clone();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(serve(socket, kept.clone()));
            }
        });
        Self { addr, spans, _server: server }
    }

    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    fn heard(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }

    /// The span of this name in a trace, once it is there.
    async fn span(&self, trace: &str, name: &str) -> Span {
        let find = || self.heard().into_iter().find(|span| span.trace == trace && span.name == name);
        eventually!(find().is_some());
        find().unwrap()
    }
}

/// Answers the requests of one connection.
async fn serve(mut socket: TcpStream, spans: Arc<Mutex<Vec<Span>>>) {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
        assert!(head.contains(&format!("authorization: {SECRET}\r\n")), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let length: usize = length.trim().parse().unwrap();
        while bytes.len() < end + length {
            assert!(socket.read_buf(&mut bytes).await.unwrap() > 0, "the body is whole");
        }
        let request = ExportTraceServiceRequest::decode(&bytes[end..end + length]).unwrap();
        bytes.drain(..end + length);
        spans.lock().unwrap().extend(read(request));
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    }
}

fn read(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let about = resource.resource.unwrap().attributes;
        assert_eq!(text(&about, "service.name").as_deref(), Some("grouploop-edge"));
        let node = text(&about, "service.instance.id").unwrap();
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            spans.push(Span {
                node: node.clone(),
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                failed: span.status.is_some_and(|status| status.code == StatusCode::Error as i32),
                took: span.end_time_unix_nano - span.start_time_unix_nano,
                about: span.attributes.iter().filter_map(|one| Some((one.key.clone(), value(one)?))).collect(),
            });
        }
    }
    spans
}

fn value(attribute: &KeyValue) -> Option<String> {
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    attributes.iter().find(|one| one.key == key).and_then(value)
}

/// Two edges over NATS that trace to this endpoint.
async fn edges(nats: &str, endpoint: &str, frames: u64) -> [Edge; 2] {
    edges_of(nats, [Some(endpoint); 2], frames).await
}

/// Two edges over NATS, of which those with an endpoint trace.
async fn edges_of(nats: &str, endpoints: [Option<&str>; 2], frames: u64) -> [Edge; 2] {
    let start = |endpoint: Option<&str>| {
        let mut edge = builder().nats_url(nats);
        if let Some(endpoint) = endpoint {
            edge = edge.env("GROUPLOOP_TRACING__ENDPOINT", endpoint).env("GROUPLOOP_TRACING__FRAMES", frames);
        }
        edge.env("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization={SECRET}")).start()
    };
    let edges = [start(endpoints[0]).await, start(endpoints[1]).await];
    for edge in &edges {
        eventually!(http("GET", edge.addr(), "/readyz", &[], "").await.status == 200);
    }
    edges
}

/// How many spans an edge says that it threw away.
async fn spans_dropped(edge: &Edge) -> u64 {
    let metrics = http("GET", edge.addr(), "/metrics", &[], "").await;
    let line = metrics.text().lines().find_map(|line| line.strip_prefix("grouploop_edge_trace_spans_dropped_total "));
    line.unwrap().parse().unwrap()
}

async fn post(edge: &Edge, headers: &[(&str, &str)], target: &str) -> serde_json::Value {
    let body = format!("{{\"target\": {target}, \"command\": \"reset\"}}");
    let headers = [&[("Content-Type", "application/json")], headers].concat();
    http("POST", edge.addr(), "/api/spaces/main/commands", &headers, body).await.json()
}

#[tokio::test]
async fn a_command_is_one_trace_from_whoever_asked_to_the_device_on_another_edge() {
    let (nats, collector) = (NatsServer::start().await, Collector::start().await);
    let [here, there] = edges(&nats.url(), &collector.url(), 0).await;
    let mut device = Peer::device(there.ws_url("/"), DEVICE).await;
    let mut controller = Peer::connect(here.ws_url("/")).await;
    meet(&mut controller, &mut device, DEVICE).await;

    assert_eq!(post(&here, &[("traceparent", CALLER)], "\"1a2b\"").await["sent"], 1);
    let trace = &CALLER[3..35];
    let command = collector.span(trace, "command").await;
    let ask = collector.span(trace, "ask").await;
    let deliver = collector.span(trace, "deliver").await;
    assert_eq!([&command.parent, &ask.parent, &deliver.parent], [&CALLER[36..52], &command.id, &ask.id]);
    assert_eq!(command.node, ask.node);
    assert_ne!(deliver.node, ask.node);
    assert_eq!((command.about("space.id"), command.about("command")), (Some("main"), Some("reset")));
    assert_eq!(deliver.about("device.id"), Some("1a2b"));
    assert!(!command.failed && !ask.failed && !deliver.failed);
    assert!(command.took >= ask.took && ask.took > 0 && deliver.took > 0);
}

#[tokio::test]
async fn commands_of_websockets_begin_a_trace_and_say_when_they_fail() {
    let (nats, collector) = (NatsServer::start().await, Collector::start().await);
    let [here, there] = edges(&nats.url(), &collector.url(), 0).await;
    let mut device = Peer::device(there.ws_url("/"), DEVICE).await;
    let mut controller = Peer::connect(here.ws_url("/")).await;
    meet(&mut controller, &mut device, DEVICE).await;
    assert_eq!(controller.ask("cmd:all:led:red").await, "cmd:result:sent_to_1_devices");
    device.expect("led:ff0000").await;
    assert_eq!(controller.ask("cmd:dead:led:red").await, "cmd:result:failed");

    let find = |command: &str, failed| {
        let is_it = |span: &Span| span.about("command") == Some(command) && span.failed == failed;
        collector.heard().into_iter().find(is_it)
    };
    eventually!(find("led", false).is_some() && find("led", true).is_some());
    let all = find("led", false).unwrap();
    assert_eq!(all.parent, "");
    let asked = collector.span(&all.trace, "ask all").await;
    let delivered = || {
        let of_there = |span: &Span| span.trace == all.trace && span.name == "deliver to all" && span.node != all.node;
        collector.heard().into_iter().find(of_there)
    };
    eventually!(delivered().is_some());
    let delivered = delivered().unwrap();
    assert_eq!((asked.parent, &delivered.parent), (all.id, &asked.id));
    assert_eq!((delivered.about("devices.sent"), delivered.about("devices.failed")), (Some("1"), Some("0")));
    let nobody = find("led", true).unwrap();
    assert!(collector.span(&nobody.trace, "ask").await.failed);
}

#[tokio::test]
async fn one_frame_in_many_is_traced_to_viewers_on_another_edge() {
    let (nats, collector) = (NatsServer::start().await, Collector::start().await);
    let [here, there] = edges(&nats.url(), &collector.url(), 100).await;
    let mut device = Peer::device(here.ws_url("/"), DEVICE).await;
    let mut viewer = Peer::viewer(there.ws_url("/")).await;
    let first = tune_in(&mut viewer, &mut device, DEVICE).await;
    for number in first..first + 450 {
        device.send(frame(DEVICE, number)).await;
    }
    let last = frame(DEVICE, first + 449);
    viewer.frame_where(|seen| seen == last).await;

    let named = |name: &str| collector.heard().into_iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let pair = || {
        let shown = named("show");
        named("frame")
            .into_iter()
            .find_map(|sent| Some((shown.iter().find(|one| one.parent == sent.id)?.clone(), sent)))
    };
    eventually!(pair().is_some());
    let (shown, sent) = pair().unwrap();
    assert_eq!(shown.trace, sent.trace);
    assert_ne!(shown.node, sent.node);
    assert_eq!((shown.about("viewers"), sent.parent.as_str()), (Some("1"), ""));
    // Each hundred of frames has its one, or fewer when batches are larger than that.
    let most = (first + 450) / 100;
    assert!((1..=most).contains(&(named("frame").len() as u64)), "{} of {most}", named("frame").len());
}

#[tokio::test]
async fn a_collector_that_is_away_or_hangs_is_no_trouble_for_anybody() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for collector in [NOBODY.parse().unwrap(), silent.local_addr().unwrap()] {
        let nats = NatsServer::start().await;
        let [here, there] = edges(&nats.url(), &format!("http://{collector}"), 1).await;
        let mut device = Peer::device(there.ws_url("/"), DEVICE).await;
        let mut controller = Peer::connect(here.ws_url("/")).await;
        meet(&mut controller, &mut device, DEVICE).await;
        let mut viewer = Peer::viewer(here.ws_url("/")).await;
        tune_in(&mut viewer, &mut device, DEVICE).await;
        for _ in 0..50 {
            assert_eq!(controller.ask("cmd:1a2b:led:red").await, "cmd:result:success");
            device.expect("led:ff0000").await;
        }
        for number in 1000..1050 {
            let sent = frame(DEVICE, number);
            device.send(sent.clone()).await;
            viewer.frame_where(|seen| seen == sent).await;
        }
        for edge in [&here, &there] {
            eventually!(spans_dropped(edge).await > 0);
            // What was asked a while later was tried anew, and not said again.
            let before = spans_dropped(edge).await;
            assert_eq!(controller.ask("cmd:1a2b:led:red").await, "cmd:result:success");
            device.expect("led:ff0000").await;
            eventually!(spans_dropped(edge).await > before);
        }
        drop((device, controller, viewer));
        for edge in [here, there] {
            assert_eq!(edge.terminate().await.code(), Some(0));
            let warned = edge.log().iter().filter(|line| line.contains("no collector of traces")).count();
            assert_eq!(warned, 1);
        }
    }
}

/// An edge that does not trace, or is too old to, has no use for the header of a message and takes the payload as ever: NATS keeps them
/// apart.
#[tokio::test]
async fn an_edge_without_traces_goes_on_with_one_that_has_them() {
    let (nats, collector) = (NatsServer::start().await, Collector::start().await);
    let [traced, plain] = edges_of(&nats.url(), [Some(&collector.url()), None], 1).await;
    for (asker, owner, space) in [(&traced, &plain, "/spaces/a"), (&plain, &traced, "/spaces/b")] {
        let mut device = Peer::device(owner.ws_url(space), DEVICE).await;
        let mut controller = Peer::connect(asker.ws_url(space)).await;
        meet(&mut controller, &mut device, DEVICE).await;
        for target in ["1a2b", "all"] {
            let result = if target == "all" { "sent_to_1_devices" } else { "success" };
            assert_eq!(controller.ask(format!("cmd:{target}:led:red")).await, format!("cmd:result:{result}"));
            device.expect("led:ff0000").await;
        }
        let mut viewer = Peer::viewer(asker.ws_url(space)).await;
        tune_in(&mut viewer, &mut device, DEVICE).await;
    }
    let named = |name: &str| collector.heard().into_iter().any(|span| span.name == name);
    eventually!(named("ask") && named("ask all") && named("frame"));
    // Its own part is missing, and nothing of what it sends belongs to a trace.
    assert!(!named("deliver") && !named("show"));
}

#[tokio::test]
async fn without_a_collector_nothing_on_the_bus_has_a_header() {
    for traced in [false, true] {
        let (nats, collector) = (NatsServer::start().await, Collector::start().await);
        let proxy = Proxy::start(nats.addr()).await;
        let url = collector.url();
        let [here, there] = edges_of(&proxy.url("nats"), [traced.then_some(&*url); 2], 1).await;
        let mut device = Peer::device(there.ws_url("/"), DEVICE).await;
        let mut controller = Peer::connect(here.ws_url("/")).await;
        meet(&mut controller, &mut device, DEVICE).await;
        device.send(frame(DEVICE, 1)).await;
        device.barrier().await;
        let heard = String::from_utf8_lossy(&proxy.captured().up).into_owned();
        assert!(heard.contains(".command."), "{heard}");
        assert_eq!(heard.contains("traceparent: 00-"), traced, "{heard}");
    }
}

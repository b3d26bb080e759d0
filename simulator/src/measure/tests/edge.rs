//! Viewers: over the hub, and at a small server that does what an edge does.

use super::super::{MAX_VIEWERS, Viewers, ViewersError, Watch};
use super::{line, swarms};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use grouploop_bridge::{Bus, BusSettings, BusState, DeviceId, GREETING, Hub, STREAM_ON, Space, Subject};
use grouploop_testkit::{eventually, within};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

type Socket = WebSocketStream<TcpStream>;

/// What a run has beside its viewers.
struct Run {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Run {
    fn new() -> Self {
        Self { tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }

    async fn start(&self, swarms: &[(String, Space)], watch: Watch) -> Result<Viewers, ViewersError> {
        within("the viewers", Viewers::start(swarms, watch, Instant::now(), &self.tasks, &self.stop)).await
    }

    /// Stops the viewers and sees that nothing is left of them.
    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        within("the viewers to end", self.tasks.wait()).await;
    }
}

/// Something like an edge, for one viewer after the other.
struct Server(TcpListener);

impl Server {
    async fn bind() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn url(&self) -> String {
        format!("ws://{}", self.0.local_addr().unwrap())
    }

    fn watch(&self) -> Watch {
        Watch { bus: None, edges: vec![self.url()] }
    }

    /// The next connection, and the path that it asked for.
    async fn accept(&self) -> (Socket, String) {
        let mut path = String::new();
        let (stream, _) = within("a viewer", self.0.accept()).await.unwrap();
        #[expect(clippy::result_large_err, reason = "the library's type")]
        let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            path = request.uri().path().to_owned();
            Ok(response)
        };
        let socket = within("a handshake", tokio_tungstenite::accept_hdr_async(stream, look)).await.unwrap();
        (socket, path)
    }

    /// The next viewer, subscribed.
    async fn subscriber(&self) -> (Socket, String) {
        let (mut socket, path) = self.accept().await;
        say(&mut socket, GREETING).await;
        assert_eq!(hear(&mut socket).await, Message::text("s"));
        say(&mut socket, STREAM_ON).await;
        (socket, path)
    }
}

async fn say(socket: &mut Socket, text: impl Into<String>) {
    within("a message to go", socket.send(Message::text(text.into()))).await.unwrap();
}

async fn hear(socket: &mut Socket) -> Message {
    within("a message", socket.next()).await.unwrap().unwrap()
}

fn text(contents: impl IntoIterator<Item = u64>) -> String {
    contents.into_iter().map(|content| String::from_utf8(line(1, content).to_vec()).unwrap()).collect()
}

/// Notes in the ledger that device 1 of the first swarm sends these.
fn send(viewers: &Viewers, contents: impl IntoIterator<Item = u64>) {
    let mut ledger = viewers.ledger().lock();
    for content in contents {
        ledger.sent(0, 0, DeviceId(1), &line(1, content), 0);
    }
}

fn delivered(viewers: &Viewers) -> u64 {
    viewers.ledger().lock().classes().map(|class| class.delivered).sum()
}

fn foreign(viewers: &Viewers) -> u64 {
    viewers.ledger().lock().foreign().map(|(_, foreign)| foreign).sum()
}

/// One swarm in this space.
fn one(space: &str) -> Vec<(String, Space)> {
    vec![("one".to_owned(), space.parse().unwrap())]
}

#[tokio::test]
async fn a_viewer_on_the_bus_receives_what_another_node_publishes() {
    let (run, hub) = (Run::new(), Hub::new());
    let (publisher, watching) = (hub.attach(), hub.attach());
    let viewers = run.start(&swarms(), Watch { bus: Some(watching.clone()), edges: vec![] }).await.unwrap();
    assert_eq!(
        viewers.watched().iter().map(|one| (one.through.as_str(), one.space.as_str())).collect::<Vec<_>>(),
        [("bus", "main"), ("bus", "stage")]
    );
    let subject = Subject::Telemetry { space: Space::main(), node: "sim-1".parse().unwrap() };
    send(&viewers, 0..3);
    publisher.publish(&subject, Bytes::from(text(0..2))).unwrap();
    publisher.publish(&subject, Bytes::from(text(7..8))).unwrap();
    eventually!(delivered(&viewers) == 2 && foreign(&viewers) == 1);
    viewers.finish(Duration::ZERO).await;
    assert_eq!(viewers.ledger().lock().classes().map(|class| class.lost).collect::<Vec<_>>(), [1, 0, 0]);
    assert_eq!(viewers.messages_lost(), 0);
    run.end().await;
}

#[tokio::test]
async fn a_viewer_that_cannot_keep_up_with_the_bus_says_so() {
    let (run, hub) = (Run::new(), Hub::new());
    let publisher = hub.attach();
    let viewers = run.start(&one("main"), Watch { bus: Some(hub.attach()), edges: vec![] }).await.unwrap();
    let subject = Subject::Telemetry { space: Space::main(), node: "sim-1".parse().unwrap() };
    // On one thread the viewer has no turn before the next await, and a subscription holds 1,024 messages.
    for _ in 0..1030 {
        publisher.publish(&subject, Bytes::from(text([1]))).unwrap();
    }
    assert_eq!(viewers.messages_lost(), 6);
    run.end().await;
}

#[tokio::test]
async fn a_bus_that_is_closed_cannot_be_watched_and_one_that_closes_ends_its_viewer() {
    let (run, bus) = (Run::new(), Hub::new().attach());
    let watch = Watch { bus: Some(bus.clone()), edges: vec![] };
    run.start(&one("main"), watch.clone()).await.unwrap();
    bus.drain(Duration::ZERO).await;
    assert_eq!(*bus.state().borrow(), BusState::Closed);
    run.tasks.close();
    within("the viewer to end with its bus", run.tasks.wait()).await;
    let error = run.start(&one("stage"), watch).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot watch the space `stage` through the bus: the bus is closed;"), "{error}");
}

#[tokio::test]
async fn a_bus_that_is_away_cannot_be_watched() {
    let nobody = Server::bind().await.url().replace("ws://", "nats://");
    let bus = Bus::start(&BusSettings::nats(nobody), &"sim-1".parse().unwrap()).await.unwrap();
    let run = Run::new();
    let error = run.start(&one("stage"), Watch { bus: Some(bus), edges: vec![] }).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot watch the space `stage` through the bus: it is away ("), "{error}");
    assert!(error.ends_with("); see that it runs, or measure through an edge"), "{error}");
    run.end().await;
}

#[tokio::test]
async fn a_viewer_at_an_edge_does_as_a_browser_does() {
    for (space, path) in [("main", "/"), ("stage", "/spaces/stage")] {
        let (run, server) = (Run::new(), Server::bind().await);
        let swarms = one(space);
        let (viewers, (mut socket, asked)) = tokio::join!(run.start(&swarms, server.watch()), server.subscriber());
        let viewers = viewers.unwrap();
        assert_eq!(asked, path);
        assert_eq!(viewers.watched()[0].through, format!("{}{path}", server.url()));
        send(&viewers, 0..5);
        say(&mut socket, text(0..2)).await;
        // It is read in the meantime, so a ping is answered.
        within("a ping to go", socket.send(Message::Ping(Bytes::from_static(b"p")))).await.unwrap();
        assert_eq!(hear(&mut socket).await, Message::Pong(Bytes::from_static(b"p")));
        say(&mut socket, text(2..5)).await;
        within("all to have arrived", viewers.finish(Duration::from_secs(3600))).await;
        assert_eq!(delivered(&viewers), 5);
        run.end().await;
    }
}

#[tokio::test]
async fn what_comes_before_the_answer_counts_too() {
    let (run, server) = (Run::new(), Server::bind().await);
    let serving = async {
        let (mut socket, _) = server.accept().await;
        say(&mut socket, GREETING).await;
        hear(&mut socket).await;
        say(&mut socket, text([9])).await;
        say(&mut socket, STREAM_ON).await;
        socket
    };
    let swarms = one("main");
    let (viewers, _socket) = tokio::join!(run.start(&swarms, server.watch()), serving);
    assert_eq!(foreign(&viewers.unwrap()), 1);
    run.end().await;
}

#[tokio::test]
async fn a_viewer_that_loses_its_edge_comes_back_and_what_it_missed_is_lost() {
    let (run, server) = (Run::new(), Server::bind().await);
    let swarms = one("main");
    let (viewers, (mut socket, _)) = tokio::join!(run.start(&swarms, server.watch()), server.subscriber());
    let viewers = viewers.unwrap();
    send(&viewers, [1]);
    say(&mut socket, text([1])).await;
    eventually!(delivered(&viewers) == 1);
    drop(socket);
    send(&viewers, [2]);
    // The first that it finds then is no edge; it does not give up.
    drop(server.accept().await);
    let (mut socket, _) = server.subscriber().await;
    eventually!(viewers.watched()[0].reconnects == 1);
    send(&viewers, [3]);
    say(&mut socket, text([3])).await;
    eventually!(delivered(&viewers) == 2);
    // A message without end is as good as no edge.
    say(&mut socket, "x".repeat(super::super::edge::MAX_MESSAGE_BYTES + 1)).await;
    let (socket, _) = server.subscriber().await;
    eventually!(viewers.watched()[0].reconnects == 2);
    viewers.finish(Duration::ZERO).await;
    assert_eq!(viewers.ledger().lock().classes().next().unwrap().lost, 1);
    drop(socket);
    run.end().await;
}

#[tokio::test]
async fn an_edge_that_is_silent_for_long_is_taken_for_lost() {
    let (run, server) = (Run::new(), Server::bind().await);
    let swarms = one("main");
    let (viewers, (mut silent, _)) = tokio::join!(run.start(&swarms, server.watch()), server.subscriber());
    let viewers = viewers.unwrap();
    send(&viewers, [1]);
    say(&mut silent, text([1])).await;
    eventually!(delivered(&viewers) == 1);
    tokio::time::pause();
    tokio::time::advance(super::super::edge::SILENCE + Duration::from_secs(1)).await;
    tokio::time::resume();
    let (_socket, _) = server.subscriber().await;
    eventually!(viewers.watched()[0].reconnects == 1);
    run.end().await;
}

#[tokio::test]
async fn what_is_no_edge_is_named_with_what_is_wrong() {
    let (run, server) = (Run::new(), Server::bind().await);
    let swarms = one("main");
    let refusals: [(&[&str], &str); 3] = [
        (&["hello\u{7}"], r#"it greets with "hello\u{7}"; see that it is an edge and not another server"#),
        (&[GREETING, "stream:error:no"], r#"it does not show telemetry: "stream:error:no""#),
        (&[GREETING], "it closed the connection"),
    ];
    for (says, why) in refusals {
        let serving = async {
            let (mut socket, _) = server.accept().await;
            for text in says {
                say(&mut socket, *text).await;
            }
            let _ = socket.close(None).await;
        };
        let (error, ()) = tokio::join!(run.start(&swarms, server.watch()), serving);
        assert_eq!(error.unwrap_err().to_string(), format!("cannot watch through {}/: {why}", server.url()));
    }
    let watch = server.watch();
    drop(server);
    let error = run.start(&swarms, watch).await.unwrap_err().to_string();
    assert!(error.contains("onnection refused") && error.ends_with("see that an edge runs there"), "{error}");
    run.end().await;
}

#[tokio::test]
async fn places_that_cannot_be_watched_are_refused_before_anything_is_opened() {
    let run = Run::new();
    for (url, why) in [
        ("localhost:5003", "ws://host:5003"),
        ("", "ws://host:5003"),
        ("ws://", "ws://host:5003"),
        ("wss://host", "without TLS"),
        ("http://host", "as ws://host:5003"),
        ("ws://host/spaces/x", "the path follows from the space"),
        ("ws://host/?a", "name the edge alone"),
    ] {
        let watch = Watch { bus: None, edges: vec!["ws://host:1/".to_owned(), url.to_owned()] };
        let error = run.start(&swarms(), watch).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot watch through {url}: ")) && error.contains(why), "{url}: {error}");
    }
    let edges = vec!["ws://host".to_owned(); MAX_VIEWERS / 2 + 1];
    let error = run.start(&swarms(), Watch { bus: None, edges }).await.unwrap_err().to_string();
    assert!(error.starts_with("measuring 2 spaces at 33 places needs 66 viewers, at most 64 are possible"), "{error}");
    let error = run.start(&swarms(), Watch::default()).await.unwrap_err().to_string();
    assert!(error.starts_with("there is nothing to measure with"), "{error}");
    run.end().await;
}

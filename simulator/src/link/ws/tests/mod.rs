//! A link against small WebSocket servers, over real sockets. What a test's server does not do, the test does not wait for.

mod life;
mod receiving;
mod sending;

use super::{RECONNECT, WsCounts, WsLink, WsOptions};
use crate::link::{Dropped, Incoming, LineBytes, Place, Push};
use futures_util::{SinkExt, StreamExt};
use grouploop_bridge::{DeviceId, FRAME_LEN, Space};
use grouploop_testkit::{eventually, frame, within};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use tokio_util::task::TaskTracker;

/// Longer than the kernel of a server that reads nothing goes on making room.
const A_WHILE: Duration = Duration::from_millis(100);
/// Turns that the other tasks get in that time at least, however busy the machine is.
const LOOKS: u32 = 2_000;

/// A server that takes connections when a test says so.
struct Server {
    listener: TcpListener,
}

impl Server {
    async fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    fn url(&self) -> String {
        format!("ws://{}", self.listener.local_addr().unwrap())
    }

    async fn tcp(&self) -> TcpStream {
        within("a connection", self.listener.accept()).await.unwrap().0
    }

    /// The next connection, upgraded.
    async fn peer(&self) -> Peer {
        let mut request = None;
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let keep = |asked: &Request, answer: Response| {
            request = Some(asked.clone());
            Ok(answer)
        };
        let socket = within("the upgrade", accept_hdr_async(self.tcp().await, keep)).await.unwrap();
        Peer { socket, request: request.unwrap() }
    }
}

/// The edge's side of a connection.
struct Peer {
    socket: WebSocketStream<TcpStream>,
    request: Request,
}

impl Peer {
    async fn next(&mut self) -> Message {
        within("a message", self.socket.next()).await.unwrap().unwrap()
    }

    async fn text(&mut self) -> String {
        self.next().await.into_text().unwrap().to_string()
    }

    async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// What was still sent before the close frame, and its code.
    async fn goodbye(&mut self) -> (Vec<String>, u16) {
        let mut texts = Vec::new();
        loop {
            match self.next().await {
                Message::Close(frame) => {
                    // The next look sends the answer.
                    assert!(within("the end", self.socket.next()).await.is_none());
                    return (texts, frame.unwrap().code.into());
                }
                other => texts.push(other.into_text().unwrap().to_string()),
            }
        }
    }
}

/// A link and what it tells.
struct Rig {
    link: WsLink,
    counts: Arc<WsCounts>,
    incoming: mpsc::Receiver<Incoming>,
    tasks: TaskTracker,
}

impl Rig {
    fn new(edges: Vec<String>, devices_per_connection: u32) -> Self {
        Self::with(options(edges, devices_per_connection), 100)
    }

    fn with(options: WsOptions, queue: usize) -> Self {
        let (sender, incoming) = mpsc::channel(queue);
        let (counts, tasks) = (Arc::new(WsCounts::default()), TaskTracker::new());
        let link = WsLink::try_new(options, sender, counts.clone(), tasks.clone()).unwrap();
        Self { link, counts, incoming, tasks }
    }

    fn join(&mut self, places: impl IntoIterator<Item = Place>) {
        for place in places {
            self.link.join(place, id(place));
        }
    }

    fn leave(&mut self, place: Place) {
        self.link.leave(place, id(place));
    }

    fn push(&mut self, place: Place, number: u64) -> Push {
        self.link.push(place, &line(place, number))
    }

    fn seal(&mut self) {
        self.link.seal(Instant::now()).unwrap();
    }

    async fn open(&self, connections: u64) {
        eventually!(self.counts.open.get() == connections);
    }

    /// Pushes until nothing fits for a while, in which the connection was looked after again and again: the kernel has no room either. How
    /// many frames were taken.
    async fn fill(&mut self, place: Place) -> u64 {
        let mut taken = 0;
        let mut full = (0, Instant::now());
        while full.0 < LOOKS || full.1.elapsed() < A_WHILE {
            match self.push(place, 0) {
                Push::Taken => {
                    taken += 1;
                    full = (0, Instant::now());
                }
                Push::Dropped(Dropped::ConnectionFull) => {
                    full.0 += 1;
                    tokio::task::yield_now().await;
                }
                other => panic!("{other:?}"),
            }
        }
        self.seal();
        taken
    }

    async fn command(&mut self) -> Incoming {
        within("a command", self.incoming.recv()).await.unwrap()
    }

    /// Ends the link; nothing of it goes on.
    async fn close(self) {
        within("the end of all connections", self.link.close()).await;
        assert!(self.tasks.is_empty());
        assert_eq!(self.counts.open.get(), 0);
    }
}

fn options(edges: Vec<String>, devices_per_connection: u32) -> WsOptions {
    let space = Space::main();
    WsOptions { space, edges, devices_per_connection, slow: Default::default(), reconnect: RECONNECT }
}

fn id(place: Place) -> DeviceId {
    DeviceId(u16::try_from(place).unwrap())
}

fn digits(place: Place, number: u64) -> String {
    frame(id(place).0, number)
}

fn line(place: Place, number: u64) -> LineBytes {
    let digits = digits(place, number);
    assert_eq!(digits.len(), FRAME_LEN);
    format!("{digits}\n").as_bytes().try_into().unwrap()
}

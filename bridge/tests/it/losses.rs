//! How the NATS engine notices that a connection is gone, with a server that is a puppet: the moments of a fault are chosen here, where a
//! real server would hit them once in a few hundred tries.

use bytes::Bytes;
use futures_util::FutureExt;
use grouploop_bridge::{Bus, BusSettings, BusState, DeviceId, PublishError, RequestError, Space, Subject};
use grouploop_testkit::{PATIENCE, within};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// More messages than a subscription (1024) and the client library's queue for events (128) take together, few enough for one read of it
/// (64 KiB).
const FLOOD: usize = 1250;

/// The server's end of one of a bus's two connections.
struct Lane(BufReader<TcpStream>);

impl Lane {
    /// Greets a client. Returns its `CONNECT` too, which has the connection's name.
    async fn greet(stream: TcpStream) -> (Self, String) {
        let mut lane = Self(BufReader::new(stream));
        let info = "INFO {\"server_id\":\"puppet\",\"version\":\"2.0.0\",\"headers\":true,\"max_payload\":1048576}\r\n";
        lane.0.write_all(info.as_bytes()).await.unwrap();
        let connect = lane.line("CONNECT").await;
        lane.line("PING").await;
        lane.0.write_all(b"PONG\r\n").await.unwrap();
        (lane, connect)
    }

    /// Is there and does nothing else.
    async fn live(mut self) {
        loop {
            let mut line = String::new();
            if !matches!(self.0.read_line(&mut line).await, Ok(1..)) {
                return;
            }
            if line.starts_with("PING") && self.0.write_all(b"PONG\r\n").await.is_err() {
                return;
            }
        }
    }

    /// The next line from the client that begins like this.
    async fn line(&mut self, beginning: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(within(beginning, self.0.read_line(&mut line)).await.unwrap(), 0, "no `{beginning}`");
            if line.starts_with(beginning) {
                return line;
            }
        }
    }
}

/// A bus, and a server that greets its two connections and no third.
async fn bus() -> (Bus, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    (Bus::start(&BusSettings::nats(url), &"a".parse().unwrap()).await.unwrap(), listener)
}

/// The connections for telemetry and for control.
async fn lanes(listener: &TcpListener) -> [Lane; 2] {
    let mut named = Vec::new();
    for _ in 0..2 {
        let (stream, _) = within("a connection", listener.accept()).await.unwrap();
        named.push(Lane::greet(stream).await);
    }
    named.sort_by_key(|(_, connect)| connect.contains("a control"));
    assert!(named[0].1.contains("a telemetry") && named[1].1.contains("a control"));
    named.into_iter().map(|(lane, _)| lane).collect::<Vec<_>>().try_into().unwrap_or_else(|_| unreachable!())
}

fn command() -> Subject {
    Subject::Command { space: Space::main(), device: DeviceId(1) }
}

async fn assert_away(bus: &Bus) {
    let mut state = bus.state();
    within("the loss to be noticed", state.wait_for(|state| matches!(state, BusState::Away(_)))).await.unwrap();
    let telemetry = Subject::Telemetry { space: Space::main(), node: "a".parse().unwrap() };
    for subject in [telemetry, command()] {
        assert_eq!(bus.publish(&subject, Bytes::from_static(b"stale")), Err(PublishError::Away), "{subject}");
    }
    let asked = bus.request(&command(), Bytes::new(), PATIENCE).await;
    assert_eq!(asked, Err(RequestError::Publish(PublishError::Away)));
}

#[tokio::test]
async fn a_bus_that_lost_one_connection_takes_nothing_on_the_other() {
    for lost in 0..2 {
        let (bus, listener) = bus().await;
        let mut lanes = Vec::from(lanes(&listener).await);
        within("the bus", bus.state().wait_for(|state| *state == BusState::Up)).await.unwrap();
        drop(lanes.remove(lost));
        assert_away(&bus).await;
    }
}

#[tokio::test]
async fn a_loss_behind_a_flood_that_nobody_reads_is_noticed() {
    let (bus, listener) = bus().await;
    let _unread = bus.subscribe(command()).await.unwrap();
    let [telemetry, mut control] = lanes(&listener).await;
    tokio::spawn(telemetry.live());
    let subscribed = control.line(&format!("SUB {}", command())).await;
    let sid = subscribed.trim_end().rsplit(' ').next().unwrap();
    within("the bus", bus.state().wait_for(|state| *state == BusState::Up)).await.unwrap();
    // Without a pause: the client finds all of it and the end at once.
    let flood = format!("MSG {} {sid} 1\r\nx\r\n", command()).repeat(FLOOD);
    assert_eq!(control.0.get_ref().try_write(flood.as_bytes()).unwrap(), flood.len());
    control.0.shutdown().now_or_never().unwrap().unwrap();
    assert_away(&bus).await;
    assert!(bus.lost() > 0);
}

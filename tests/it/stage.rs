//! What most tests play on: a place for devices and a place for clients. Once they are the same edge on the embedded bus, once two
//! edges over NATS; whatever the protocol says must hold on both.

use grouploop_testkit::{Edge, EdgeBuilder, NatsServer, Peer, eventually, frame};

/// The binary under test.
pub(crate) fn builder() -> EdgeBuilder {
    Edge::builder(env!("CARGO_BIN_EXE_grouploop"))
}

/// Edges over one nats-server.
pub(crate) async fn edges<const N: usize>(nats: &NatsServer) -> [Edge; N] {
    let mut edges = Vec::new();
    for _ in 0..N {
        edges.push(builder().nats(nats).start().await);
    }
    for edge in &edges {
        eventually!(grouploop_testkit::http_get(edge.addr(), "/readyz").await.status == 200);
    }
    edges.try_into().unwrap()
}

pub(crate) struct Stage {
    /// Where devices connect.
    pub(crate) devices: String,
    /// Where clients connect.
    pub(crate) clients: String,
    _edges: Vec<Edge>,
    _nats: Option<NatsServer>,
}

impl Stage {
    /// One edge on the embedded bus.
    pub(crate) async fn one_edge() -> Self {
        let edge = builder().start().await;
        let url = edge.ws_url("/");
        Self { devices: url.clone(), clients: url, _edges: vec![edge], _nats: None }
    }

    /// Two edges over NATS.
    pub(crate) async fn two_edges() -> Self {
        let nats = NatsServer::start().await;
        let [one, two] = edges(&nats).await;
        Self { devices: one.ws_url("/"), clients: two.ws_url("/"), _edges: vec![one, two], _nats: Some(nats) }
    }
}

/// Runs each test on both stages.
#[macro_export]
macro_rules! on_both_stages {
    ($($test:ident),* $(,)?) => {
        mod one_edge {
            $(#[tokio::test] async fn $test() { super::$test($crate::stage::Stage::one_edge().await).await; })*
        }
        mod two_edges {
            $(#[tokio::test] async fn $test() { super::$test($crate::stage::Stage::two_edges().await).await; })*
        }
    };
}

/// Waits until commands of the controller reach the device, whose connection has seen all of them afterwards. Between edges that takes
/// as long as the interest needs to travel.
pub(crate) async fn meet(controller: &mut Peer, device: &mut Peer, id: u16) {
    eventually!(controller.ask(format!("cmd:{id:04x}:reset")).await == "cmd:result:success");
    device.expect("reset:").await;
}

/// Waits until the viewer sees frames of this device connection: interest in telemetry has to travel too. Returns the next number to use.
pub(crate) async fn tune_in(viewer: &mut Peer, device: &mut Peer, id: u16) -> u64 {
    let mut number = 0;
    loop {
        device.send(frame(id, number)).await;
        number += 1;
        device.barrier().await;
        let seen = viewer.frames_until_pong().await;
        if !seen.is_empty() {
            // What is still under way arrives before what is sent from now on.
            device.send(frame(id, number)).await;
            let last = frame(id, number);
            if seen.last() != Some(&last) {
                viewer.frame_where(|line| *line == last).await;
            }
            return number + 1;
        }
    }
}

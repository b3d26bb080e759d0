//! Where replayed devices connect.

use super::TapeError;
use super::far::CONNECT_PATIENCE;
use crate::link::{
    BusLink, ConnectFailure, INCOMING_QUEUE, Incoming, Link, RECONNECT, Special, WsCounts, WsLink, WsOptions,
};
use crate::node::Node;
use grouploop_bridge::{Bus, BusState, DeviceId, NodeId, Space};
use rustc_hash::FxHashSet;
use std::fmt;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// Between two looks whether a connection stands.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(10);

/// How replayed devices reach the others.
#[derive(Clone)]
pub enum Way {
    /// Straight onto the bus.
    Bus {
        /// Where.
        bus: Bus,
        /// Under which name.
        node: NodeId,
    },
    /// As devices do, over a WebSocket to an edge.
    Edge {
        /// Its URL, such as `ws://127.0.0.1:5003/`; a password may be in it.
        url: String,
    },
}

/// A link, and what has to end with it.
pub(super) struct Opened {
    pub(super) link: Link,
    /// Commands for the devices.
    pub(super) incoming: mpsc::Receiver<Incoming>,
    /// On the bus, the node that owns the devices.
    pub(super) node: Option<Arc<Node>>,
    /// To an edge, what became of the connection.
    pub(super) counts: Option<Arc<WsCounts>>,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bus { .. } => "Bus",
            Self::Edge { .. } => "Edge",
        })
    }
}

/// A link on a node that is somebody else's, and goes on.
pub(super) fn link_on(node: &Arc<Node>, space: &Space) -> Opened {
    let (commands, incoming) = mpsc::channel(INCOMING_QUEUE);
    let link = Link::Bus(BusLink::new(node, space, &Special::default(), Some(commands)));
    Opened { link, incoming, node: None, counts: None }
}

/// Connects. Commands for the devices arrive in the queue.
///
/// # Errors
/// When nobody is there.
pub(super) async fn open_link(way: Way, space: Space) -> Result<Opened, TapeError> {
    match way {
        Way::Bus { bus, node } => {
            // Frames published before there is a server would be lost.
            let mut state = bus.state();
            if timeout(CONNECT_PATIENCE, state.wait_for(|state| *state == BusState::Up)).await.is_err() {
                let why = match &*state.borrow() {
                    BusState::Away(why) => why.clone(),
                    BusState::Up | BusState::Closed => "it is closed".to_owned(),
                };
                return Err(TapeError::Away { place: "the NATS server".to_owned(), why });
            }
            let node = Node::start(node, env!("CARGO_PKG_VERSION").into(), bus);
            Ok(Opened { node: Some(node.clone()), ..link_on(&node, &space) })
        }
        Way::Edge { url } => {
            let (commands, incoming) = mpsc::channel(INCOMING_QUEUE);
            let options = WsOptions {
                space,
                // A path that is none is that of the space.
                edges: vec![url.trim_end_matches('/').to_owned()],
                // As a gateway: one connection for all.
                devices_per_connection: u32::MAX,
                slow: FxHashSet::default(),
                reconnect: RECONNECT,
            };
            let counts = Arc::<WsCounts>::default();
            let link = WsLink::try_new(options, commands, counts.clone(), TaskTracker::new());
            let mut link = link.map_err(|error| TapeError::NoWay(error.to_string()))?;
            // The connection is there before the first frame, which would be lost otherwise. The first device takes this place over: on
            // a connection that devices share, places only say whom a command is for, and replayed devices obey none.
            link.join(0, DeviceId(0));
            if timeout(CONNECT_PATIENCE, connected(&counts)).await.is_err() {
                link.close().await;
                let why = ConnectFailure::ALL.into_iter().find(|kind| counts.failed(*kind).get() > 0);
                let why = why.map_or("no answer in time", ConnectFailure::reason).to_owned();
                return Err(TapeError::Away { place: "the edge".to_owned(), why });
            }
            Ok(Opened { link: Link::Ws(link), incoming, node: None, counts: Some(counts) })
        }
    }
}

/// Returns when a connection stands.
async fn connected(counts: &WsCounts) {
    while counts.open.get() == 0 {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

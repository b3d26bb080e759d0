//! Support for the tests of GroupLoop, and for nothing else: real nats-servers, S3 servers and edges as processes of
//! their own, a WebSocket client, a hand-made one for peers that misbehave, a TCP proxy that injects faults, a stand-in for the CDN.
//!
//! Three rules hold for all of it. What a fixture starts ends with the fixture, whatever way the test ends. Every wait has a
//! deadline ([`PATIENCE`]) and panics with what it waited for. Nothing sleeps to be safe: a test that wants to know that something
//! did *not* arrive asks for a [`Peer::barrier`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "support for tests: a broken assumption is a failed test, and a panic says where"
)]

pub mod docs;
mod edge;
mod frame;
mod http;
mod nats;
mod peer;
mod port;
mod process;
mod proxy;
mod raw;
mod s3;
pub mod stack;
mod stub;
mod tls;
mod wait;

pub use edge::{Edge, EdgeBuilder};
pub use frame::{frame, frame_id, frame_number, is_frame, stock_frame};
pub use http::{Response, http, http_get};
pub use nats::NatsServer;
pub use peer::Peer;
pub use port::{Loopback, NOBODY};
pub use process::Process;
pub use proxy::{Captured, Proxy};
pub use raw::{RawPeer, WireFrame};
pub use s3::S3Server;
pub use stub::{HttpStub, StubRequest};
pub use tls::{TestCertificate, TlsClient};
pub use wait::{PATIENCE, POLL, within};

/// The first message of every WebSocket connection to an edge.
pub const GREETING: &str = "Connected to GroupLoop WebSocket server";

#[doc(hidden)]
pub mod __private {
    //! What [`eventually!`](crate::eventually) expands to, so that a test crate need not name it.
    pub use tokio::time::{Instant, sleep};
}

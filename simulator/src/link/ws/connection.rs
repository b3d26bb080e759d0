//! The life of one connection: open it, carry what there is, and after a failure or a loss try again as the stock firmware does.

use super::common::Common;
use super::edge::Edge;
use super::handshake::{ConnectError, Speed, connect};
use super::shared::{Out, Shared};
use super::wire::{End, Wire};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::WebSocketStream;

/// The task's side of one connection.
pub(super) struct Connection {
    common: Arc<Common>,
    /// Its number in the link, which says the edge.
    index: usize,
    shared: Arc<Shared>,
    outbox: mpsc::Receiver<Out>,
    /// Ends when the last device has left.
    left: oneshot::Receiver<Infallible>,
    speed: Speed,
}

impl Connection {
    pub(super) fn new(
        common: Arc<Common>,
        index: usize,
        shared: Arc<Shared>,
        outbox: mpsc::Receiver<Out>,
        left: oneshot::Receiver<Infallible>,
        speed: Speed,
    ) -> Self {
        Self { common, index, shared, outbox, left, speed }
    }

    /// Until the last device has left.
    pub(super) async fn run(mut self) {
        self.connect_and_carry().await;
        self.discard();
    }

    async fn connect_and_carry(&mut self) {
        let common = self.common.clone();
        let Some(edge) = self.index.checked_rem(common.edges.len()).and_then(|index| common.edges.get(index)) else {
            return;
        };
        loop {
            let connected = tokio::select! {
                biased;
                _ = &mut self.left => return,
                connected = open(&common, edge, self.speed) => connected,
            };
            match connected {
                Ok(socket) => match self.carry(socket).await {
                    End::Left => return,
                    End::Lost(why) => {
                        common.counts.lost.add(1);
                        common.warn(edge, &format_args!("connection lost: {why}"));
                    }
                },
                Err(error) => {
                    common.counts.failed(error.kind()).add(1);
                    common.warn(edge, &error);
                }
            }
            tokio::select! {
                biased;
                _ = &mut self.left => return,
                () = tokio::time::sleep(common.reconnect) => {}
            }
        }
    }

    async fn carry(&mut self, socket: WebSocketStream<TcpStream>) -> End {
        let common = self.common.clone();
        let counts = &common.counts;
        // What was taken by a door that did not see yet that the last connection was gone.
        self.discard();
        let unnamed = self.shared.connect();
        counts.opened.add(1);
        counts.open.add(1);
        let mut wire = Wire::new(socket, &common, &self.shared, &mut self.outbox, self.speed, unnamed);
        let end = wire.carry(&mut self.left).await;
        self.shared.disconnect();
        let unwritten = wire.end(&end).await;
        counts.open.subtract(1);
        counts.lost_with_connection.add(u64::from(unwritten));
        self.discard();
        end
    }

    /// Empties the outbox of a connection that is gone.
    fn discard(&mut self) {
        while let Ok(out) = self.outbox.try_recv() {
            self.common.counts.lost_with_connection.add(u64::from(out.frames()));
        }
    }
}

async fn open(common: &Common, edge: &Edge, speed: Speed) -> Result<WebSocketStream<TcpStream>, ConnectError> {
    // The semaphore is never closed.
    let _permit = common.connects.acquire().await;
    connect(edge, speed).await
}

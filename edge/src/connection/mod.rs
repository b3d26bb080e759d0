//! One WebSocket connection: one task that reads, writes and watches the clock, in turns that never wait for each other.
//!
//! ```text
//!             ┌─ read ──▶ frames ──▶ share of the worker, owners
//!   socket ───┤           commands ──▶ dispatch ──▶ answers, in order
//!             └─ write ◀─ commands for its devices, answers, telemetry, pings
//! ```
//!
//! Reading goes on while a write waits for the peer; it pauses only while as many answers as may be are outstanding.

mod incoming;
mod outgoing;

use self::outgoing::Reply;
use crate::node::Node;
use crate::peer::{Completion, Peer};
use crate::share::Share;
use crate::space::{Place, SpaceState};
use crate::state::EdgeState;
use crate::view::View;
use crate::worker::Worker;
use futures_util::{Sink, Stream};
use grouploop_bridge::{CloseReason, DeviceId, OptionsError, Slot, SubscribeOptions};
use grouploop_serve::MaybeTls;
use rand::RngExt;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::{Sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Bytes, Error, Message as WsMessage};

/// Steps in one turn before other tasks get theirs.
const STEPS: usize = 64;
/// Messages that are written before there is a look at what the peer says.
const WRITES_IN_A_ROW: usize = 8;
/// How long a goodbye may take: our close frame out, the peer's in.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(2);
/// What is read and thrown away after an over-long message, so that the close frame reaches the peer before a reset does.
const GOODBYE_BYTES: usize = 1 << 20;
/// Peers are asked to come back spread over this time after a restart.
const COME_BACK_WITHIN_MS: u64 = 2000;

/// A connection and all that it keeps.
pub(crate) struct Connection {
    edge: Arc<EdgeState>,
    node: Arc<Node>,
    worker: Arc<Worker>,
    space: Arc<SpaceState>,
    share: Arc<Share>,
    peer: Arc<Peer>,
    socket: WebSocketStream<MaybeTls<TcpStream>>,
    slots: FxHashMap<DeviceId, Arc<Slot>>,
    /// The slot of the last frame: most connections carry one device.
    last: Option<(DeviceId, Arc<Slot>)>,
    replies: VecDeque<Reply>,
    view: Option<View>,
    /// A message is in the socket's buffer, and since when.
    flushing_since: Option<Instant>,
    /// The command that is in the socket's buffer.
    in_flush: Option<Completion>,
    ping_at: Instant,
    awaiting_pong: bool,
    /// Reading paused since the last ping, so the answer may wait behind what we did not read.
    paused: bool,
    /// It is to close as soon as all that was asked is answered.
    going: Option<CloseReason>,
    timer: Pin<Box<Sleep>>,
    timer_at: Instant,
    place: Place,
}

impl Connection {
    pub(crate) fn new(
        edge: Arc<EdgeState>,
        worker: Arc<Worker>,
        place: Place,
        socket: WebSocketStream<MaybeTls<TcpStream>>,
        subscribe: Option<Result<SubscribeOptions, OptionsError>>,
    ) -> Self {
        let now = Instant::now();
        let node = edge.node.clone();
        let space = place.space.clone();
        let share = space.share(&worker);
        let settings = &node.settings;
        let peer = Arc::new(Peer::new(node.next_peer_id(), worker.pace.clone(), settings.command_queue as usize));
        // The first ping comes early by chance, so that connections that came together are not pinged together.
        let interval = settings.ping_interval();
        let ping_at = now + interval.mul_f64(rand::rng().random_range(0.5..=1.0));
        let mut connection = Self {
            edge,
            share,
            space,
            peer,
            socket,
            slots: FxHashMap::default(),
            last: None,
            replies: VecDeque::with_capacity(2),
            view: None,
            flushing_since: None,
            in_flush: None,
            ping_at,
            awaiting_pong: false,
            paused: false,
            going: None,
            timer: Box::pin(tokio::time::sleep_until(ping_at.into())),
            timer_at: ping_at,
            place,
            node,
            worker,
        };
        connection.replies.push_back(Reply::Greeting);
        if let Some(options) = subscribe {
            connection.subscribe(options);
        }
        connection
    }

    /// Serves the connection until it ends, and cleans up behind it.
    pub(crate) async fn run(mut self) {
        self.node.add_peer(&self.peer);
        self.node.metrics.connections_opened.inc();
        self.node.metrics.connections.inc();
        tracing::debug!(conn.id = self.peer.id, space.id = %self.space.name, "connected");
        let reason = poll_fn(|cx| self.turn(cx)).await;
        let under_way = self.in_flush.take();
        // First of all its devices go, so that a command to one fails from now on.
        self.leave();
        match reason {
            CloseReason::WriteTimeout => {}
            CloseReason::Normal => drop(timeout(GOODBYE_PATIENCE, self.socket.get_mut().end_tls()).await),
            reason => self.say_goodbye(reason, under_way).await,
        }
        self.node.metrics.connections.dec();
        self.node.metrics.closed(reason);
        self.node.remove_peer(self.peer.id);
        tracing::debug!(conn.id = self.peer.id, conn.reason = reason.text(), "disconnected");
    }

    /// Gives its devices, its view and what waits for it back.
    fn leave(&mut self) {
        self.space.owners.release(std::mem::take(&mut self.slots).into_keys(), self.peer.id);
        self.last = None;
        self.stop_view();
        self.peer.close();
        self.in_flush = None;
        self.replies.clear();
    }

    /// Does what can be done now; ready when the connection ends.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        self.peer.waker.register(cx.waker());
        for step in 1..=STEPS {
            let now = Instant::now();
            let wrote = match self.write_step(cx, now) {
                // With much to write, reading has its turn all the same.
                Poll::Ready(Ok(true)) if step % WRITES_IN_A_ROW != 0 => continue,
                Poll::Ready(Ok(wrote)) => wrote,
                Poll::Ready(Err(reason)) => return Poll::Ready(reason),
                Poll::Pending => false,
            };
            let may_ask = self.going.is_none() && self.replies.len() < self.node.settings.commands_in_flight as usize;
            let read = if may_ask {
                self.read_step(cx, now)
            } else {
                self.paused = true;
                Poll::Pending
            };
            match read {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(reason)) => return Poll::Ready(reason),
                // What was written is still to be flushed, and only then is there something that wakes us.
                Poll::Pending if wrote => {}
                Poll::Pending => match self.clock_step(cx, now) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(reason)) => return Poll::Ready(reason),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
        // A connection that is busy all the time has a clock too.
        if let Poll::Ready(Err(reason)) = self.clock_step(cx, Instant::now()) {
            return Poll::Ready(reason);
        }
        // Others first, then on.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Looks at the clock: ready when something was done, an error when the peer took too long.
    fn clock_step(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<(), CloseReason>> {
        if let Some(since) = self.flushing_since {
            let until = since + self.node.settings.write_timeout();
            if now >= until {
                return Poll::Ready(Err(CloseReason::WriteTimeout));
            }
            self.look_again_at(until);
        }
        if now >= self.ping_at {
            let paused = std::mem::take(&mut self.paused);
            if self.awaiting_pong && !paused {
                return Poll::Ready(Err(CloseReason::PingTimeout));
            }
            self.ping_at = now + self.node.settings.ping_interval();
            if self.flushing_since.is_none() {
                self.awaiting_pong = true;
                if let Err(error) = self.put(WsMessage::Ping(Bytes::new()), now) {
                    return Poll::Ready(Err(ending(&error)));
                }
            }
            return Poll::Ready(Ok(()));
        }
        self.look_again_at(self.ping_at);
        match self.timer.as_mut().poll(cx) {
            Poll::Ready(()) => {
                // Spent; armed anew by whoever looks next.
                self.timer_at = now + Duration::from_secs(3600);
                self.timer.as_mut().reset(self.timer_at.into());
                Poll::Ready(Ok(()))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Makes sure that there is a turn at that time.
    fn look_again_at(&mut self, at: Instant) {
        if at < self.timer_at {
            self.timer_at = at;
            self.timer.as_mut().reset(at.into());
        }
    }

    /// Closes in order, in bounded time. A command that is still in the socket's buffer goes out before.
    async fn say_goodbye(&mut self, reason: CloseReason, under_way: Option<Completion>) {
        let text = match reason {
            CloseReason::Restart => {
                let wait = rand::rng().random_range(0..=COME_BACK_WITHIN_MS);
                format!("{} retry_ms={wait}", reason.text())
            }
            _ => reason.text().to_owned(),
        };
        let close = CloseFrame { code: reason.code().into(), reason: text.into() };
        let (socket, delivered) = (&mut self.socket, &self.node.metrics.commands_delivered);
        let goodbye = async {
            poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx)).await?;
            Pin::new(&mut *socket).start_send(WsMessage::Close(Some(close)))?;
            poll_fn(|cx| Pin::new(&mut *socket).poll_flush(cx)).await?;
            if let Some(completion) = under_way {
                delivered.inc();
                completion.finish(true);
            }
            if matches!(reason, CloseReason::TooBig | CloseReason::Protocol | CloseReason::InvalidText) {
                // What the peer still sends is not WebSocket any more.
                discard(socket.get_mut()).await;
                return Ok(());
            }
            while let Some(message) = poll_fn(|cx| Pin::new(&mut *socket).poll_next(cx)).await {
                message?;
            }
            socket.get_mut().end_tls().await;
            Ok::<_, Error>(())
        };
        // A peer that does not answer the goodbye is left.
        let _ = timeout(GOODBYE_PATIENCE, goodbye).await;
    }
}

/// Reads and throws away until the peer has closed or sent too much.
async fn discard(socket: &mut MaybeTls<TcpStream>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let _ = socket.shutdown().await;
    let mut buffer = vec![0; 16 * 1024];
    let mut left = GOODBYE_BYTES;
    while let Ok(read @ 1..) = socket.read(&mut buffer).await {
        left = left.saturating_sub(read);
        if left == 0 {
            return;
        }
    }
}

/// How a connection ends after an error of the socket.
fn ending(error: &Error) -> CloseReason {
    match error {
        Error::Capacity(_) => CloseReason::TooBig,
        Error::Utf8(_) => CloseReason::InvalidText,
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => CloseReason::Normal,
        Error::Protocol(_) => CloseReason::Protocol,
        _ => CloseReason::Normal,
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The task may be dropped in its middle when a drain has run out of patience.
        self.leave();
        let _ = &self.place;
        self.node.remove_peer(self.peer.id);
        debug_assert_eq!(self.peer.devices.load(Ordering::Relaxed), 0);
    }
}

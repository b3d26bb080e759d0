//! One WebSocket connection: one task that reads, writes and watches the clock, in turns that never wait for each other.
//!
//! ```text
//!             ┌─ read ──▶ frames ──▶ share of the worker, owners
//!   socket ───┤           commands ──▶ dispatch ──▶ answers, in order
//!             └─ write ◀─ commands for its devices, answers, telemetry, pings
//! ```
//!
//! Reading goes on while a write waits for the peer; it pauses only while as many answers as may be are outstanding.

use crate::dispatch::{self, ANSWER_MARGIN};
use crate::node::Node;
use crate::owners::{Claim, Slot};
use crate::peer::{Completion, Next, Peer, Spacing};
use crate::share::Share;
use crate::space::{Place, SpaceState};
use crate::view::View;
use crate::worker::Worker;
use futures_util::{Sink, Stream};
use grouploop_bridge::{
    CloseReason, CommandAnswer, CommandError, CommandLine, DeviceId, Frame, GREETING, ID_ERROR, ID_OK, Line, Message,
    OptionsError, PONG, STREAM_ERROR, STREAM_OFF, STREAM_ON, SubscribeOptions, Target,
};
use rand::RngExt;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Bytes, Error, Message as WsMessage, Utf8Bytes};

/// Steps in one turn before other tasks get theirs.
const STEPS: usize = 64;
/// How long a goodbye may take: our close frame out, the peer's in.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(2);
/// What is read and thrown away after an over-long message, so that the close frame reaches the peer before a reset does.
const GOODBYE_BYTES: usize = 1 << 20;
/// Peers are asked to come back spread over this time after a restart.
const COME_BACK_WITHIN_MS: u64 = 2000;

/// A connection and all that it keeps.
pub(crate) struct Connection {
    node: Arc<Node>,
    worker: Arc<Worker>,
    space: Arc<SpaceState>,
    share: Arc<Share>,
    peer: Arc<Peer>,
    socket: WebSocketStream<TcpStream>,
    slots: FxHashMap<DeviceId, Arc<Slot>>,
    /// The slot of the last frame: most connections carry one device.
    last: Option<(DeviceId, Arc<Slot>)>,
    spacing: Spacing,
    replies: VecDeque<Reply>,
    view: Option<View>,
    /// A message is in the socket's buffer, and since when.
    flushing_since: Option<Instant>,
    /// The command that is in the socket's buffer.
    in_flush: Option<Completion>,
    ping_at: Instant,
    awaiting_pong: bool,
    timer: Pin<Box<Sleep>>,
    timer_at: Instant,
    place: Place,
}

/// What is to be said to the peer, in the order in which it asked.
enum Reply {
    Text(Utf8Bytes),
    Greeting,
    StreamOn(Box<SubscribeOptions>),
    StreamOff,
    One(oneshot::Receiver<bool>, Instant),
    All(oneshot::Receiver<usize>, Instant),
}

impl Connection {
    pub(crate) fn new(
        node: Arc<Node>,
        worker: Arc<Worker>,
        place: Place,
        socket: WebSocketStream<TcpStream>,
        subscribe: Option<Result<SubscribeOptions, OptionsError>>,
    ) -> Self {
        let now = Instant::now();
        let space = place.space.clone();
        let share = space.share(&worker);
        let settings = &node.settings;
        let peer = Arc::new(Peer::new(node.next_peer_id(), worker.pace.clone(), settings.command_queue as usize));
        // The first ping comes early by chance, so that connections that came together are not pinged together.
        let interval = settings.ping_interval();
        let ping_at = now + interval.mul_f64(rand::rng().random_range(0.5..=1.0));
        let spacing = Spacing::new(settings.command_spacing());
        let mut connection = Self {
            share,
            space,
            peer,
            socket,
            slots: FxHashMap::default(),
            last: None,
            spacing,
            replies: VecDeque::with_capacity(2),
            view: None,
            flushing_since: None,
            in_flush: None,
            ping_at,
            awaiting_pong: false,
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
        // First of all its devices go, so that a command to one fails from now on.
        self.leave();
        match reason {
            CloseReason::Normal | CloseReason::WriteTimeout => {}
            reason => self.say_goodbye(reason).await,
        }
        self.node.metrics.connections.dec();
        self.node.metrics.closed(reason.text());
        self.node.remove_peer(self.peer.id);
        tracing::debug!(conn.id = self.peer.id, conn.reason = reason.text(), "disconnected");
    }

    /// Gives its devices, its view and what waits for it back.
    fn leave(&mut self) {
        let mut changed = false;
        for device in std::mem::take(&mut self.slots).into_keys() {
            changed |= self.space.owners.release(device, self.peer.id);
        }
        if changed {
            self.space.changed.notify_one();
        }
        self.last = None;
        self.stop_view();
        self.peer.close();
        self.in_flush = None;
        self.replies.clear();
    }

    /// Does what can be done now; ready when the connection ends.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        self.peer.waker.register(cx.waker());
        for _ in 0..STEPS {
            let now = Instant::now();
            match self.write_step(cx, now) {
                Poll::Ready(Ok(true)) => continue,
                Poll::Ready(Ok(false)) | Poll::Pending => {}
                Poll::Ready(Err(reason)) => return Poll::Ready(reason),
            }
            let read = if self.replies.len() < self.node.settings.commands_in_flight as usize {
                self.read_step(cx, now)
            } else {
                Poll::Pending
            };
            match read {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(reason)) => return Poll::Ready(reason),
                Poll::Pending => match self.clock_step(cx, now) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(reason)) => return Poll::Ready(reason),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
        // Others first, then on.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes one message or goes on writing; `true` when something was written and there may be more.
    fn write_step(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<bool, CloseReason>> {
        if self.flushing_since.is_some() {
            match ready!(Pin::new(&mut self.socket).poll_flush(cx)) {
                Ok(()) => {
                    self.flushing_since = None;
                    if let Some(completion) = self.in_flush.take() {
                        self.node.metrics.commands_delivered.inc();
                        completion.finish(true);
                    }
                }
                Err(error) => return Poll::Ready(Err(ending(&error))),
            }
        }
        let message = match self.next_message(cx, now) {
            Ok(Some(message)) => message,
            Ok(None) => return Poll::Ready(Ok(false)),
            Err(reason) => return Poll::Ready(Err(reason)),
        };
        if let Err(error) = self.put(message, now) {
            return Poll::Ready(Err(ending(&error)));
        }
        Poll::Ready(Ok(true))
    }

    /// Puts a message into the socket's buffer; only called when that is empty.
    fn put(&mut self, message: WsMessage, now: Instant) -> Result<(), Error> {
        self.flushing_since = Some(now);
        Pin::new(&mut self.socket).start_send(message)
    }

    /// What to write next: commands for its devices, then answers, then telemetry.
    fn next_message(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<Option<WsMessage>, CloseReason> {
        loop {
            match self.peer.next(now, &mut self.spacing) {
                Next::Command(command) => {
                    self.in_flush = Some(command.completion);
                    return Ok(Some(WsMessage::Text(command.text)));
                }
                Next::Goodbye(reason) => return Err(reason),
                // Something expired: look again.
                Next::Wait(at) if at <= now => {}
                Next::Wait(at) => {
                    self.look_again_at(at);
                    break;
                }
                Next::Nothing => break,
            }
        }
        if let Some(text) = self.next_reply(cx, now) {
            return Ok(Some(WsMessage::Text(text)));
        }
        let Some(view) = self.view.as_mut() else { return Ok(None) };
        if let Some(serving) = view.next(&self.share, &self.space, now) {
            let metrics = &self.node.metrics;
            metrics.viewer_messages.inc();
            metrics.viewer_bytes.inc_by(serving.text.len() as u64);
            if serving.lapped > 0 {
                metrics.drop_frames("viewer_lapped", serving.lapped);
            }
            return Ok(Some(WsMessage::Text(serving.text)));
        }
        if let Some(at) = view.wake_at(&self.space) {
            self.look_again_at(at);
        }
        Ok(None)
    }

    /// The next answer, when the one that is due is known.
    fn next_reply(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<Utf8Bytes> {
        let known = |answer: CommandAnswer, node: &Node| {
            node.metrics.answered(answer.kind());
            Some(Utf8Bytes::from(answer.to_string()))
        };
        match self.replies.front_mut()? {
            Reply::One(answer, until) => {
                let until = *until;
                let answer = match Pin::new(answer).poll(cx) {
                    Poll::Ready(Ok(true)) => CommandAnswer::Success,
                    Poll::Ready(_) => CommandAnswer::Failed,
                    Poll::Pending if now >= until => CommandAnswer::Failed,
                    Poll::Pending => {
                        self.look_again_at(until);
                        return None;
                    }
                };
                self.replies.pop_front();
                return known(answer, &self.node);
            }
            Reply::All(answer, until) => {
                let until = *until;
                let count = match Pin::new(answer).poll(cx) {
                    Poll::Ready(count) => count.unwrap_or(0),
                    Poll::Pending if now >= until => 0,
                    Poll::Pending => {
                        self.look_again_at(until);
                        return None;
                    }
                };
                self.replies.pop_front();
                return known(CommandAnswer::SentTo(count), &self.node);
            }
            _ => {}
        }
        match self.replies.pop_front()? {
            Reply::Text(text) => Some(text),
            Reply::Greeting => Some(Utf8Bytes::from_static(GREETING)),
            Reply::StreamOn(options) => {
                self.start_view(*options);
                Some(Utf8Bytes::from_static(STREAM_ON))
            }
            Reply::StreamOff => {
                self.stop_view();
                Some(Utf8Bytes::from_static(STREAM_OFF))
            }
            Reply::One(..) | Reply::All(..) => None,
        }
    }

    fn start_view(&mut self, options: SubscribeOptions) {
        if self.view.is_none() {
            self.space.viewer_came();
            self.share.add_viewer(self.peer.clone());
        }
        self.view = Some(View::new(options, &self.share, &self.space));
    }

    fn stop_view(&mut self) {
        if self.view.take().is_some() {
            self.share.remove_viewer(self.peer.id);
            self.space.viewer_left();
        }
    }

    /// Reads one message.
    fn read_step(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<(), CloseReason>> {
        let message = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
            None => return Poll::Ready(Err(CloseReason::Normal)),
            Some(Err(error)) => return Poll::Ready(Err(ending(&error))),
            Some(Ok(message)) => message,
        };
        match message {
            WsMessage::Text(text) => {
                self.worker.pace.took_one();
                self.on_text(&text, now);
            }
            WsMessage::Binary(_) => self.node.metrics.ignore("binary"),
            WsMessage::Pong(_) => self.awaiting_pong = false,
            // The library answers pings and close frames itself at the next write.
            WsMessage::Ping(_) | WsMessage::Close(_) => self.flushing_since = self.flushing_since.or(Some(now)),
            WsMessage::Frame(_) => {}
        }
        Poll::Ready(Ok(()))
    }

    fn on_text(&mut self, text: &str, now: Instant) {
        match Message::parse(text) {
            Message::Frame(frame) => self.take_in(&frame, now),
            Message::Lines(lines) => {
                for line in lines {
                    match line {
                        Line::Frame(frame) => self.take_in(&frame, now),
                        Line::Other => self.node.metrics.ignore("unknown_line"),
                    }
                }
            }
            Message::Ping => self.reply(PONG),
            Message::EmptyLabel => self.reply(ID_ERROR),
            Message::Label { device, .. } => {
                if let Some(device) = device {
                    self.claim(device, now);
                }
                self.reply(ID_OK);
            }
            Message::Subscribe(options) => self.subscribe(options),
            Message::Unsubscribe => self.replies.push_back(Reply::StreamOff),
            Message::Command(Ok(line)) => self.on_command(line, now),
            Message::Command(Err(_)) => self.refuse(CommandError::InvalidFormat),
        }
    }

    fn reply(&mut self, text: &'static str) {
        self.replies.push_back(Reply::Text(Utf8Bytes::from_static(text)));
    }

    fn refuse(&mut self, error: CommandError) {
        let answer = CommandAnswer::Error(error);
        self.node.metrics.answered(answer.kind());
        self.replies.push_back(Reply::Text(answer.to_string().into()));
    }

    fn subscribe(&mut self, options: Result<SubscribeOptions, OptionsError>) {
        self.replies.push_back(match options {
            Ok(options) => Reply::StreamOn(Box::new(options)),
            Err(error) => Reply::Text(format!("{STREAM_ERROR}{error}").into()),
        });
    }

    /// The way of a frame.
    #[inline]
    fn take_in(&mut self, frame: &Frame, now: Instant) {
        let device = frame.device();
        let now_ms = self.space.owners.now_ms(now);
        let known = match &self.last {
            Some((last, slot)) if *last == device => slot.note_frame(self.peer.id, now_ms),
            _ => match self.slots.get(&device) {
                Some(slot) => {
                    let owned = slot.note_frame(self.peer.id, now_ms);
                    self.last = Some((device, slot.clone()));
                    owned
                }
                None => false,
            },
        };
        if !known {
            if !self.claim(device, now) {
                return;
            }
            if let Some((_, slot)) = &self.last {
                slot.note_frame(self.peer.id, now_ms);
            }
        }
        self.share.take_in(frame, &self.space);
        self.node.metrics.frames_received.inc();
    }

    /// Makes this connection the owner. `false` when it carries as many devices as may be.
    fn claim(&mut self, device: DeviceId, now: Instant) -> bool {
        if self.slots.len() >= self.node.settings.max_devices_per_connection as usize
            && !self.slots.contains_key(&device)
        {
            self.node.metrics.drop_frames("too_many_devices", 1);
            return false;
        }
        let (claim, tell_bus) = self.space.owners.claim(device, &self.peer, &self.node.clock, now);
        if tell_bus {
            self.space.changed.notify_one();
        }
        if let Claim::Owned(slot) = claim {
            self.slots.insert(device, slot.clone());
            self.last = Some((device, slot));
        }
        true
    }

    fn on_command(&mut self, line: CommandLine<'_>, now: Instant) {
        let text = match self.node.registry().check(line.command, line.parameters) {
            Ok(text) => text,
            Err(error) => return self.refuse(error),
        };
        let until = now + self.node.settings.command_timeout() + 2 * ANSWER_MARGIN;
        let reply = match Target::parse(line.target) {
            Some(Target::Device(device)) => {
                let space = Some(&self.space);
                let answer = dispatch::send_to_one(&self.node, space, &self.space.name, device, &text);
                Reply::One(answer, until)
            }
            Some(Target::All) => {
                let (sender, answer) = oneshot::channel();
                let reports = dispatch::send_to_all(&self.node, &self.space.name, &text);
                // Bounded by the commands that a connection may have in flight.
                self.node.tasks.spawn_on(
                    async move {
                        let _ = sender.send(reports.await.iter().map(|report| report.sent.len()).sum());
                    },
                    &self.node.runtime,
                );
                Reply::All(answer, until)
            }
            None => {
                // Nothing can be called so.
                let answer = CommandAnswer::Failed;
                self.node.metrics.answered(answer.kind());
                Reply::Text(answer.to_string().into())
            }
        };
        self.replies.push_back(reply);
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
            if self.awaiting_pong {
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

    /// Closes in order, in bounded time.
    async fn say_goodbye(&mut self, reason: CloseReason) {
        let text = match reason {
            CloseReason::Restart | CloseReason::GoingAway => {
                let wait = rand::rng().random_range(0..=COME_BACK_WITHIN_MS);
                format!("{} retry_ms={wait}", reason.text())
            }
            _ => reason.text().to_owned(),
        };
        let close = CloseFrame { code: reason.code().into(), reason: text.into() };
        let socket = &mut self.socket;
        let goodbye = async {
            poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx)).await?;
            Pin::new(&mut *socket).start_send(WsMessage::Close(Some(close)))?;
            poll_fn(|cx| Pin::new(&mut *socket).poll_flush(cx)).await?;
            if matches!(reason, CloseReason::TooBig | CloseReason::Protocol | CloseReason::InvalidText) {
                // What the peer still sends is not WebSocket any more.
                discard(socket.get_mut()).await;
                return Ok(());
            }
            while let Some(message) = poll_fn(|cx| Pin::new(&mut *socket).poll_next(cx)).await {
                message?;
            }
            Ok::<_, Error>(())
        };
        // A peer that does not answer the goodbye is left.
        let _ = timeout(GOODBYE_PATIENCE, goodbye).await;
    }
}

/// Reads and throws away until the peer has closed or sent too much.
async fn discard(socket: &mut TcpStream) {
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

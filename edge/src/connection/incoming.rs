//! What a connection reads: frames into the worker's share, commands to the dispatcher, everything else answered or counted.

use super::outgoing::{Asked, Reply};
use super::{Connection, ending};
use crate::dispatch::{self, ANSWER_MARGIN};
use crate::metrics::{Dropped, Ignored};
use futures_util::Stream;
use grouploop_bridge::{
    CloseReason, CommandAnswer, CommandError, CommandLine, DeviceId, Frame, ID_ERROR, ID_OK, Line, Message,
    OptionsError, PONG, STREAM_ERROR, Side, Span, SubscribeOptions, Target,
};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{Message as WsMessage, Utf8Bytes};

/// Characters of a label that a log line shows.
const LABEL_CHARS: usize = 64;

impl Connection {
    /// Reads one message.
    pub(super) fn read_step(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<(), CloseReason>> {
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
            WsMessage::Binary(_) => self.node.metrics.ignore(Ignored::Binary),
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
                        Line::Other => self.node.metrics.ignore(Ignored::UnknownLine),
                    }
                }
            }
            Message::Ping => self.reply(PONG),
            Message::EmptyLabel => self.reply(ID_ERROR),
            Message::Label { label, device } => {
                let label: String = label.chars().take(LABEL_CHARS).collect();
                tracing::debug!(conn.id = self.peer.id, conn.label = label, "labelled");
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
        self.node.metrics.answered(answer);
        self.space.counts.answered(answer, None);
        self.replies.push_back(Reply::Text(answer.to_string().into()));
    }

    pub(super) fn subscribe(&mut self, options: Result<SubscribeOptions, OptionsError>) {
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
        self.share.take_in(frame, now);
        self.node.metrics.frames_received.inc();
    }

    /// Makes this connection the owner. `false` when it carries as many devices as may be.
    fn claim(&mut self, device: DeviceId, now: Instant) -> bool {
        if self.slots.len() >= self.node.settings.max_devices_per_connection as usize
            && !self.slots.contains_key(&device)
        {
            self.node.metrics.drop_frames(Dropped::TooManyDevices, 1);
            return false;
        }
        let slot = self.space.owners.claim(device, &self.peer, &self.node.member.clock, now);
        self.slots.insert(device, slot.clone());
        self.last = Some((device, slot));
        true
    }

    fn on_command(&mut self, line: CommandLine<'_>, now: Instant) {
        let text = match self.node.registry().check(line.command, line.parameters) {
            Ok(text) => text,
            Err(error) => return self.refuse(error),
        };
        let until = now + self.node.settings.command_timeout() + 2 * ANSWER_MARGIN;
        let span = self.node.tracer.begin("command", Side::Server, None);
        let span = span.map(|span| span.about("space.id", &self.space.name).about("command", line.command));
        let trace = span.as_ref().and_then(Span::context);
        let asked = Asked { at: now, until, span };
        let reply = match Target::parse(line.target) {
            Some(Target::Device(device)) => {
                let space = Some(&self.space);
                let answer = dispatch::send_to_one(&self.node, space, &self.space.name, device, &text, trace);
                Reply::One(answer, asked)
            }
            Some(Target::All) => {
                let (sender, answer) = oneshot::channel();
                let reports = dispatch::send_to_all(&self.edge, &self.space.name, &text, trace);
                // Bounded by the commands that a connection may have in flight.
                self.node.tasks.spawn_on(
                    async move {
                        let _ = sender.send(reports.await.iter().map(|report| report.sent.len()).sum());
                    },
                    &self.node.runtime,
                );
                Reply::All(answer, asked)
            }
            None => {
                // Nothing can be called so.
                let answer = CommandAnswer::Failed;
                self.node.metrics.answered(answer);
                self.space.counts.answered(answer, None);
                Reply::Text(answer.to_string().into())
            }
        };
        self.replies.push_back(reply);
    }
}

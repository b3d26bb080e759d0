//! What a connection writes: commands for its devices, answers in the order of the questions, telemetry.

use super::{Connection, ending};
use crate::metrics::Dropped;
use crate::peer::Next;
use crate::view::View;
use futures_util::Sink;
use grouploop_bridge::{CloseReason, CommandAnswer, DeviceId, GREETING, STREAM_OFF, STREAM_ON, Span, SubscribeOptions};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{Error, Message as WsMessage, Utf8Bytes};

/// What is to be said to the peer, in the order in which it asked.
pub(super) enum Reply {
    Text(Utf8Bytes),
    Greeting,
    StreamOn(Box<SubscribeOptions>),
    StreamOff,
    One(oneshot::Receiver<bool>, Asked),
    All(oneshot::Receiver<usize>, Asked),
}

/// When a command was asked for, until when its answer is waited for, and its trace.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) at: Instant,
    pub(super) until: Instant,
    pub(super) span: Option<Span>,
}

impl Connection {
    /// Writes one message or goes on writing; `true` when something was written and there may be more.
    pub(super) fn write_step(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<bool, CloseReason>> {
        if self.flushing_since.is_some() {
            match Pin::new(&mut self.socket).poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    self.flushing_since = None;
                    if let Some(completion) = self.in_flush.take() {
                        self.node.metrics.commands_delivered.inc();
                        self.space.counts.delivered();
                        completion.finish(true);
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(ending(&error))),
                // A peer that takes nothing must not hold up a drain.
                Poll::Pending => match self.going.or_else(|| self.peer.goodbye()) {
                    Some(reason) => return Poll::Ready(Err(reason)),
                    None => return Poll::Pending,
                },
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
    pub(super) fn put(&mut self, message: WsMessage, now: Instant) -> Result<(), Error> {
        self.flushing_since = Some(now);
        Pin::new(&mut self.socket).start_send(message)
    }

    /// What to write next: commands for its devices, then answers, then telemetry.
    fn next_message(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<Option<WsMessage>, CloseReason> {
        loop {
            match self.peer.next(now, self.node.settings.command_spacing()) {
                // Dropped, it has failed: nobody waits for it any more.
                Next::Command(command) if command.deadline <= now => {}
                Next::Command(command) if self.owns(command.device) => {
                    self.in_flush = Some(command.completion);
                    return Ok(Some(WsMessage::Text(command.text)));
                }
                // While it waited another connection took the device over, and gets its commands.
                Next::Command(command) => {
                    if let Some(owner) = self.space.owners.owner(command.device) {
                        owner.send(command, now);
                    }
                }
                Next::Goodbye(reason) => self.going = Some(reason),
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
        if let Some(reason) = self.going.filter(|_| self.replies.is_empty()) {
            return Err(reason);
        }
        let Some(view) = self.view.as_mut() else { return Ok(None) };
        if let Some(serving) = view.next(&self.share, now) {
            let metrics = &self.node.metrics;
            metrics.viewer_messages.inc();
            metrics.viewer_bytes.inc_by(serving.text.len() as u64);
            if let Some(arrived) = serving.arrived {
                metrics.delay_to_viewer.observe(now.saturating_duration_since(arrived));
            }
            if serving.lapped > 0 {
                metrics.drop_frames(Dropped::ViewerLapped, serving.lapped);
            }
            return Ok(Some(WsMessage::Text(serving.text)));
        }
        if let Some(at) = view.wake_at(&self.share) {
            self.look_again_at(at);
        }
        Ok(None)
    }

    fn owns(&self, device: DeviceId) -> bool {
        self.slots.get(&device).is_some_and(|slot| slot.is_owned_by(self.peer.id))
    }

    /// The next answer, when the one that is due is known.
    fn next_reply(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<Utf8Bytes> {
        match self.replies.front_mut()? {
            Reply::One(answer, asked) => {
                let until = asked.until;
                let answer = match Pin::new(answer).poll(cx) {
                    Poll::Ready(Ok(true)) => CommandAnswer::Success,
                    Poll::Ready(_) => CommandAnswer::Failed,
                    Poll::Pending if now >= until => CommandAnswer::Failed,
                    Poll::Pending => {
                        self.look_again_at(until);
                        return None;
                    }
                };
                return Some(self.answered(answer, now));
            }
            Reply::All(answer, asked) => {
                let until = asked.until;
                let count = match Pin::new(answer).poll(cx) {
                    Poll::Ready(count) => count.unwrap_or(0),
                    Poll::Pending if now >= until => 0,
                    Poll::Pending => {
                        self.look_again_at(until);
                        return None;
                    }
                };
                return Some(self.answered(CommandAnswer::SentTo(count), now));
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

    /// The command that was waited for has this answer.
    fn answered(&mut self, answer: CommandAnswer, now: Instant) -> Utf8Bytes {
        self.node.metrics.answered(answer);
        if let Some(Reply::One(_, asked) | Reply::All(_, asked)) = self.replies.pop_front() {
            let time = now.saturating_duration_since(asked.at);
            self.node.metrics.answered_within(answer, time);
            self.space.counts.answered(answer, Some(time));
            if let Some(span) = asked.span {
                span.end(answer != CommandAnswer::Failed);
            }
        }
        Utf8Bytes::from(answer.to_string())
    }

    fn start_view(&mut self, options: SubscribeOptions) {
        match &mut self.view {
            Some(view) => view.change(options),
            None => {
                self.space.viewer_came();
                self.share.add_viewer(self.peer.clone());
                self.view = Some(View::new(options, &self.share));
            }
        }
    }

    pub(super) fn stop_view(&mut self) {
        if self.view.take().is_some() {
            self.share.remove_viewer(self.peer.id);
            self.space.viewer_left();
        }
    }
}

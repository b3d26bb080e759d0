//! The shared side of one connection: what other tasks may ask of it. Commands wait here, bounded, until the connection's own task
//! takes them.

use crate::pace::Pace;
use futures_util::task::AtomicWaker;
use grouploop_bridge::{CloseReason, Delivery, DeviceId, Owner, OwnerId, Span};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Commands that may wait for one connection, whatever number of devices it carries.
const MAX_WAITING: usize = 4096;

/// Number of a connection, never used twice in a process; 0 is nobody.
pub(crate) type PeerId = OwnerId;

/// What other tasks hold of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    /// Devices that it owns, so that a command to all fits its queue.
    pub(crate) devices: AtomicUsize,
    pub(crate) waker: AtomicWaker,
    pace: Arc<Pace>,
    queue_limit: usize,
    /// Whether `inbox` holds something new: spares the task the lock at every wake-up.
    news: AtomicBool,
    inbox: Mutex<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    /// Commands by device. A queue without commands is kept until its device can take the next one.
    queues: FxHashMap<DeviceId, Queue>,
    /// When each queue is to be looked at, the earliest first; of two at the same time the one that was queued first.
    due: BinaryHeap<Reverse<(Instant, u64, DeviceId)>>,
    waiting: usize,
    next_order: u64,
    goodbye: Option<CloseReason>,
    closed: bool,
}

/// The commands that wait for one device. Stock firmware keeps only the last message and looks every 10 ms, so commands to one device keep a
/// distance; a connection that carries several devices is a gateway, and they do not wait for each other.
#[derive(Debug, Default)]
struct Queue {
    commands: VecDeque<PendingCommand>,
    free_at: Option<Instant>,
}

/// A command on its way to a device. Dropping it tells the sender that it failed.
#[derive(Debug)]
pub(crate) struct PendingCommand {
    pub(crate) device: DeviceId,
    pub(crate) text: Utf8Bytes,
    /// After this it has failed, even if the device could take it later.
    pub(crate) deadline: Instant,
    pub(crate) completion: Completion,
}

/// Tells the sender of a command how it went: once, and `failed` when it is dropped.
#[derive(Debug)]
pub(crate) struct Completion {
    sender: Option<Sender>,
    /// The way of the command to its device, when somebody traces it.
    span: Option<Span>,
}

#[derive(Debug)]
enum Sender {
    Local(oneshot::Sender<bool>),
    Bus(Box<Delivery>),
    Tally(Arc<Tally>, DeviceId),
}

impl Completion {
    fn new(sender: Sender) -> Self {
        Self { sender: Some(sender), span: None }
    }

    /// Tells a trace as well.
    pub(crate) fn traced(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }

    pub(crate) fn local(sender: oneshot::Sender<bool>) -> Self {
        Self::new(Sender::Local(sender))
    }

    pub(crate) fn bus(delivery: Delivery) -> Self {
        Self::new(Sender::Bus(Box::new(delivery)))
    }

    pub(crate) fn tally(tally: Arc<Tally>, device: DeviceId) -> Self {
        Self::new(Sender::Tally(tally, device))
    }

    /// Tells it.
    pub(crate) fn finish(mut self, success: bool) {
        self.tell(success);
    }

    fn tell(&mut self, success: bool) {
        if let Some(span) = self.span.take() {
            span.end(success);
        }
        match self.sender.take() {
            None => {}
            // Whoever does not wait any more needs no answer.
            Some(Sender::Local(sender)) => drop(sender.send(success)),
            Some(Sender::Bus(delivery)) => {
                let answer: &'static [u8] = if success { b"success" } else { b"failed" };
                // When the bus went away in between the sender hears `failed` from its own edge.
                let _ = delivery.respond(bytes::Bytes::from_static(answer));
            }
            Some(Sender::Tally(tally, device)) => tally.count(device, success),
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.tell(false);
    }
}

/// Counts the outcomes of a command to many devices.
#[derive(Debug)]
pub(crate) struct Tally {
    state: Mutex<TallyState>,
}

/// Devices that were reached and those that were not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) sent: Vec<DeviceId>,
    pub(crate) failed: Vec<DeviceId>,
}

#[derive(Debug)]
struct TallyState {
    outcome: Outcome,
    missing: usize,
    done: Option<oneshot::Sender<Outcome>>,
}

impl Tally {
    /// For so many devices; the receiver gets the outcome when all are counted.
    pub(crate) fn new(missing: usize) -> (Arc<Self>, oneshot::Receiver<Outcome>) {
        let (done, outcome) = oneshot::channel();
        let state = TallyState { outcome: Outcome::default(), missing, done: Some(done) };
        let tally = Arc::new(Self { state: Mutex::new(state) });
        if missing == 0 {
            tally.state.lock().unwrap_or_else(PoisonError::into_inner).close();
        }
        (tally, outcome)
    }

    /// The outcome for those counted yet.
    pub(crate) fn so_far(&self) -> Outcome {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).outcome.clone()
    }

    fn count(&self, device: DeviceId, success: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if success {
            state.outcome.sent.push(device)
        } else {
            state.outcome.failed.push(device)
        }
        state.missing = state.missing.saturating_sub(1);
        if state.missing == 0 {
            state.close();
        }
    }
}

impl TallyState {
    fn close(&mut self) {
        if let Some(done) = self.done.take() {
            let _ = done.send(std::mem::take(&mut self.outcome));
        }
    }
}

/// What the connection's task finds in its inbox.
#[derive(Debug)]
pub(crate) enum Next {
    /// Write this command now.
    Command(PendingCommand),
    /// Close for this reason.
    Goodbye(CloseReason),
    /// Nothing before this time.
    Wait(Instant),
    /// Nothing.
    Nothing,
}

impl Peer {
    pub(crate) fn new(id: PeerId, pace: Arc<Pace>, queue_limit: usize) -> Self {
        Self {
            id,
            devices: AtomicUsize::new(0),
            waker: AtomicWaker::new(),
            pace,
            queue_limit,
            news: AtomicBool::new(false),
            inbox: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a command. When its device has too many waiting, or the connection is gone, it is dropped, so its sender hears `failed`.
    pub(crate) fn send(&self, command: PendingCommand, now: Instant) {
        let mut inbox = self.lock();
        // A connection that carries many devices gets room for one more command each: a command to all must fit.
        let room = MAX_WAITING.max(self.devices.load(Ordering::Relaxed) + self.queue_limit);
        let Inbox { queues, due, waiting, next_order, closed, .. } = &mut *inbox;
        let before = queues.get(&command.device).map_or(0, |queue| queue.commands.len());
        if *closed || *waiting >= room || before >= self.queue_limit {
            // The completion may take other locks, so it is dropped after this one.
            drop(inbox);
            drop(command);
            return;
        }
        let queue = queues.entry(command.device).or_default();
        if queue.commands.is_empty() && queue.free_at.is_none() {
            due.push(Reverse((now, *next_order, command.device)));
            *next_order += 1;
        }
        queue.commands.push_back(command);
        *waiting += 1;
        drop(inbox);
        self.wake_now();
    }

    /// Asks the connection to close.
    pub(crate) fn say_goodbye(&self, reason: CloseReason) {
        self.lock().goodbye.get_or_insert(reason);
        self.wake_now();
    }

    fn wake_now(&self) {
        self.news.store(true, Ordering::Release);
        self.waker.wake();
        self.pace.nudge();
    }

    /// The goodbye that is asked for, and nothing else: for a task that cannot write now.
    pub(crate) fn goodbye(&self) -> Option<CloseReason> {
        if self.news.load(Ordering::Acquire) { self.lock().goodbye.take() } else { None }
    }

    /// What to do next. `spacing` is the distance between two commands to one device.
    pub(crate) fn next(&self, now: Instant, spacing: Duration) -> Next {
        if !self.news.load(Ordering::Acquire) {
            return Next::Nothing;
        }
        let mut inbox = self.lock();
        if let Some(reason) = inbox.goodbye.take() {
            return Next::Goodbye(reason);
        }
        let Inbox { queues, due, waiting, next_order, .. } = &mut *inbox;
        loop {
            let Some(Reverse((at, _, device))) = due.peek().copied() else {
                // Under the lock, so a command that comes now sets it again.
                self.news.store(false, Ordering::Release);
                return Next::Nothing;
            };
            if at > now {
                return Next::Wait(at);
            }
            due.pop();
            let command = queues.get_mut(&device).and_then(|queue| {
                queue.free_at = Some(now + spacing);
                queue.commands.pop_front()
            });
            let Some(command) = command else {
                // Its time has passed without another command.
                queues.remove(&device);
                continue;
            };
            *waiting -= 1;
            due.push(Reverse((now + spacing, *next_order, device)));
            *next_order += 1;
            return Next::Command(command);
        }
    }

    /// The connection is over: whatever waits has failed.
    pub(crate) fn close(&self) {
        let commands = {
            let mut inbox = self.lock();
            inbox.closed = true;
            inbox.due.clear();
            std::mem::take(&mut inbox.queues)
        };
        drop(commands);
    }
}

impl Owner for Peer {
    fn id(&self) -> OwnerId {
        self.id
    }

    fn gained(&self) {
        self.devices.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self) {
        self.devices.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(limit: usize) -> Peer {
        Peer::new(1, Arc::new(Pace::new(Duration::ZERO)), limit)
    }

    fn command(device: u16, text: &'static str, now: Instant) -> (PendingCommand, oneshot::Receiver<bool>) {
        let (sender, answer) = oneshot::channel();
        let deadline = now + Duration::from_secs(2);
        let completion = Completion::local(sender);
        (PendingCommand { device: DeviceId(device), text: text.into(), deadline, completion }, answer)
    }

    #[test]
    fn commands_to_one_device_keep_their_distance_and_others_do_not_wait() {
        let (peer, now) = (peer(8), Instant::now());
        peer.devices.store(2, Ordering::Relaxed);
        let spacing = Duration::from_millis(20);
        let (first, _a) = command(1, "a", now);
        let (second, _b) = command(1, "b", now);
        let (other, _c) = command(2, "c", now);
        for command in [first, second, other] {
            peer.send(command, now);
        }
        let take = |at| match peer.next(at, spacing) {
            Next::Command(command) => Ok(command.text.as_str().to_owned()),
            Next::Wait(until) => Err(until - now),
            other => panic!("{other:?}"),
        };
        assert_eq!(take(now).unwrap(), "a");
        assert_eq!(take(now).unwrap(), "c");
        assert_eq!(take(now).unwrap_err(), Duration::from_millis(20));
        assert_eq!(take(now + Duration::from_millis(20)).unwrap(), "b");
        let later = now + Duration::from_secs(1);
        assert!(matches!(peer.next(later, spacing), Next::Nothing));
        assert!(peer.lock().queues.is_empty(), "nothing is kept of devices that are free");
    }

    #[test]
    fn one_device_with_a_full_queue_does_not_take_the_room_of_another() {
        let (peer, now) = (peer(2), Instant::now());
        let answers: Vec<_> = [1, 1, 1, 2]
            .map(|device| {
                let (command, answer) = command(device, "x", now);
                peer.send(command, now);
                answer
            })
            .into_iter()
            .map(|mut answer| answer.try_recv().ok())
            .collect();
        assert_eq!(answers, [None, None, Some(false), None]);
    }

    #[test]
    fn what_does_not_fit_or_comes_too_late_has_failed() {
        let (peer, now) = (peer(1), Instant::now());
        let (first, mut first_answer) = command(1, "a", now);
        let (second, mut second_answer) = command(1, "b", now);
        peer.send(first, now);
        peer.send(second, now);
        assert!(!second_answer.try_recv().unwrap(), "the queue holds one");
        assert!(matches!(peer.next(now, Duration::ZERO), Next::Command(command) if command.text.as_str() == "a"));
        assert!(!first_answer.try_recv().unwrap(), "dropped, not written");
        let (third, mut third_answer) = command(1, "c", now);
        peer.close();
        peer.send(third, now);
        assert!(!third_answer.try_recv().unwrap(), "the connection is gone");
        assert!(peer.lock().queues.is_empty(), "nothing is kept of what was refused");
    }

    #[test]
    fn a_tally_is_complete_when_every_device_is_counted() {
        let (tally, mut outcome) = Tally::new(2);
        Completion::tally(tally.clone(), DeviceId(1)).finish(true);
        assert!(outcome.try_recv().is_err());
        drop(Completion::tally(tally, DeviceId(2)));
        assert_eq!(outcome.try_recv().unwrap(), Outcome { sent: vec![DeviceId(1)], failed: vec![DeviceId(2)] });
        assert_eq!(Tally::new(0).1.try_recv().unwrap(), Outcome::default());
    }
}

//! The shared side of one connection: what other tasks may ask of it. Commands wait here, bounded, until the connection's own task
//! takes them.

use crate::pace::Pace;
use futures_util::task::AtomicWaker;
use grouploop_bridge::{CloseReason, Delivery, DeviceId};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Number of a connection, never used twice in a process; 0 is nobody.
pub(crate) type PeerId = u64;

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
    commands: VecDeque<PendingCommand>,
    goodbye: Option<CloseReason>,
    closed: bool,
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
pub(crate) struct Completion(Option<Sender>);

#[derive(Debug)]
enum Sender {
    Local(oneshot::Sender<bool>),
    Bus(Delivery),
    Tally(Arc<Tally>, DeviceId),
}

impl Completion {
    pub(crate) fn local(sender: oneshot::Sender<bool>) -> Self {
        Self(Some(Sender::Local(sender)))
    }

    pub(crate) fn bus(delivery: Delivery) -> Self {
        Self(Some(Sender::Bus(delivery)))
    }

    pub(crate) fn tally(tally: Arc<Tally>, device: DeviceId) -> Self {
        Self(Some(Sender::Tally(tally, device)))
    }

    /// Tells it.
    pub(crate) fn finish(mut self, success: bool) {
        self.tell(success);
    }

    fn tell(&mut self, success: bool) {
        match self.0.take() {
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

    /// Queues a command. When the queue is full or the connection gone the command is dropped, so its sender hears `failed`.
    pub(crate) fn send(&self, command: PendingCommand) {
        let mut inbox = self.lock();
        // A connection that carries many devices gets room for one more command each: a command to all must fit.
        let room = self.queue_limit + self.devices.load(Ordering::Relaxed).saturating_sub(1);
        if inbox.closed || inbox.commands.len() >= room {
            // The completion may take other locks, so it is dropped after this one.
            drop(inbox);
            drop(command);
            return;
        }
        inbox.commands.push_back(command);
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

    /// What to do next; `spacing` says for each device when it can take a command again.
    pub(crate) fn next(&self, now: Instant, spacing: &mut Spacing) -> Next {
        if !self.news.load(Ordering::Acquire) {
            return Next::Nothing;
        }
        let mut inbox = self.lock();
        if let Some(reason) = inbox.goodbye.take() {
            return Next::Goodbye(reason);
        }
        let expired = inbox.commands.iter().position(|command| command.deadline <= now);
        if let Some(gone) = expired.and_then(|index| inbox.commands.remove(index)) {
            drop(inbox);
            drop(gone);
            return Next::Wait(now);
        }
        let mut earliest: Option<Instant> = None;
        let due = inbox.commands.iter().position(|command| {
            let free = spacing.free_at(command.device, now);
            earliest = Some(earliest.map_or(free, |known| known.min(free)));
            free <= now
        });
        if let Some(command) = due.and_then(|index| inbox.commands.remove(index)) {
            spacing.sent(command.device, now);
            return Next::Command(command);
        }
        match earliest {
            Some(at) => Next::Wait(at),
            None => {
                // Under the lock, so a command that comes now sets it again.
                self.news.store(false, Ordering::Release);
                Next::Nothing
            }
        }
    }

    /// The connection is over: whatever waits has failed.
    pub(crate) fn close(&self) {
        let commands = {
            let mut inbox = self.lock();
            inbox.closed = true;
            std::mem::take(&mut inbox.commands)
        };
        drop(commands);
    }
}

/// When each device of a connection can take its next command. Stock firmware keeps only the last message and looks every 10 ms, so
/// commands to one device keep a distance; a connection that carries several devices is a gateway, and they do not wait for each other.
#[derive(Debug)]
pub(crate) struct Spacing {
    distance: Duration,
    last: FxHashMap<DeviceId, Instant>,
}

impl Spacing {
    pub(crate) fn new(distance: Duration) -> Self {
        Self { distance, last: FxHashMap::default() }
    }

    fn free_at(&self, device: DeviceId, now: Instant) -> Instant {
        self.last.get(&device).map_or(now, |last| *last + self.distance)
    }

    fn sent(&mut self, device: DeviceId, now: Instant) {
        if self.last.len() >= 64 {
            let distance = self.distance;
            self.last.retain(|_, last| *last + distance > now);
        }
        self.last.insert(device, now);
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
        let mut spacing = Spacing::new(Duration::from_millis(20));
        let (first, _a) = command(1, "a", now);
        let (second, _b) = command(1, "b", now);
        let (other, _c) = command(2, "c", now);
        for command in [first, second, other] {
            peer.send(command);
        }
        let mut take = |at| match peer.next(at, &mut spacing) {
            Next::Command(command) => Ok(command.text.as_str().to_owned()),
            Next::Wait(until) => Err(until - now),
            other => panic!("{other:?}"),
        };
        assert_eq!(take(now).unwrap(), "a");
        assert_eq!(take(now).unwrap(), "c");
        assert_eq!(take(now).unwrap_err(), Duration::from_millis(20));
        assert_eq!(take(now + Duration::from_millis(20)).unwrap(), "b");
        assert!(matches!(peer.next(now, &mut spacing), Next::Nothing));
    }

    #[test]
    fn what_does_not_fit_or_comes_too_late_has_failed() {
        let (peer, now) = (peer(1), Instant::now());
        let (first, mut first_answer) = command(1, "a", now);
        let (second, mut second_answer) = command(1, "b", now);
        peer.send(first);
        peer.send(second);
        assert!(!second_answer.try_recv().unwrap(), "the queue holds one");
        let mut spacing = Spacing::new(Duration::ZERO);
        assert!(matches!(peer.next(now + Duration::from_secs(3), &mut spacing), Next::Wait(_)));
        assert!(!first_answer.try_recv().unwrap(), "its time is over");
        let (third, mut third_answer) = command(1, "c", now);
        peer.close();
        peer.send(third);
        assert!(!third_answer.try_recv().unwrap(), "the connection is gone");
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

//! Plays a recording onto a link: each frame when it is due.
//!
//! ```text
//!  Feed ──frames──▶ wait until the next is due ──▶ push all that are due ──▶ seal ──▶ Link
//!                     ▲         └── commands that reach the devices are taken and counted
//!                     └──────────────────────────────────────────────────────┘
//! ```

use super::TapeError;
use super::feed::{Feed, Tape};
use super::link::{Opened, Way, link_on, open_link};
use super::schedule::{Schedule, Speed};
use crate::link::{Dropped, Incoming, Link, Place, Push, WsCounts};
use crate::node::Node;
use crate::recording::End;
use grouploop_bridge::{DeviceId, Frame, Space};
use hdrhistogram::Histogram;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// A frame may go this much before it is due: half of the tick of tokio's clock, so that it is rarely later than that either.
const EARLY: Duration = Duration::from_micros(500);
/// A frame that goes this much after it was due is late.
const LATE: Duration = Duration::from_millis(2);
/// Largest difference that is told apart.
const WORST_US: u64 = 60_000_000;
/// Time for the bus to take what is queued at the end.
const DRAIN: Duration = Duration::from_secs(5);
/// Why frames did not go that had been taken: they waited for a connection that ended.
const CONNECTION_LOST: &str = "connection_lost";

/// What is played, and how.
#[derive(Debug, Clone, Default)]
pub struct PlayerOptions {
    /// How much faster than it was recorded.
    pub speed: Speed,
    /// Again and again, until it is stopped.
    pub repeat: bool,
    /// Only these devices; all of them when there are none.
    pub devices: Option<BTreeSet<DeviceId>>,
}

/// What was played so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Played {
    /// Frames that were due.
    pub frames: u64,
    /// Those of them that did not go, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Those that went more than 2 ms after they were due.
    pub late: u64,
    /// How far behind the last one was.
    pub behind: Duration,
    /// Devices that have joined.
    pub devices: usize,
    /// Commands that reached them.
    pub commands: u64,
    /// Rounds that are over.
    pub rounds: u64,
    /// How much of the recording was played in this round.
    pub played: Duration,
    /// How the recording ended, once it did.
    pub end: Option<End>,
    /// How well the spacing was kept; told at the end.
    pub timing: Timing,
}

/// Differences between the spacing of two frames as they were due and as they went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// 99 % of them are at most this.
    pub p99: Duration,
    /// All of them are.
    pub worst: Duration,
}

/// Devices that will do again what they were recorded doing.
#[derive(Debug)]
pub struct Player {
    link: Link,
    node: Option<Arc<Node>>,
    counts: Option<Arc<WsCounts>>,
    incoming: Option<mpsc::Receiver<Incoming>>,
    places: FxHashMap<DeviceId, Place>,
    shared: Arc<Mutex<Played>>,
    played: Played,
    spacing_us: Histogram<u64>,
    /// How late the frame before went, in µs; negative when early.
    before_us: Option<i64>,
}

impl Player {
    /// Connects; nothing is sent yet.
    ///
    /// # Errors
    /// When nobody is there.
    pub async fn connect(way: Way, space: Space) -> Result<Self, TapeError> {
        Self::over(open_link(way, space).await?)
    }

    /// Plays on a node that is there already, and stays.
    ///
    /// # Errors
    /// When there is nothing to measure with.
    pub(crate) fn on_node(node: &Arc<Node>, space: &Space) -> Result<Self, TapeError> {
        Self::over(link_on(node, space))
    }

    fn over(Opened { link, incoming, node, counts }: Opened) -> Result<Self, TapeError> {
        let spacing_us = Histogram::new_with_bounds(1, WORST_US, 3)
            .map_err(|error| TapeError::NoWay(format!("there is nothing to measure with: {error}")))?;
        Ok(Self {
            link,
            node,
            counts,
            incoming: Some(incoming),
            places: FxHashMap::default(),
            shared: Arc::default(),
            played: Played::default(),
            spacing_us,
            before_us: None,
        })
    }

    /// What was played so far, while it plays.
    pub fn progress(&self) -> impl Fn() -> Played + Send + Sync + 'static {
        let shared = self.shared.clone();
        move || shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Plays the recording to its end, or until `stop`; then all devices leave.
    ///
    /// # Errors
    /// When its file cannot be read. One that is cut or damaged is played up to there: see [`Played::end`].
    pub async fn play(
        mut self,
        tape: &Tape,
        options: PlayerOptions,
        stop: impl Future<Output = ()>,
    ) -> Result<Played, TapeError> {
        let outcome = tokio::select! {
            biased;
            () = stop => Ok(()),
            outcome = self.rounds(tape, options) => outcome,
        };
        for (device, place) in std::mem::take(&mut self.places) {
            self.link.leave(place, device);
        }
        let micros = Duration::from_micros;
        let timing =
            Timing { p99: micros(self.spacing_us.value_at_quantile(0.99)), worst: micros(self.spacing_us.max()) };
        let Self { link, node, counts, mut played, .. } = self;
        link.close().await;
        // Known only now: what was taken may have waited for the connection until its end.
        let lost = counts.map_or(0, |counts| counts.lost_with_connection.get());
        if lost > 0 {
            played.dropped.insert(CONNECTION_LOST, lost);
        }
        if let Some(node) = node {
            node.drain(DRAIN).await;
        }
        outcome.map(|()| Played { timing, ..played })
    }

    async fn rounds(&mut self, tape: &Tape, options: PlayerOptions) -> Result<(), TapeError> {
        let devices = Arc::new(options.devices);
        let mut feed = Feed::start(tape, devices.clone());
        let (mut schedule, mut before) = (None, 0);
        loop {
            let (frames, end) = feed.next().await?;
            if end.is_some() && options.repeat {
                // Read while the last frames of this round are played.
                feed = Feed::start(tape, devices.clone());
            }
            let schedule = schedule.get_or_insert_with(|| Schedule::new(options.speed, Instant::now()));
            self.play_frames(&frames, schedule).await;
            if end.is_some() {
                self.played.end = end;
                self.played.rounds += 1;
                self.report();
                if !options.repeat || self.played.frames == before {
                    return Ok(());
                }
                before = self.played.frames;
                *schedule = schedule.again();
            }
        }
    }

    async fn play_frames(&mut self, frames: &[(Duration, Frame)], schedule: &mut Schedule) {
        let mut frames = frames.iter();
        let mut waits = None;
        while let Some((due, frame)) = waits.take().or_else(|| next_due(&mut frames, schedule)) {
            if due > Instant::now() + EARLY {
                self.wait_until(due - EARLY).await;
            }
            let now = Instant::now();
            let mut open = 0;
            let mut next = Some((due, frame));
            while let Some((due, frame)) = next {
                if due > now + EARLY {
                    break;
                }
                self.count(due, now);
                open += 1;
                if self.push(frame) == Push::Full {
                    self.seal(open);
                    open = 0;
                    // Who is behind must still hear others.
                    tokio::task::yield_now().await;
                }
                next = next_due(&mut frames, schedule);
            }
            waits = next;
            self.seal(open);
            self.played.played = schedule.played();
            self.report();
        }
    }

    fn push(&mut self, frame: &Frame) -> Push {
        let device = frame.device();
        let place = match self.places.get(&device) {
            Some(place) => *place,
            None => {
                // There are 65,536 devices at most.
                let place = Place::try_from(self.places.len()).unwrap_or(Place::MAX);
                self.places.insert(device, place);
                self.played.devices = self.places.len();
                self.link.join(place, device);
                place
            }
        };
        let push = self.link.push(place, frame.line());
        if let Push::Dropped(why) = push {
            self.dropped(why, 1);
        }
        push
    }

    /// Sends what was pushed, `frames` of them.
    fn seal(&mut self, frames: u64) {
        if let Err(why) = self.link.seal(Instant::now()) {
            self.dropped(why, frames);
        }
    }

    fn dropped(&mut self, why: Dropped, frames: u64) {
        *self.played.dropped.entry(why.reason()).or_default() += frames;
    }

    fn count(&mut self, due: Instant, now: Instant) {
        let behind = now.saturating_duration_since(due);
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let late_us = micros(behind) - micros(due.saturating_duration_since(now));
        if let Some(before_us) = self.before_us.replace(late_us) {
            self.spacing_us.saturating_record((late_us - before_us).unsigned_abs());
        }
        self.played.frames += 1;
        self.played.behind = behind;
        if behind > LATE {
            self.played.late += 1;
        }
    }

    /// Waits, and takes the commands that arrive meanwhile.
    async fn wait_until(&mut self, time: Instant) {
        let pause = sleep_until(time);
        tokio::pin!(pause);
        loop {
            let command = async {
                match &mut self.incoming {
                    Some(incoming) => incoming.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = &mut pause => return,
                command = command => match command {
                    Some(_) => self.played.commands += 1,
                    None => self.incoming = None,
                },
            }
        }
    }

    fn report(&self) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.played);
    }
}

/// The next frame, and when it is due.
fn next_due<'a>(
    frames: &mut slice::Iter<'a, (Duration, Frame)>,
    schedule: &mut Schedule,
) -> Option<(Instant, &'a Frame)> {
    frames.next().map(|(at, frame)| (schedule.due(*at), frame))
}

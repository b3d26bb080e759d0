//! The ledger: what was sent, what each viewer received of it, and how long that took. Pure: it has no clock and does no I/O.
//!
//! ```text
//!  sent(swarm, place, device, line, due) ──▶ Track ◀─ by id ── received(viewer, lines, at)
//!                                              │                       │
//!                     pushed out unseen: lost ◀┘                       └▶ delivered (late: out of order), duplicated, foreign
//! ```
//!
//! What is exact and what is not: frames of one device that differ are told apart, so each count is exact while no more than
//! [`HISTORY`](super::HISTORY) frames of it are under way. Equal frames of a device that rests are told apart by their order alone: the
//! counts still add up, but once one of them is lost, the latency of those behind it reads too long, until the device moves. Only a
//! device that repeats itself *and* whose frames overtake each other by many can look as if it lost some and doubled others.

use super::latency::Latency;
use super::track::{Content, Track};
use crate::link::{LineBytes, Place};
use grouploop_bridge::{DeviceId, FRAME_LEN, Frame, LINE_LEN, Space};
use rustc_hash::FxHashMap;

/// What viewers made of the frames of one class: the swarm.
#[derive(Debug, Clone)]
pub struct ClassCounts {
    /// The name of the swarm.
    pub name: String,
    /// Its space.
    pub space: Space,
    /// Frames that were sent.
    pub sent: u64,
    /// Frames that viewers should receive: each one that was sent, once for each viewer of the space.
    pub expected: u64,
    /// Frames that viewers received, each once.
    pub delivered: u64,
    /// Frames that they did not receive, or too late to be known.
    pub lost: u64,
    /// Frames that they received again.
    pub duplicated: u64,
    /// Frames that they received after a newer one of the same device; they are delivered, too.
    pub out_of_order: u64,
    /// From when a frame was due to when it had been received, for each delivered one.
    pub latency: Latency,
}

impl ClassCounts {
    /// Frames of which it is not known yet whether they arrive.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.expected.saturating_sub(self.delivered + self.lost)
    }
}

#[derive(Debug)]
struct Class {
    counts: ClassCounts,
    space: usize,
    /// The track of each place.
    tracks: Vec<Option<usize>>,
}

#[derive(Debug)]
struct World {
    space: Space,
    viewers: usize,
    /// The first track of each id.
    by_id: FxHashMap<DeviceId, usize>,
    /// Frames that nobody here sent, and lines that are no frames.
    foreign: u64,
}

/// A viewer: its space, and its number among the viewers of that space.
#[derive(Debug)]
struct Seat {
    space: usize,
    number: usize,
}

/// What was sent and what viewers received of it. All times are µs of one run, from a start that the callers share.
#[derive(Debug)]
pub struct Ledger {
    classes: Vec<Class>,
    spaces: Vec<World>,
    seats: Vec<Seat>,
    // Boxed, so that one more track never moves the others, which are a kilobyte each.
    #[expect(clippy::vec_box, reason = "growing must not move the tracks")]
    tracks: Vec<Box<Track>>,
    finished: bool,
}

impl Ledger {
    /// A ledger for these swarms (name and space) and for viewers of these spaces. Both are called by their places in these lists.
    #[must_use]
    pub fn new(swarms: impl IntoIterator<Item = (String, Space)>, viewers: impl IntoIterator<Item = Space>) -> Self {
        let mut ledger =
            Self { classes: Vec::new(), spaces: Vec::new(), seats: Vec::new(), tracks: Vec::new(), finished: false };
        for (name, space) in swarms {
            let (place, latency) = (ledger.place_of(&space), Latency::new());
            let [sent, expected, delivered, lost, duplicated, out_of_order] = [0; 6];
            let counts =
                ClassCounts { name, space, sent, expected, delivered, lost, duplicated, out_of_order, latency };
            ledger.classes.push(Class { counts, space: place, tracks: Vec::new() });
        }
        for space in viewers {
            let space = ledger.place_of(&space);
            if let Some(world) = ledger.spaces.get_mut(space) {
                ledger.seats.push(Seat { space, number: world.viewers });
                world.viewers += 1;
            }
        }
        ledger
    }

    fn place_of(&mut self, space: &Space) -> usize {
        self.spaces.iter().position(|world| world.space == *space).unwrap_or_else(|| {
            let world = World { space: space.clone(), viewers: 0, by_id: FxHashMap::default(), foreign: 0 };
            self.spaces.push(world);
            self.spaces.len() - 1
        })
    }

    /// Notes a frame that is sent: the line as it goes out, and when it was due, in µs of the run. Two devices of a swarm that send
    /// under one id differ in their places.
    ///
    /// No viewer may have received the frame before: hold the lock of the ledger over this call and the sending. What is noted
    /// and then not sent after all counts as lost.
    #[inline]
    pub fn sent(&mut self, swarm: usize, place: Place, device: DeviceId, line: &LineBytes, due_us: u64) {
        let Some(class) = self.classes.get_mut(swarm).filter(|_| !self.finished) else { return };
        class.counts.sent += 1;
        let Some(world) = self.spaces.get_mut(class.space).filter(|world| world.viewers > 0) else { return };
        class.counts.expected += world.viewers as u64;
        let place = place as usize;
        if place >= class.tracks.len() {
            class.tracks.resize(place + 1, None);
        }
        let Some(track) = class.tracks.get_mut(place) else { return };
        let track = *track.get_or_insert_with(|| {
            let first = self.tracks.len();
            let twin = world.by_id.insert(device, first);
            self.tracks.push(Box::new(Track::new(swarm, world.viewers, twin)));
            first
        });
        if let Some(track) = self.tracks.get_mut(track) {
            class.counts.lost += track.push(content(line), due_us);
        }
    }

    /// Notes what a viewer received: one message of lines, at a time in µs of the run.
    pub fn received(&mut self, viewer: usize, mut lines: &[u8], at_us: u64) {
        while !lines.is_empty() {
            // Nearly all that arrives is canonical lines and nothing else.
            if let Some((line, rest)) = lines.split_first_chunk::<LINE_LEN>()
                && let Some(frame) = Frame::from_line(line)
            {
                lines = rest;
                self.frame(viewer, Some(frame), at_us);
                continue;
            }
            let end = lines.iter().position(|byte| *byte == b'\n').unwrap_or(lines.len());
            let (line, rest) = lines.split_at_checked(end).unwrap_or((lines, &[]));
            lines = rest.get(1..).unwrap_or_default();
            let line = line.trim_ascii();
            if !line.is_empty() {
                self.frame(viewer, Frame::parse(line), at_us);
            }
        }
    }

    fn frame(&mut self, viewer: usize, frame: Option<Frame>, at_us: u64) {
        if self.finished {
            return;
        }
        let Some(seat) = self.seats.get(viewer) else { return };
        let Some(world) = self.spaces.get_mut(seat.space) else { return };
        let found = frame.and_then(|frame| {
            let first = *world.by_id.get(&frame.device())?;
            Match::find(&self.tracks, first, seat.number, content(frame.line()))
        });
        let Some(found) = found else {
            world.foreign += 1;
            return;
        };
        let Some(track) = self.tracks.get_mut(found.track) else { return };
        let Some(class) = self.classes.get_mut(track.class) else { return };
        let counts = &mut class.counts;
        match found.what {
            What::New(number) | What::Late(number) => {
                counts.delivered += 1;
                counts.out_of_order += u64::from(matches!(found.what, What::Late(_)));
                counts.latency.record(at_us.saturating_sub(track.take(seat.number, number)));
            }
            What::Again => counts.duplicated += 1,
        }
    }

    /// The end: what is missing now is lost, and nothing more is counted. Whoever calls it has waited for what was under way.
    pub fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        for track in &self.tracks {
            if let Some(class) = self.classes.get_mut(track.class) {
                class.counts.lost += track.missing();
            }
        }
    }

    /// The counts of each swarm, in the order of the list that the ledger was made with.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = &ClassCounts> {
        self.classes.iter().map(|class| &class.counts)
    }

    /// For each space: the frames that viewers received there and nobody here sent.
    pub fn foreign(&self) -> impl ExactSizeIterator<Item = (&Space, u64)> {
        self.spaces.iter().map(|world| (&world.space, world.foreign))
    }

    /// Frames of which it is not known yet whether they arrive, each counted for each viewer.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.classes().map(ClassCounts::pending).sum()
    }
}

/// What a received frame is.
#[derive(Debug, Clone, Copy)]
struct Match {
    track: usize,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// Newer than all that the viewer has.
    New(u64),
    /// One that it had skipped.
    Late(u64),
    /// One that it has.
    Again,
}

impl Match {
    /// Looks at each track of an id. Of several that could have sent a frame, it was the one whose viewer then skips the fewest.
    fn find(tracks: &[Box<Track>], first: usize, viewer: usize, content: Content) -> Option<Self> {
        let twins = || {
            let all = std::iter::successors(Some(first), |track| tracks.get(*track)?.twin);
            all.filter_map(|place| Some((place, tracks.get(place)?)))
        };
        let ahead = twins().filter_map(|(track, twin)| Some((track, twin.ahead(viewer, content)?)));
        if let Some((track, ahead)) = ahead.min_by_key(|(_, ahead)| ahead.skipped) {
            return Some(Self { track, what: What::New(ahead.number) });
        }
        let late = twins().find_map(|(track, twin)| Some((track, twin.behind(viewer, content)?)));
        if let Some((track, number)) = late {
            return Some(Self { track, what: What::Late(number) });
        }
        let (track, _) = twins().find(|(_, twin)| twin.has(viewer, content))?;
        Some(Self { track, what: What::Again })
    }
}

/// The 16 digits behind the id as a number; they are lower-case hex digits.
#[inline]
fn content(line: &LineBytes) -> Content {
    let [_, _, _, _, digits @ .., _] = line;
    let digits: &[u8; FRAME_LEN - 4] = digits;
    // A digit's value is its low four bits, and 9 more for a letter, which has bit 6.
    digits.iter().fold(0, |value, digit| value << 4 | u64::from((digit & 15) + 9 * (digit >> 6)))
}

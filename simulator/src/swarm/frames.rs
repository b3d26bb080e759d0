//! The frames of a swarm as they fall due: bodies that move on their schedule, and jitter on the way out. Pure: times in, lines out.
//!
//! ```text
//!  Schedule ──slots──▶ World (a step for each slot, in their order) ──▶ [waiting, by jitter] ──▶ lines
//! ```
//!
//! A body moves with each slot of its device, whether its frame is sent or not, by exactly one period: so the lines are the same in each run,
//! however late the clock ticks and whoever is away.

use crate::body::World;
use crate::link::{LineBytes, Place};
use crate::scenario::{Due, Schedule, Swarm};
use bytes::BytesMut;
use grouploop_bridge::LINE_LEN;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// The frames of one swarm.
#[derive(Debug)]
pub(crate) struct Frames {
    world: World,
    schedule: Schedule,
    /// Up to here all slots have been taken.
    taken: Duration,
    due: Vec<Due>,
    lines: BytesMut,
    /// Frames whose jitter holds them back, with the number of their slot: of two at the same time the earlier slot comes first.
    waiting: BinaryHeap<Reverse<Waiting>>,
    slots: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    at: Duration,
    slot: u64,
    place: Place,
    line: LineBytes,
}

/// One frame that is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DueFrame<'a> {
    /// Whose it is.
    pub(crate) place: Place,
    /// When it was due, since the swarm began.
    pub(crate) at: Duration,
    /// The frame.
    pub(crate) line: &'a LineBytes,
}

impl Frames {
    /// The frames of a swarm from its beginning on. Device `i` of the world is at place `i`.
    pub(crate) fn new(plan: &Swarm, world: World) -> Self {
        Self {
            world,
            schedule: Schedule::new(plan),
            taken: Duration::ZERO,
            due: Vec::new(),
            lines: BytesMut::new(),
            waiting: BinaryHeap::new(),
            slots: 0,
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Changes how bodies move; who they are stays.
    pub(crate) fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Goes on by another plan from now on, up to which all frames have been handed out. Who is not in the world any more must have been taken
    /// out before.
    pub(crate) fn reschedule(&mut self, plan: &Swarm, now: Duration) {
        self.schedule = self.schedule.going_on(plan, self.world.len(), now);
        self.taken = self.taken.max(now);
        let len = self.world.len() as u64;
        // With less jitter new frames would overtake those that wait: these are due at once.
        let waiting = std::mem::take(&mut self.waiting).into_vec().into_iter();
        let stays = waiting.filter(|Reverse(waiting)| u64::from(waiting.place) < len);
        self.waiting = stays.map(|Reverse(waiting)| Reverse(Waiting { at: waiting.at.min(now), ..waiting })).collect();
    }

    /// When no frame comes any more.
    pub(crate) fn ends_at(&self) -> Option<Duration> {
        self.schedule.ends_at()
    }

    /// Up to where frames have been handed out, since the swarm began.
    pub(crate) fn taken(&self) -> Duration {
        self.taken
    }

    /// Gives up the slots before a time, and says the place of each: the generator is too far behind to send them.
    pub(crate) fn skip_to(&mut self, now: Duration, mut skipped: impl FnMut(Place)) {
        for due in self.schedule.without_jitter().window(self.taken, now) {
            skipped(due.device);
        }
        self.taken = self.taken.max(now);
    }

    /// Hands out every frame that falls due before `now`, in order.
    pub(crate) fn advance(&mut self, now: Duration, mut out: impl FnMut(DueFrame<'_>)) {
        if now > self.taken {
            let mut due = std::mem::take(&mut self.due);
            due.clear();
            due.extend(self.schedule.without_jitter().window(self.taken, now));
            self.taken = now;
            // Places that follow each other move together.
            for run in due.chunk_by(|a, b| a.device + 1 == b.device) {
                self.advance_run(run, &mut out);
            }
            self.due = due;
        }
        while let Some(Reverse(frame)) = self.waiting.peek().copied().filter(|Reverse(frame)| frame.at < now) {
            self.waiting.pop();
            out(DueFrame { place: frame.place, at: frame.at, line: &frame.line });
        }
    }

    fn advance_run(&mut self, run: &[Due], out: &mut impl FnMut(DueFrame<'_>)) {
        let Some(first) = run.first() else { return };
        let range = first.device as usize..first.device as usize + run.len();
        self.world.step_range(range.clone(), self.schedule.period());
        self.lines.clear();
        self.world.write_frames(range, &mut self.lines);
        for (due, line) in run.iter().zip(self.lines.as_chunks::<LINE_LEN>().0) {
            let delay = self.schedule.delay(due.device, due.round);
            let at = due.at.saturating_add(delay);
            if delay.is_zero() {
                out(DueFrame { place: due.device, at, line });
            } else {
                self.slots += 1;
                self.waiting.push(Reverse(Waiting { at, slot: self.slots, place: due.device, line: *line }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    const MS: Duration = Duration::from_millis(1);

    fn plan(text: &str) -> Swarm {
        Scenario::parse(&format!("[[swarm]]\n{text}")).unwrap().swarms.remove(0)
    }

    fn frames(plan: &Swarm) -> Frames {
        let mut world = World::new(&plan.world);
        for id in &plan.ids {
            world.add(*id).unwrap();
        }
        Frames::new(plan, world)
    }

    fn all(plan: &Swarm, ticks: impl Iterator<Item = u32>) -> Vec<(Place, Duration, LineBytes)> {
        let (mut frames, mut found, mut now) = (frames(plan), Vec::new(), Duration::ZERO);
        let end = frames.ends_at().unwrap() + MS;
        for tick in ticks {
            now = (now + MS * tick).min(end);
            frames.advance(now, |frame| found.push((frame.place, frame.at, *frame.line)));
            if now == end {
                return found;
            }
        }
        unreachable!()
    }

    #[test]
    fn the_same_lines_whatever_the_ticks() {
        for text in [
            "devices = 37\nduration = \"1s\"\nmotion = \"flock\"",
            "devices = 37\nduration = \"1s\"\nmotion = \"dance\"\njitter_ms = 30",
            "devices = 5\nduration = \"2s\"\nrate_hz = 3\nramp_up = \"1s\"",
        ] {
            let plan = plan(text);
            let steady = all(&plan, std::iter::repeat(5));
            assert_eq!(steady.len() as u64, Schedule::new(&plan).total().unwrap(), "{text}");
            for found in [all(&plan, (1..).map(|turn| 1 + turn * 7 % 90)), all(&plan, std::iter::repeat(10_000))] {
                // Frames of different devices may change places, those of one may not.
                for place in 0..37 {
                    let of = |all: &[(Place, Duration, LineBytes)]| -> Vec<(Duration, LineBytes)> {
                        all.iter().filter(|frame| frame.0 == place).map(|frame| (frame.1, frame.2)).collect()
                    };
                    assert!(of(&steady) == of(&found), "{text}: device {place}");
                    assert!(of(&found).is_sorted_by_key(|frame| frame.0));
                }
            }
        }
    }

    #[test]
    fn jitter_holds_frames_back_until_their_time() {
        let plan = plan("devices = 20\nrate_hz = 10\njitter_ms = 40\nduration = \"1s\"");
        let mut frames = frames(&plan);
        let mut late = 0;
        for now in (1..1200).map(|ms| MS * ms) {
            frames.advance(now, |frame| {
                assert!(frame.at < now && frame.at + MS >= now - MS);
                late += u32::from(frame.at.subsec_micros() % 5000 != 0);
            });
        }
        assert!(late > 150, "{late}");
    }

    #[test]
    fn what_is_skipped_is_named_and_the_rest_goes_on() {
        let plan = plan("devices = 10\nrate_hz = 10\nduration = \"1s\"");
        let mut frames = frames(&plan);
        let mut skipped = 0;
        frames.skip_to(MS * 500, |_| skipped += 1);
        assert_eq!(skipped, 50);
        let mut sent = 0;
        frames.advance(MS * 1001, |frame| {
            assert!(frame.at >= MS * 500);
            sent += 1;
        });
        assert_eq!(sent, 50);
    }

    #[test]
    fn another_schedule_begins_where_the_old_one_was_left() {
        let mut plan = plan("devices = 10\nrate_hz = 10\nduration = \"2s\"\nramp_up = \"500ms\"");
        let mut frames = frames(&plan);
        frames.advance(MS * 1000, |_| ());
        plan.rate_hz = 20.0;
        frames.world_mut().truncate(5);
        frames.reschedule(&plan, MS * 1000);
        assert_eq!((frames.ends_at(), frames.taken()), (Some(MS * 2000), MS * 1000));
        let mut places = std::collections::BTreeMap::new();
        frames.advance(MS * 2001, |frame| *places.entry(frame.place).or_insert(0) += 1);
        assert_eq!(places, (0..5).map(|place| (place, 20)).collect());
    }
}

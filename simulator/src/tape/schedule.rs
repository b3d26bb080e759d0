//! When each frame of a recording is due: from the first one on, so that nothing drifts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant;

/// How much faster than it was recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

/// Why a text is no speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be a number from 0.01 to 100: 2 is twice as fast as it was recorded, 0.5 half as fast")]
pub struct SpeedError;

impl Speed {
    /// How many times as fast.
    #[must_use]
    pub fn times(self) -> f64 {
        self.0
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self(1.0)
    }
}

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let speed: f64 = text.parse().map_err(|_| SpeedError)?;
        if (0.01..=100.0).contains(&speed) { Ok(Self(speed)) } else { Err(SpeedError) }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Between the last frame and the first of the next round when there is only one: the pace of the firmware.
const ONE_FRAME: Duration = Duration::from_millis(50);
/// Between two rounds at least, however close the frames are.
const SHORTEST_GAP: Duration = Duration::from_millis(1);
/// A time that nobody waits for, and that clocks can still name.
const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// Between the last frame of a round and the first of the next: as far as frames are on average.
fn gap(span: Duration, frames: u32) -> Duration {
    match frames {
        0 | 1 => ONE_FRAME,
        frames => (span / (frames - 1)).max(SHORTEST_GAP),
    }
}

/// Frames a second of a recording with so many in such a span, on average; what is played once takes a second at least.
pub(crate) fn frames_per_second(span: Duration, frames: u64, speed: Speed, repeat: bool) -> f64 {
    let gap = gap(span, u32::try_from(frames).unwrap_or(u32::MAX));
    let round_s = (span + gap).as_secs_f64() / speed.0;
    frames as f64 / if repeat { round_s } else { round_s.max(1.0) }
}

/// The rounds of a recording, one behind the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    speed: Speed,
    /// When the first frame of this round is due.
    begin: Instant,
    /// The time of that frame, and of the last one so far, in the recording.
    first: Option<Duration>,
    last: Duration,
    frames: u32,
}

impl Schedule {
    pub(super) fn new(speed: Speed, begin: Instant) -> Self {
        Self { speed, begin, first: None, last: Duration::ZERO, frames: 0 }
    }

    /// When the next frame is due, which has this time in the recording.
    pub(super) fn due(&mut self, at: Duration) -> Instant {
        let first = *self.first.get_or_insert(at);
        self.last = at;
        self.frames = self.frames.saturating_add(1);
        self.begin + self.scaled(at.saturating_sub(first))
    }

    /// The same again: its first frame is as far from the last one as frames are on average.
    pub(super) fn again(self) -> Self {
        let span = self.last.saturating_sub(self.first.unwrap_or_default());
        Self::new(self.speed, self.begin + self.scaled(span) + self.scaled(gap(span, self.frames)))
    }

    /// The span of the recording that was played in this round so far.
    pub(super) fn played(&self) -> Duration {
        self.last.saturating_sub(self.first.unwrap_or_default())
    }

    fn scaled(&self, time: Duration) -> Duration {
        Duration::try_from_secs_f64(time.as_secs_f64() / self.speed.0).unwrap_or(FAR).min(FAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn speeds_are_read_or_refused() {
        assert_eq!("2".parse(), Ok(Speed(2.0)));
        assert_eq!("0.01".parse(), Ok(Speed(0.01)));
        assert_eq!("100".parse(), Ok(Speed(100.0)));
        for text in ["", "0", "0.009", "100.1", "-1", "NaN", "inf", "x"] {
            assert_eq!(text.parse::<Speed>(), Err(SpeedError), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn frames_are_due_from_the_first_one_on_and_rounds_follow_at_the_mean_spacing() {
        let begin = Instant::now();
        let mut schedule = Schedule::new(Speed(2.0), begin);
        let due = [1_000, 1_010, 1_500, 2_000].map(|at| schedule.due(ms(at)) - begin);
        assert_eq!(due, [0, 5, 250, 500].map(ms));
        let mut again = schedule.again();
        // 1,000 ms over 3 spacings, at twice the speed.
        let gap = again.due(ms(1_000)) - begin - ms(500);
        assert!(gap > Duration::from_micros(166_600) && gap < Duration::from_micros(166_700), "{gap:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_frame_and_frames_of_one_moment_make_no_storm() {
        let begin = Instant::now();
        let mut schedule = Schedule::new(Speed::default(), begin);
        schedule.due(ms(7));
        assert_eq!(schedule.again().due(ms(7)) - begin, ONE_FRAME);
        schedule.due(ms(7));
        assert_eq!(schedule.again().due(ms(7)) - begin, SHORTEST_GAP);
    }

    #[test]
    fn how_many_frames_a_second_it_is_counts_what_lies_between_rounds() {
        let per_second = |span, frames, speed, repeat| frames_per_second(ms(span), frames, Speed(speed), repeat);
        assert_eq!(per_second(9_900, 100, 1.0, false), 10.0);
        assert_eq!(per_second(9_900, 100, 4.0, true), 40.0);
        assert_eq!(per_second(0, 1, 1.0, true), 20.0);
        // All at one moment: once it is over within a second, again and again it is a storm.
        assert_eq!((per_second(0, 500, 1.0, false), per_second(0, 500, 1.0, true)), (500.0, 500_000.0));
        assert_eq!(per_second(0, 0, 1.0, true), 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_at_the_end_of_the_world_is_far_and_no_panic() {
        let mut schedule = Schedule::new(Speed(0.01), Instant::now());
        schedule.due(Duration::ZERO);
        let due = schedule.due(Duration::from_micros(u64::MAX));
        assert_eq!(due, Instant::now() + FAR);
        schedule.again().due(Duration::ZERO);
    }
}

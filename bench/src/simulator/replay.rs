//! Does a replay keep the times at which frames were recorded? The bench sends the crowd itself, so each frame carries the time at which it
//! was sent, twice past the same listener:
//!
//! ```text
//!           ┌──▶ grouploop record ──▶ file ──▶ grouploop replay ──┐
//!  bench ──▶│ NATS                                           NATS │──▶ bench   (what is judged)
//!           └──▶ bench   (what NATS and the listener alone add)
//! ```

use super::nats::{Arrival, Nats};
use crate::clock::{Clock, Phases, Timeline};
use crate::histogram::Histogram;
use crate::measured::{Measured, Round};
use crate::metric::Metric;
use crate::process::Process;
use crate::servers::{Servers, nats_url};
use crate::stamp::{LINE_BYTES, Stamp};
use anyhow::{Context, Result, anyhow, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

const SPACE: &str = "bench";
const SUBJECT: &str = "gl.space.bench.telemetry.bench";
const EVERYBODY: &str = "gl.space.bench.telemetry.*";
/// Devices that take turns: 20 frames a second of each.
const DEVICES: u32 = 50;
/// Time between two frames, in microseconds, before jitter.
const EVERY_US: u64 = 1_000;
/// A frame comes up to this much later than its turn, so that distances are of every length from 0 to 2 ms.
const JITTER_US: u64 = 1_000;
/// Programs may take this much longer than the frames take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How well times were kept.
#[derive(Debug)]
struct Spacing {
    /// By how many microseconds the time between two frames that follow each other has changed.
    error_us: Histogram,
    lost: u64,
    misordered: u64,
}

/// Records and replays.
pub(crate) fn replay(servers: &Servers, clock: Clock, phases: Phases) -> Result<Round> {
    let nats = servers.start_nats()?;
    let folder = servers.processes.make_folder()?;
    let file = folder.path().join("crowd.glrec");

    let recorder = servers.start_recorder(&nats, SPACE, &file)?;
    let mut source = Nats::connect(nats.address)?;
    let timeline = Timeline::begin(clock, phases);
    let listener = Listener::start(&nats, timeline)?;
    let sent = publish(&mut source, timeline)?;
    let direct = listener.stop()?;
    recorder.interrupt();
    let (status, said) = recorder.finish(PATIENCE, |_| ())?;
    ensure!(status.success(), "the recording failed:\n{}", said.join("\n"));

    let listener = Listener::start(&nats, timeline)?;
    let mut command = servers.grouploop("replay")?;
    command.args(["--nats", &nats_url(&nats)]).arg(&file);
    let player = servers.processes.launch("replay", &mut command)?;
    let (status, said) = player.finish(phases.warm_up + phases.measure + PATIENCE, |_| ())?;
    ensure!(status.success(), "the replay failed:\n{}", said.join("\n"));
    let replayed = listener.stop()?;

    let mut replayed = figures(&spacing(&replayed, sent, timeline));
    let own = said.iter().find_map(|line| own_p99_ms(line)).context("the replay does not say how it kept times")?;
    replayed.figures.insert(Metric::OwnSpacingP99Ms, own);
    Ok(Round { edge: Some(replayed), relay: Some(figures(&spacing(&direct, sent, timeline))) })
}

/// Publishes one frame after the other along the timeline. Returns how many of them count.
fn publish(nats: &mut Nats, timeline: Timeline) -> Result<u64> {
    let mut counted = 0;
    for number in 0.. {
        let due_us = timeline.start_us + u64::from(number) * EVERY_US + jitter_us(number);
        if due_us >= timeline.end_us {
            break;
        }
        timeline.clock.sleep_until(due_us);
        let sent_us = timeline.clock.now_us();
        let mut line = [0; LINE_BYTES];
        Stamp { device: (number % DEVICES) as u16, number, sent_us }.write(&mut line);
        nats.publish(SUBJECT, &line)?;
        counted += u64::from(timeline.measures(sent_us));
    }
    nats.settle()?;
    ensure!(counted > 1, "no frames were sent in the measured window");
    Ok(counted)
}

/// As good as random, and the same each time.
fn jitter_us(number: u32) -> u64 {
    u64::from(number) * 7_919 % JITTER_US
}

/// Somebody who writes down when frames arrive, on a thread.
struct Listener {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<Arrival>>>,
}

impl Listener {
    /// Misses nothing from here on.
    fn start(nats: &Process, timeline: Timeline) -> Result<Self> {
        let mut nats = Nats::connect(nats.address)?;
        nats.subscribe(EVERYBODY)?;
        let stop = Arc::<AtomicBool>::default();
        let stopped = Arc::clone(&stop);
        let listen = move || {
            let mut arrivals = Vec::new();
            while !stopped.load(Relaxed) {
                nats.listen(timeline.clock, &mut arrivals)?;
            }
            // What the server had for us when we were stopped.
            nats.listen_to_the_end(timeline.clock, &mut arrivals)?;
            Ok(arrivals)
        };
        Ok(Self { stop, thread: Builder::new().name("listener".into()).spawn(listen)? })
    }

    fn stop(self) -> Result<Vec<Arrival>> {
        self.stop.store(true, Relaxed);
        self.thread.join().map_err(|_| anyhow!("the listener panicked"))?
    }
}

/// Compares frames of the measured window that follow each other: were they as far apart when they arrived as when they were sent?
fn spacing(arrivals: &[Arrival], sent: u64, timeline: Timeline) -> Spacing {
    let mut found = Spacing { error_us: Histogram::new(), lost: 0, misordered: 0 };
    let (mut before, mut counted) = (None::<Arrival>, 0);
    for arrival in arrivals.iter().filter(|arrival| timeline.measures(arrival.stamp.sent_us)) {
        if let Some(before) = before {
            if arrival.stamp.number <= before.stamp.number {
                found.misordered += 1;
                continue;
            }
            if arrival.stamp.number == before.stamp.number + 1 {
                let sent_us = arrival.stamp.sent_us.abs_diff(before.stamp.sent_us);
                found.error_us.record(arrival.received_us.saturating_sub(before.received_us).abs_diff(sent_us));
            }
        }
        counted += 1;
        before = Some(*arrival);
    }
    found.lost = sent.saturating_sub(counted);
    found
}

fn figures(spacing: &Spacing) -> Measured {
    let ms = |us: u64| us as f64 / 1_000.0;
    let figures = [
        (Metric::FramesLost, spacing.lost as f64),
        (Metric::FramesMisordered, spacing.misordered as f64),
        (Metric::SpacingP99Ms, ms(spacing.error_us.quantile(990))),
        (Metric::SpacingMaxMs, ms(spacing.error_us.max())),
    ];
    Measured { figures: figures.into(), ..Measured::default() }
}

/// From the replay's summary: `spacing   kept within 0.6 ms (p99), 1.9 ms (worst)`.
fn own_p99_ms(line: &str) -> Option<f64> {
    line.strip_prefix("spacing")?.trim_start().strip_prefix("kept within ")?.split_once(" ms (p99)")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        Timeline { clock: Clock::new(), start_us: 0, window_start_us: 10_000, end_us: 20_000 }
    }

    fn arrivals(frames: &[(u32, u64, u64)]) -> Vec<Arrival> {
        let arrival = |&(number, sent_us, received_us): &(u32, u64, u64)| Arrival {
            stamp: Stamp { device: 0, number, sent_us },
            received_us,
        };
        frames.iter().map(arrival).collect()
    }

    #[test]
    fn distances_are_compared_with_those_at_the_source() {
        // Sent before the window; on time; 300 µs too late; as late as the one before, and so at the right distance; together with it.
        let frames = [(6, 9_000, 100), (7, 10_000, 5_000), (8, 11_000, 6_300), (9, 12_500, 7_800), (10, 13_000, 7_800)];
        let found = spacing(&arrivals(&frames), 4, timeline());
        assert_eq!((found.error_us.total(), found.error_us.max()), (3, 500));
        let middle = found.error_us.quantile(500);
        assert!((300..306).contains(&middle), "of 0, 300 and 500 it is {middle}");
        assert_eq!((found.lost, found.misordered), (0, 0));
    }

    #[test]
    fn what_is_lost_or_out_of_order_is_counted_and_not_compared() {
        let frames = [(7, 10_000, 5_000), (9, 12_000, 9_000), (8, 11_000, 9_100), (9, 12_000, 9_200)];
        let found = spacing(&arrivals(&frames), 4, timeline());
        assert_eq!((found.error_us.total(), found.lost, found.misordered), (0, 2, 2));
    }

    #[test]
    fn the_summary_of_a_replay_is_read() {
        assert_eq!(own_p99_ms("spacing   kept within 0.6 ms (p99), 1.9 ms (worst)"), Some(0.6));
        assert_eq!(own_p99_ms("played    10 frames of 2 devices at speed 1"), None);
    }

    #[test]
    fn jitter_takes_every_length_once() {
        let mut all: Vec<u64> = (0..1_000).map(jitter_us).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1_000));
    }
}

//! `grouploop record`: everything that the devices of a space send, into a file or to a URL.
//!
//! ```text
//!  bus (NATS) ──lines──┐
//!                      ├──▶ Recorder ──▶ file ─ ─ at the end, for a URL ─ ─▶ upload
//!  edge, as a viewer ──┘
//! ```

use super::live::Live;
use super::{Stop, access, interruptible, spool};
use crate::cli::RecordArgs;
use crate::client::{EdgeUrl, Peer};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal::{complain, print, printable};
use crate::viewer::{Closed, Viewer, follow};
use bytes::Bytes;
use grouploop_bridge::{Bus, BusState, EngineKind, NodeId, Space};
use grouploop_simulator::tape::{Limits, Recorded, Recorder, TapeError, Target, Why, record_bus};
use indicatif::{FormattedDuration, HumanBytes, HumanCount};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Time for the bus to end.
const DRAIN: Duration = Duration::from_secs(1);

/// A NATS server counts as gone when two pings, a second apart, are not answered (`bridge`), so it answered so long before the latest.
const NATS_SILENCE: Duration = Duration::from_secs(4);
/// An edge does after 45 s without a word (`viewer`).
const EDGE_SILENCE: Duration = Duration::from_secs(46);

/// Records until a limit or a signal.
pub(crate) async fn record(args: &RecordArgs, settings: &Settings, variables: BTreeMap<String, String>) -> Exit {
    // The bus when others are on it too, unless an edge is named.
    let edge = match (&args.url, settings.bus.engine) {
        (None, EngineKind::Nats) => None,
        _ => match EdgeUrl::choose(&Peer { url: args.url.clone(), space: Some(args.space.clone()) }, settings) {
            Ok(url) => Some(url),
            Err(complaint) => {
                complain(&complaint);
                return Exit::Usage;
            }
        },
    };
    interruptible(async |stop| run(args, settings, edge, variables, stop).await).await
}

/// Where frames come from.
enum Source {
    Bus(Bus),
    Edge(EdgeUrl),
}

async fn run(
    args: &RecordArgs,
    settings: &Settings,
    edge: Option<EdgeUrl>,
    variables: BTreeMap<String, String>,
    stop: Stop,
) -> Result<Exit, TapeError> {
    let access = access(args.token.as_ref(), &args.place, settings, variables)?;
    let spool = spool(args.spool.as_ref());
    let source = match edge {
        Some(url) => Source::Edge(url),
        None => Source::Bus(Bus::start(&settings.bus, &NodeId::random("record")).await?),
    };
    let (target, file) = tokio::select! {
        biased;
        () = stop.clone().told() => return Ok(Exit::Success),
        opened = Target::open(args.place.clone(), &args.space, &spool, &access, SystemTime::now()) => opened?,
    };
    let live = Live::new();
    if let Some(cut_bytes) = file.appended() {
        live.say(&format!("{} is there already and is gone on with", args.place));
        if cut_bytes > 0 {
            live.say(&format!("its last {cut_bytes} bytes were torn by a crash and are cut off"));
        }
    }
    if let Some(spool) = target.spool() {
        live.say(&format!("recording into {}, which is brought to {} at the end", spool.display(), args.place));
    }
    let limits = Limits { duration: args.duration, max_bytes: args.max_bytes };
    let silence = match &source {
        Source::Bus(_) => NATS_SILENCE,
        Source::Edge(_) => EDGE_SILENCE,
    };
    let recording = Recording {
        silence,
        recorder: Recorder::start(file, limits),
        live,
        begun: Instant::now(),
        state: RefCell::new(State::default()),
    };
    let trouble = tokio::select! {
        biased;
        () = stop.told() => None,
        () = recording.recorder.ended() => None,
        trouble = recording.listen(&source, &args.space) => trouble,
        () = recording.live.keep_showing(|| recording.line(&args.space)) => None,
    };
    let Recording { recorder, live, begun, state, .. } = recording;
    let (took, had_any) = (begun.elapsed(), state.borrow().up.is_some());
    let (gaps, gone) = state.into_inner().gaps(Instant::now());
    drop(live);
    let recorded = recorder.finish().await;
    let mut lost = 0;
    if let Source::Bus(bus) = source {
        lost = bus.lost();
        bus.drain(DRAIN).await;
    }
    if let Some(why) = &trouble {
        complain(why);
    }
    let recorded = recorded?;
    if trouble.is_none() && !had_any {
        target.discard();
        complain("nothing is recorded: nobody answered all the time");
        return Ok(Exit::NoAnswer);
    }
    target.deliver(&access).await?;
    let mut text = summary(args, &recorded, took);
    if gaps > 0 {
        let _ = writeln!(text, "gaps      {gaps}, {gone} without a connection");
    }
    if lost > 0 {
        let _ = writeln!(text, "lost      {lost} messages or more: this program was too slow");
    }
    Ok(print(&text, if trouble.is_some() { Exit::Failed } else { Exit::Success }))
}

/// A recording under way, and how it is connected.
struct Recording {
    recorder: Recorder,
    /// How long the other side can be gone before that is noticed.
    silence: Duration,
    live: Live,
    begun: Instant,
    state: RefCell<State>,
}

/// How it is connected.
#[derive(Debug, Default)]
struct State {
    /// When it was connected last.
    up: Option<Instant>,
    /// Since when there is no connection.
    away: Option<Away>,
    /// Times without a connection that are over, and how long they were in all.
    gaps: u32,
    gone: Gap,
    /// What was said last, so that only news is said.
    said: String,
}

/// A connection was lost.
#[derive(Debug, Clone, Copy)]
struct Away {
    since: Instant,
    /// Whether that was noticed only then, with no sign of life shortly before.
    noticed: bool,
}

/// How long frames are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Gap {
    time: Duration,
    /// It may be longer: nobody knows when it began.
    at_least: bool,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:.1} s", if self.at_least { "at least " } else { "" }, self.time.as_secs_f64())
    }
}

impl Away {
    fn gap(self, now: Instant) -> Gap {
        Gap { time: now - self.since, at_least: self.noticed }
    }
}

impl State {
    /// The gap that is over now.
    fn up(&mut self, now: Instant) -> Option<Gap> {
        let before = self.up.replace(now);
        let gap = self.away.take().filter(|_| before.is_some()).map(|away| away.gap(now));
        if let Some(gap) = gap {
            self.gaps += 1;
            self.add(gap);
        }
        gap
    }

    /// The connection is found lost; frames arrived until `heard`. Whoever falls silent is missed only after a while, so frames may be
    /// missing from the last sign of life on.
    fn down(&mut self, now: Instant, heard: Option<Instant>, silence: Duration) {
        let alive = heard.max(self.up).filter(|alive| now - *alive <= silence);
        self.away.get_or_insert(Away { since: alive.unwrap_or(now), noticed: alive.is_none() });
    }

    fn add(&mut self, gap: Gap) {
        self.gone = Gap { time: self.gone.time + gap.time, at_least: self.gone.at_least || gap.at_least };
    }

    /// With one that is not over yet.
    fn gaps(mut self, now: Instant) -> (u32, Gap) {
        if let Some(away) = self.away {
            self.gaps += 1;
            self.add(away.gap(now));
        }
        (self.gaps, self.gone)
    }
}

impl Recording {
    /// Gives the recorder what the source sends. Returns when that can send no more, and why.
    async fn listen(&self, source: &Source, space: &Space) -> Option<String> {
        match source {
            Source::Edge(url) => follow(url, "s", self).await.err(),
            Source::Bus(bus) => {
                let Err(error) = record_bus(bus, space.clone(), &self.recorder, |state| self.heard(state)).await;
                Some(error.to_string())
            }
        }
    }

    fn heard(&self, state: &BusState) {
        match state {
            BusState::Up => self.up("NATS"),
            BusState::Away(why) => self.down("NATS", why),
            BusState::Closed => self.down("NATS", "closed"),
        }
    }

    fn up(&self, what: &str) {
        let gap = self.state.borrow_mut().up(Instant::now());
        match gap {
            Some(gap) => {
                self.say(format!("connected to {what} again; the recording has a gap of {gap}"));
            }
            None => self.say(format!("connected to {what}")),
        }
    }

    fn down(&self, what: &str, why: &str) {
        self.state.borrow_mut().down(Instant::now(), self.recorder.heard(), self.silence);
        self.say(format!("no connection to {what}: {}; trying again", printable(why)));
    }

    fn say(&self, line: String) {
        if self.state.borrow().said != line {
            self.live.say(&line);
            self.state.borrow_mut().said = line;
        }
    }

    fn line(&self, space: &Space) -> String {
        let tally = self.recorder.tally();
        let mut line = format!(
            "{}  {space}  {} frames of {} devices  {}",
            FormattedDuration(self.begun.elapsed()),
            HumanCount(tally.frames),
            tally.devices,
            HumanBytes(tally.bytes)
        );
        if tally.dropped > 0 {
            let _ = write!(line, "  {} dropped", HumanCount(tally.dropped));
        }
        if self.state.borrow().away.is_some() {
            line.push_str("  no connection");
        }
        line
    }
}

impl Viewer for Recording {
    fn connecting(&self) {}

    fn connected(&self, url: &EdgeUrl) {
        self.up(&url.to_string());
    }

    fn disconnected(&self, url: &EdgeUrl, why: String, _pause: Duration) {
        self.down(&url.to_string(), &why);
    }

    async fn take(&self, text: &str) -> Result<(), Closed> {
        self.recorder.take(Bytes::copy_from_slice(text.as_bytes()));
        Ok(())
    }
}

fn summary(args: &RecordArgs, recorded: &Recorded, took: Duration) -> String {
    let Recorded { tally, why } = recorded;
    let ended = match why {
        Why::Told => "",
        Why::Duration => " (--duration)",
        Why::MaxBytes => ", when the file had its size (--max-bytes)",
    };
    let mut text = format!(
        "recorded  {} frames of {} devices, space {}, in {}{ended}\nfile      {}, {} bytes\n",
        tally.frames,
        tally.devices,
        args.space,
        FormattedDuration(took),
        args.place,
        tally.bytes
    );
    if tally.dropped > 0 {
        let _ = writeln!(text, "dropped   {} frames: the disk was too slow", tally.dropped);
    }
    if tally.foreign > 0 {
        let _ = writeln!(text, "skipped   {} lines that are no frames", tally.foreign);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_gap_counts_from_the_last_sign_of_life_when_there_was_one_shortly_before() {
        let (begin, mut state) = (Instant::now(), State::default());
        let at = |seconds| begin + SECOND * seconds;
        let gap = |seconds, at_least| Gap { time: SECOND * seconds, at_least };
        state.down(at(0), None, NATS_SILENCE);
        assert_eq!(state.up(at(3)), None, "nothing was lost that had begun");
        // Frames until 100, noticed at 102.
        state.down(at(102), Some(at(100)), NATS_SILENCE);
        state.down(at(103), Some(at(100)), NATS_SILENCE);
        assert_eq!(state.up(at(105)), Some(gap(5, false)));
        // Not from a frame before the last connection.
        state.down(at(106), Some(at(100)), NATS_SILENCE);
        assert_eq!(state.up(at(108)), Some(gap(3, false)));
        assert_eq!((state.gaps, state.gone), (2, gap(8, false)));
        // Nobody sends for long: it may have been away for a while, or not.
        state.down(at(200), Some(at(150)), NATS_SILENCE);
        assert_eq!(state.up(at(202)), Some(gap(2, true)));
        assert_eq!((state.gaps, state.gone), (3, gap(10, true)));
        assert_eq!(state.gone.to_string(), "at least 10.0 s");
        state.down(at(305), Some(at(305)), NATS_SILENCE);
        assert_eq!(state.gaps(at(310)), (4, gap(15, true)));
    }
}

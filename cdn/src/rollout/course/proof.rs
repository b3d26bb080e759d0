//! Whether a device that is back runs the image: by its own word, where it gives one.
//!
//! It is told to update once more, from a URL at which the CDN answers in any case that there is nothing to do, and passes on what the device
//! says with its request. So nobody flashes anything twice, and one that did not take the image is found out, however its connection was lost.

use super::steps::{fail, set, unheard};
use super::{AGAIN, Told, Watched};
use crate::downloads::MAX_RUNS;
use crate::rollout::record::{Device, Firmware, Runs, Step, Timeouts};
use std::time::Duration;
use tokio::time::Instant;

/// How often a device is asked: the question, or the answer, may be lost.
const MAX_QUESTIONS: u32 = 2;

const OLD: &str = "it is back and runs what it ran before: it did not take the image";
const AGAIN_WHOLE: &str = "it is back and downloads the image again: it did not take it";
const OTHER: &str = "it runs something else than before, and does not name it as this image";
const SILENT: &str = "it does not say what it runs: that it restarted is all that is known";
const ANOTHER: &str = "it was told to update, and runs another image than this one";
const NO_ANSWER: &str = "it was asked what it runs and did not answer: only its restart is known";

/// What a device that is back is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Nothing yet: its frames are awaited.
    Unasked,
    Due(Instant),
    Asked(Instant),
}

/// What a device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    New,
    Old,
    Other,
    Nothing,
}

fn word(device: &Device, firmware: &Firmware, says: Option<&str>) -> Word {
    let Some(says) = says else { return Word::Nothing };
    let version = firmware.version.get(..MAX_RUNS).unwrap_or(&firmware.version);
    if says.eq_ignore_ascii_case(&firmware.md5) || says.eq_ignore_ascii_case(version) {
        Word::New
    } else if device.ran.as_deref() == Some(says) {
        Word::Old
    } else {
        Word::Other
    }
}

/// Whether it was seen to take the whole image. Where that may have been missed, its restart was not seen either, and its word alone counts.
pub(super) fn has_whole(device: &Device) -> bool {
    device.size.is_some() && device.bytes == device.size
}

/// Has a device asked what it runs of which something may have been missed, and which is not told once more.
pub(super) fn prove(device: &mut Device, watched: &mut Watched, now: Instant) -> bool {
    let may = std::mem::take(&mut watched.missed);
    if may {
        (watched.since, watched.question, watched.questions, watched.connection) = (now, Question::Unasked, 0, None);
        (device.bytes, device.runs) = (None, Runs::Unknown);
        set(device, Step::Back);
    }
    may
}

/// It sends frames over its new connection: that is when it is asked.
pub(super) fn sends(watched: &mut Watched, now: Instant) {
    if watched.question == Question::Unasked {
        watched.question = Question::Due(now);
    }
}

/// Whether it is asked now; from here on it counts as asked.
pub(super) fn is_due(device: &Device, watched: &mut Watched, now: Instant) -> bool {
    let due = device.state == Step::Back && matches!(watched.question, Question::Due(at) if at <= now);
    if due {
        watched.question = Question::Asked(now);
    }
    due
}

/// What came of asking it.
pub(super) fn asked(watched: &mut Watched, told: Told, now: Instant) {
    watched.question = match told {
        Told::Yes | Told::Unknown => {
            watched.questions += 1;
            Question::Asked(now)
        }
        Told::NotConnected | Told::Unsent => Question::Due(now + AGAIN),
    };
}

/// It answers.
pub(super) fn answered(
    device: &mut Device,
    watched: &mut Watched,
    firmware: &Firmware,
    says: Option<&str>,
    settle: Duration,
    now: Instant,
) {
    match word(device, firmware, says) {
        // It has another connection since, and is asked over that.
        Word::Old if !matches!(watched.question, Question::Asked(_)) => {}
        Word::New => done(device, None),
        Word::Nothing if !has_whole(device) => unheard(device),
        // Unless it is heard to run something else than before: then it has changed, as told below.
        Word::Old | Word::Other if !has_whole(device) && (device.ran.is_none() || device.ran.as_deref() == says) => {
            device.runs = Runs::Old;
            fail(device, ANOTHER.into());
        }
        Word::Other => done(device, Some(OTHER)),
        Word::Nothing => done(device, Some(SILENT)),
        // Its connection was lost before it would have restarted: it has the same time for that as any other.
        Word::Old if now.saturating_duration_since(watched.whole_at) < settle => {
            watched.since = watched.whole_at;
            watched.absent = false;
            device.claimed = watched.connection;
            set(device, Step::Rebooting);
        }
        Word::Old => {
            device.runs = Runs::Old;
            fail(device, OLD.into());
        }
    }
}

/// It begins to download again instead of answering, as from a CDN of before.
pub(super) fn downloads_again(device: &mut Device) {
    fail(device, AGAIN_WHOLE.into());
}

/// It hangs, or says nothing.
pub(super) fn tick(device: &mut Device, watched: &mut Watched, timeouts: &Timeouts, now: Instant) {
    let restart = Duration::from_secs(timeouts.restart_s);
    let is_late = now.saturating_duration_since(watched.since) >= restart;
    match watched.question {
        Question::Asked(at) if watched.sends => {
            let is_over = now.saturating_duration_since(at) >= Duration::from_secs(timeouts.start_s);
            if is_over && watched.questions < MAX_QUESTIONS {
                watched.question = Question::Due(now);
            } else if is_over && has_whole(device) {
                done(device, Some(NO_ANSWER));
            } else if is_over {
                unheard(device);
            }
        }
        _ if is_late && !has_whole(device) => unheard(device),
        Question::Unasked if is_late => fail(device, "it came back with the whole image and sends no frames".into()),
        _ if is_late => fail(device, "it came back with the whole image and was gone again".into()),
        _ => {}
    }
}

fn done(device: &mut Device, remark: Option<&str>) {
    device.reason = remark.map(str::to_owned);
    device.runs = Runs::New;
    set(device, Step::Done);
}

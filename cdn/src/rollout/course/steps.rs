//! The steps that one device takes, and its record with it.

use super::Watched;
use crate::rollout::record::{Device, Runs, Step, wall_ms};
use tokio::time::Instant;

/// How often a device is told when something was missed in between.
const MAX_ASKED: u32 = 2;

pub(super) fn set(device: &mut Device, state: Step) {
    if device.state != state {
        device.state = state;
        device.changed_ms = Some(wall_ms());
    }
}

pub(super) fn fail(device: &mut Device, why: String) {
    device.reason = Some(why);
    set(device, Step::Failed);
}

/// Nobody waits any longer for a device that was told.
pub(super) fn unheard(device: &mut Device) {
    device.runs = Runs::Unknown;
    fail(device, "it was told to update, and nothing was heard of it since".into());
}

/// One that was told before, when something may have been missed, may have the image by now.
pub(super) fn may_have_it(device: &mut Device) {
    if device.asked > 1 {
        device.runs = Runs::Unknown;
    }
}

/// Has a device told once more of which something may have been missed.
pub(super) fn once_more(device: &mut Device, watched: &mut Watched, now: Instant) -> bool {
    let may = watched.missed && device.asked < MAX_ASKED;
    if may {
        watched.again_at = Some(now);
        watched.missed = false;
        set(device, Step::Asked);
    }
    may
}

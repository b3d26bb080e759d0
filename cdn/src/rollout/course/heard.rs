//! What is heard of downloads, and what it says of the devices.

use super::steps::{fail, set};
use super::{Course, proof};
use crate::rollout::record::{Runs, Step};
use grouploop_bridge::{Download, NodeId};
use std::time::Duration;
use tokio::time::Instant;

impl Course {
    /// A download went on. It says itself which rollout and which device it belongs to.
    pub(in crate::rollout) fn downloaded(&mut self, node: &NodeId, download: &Download, now: Instant) {
        // Of another image, or a part of it, nobody flashes anything.
        if download.path != self.record.firmware.path || !matches!(download.status, 200 | 304) {
            return;
        }
        let settle = Duration::from_secs(self.record.rules.timeouts.settle_s);
        let (Some(place), runs) = (download.device.and_then(|id| self.places.get(&id)), download.runs.as_deref())
        else {
            return;
        };
        let (Some(device), Some(watched)) = (self.record.devices.get_mut(*place), self.watched.get_mut(*place)) else {
            return;
        };
        if download.late && device.state != Step::Failed {
            // It may have restarted since, or be about to: it is asked.
            if matches!(device.state, Step::Asked | Step::Downloading) && download.done && !download.check {
                (watched.missed, watched.again_at, watched.unreached_since) = (true, None, None);
                proof::prove(device, watched, now);
                watched.whole_at = now;
                device.ran = download.runs.clone().or(device.ran.take());
                if download.status == 200 {
                    (device.bytes, device.size) = (Some(download.size), Some(download.size));
                }
                self.changed = true;
            }
            return;
        }
        if device.state == Step::Back && !proof::has_whole(device) && !download.check {
            // Nothing was heard of it so far, and it goes on as if nothing had happened.
            set(device, Step::Downloading);
        }
        if device.state == Step::Back {
            match download.status {
                304 => proof::answered(device, watched, &self.record.firmware, runs, settle, now),
                _ => proof::downloads_again(device),
            }
            self.changed = true;
            return;
        }
        // An answer that comes too late changes nothing.
        if download.check {
            return;
        }
        if !matches!(device.state, Step::Asked | Step::Downloading) {
            // Too late for the rollout; but which firmware it has is still told.
            if device.state == Step::Failed && (download.done || download.status == 304) {
                device.runs = if download.status == 304 { Runs::New } else { Runs::Unknown };
                self.changed = true;
            }
            return;
        }
        let this = (node.clone(), download.id);
        watched.missed = false;
        watched.again_at = None;
        watched.unreached_since = None;
        if download.status == 304 {
            device.reason = Some("it ran this image already".into());
            device.runs = Runs::New;
            set(device, Step::Done);
        } else if download.aborted {
            // Only of the last one that it began: who is told twice may break one off.
            if watched.download.as_ref().is_none_or(|last| *last == this) {
                fail(device, format!("the download broke off after {} of {} bytes", download.bytes, download.size));
            }
        } else {
            watched.download = Some(this);
            device.ran = download.runs.clone();
            if device.bytes != Some(download.bytes) || device.state != Step::Downloading {
                watched.since = now;
            }
            (device.bytes, device.size) = (Some(download.bytes), Some(download.size));
            set(device, Step::Downloading);
            if download.done {
                (watched.since, watched.whole_at) = (now, now);
                (watched.absent, watched.sends) = (false, false);
                device.bytes = device.size;
                device.runs = Runs::Unknown;
                set(device, Step::Rebooting);
            }
        }
        self.changed = true;
    }
}
